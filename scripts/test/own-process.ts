/** Which files of tests get a process of their own, and how the others share a few. */
import { readFileSync } from 'node:fs';

/**
 * What belongs to the whole process, or is measured in it: code that others ran before is compiled for their data, too.
 * `t.mock` puts itself back, `mock` does not. What is awaited outside of tests is there while the files before run.
 */
const OF_THE_PROCESS =
  /\bprocess\.(?:chdir|umask|exit|exitCode|on|once|cpuUsage|memoryUsage|kill)\b|\bprocess\.env\.\w+ = |\bdelete process\.env\b|\bperformance\.now\(\) - |'SIG[A-Z]+'|(?<![.\w])mock\.(?:method|getter|setter|module|timers)\b|\bdescribe\(.*\basync \(|^(?:const .* = )?await /m;

/** By its text: a file that uses these, be it only within a string, is not to disturb others, nor to be disturbed. */
export function needsOwnProcess(text: string): boolean {
  return OF_THE_PROCESS.test(text);
}

export interface Division {
  readonly own: readonly string[];
  /** The files of each shared process. */
  readonly shared: readonly (readonly string[])[];
}

/** Neighbours, which are alike in what they take, go to different processes. */
export function divide(
  files: readonly string[],
  processCount: number,
  textOf = (file: string) => readFileSync(file, 'utf8'),
): Division {
  const { own = [], shared = [] } = Object.groupBy(files, (file) =>
    needsOwnProcess(textOf(file)) ? 'own' : 'shared',
  );
  const groups = Array.from({ length: processCount }, (_, index) =>
    shared.filter((_, place) => place % processCount === index),
  );
  return { own, shared: groups.filter((group) => group.length > 0) };
}

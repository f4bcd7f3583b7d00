/**
 * The command line of the server that a health check is for. In a container both start with the same environment and
 * files, but only the server has the flags that follow the name of the image. The server is process 1 there, or the
 * child of an init whose command line contains that of the server.
 */
import { type Arguments, readArgv } from './argv.ts';
import type { ReadFile } from './system.ts';

const OWN = '/proc/self/cmdline';
const FIRST = '/proc/1/cmdline';
/** How far into the command line of an init another one may begin. */
const MAX_INIT_ARGUMENTS = 8;

/**
 * The arguments of process 1 if it is a server of the same program, else `undefined`. `ownArguments` is the number of
 * arguments that this program has after its own name.
 */
export function readFirstProcess(ownArguments: number, readFile: ReadFile): Arguments | undefined {
  const [own, first] = [OWN, FIRST].map((path) => wordsOf(path, readFile));
  // The executable alone, or a runtime with its options and the script.
  const program = own?.slice(0, own.length - ownArguments) ?? [];
  if (program.length === 0 || first === undefined) return undefined;
  const at = placeOf(program, first);
  if (at < 0) return undefined;
  const args = readArgv(first.slice(at + program.length));
  return args.command === 'serve' && args.problems.length === 0 ? args : undefined;
}

function wordsOf(path: string, readFile: ReadFile): string[] | undefined {
  try {
    return readFile(path).split('\0').slice(0, -1);
  } catch {
    return undefined;
  }
}

/** Where `program` stands in `words`, or -1. The two may be called by different paths. */
function placeOf(program: readonly string[], words: readonly string[]): number {
  const isHere = (at: number) => program.every((word, index) => nameOf(word) === nameOf(words[at + index]));
  return Array.from({ length: MAX_INIT_ARGUMENTS }, (_, at) => at).find(isHere) ?? -1;
}

function nameOf(word = ''): string {
  return word.slice(word.lastIndexOf('/') + 1);
}

/** The streams and signals of the program, and its exit codes. */
import type { LineStream } from '../observe/line-sink.ts';
import { printable } from '../util/printable.ts';

/** Exit codes: success, failure, wrong use or configuration, a defect of mote (EX_SOFTWARE of sysexits.h). */
export const OK = 0;
export const FAILED = 1;
export const MISUSED = 2;
export const DEFECT = 70;

/** `SIGHUP` comes when a terminal closes, `SIGQUIT` from `Ctrl-\\` and as the stop signal of images made for nginx. */
export type StopSignal = 'SIGINT' | 'SIGTERM' | 'SIGQUIT' | 'SIGHUP';

/** Standard input, where somebody types. */
export interface Terminal {
  setRawMode(on: boolean): unknown;
  setEncoding(encoding: 'utf8'): this;
  on(event: 'data' | 'end', listener: (text: string) => void): this;
  off(event: 'data' | 'end', listener: (text: string) => void): this;
  pause(): this;
  resume(): this;
}

export interface Io {
  readonly stdout: LineStream & {
    /** Calls back when the text has left the program, or cannot. */
    write(text: string, done?: (error?: NodeJS.ErrnoException | null) => void): unknown;
  };
  readonly stderr: { write(text: string): unknown };
  /** The whole of standard input as text. */
  readonly readStdin: () => Promise<string>;
  /** Standard input, if it is a terminal. */
  readonly terminal: () => Terminal | undefined;
  /** Calls back on each of these signals. Other signals that would end a program are ignored from then on. */
  readonly onSignal: (listener: (signal: StopSignal) => void) => void;
  /** What this program is started with in front of its arguments: options of Node, and the script. */
  readonly script: readonly string[];
  /** Whether one of the standard streams was a terminal when the program started. */
  readonly hasTerminal: boolean;
  /** Whether standard output is a terminal. */
  readonly isShown: boolean;
}

/** Waits for the reader, which may be a pager. A reader that has closed early, such as `head`, is no failure. */
export function say({ stdout }: Pick<Io, 'stdout'>, text: string): Promise<number> {
  return new Promise((resolve) => {
    stdout.write(text === '' || text.endsWith('\n') ? text : `${text}\n`, (error) => {
      resolve(error && error.code !== 'EPIPE' ? FAILED : OK);
    });
  });
}

/** Reports wrong use, a line for each problem. Returns the exit code. */
export function complain({ stderr }: Pick<Io, 'stderr'>, problems: readonly string[]): number {
  stderr.write(problems.map((problem) => `mote: ${printable(problem)}\n`).join(''));
  return MISUSED;
}

/** Runs the tools of the machine, and says by which package a missing one comes. */
import { spawn, spawnSync } from 'node:child_process';
import { present } from '../command-path.ts';
import { TinyError } from './arguments.ts';

/** No step takes nearly as long on a slow machine. */
const TOOL_LIMIT_MS = 600_000;
const MAX_OUTPUT_BYTES = 16 * 1024 * 1024;
/** Of what a tool says when it fails. */
const SHOWN_LINES = 40;

/** Debian's packages of the tools. */
const packageOf: Readonly<Record<string, string>> = {
  tar: 'tar',
  xz: 'xz-utils',
  bzip2: 'bzip2',
  ar: 'binutils',
  gcc: 'gcc',
  clang: 'clang libclang-rt-14-dev',
  'aarch64-linux-gnu-gcc': 'gcc-aarch64-linux-gnu',
  'x86_64-linux-gnu-gcc': 'gcc-x86-64-linux-gnu',
};

export interface ToolOptions {
  readonly cwd?: string;
  /** What it says of its progress goes to the terminal, if there is one; then nothing is returned. */
  readonly isShown?: boolean;
}

/** @throws TinyError if one of the commands is not in the path */
export function requireTools(commands: readonly string[], path?: string): void {
  const missing = commands.filter((command) => !present(command, path));
  if (missing.length === 0) return;
  const packages = missing.map((command) => packageOf[command] ?? command);
  const verb = missing.length === 1 ? 'is' : 'are';
  throw new TinyError(`${missing.join(', ')} ${verb} missing: apt-get install ${packages.join(' ')}`);
}

/** Returns what the tool wrote. @throws TinyError */
export function runTool(
  command: string,
  args: readonly string[],
  { isShown = false, ...options }: ToolOptions = {},
): string {
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    ...options,
    encoding: 'utf8',
    env: { ...process.env, LC_ALL: 'C' },
    stdio: ['ignore', isShown && process.stderr.isTTY ? process.stderr.fd : 'pipe', 'pipe'],
    timeout: TOOL_LIMIT_MS,
    maxBuffer: MAX_OUTPUT_BYTES,
  });
  if (status === 0) return stdout ?? '';
  throw failure(command, args, error?.message ?? stderr + (stdout ?? ''));
}

/** The same without waiting in between; resolves to what the tool wrote to stderr. Rejects with a `TinyError`. */
export function startTool(command: string, args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      env: { ...process.env, LC_ALL: 'C' },
      stdio: ['ignore', 'ignore', 'pipe'],
      // Unlike the time limit of spawn, it does not outlive a command that is not there.
      signal: AbortSignal.timeout(TOOL_LIMIT_MS),
    });
    let text = '';
    child.stderr.setEncoding('utf8').on('data', (part: string) => {
      text = (text + part).slice(-MAX_OUTPUT_BYTES);
    });
    child.once('error', ({ message }) => reject(failure(command, args, message)));
    child.once('close', (code) => (code === 0 ? resolve(text) : reject(failure(command, args, text))));
  });
}

function failure(command: string, args: readonly string[], text: string): TinyError {
  const lines = text.trim().split('\n').slice(0, SHOWN_LINES);
  return new TinyError(`${command} ${args.at(-1) ?? ''} failed:\n${lines.join('\n')}`);
}

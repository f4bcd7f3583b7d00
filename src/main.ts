/**
 * The command line: `run` decides what to do and returns the exit code. The only reader of arguments,
 * environment and signals, so that all of it can be tested in process.
 */
import { readFileSync } from 'node:fs';
import { type App, createApp } from './app.ts';
import { type Loaded, load } from './config/load.ts';
import type { Config } from './config/options.ts';
import { usage } from './config/usage.ts';
import { healthcheck } from './healthcheck.ts';
import { hashPassword } from './http/auth.ts';
import type { LineStream } from './observe/line-sink.ts';
import { VERSION } from './version.ts';

/** Exit codes: all went well, it failed while running, it was called wrongly. */
const OK = 0;
const FAILED = 1;
const MISUSED = 2;
/** 128 + SIGTERM: what shells say of a program that a signal ended. */
const SIGNALLED = { SIGINT: 130, SIGTERM: 143 } as const;

export type StopSignal = keyof typeof SIGNALLED;

/** What the program touches of the world around it. */
export interface Io {
  readonly stdout: LineStream;
  readonly stderr: { write(text: string): unknown };
  /** The whole of standard input as text. */
  readonly readStdin: () => Promise<string>;
  /** Calls back on each signal that asks to stop. */
  readonly onSignal: (listener: (signal: StopSignal) => void) => void;
}

/** Runs one command to its end and returns the exit code. */
export async function run(
  argv: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
  io: Io,
): Promise<number> {
  const loaded = load(argv, env, (path) => readFileSync(path, 'utf8'));
  if (loaded.kind === 'problems') return complain(io, loaded.problems);
  switch (loaded.command) {
    case 'help':
      return say(io, usage());
    case 'version':
      return say(io, versionText(loaded.json));
    case 'healthcheck':
      return checkHealth(io, loaded.config);
    case 'hash-password':
      return printHash(io, loaded);
    case 'serve':
      return serve(io, loaded.config);
  }
}

function say(io: Io, text: string): number {
  io.stdout.write(text.endsWith('\n') ? text : `${text}\n`);
  return OK;
}

function complain(io: Io, problems: readonly string[]): number {
  io.stderr.write(problems.map((problem) => `mote: ${problem}\n`).join(''));
  return MISUSED;
}

function versionText(json: boolean): string {
  const { node, v8 } = process.versions;
  return json ? JSON.stringify({ name: 'mote', version: VERSION, node, v8 }) : `mote ${VERSION}`;
}

async function checkHealth(io: Io, config: Config): Promise<number> {
  const health = await healthcheck(config);
  if (health.ok) return OK;
  io.stderr.write(`mote: unhealthy: ${health.reason}\n`);
  return FAILED;
}

async function printHash(io: Io, { args }: Extract<Loaded, { kind: 'ok' }>): Promise<number> {
  const password = (await io.readStdin()).replace(/\r?\n$/, '');
  if (password === '')
    return complain(io, ['hash-password: standard input was empty, the password is read from it']);
  try {
    return say(io, await hashPassword(args[0] ?? '', password));
  } catch (error) {
    return complain(io, [`hash-password: ${(error as Error).message}`]);
  }
}

async function serve(io: Io, config: Config): Promise<number> {
  // First of all: as PID 1 a signal without a listener would be lost.
  const signals = signalQueue(io);
  let app: App;
  try {
    app = await createApp(config, io.stdout);
    await app.start();
  } catch (error) {
    io.stderr.write(`mote: ${startFailure(error as NodeJS.ErrnoException, config)}\n`);
    return FAILED;
  }
  const first = await signals.next();
  const drained = app.stop(first).then(() => OK);
  // Whoever asks twice is in a hurry.
  return Promise.race([drained, signals.next().then((signal) => SIGNALLED[signal])]);
}

/** Signals one by one, none lost between two calls. */
function signalQueue(io: Io): { next(): Promise<StopSignal> } {
  const arrived: StopSignal[] = [];
  let wake: ((signal: StopSignal) => void) | undefined;
  io.onSignal((signal) => {
    if (!wake) return void arrived.push(signal);
    wake(signal);
    wake = undefined;
  });
  return {
    next: () =>
      new Promise((resolve) => {
        const signal = arrived.shift();
        if (signal) resolve(signal);
        else wake = resolve;
      }),
  };
}

/** One line for a failed start: what, which value, what to do. */
function startFailure(error: NodeJS.ErrnoException, { path, host, port }: Config): string {
  const where = host.includes('/') ? host : `${host === '' ? 'port' : host} ${port}`;
  if (error.syscall !== 'listen' && error.syscall !== 'bind' && error.syscall !== 'getaddrinfo') {
    return `cannot serve ${JSON.stringify(path)}: ${pathFailure(error, path)}`;
  }
  switch (error.code) {
    case 'EADDRINUSE':
      return `cannot listen on ${where}: already in use; choose another with --port, or 0 for any free one`;
    case 'EACCES':
      return `cannot listen on ${where}: not permitted; ports below 1024 need privileges, choose a higher one with --port`;
    case 'EADDRNOTAVAIL':
      return `cannot listen on ${where}: this machine has no such address; --host takes one of its own`;
    default:
      return `cannot listen on ${where}: ${error.message}`;
  }
}

function pathFailure(error: NodeJS.ErrnoException, path: string): string {
  switch (error.code) {
    case 'ENOENT':
      return /^\d+$/.test(path)
        ? `no such file or folder; for a port alone say mote --port ${path}`
        : 'no such file or folder; give one as the first argument';
    case 'EACCES':
    case 'EPERM':
      return 'permission denied; the user that mote runs as must be able to read it';
    default:
      return error.message;
  }
}

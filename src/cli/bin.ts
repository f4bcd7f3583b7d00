#!/usr/bin/env node
/** The entry of the executable: gives `run` the real streams, signals and environment. */
import { isatty } from 'node:tty';
import type { Io, StopSignal } from './io.ts';
import { run } from './main.ts';
import { WORKER_NAME } from './worker-name.ts';

/** Output that is on its way gets this long; then open connections no longer keep the process. */
const EXIT_DELAY_MS = 100;

const stopSignals: readonly StopSignal[] = ['SIGINT', 'SIGTERM', 'SIGQUIT', 'SIGHUP'];

const io: Io = {
  stdout: process.stdout,
  stderr: process.stderr,
  readStdin,
  terminal: () => (process.stdin.isTTY ? process.stdin : undefined),
  onSignal(listener) {
    for (const signal of stopSignals) process.on(signal, () => listener(signal));
    process.on('SIGUSR2', () => undefined);
  },
  script: [...process.execArgv, ...process.argv.slice(1, 2)],
  // Before anything else: a terminal may close.
  hasTerminal: [0, 1, 2].some((descriptor) => isatty(descriptor)),
  isShown: isatty(1),
};

async function readStdin(): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

// Without a listener Node would open its inspector, through which every process of this user can run code here.
process.on('SIGUSR1', () => undefined);

// A reader that has closed early (`mote --help | head`) is no reason for a stack trace.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);

async function main(): Promise<number> {
  if (process.argv0 !== WORKER_NAME) return run(process.argv.slice(2), process.env, io);
  return (await import('./worker.ts')).work(process.env, io);
}

// No top-level await: the bundle inside the executable is CommonJS.
void main().then((code) => {
  process.exitCode = code;
  setTimeout(() => process.exit(), EXIT_DELAY_MS).unref();
});

#!/usr/bin/env node
/** The executable's entry: gives `run` the real world. */
import { isatty } from 'node:tty';
import { FAILED, type Io, type StopSignal } from './io.ts';
import { run } from './main.ts';

/** What may still be on its way to standard output gets this long; then open connections count no more. */
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
  // Now: a terminal that has gone is none.
  hasTerminal: [0, 1, 2].some((descriptor) => isatty(descriptor)),
};

async function readStdin(): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

// Without a listener Node would open its inspector, through which every process of this user can run code in here.
process.on('SIGUSR1', () => undefined);

// A reader that has gone (`mote --help | head`) is no reason for a stack trace.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);

// No top-level await: the bundle inside the executable is CommonJS.
void run(process.argv.slice(2), process.env, io)
  .catch((error: NodeJS.ErrnoException) => {
    const advice =
      error.code === 'EMFILE'
        ? 'raise the limit of open files'
        : 'this is a defect of mote, please report it';
    io.stderr.write(`mote: ${error.message}; ${advice}\n`);
    return FAILED;
  })
  .then((code) => {
    process.exitCode = code;
    setTimeout(() => process.exit(), EXIT_DELAY_MS).unref();
  });

#!/usr/bin/env node
/** The executable's entry: gives `run` the real world. */
import { text } from 'node:stream/consumers';
import { type Io, run } from './main.ts';

/** What may still be on its way to standard output gets this long; then open connections count no more. */
const EXIT_DELAY_MS = 100;

const io: Io = {
  stdout: process.stdout,
  stderr: process.stderr,
  readStdin: () => text(process.stdin),
  onSignal(listener) {
    process.on('SIGINT', () => listener('SIGINT'));
    process.on('SIGTERM', () => listener('SIGTERM'));
  },
};

// No top-level await: the bundle inside the executable is CommonJS.
void run(process.argv.slice(2), process.env, io).then((code) => {
  process.exitCode = code;
  setTimeout(() => process.exit(), EXIT_DELAY_MS).unref();
});

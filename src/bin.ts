#!/usr/bin/env node
/** The executable's entry: gives `run` the real world. */
import type { Io } from './io.ts';
import { run } from './main.ts';

/** What may still be on its way to standard output gets this long; then open connections count no more. */
const EXIT_DELAY_MS = 100;

const io: Io = {
  stdout: process.stdout,
  stderr: process.stderr,
  readStdin,
  onSignal(listener) {
    process.on('SIGINT', () => listener('SIGINT'));
    process.on('SIGTERM', () => listener('SIGTERM'));
  },
};

async function readStdin(): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

// No top-level await: the bundle inside the executable is CommonJS.
void run(process.argv.slice(2), process.env, io).then((code) => {
  process.exitCode = code;
  setTimeout(() => process.exit(), EXIT_DELAY_MS).unref();
});

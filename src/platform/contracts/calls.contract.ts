/** Calls that block are made on threads: one that takes long does not hold up those behind it. */
import { pbkdf2 } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { line } from './fixtures.ts';

const TIMES = 5;
/** Much longer than it takes to read a file, on a busy machine too. */
const ROUNDS = 600_000;

/** In the order in which they end. */
async function order(): Promise<string> {
  const ended: string[] = [];
  // Then there is a thread that waits for work.
  await readFile('/dev/null');
  const long = new Promise<void>((resolve) => {
    pbkdf2('password', 'salt', ROUNDS, 32, 'sha256', () => {
      ended.push('long');
      resolve();
    });
  });
  const short = readFile('/dev/null').then(() => ended.push('short'));
  await Promise.all([long, short]);
  return ended.join(' ');
}

export async function* contract(): AsyncGenerator<string> {
  const seen = new Set<string>();
  for (let i = 0; i < TIMES; i += 1) seen.add(await order());
  yield line(...seen);
}

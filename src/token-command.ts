/** `mote token` and `mote hash-token`. */
import { randomBytes } from 'node:crypto';
import { type Io, MISUSED, say } from './io.ts';
import { faultOfToken, hashToken, makeToken, wordHash } from './notify/token.ts';

/** Makes a token. Returns the exit code. */
export function printToken(io: Io): Promise<number> {
  const { token, hash } = makeToken(randomBytes);
  return say(io, `token, for the sender: ${token}\nhash, for the notify file: ${hash}`);
}

/** For a token that somebody chose, from standard input. Returns the exit code. */
export async function printTokenHash(io: Io): Promise<number> {
  const token = (await io.readStdin()).replace(/\r?\n$/, '');
  const fault = faultOfToken(token);
  if (!fault) return say(io, wordHash(hashToken(token)));
  io.stderr.write(`mote: hash-token: ${fault}\n`);
  return MISUSED;
}

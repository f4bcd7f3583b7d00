/** `mote token` and `mote hash-token`. */
import { randomBytes } from 'node:crypto';
import { faultOfToken, hashToken, makeToken, wordHash } from '../notify/auth/token.ts';
import { complain, type Io, say } from './io.ts';
import { readSecret } from './secret-input.ts';

/** Creates a token. Returns the exit code. */
export function printToken(io: Io): Promise<number> {
  const { token, hash } = makeToken(randomBytes);
  return say(io, `token, for the sender: ${token}\nhash, for the notify file: ${hash}`);
}

/** Prints the hash of a token from standard input. Returns the exit code. */
export async function printTokenHash(io: Io): Promise<number> {
  const input = await readSecret(io, 'hash-token', ['Token: ']);
  if (input.kind === 'none') return input.code;
  const fault = faultOfToken(input.text);
  return fault ? complain(io, [`hash-token: ${fault}`]) : say(io, wordHash(hashToken(input.text)));
}

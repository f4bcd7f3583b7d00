/**
 * Tokens: generated here, stored only as SHA-256 hashes. A plain fast hash is right for them, unlike for passwords:
 * generated ones have 256 random bits, which nobody finds from the hash by guessing or in a table.
 */
import { sha256Of } from '../../util/sha256.ts';

const RANDOM_BYTES = 32;
/** Makes a leaked token recognisable, and keeps a leading `-` away, which command lines would take for an option. */
const PREFIX = 'mote_';
/** Operators may choose their own: some clients of gotify insist on 15 characters that begin with `A`. */
export const MIN_TOKEN_CHARACTERS = 12;
export const MAX_TOKEN_CHARACTERS = 256;
export const TOKEN_HASH_BYTES = 32;
const HASH_PREFIX = 'sha256:';

export interface NewToken {
  /** For the sender; shown once. */
  readonly token: string;
  /** For the configuration: `sha256:` and 64 hexadecimal digits. */
  readonly hash: string;
}

/** `random` returns that many bytes from a cryptographic source. */
export function makeToken(random: (bytes: number) => Uint8Array): NewToken {
  const token = PREFIX + Buffer.from(random(RANDOM_BYTES)).toString('base64url');
  return { token, hash: wordHash(hashToken(token)) };
}

export function hashToken(token: string): Uint8Array {
  return Buffer.from(sha256Of(Buffer.from(token)));
}

/** The hash in the form of the configuration. */
export function wordHash(hash: Uint8Array): string {
  return HASH_PREFIX + Buffer.from(hash).toString('hex');
}

/**
 * Accepts what `wordHash` returns, with or without the prefix; `undefined` for everything else, and for the hash of the
 * empty string, which scripts produce from a variable that is not set.
 */
export function parseHash(text: string): Uint8Array | undefined {
  const digits = text.startsWith(HASH_PREFIX) ? text.slice(HASH_PREFIX.length) : text;
  if (!/^[0-9a-f]{64}$/i.test(digits)) return undefined;
  const hash = Buffer.from(digits, 'hex');
  return hash.equals(hashToken('')) ? undefined : hash;
}

/** Why a text that somebody chose cannot be a token, or `undefined`. Never contains the text. */
export function faultOfToken(token: string): string | undefined {
  if (token.length < MIN_TOKEN_CHARACTERS) return `a token has at least ${MIN_TOKEN_CHARACTERS} characters`;
  if (token.length > MAX_TOKEN_CHARACTERS) return `a token has at most ${MAX_TOKEN_CHARACTERS} characters`;
  // Others separate the parts of URLs and headers: then nothing tells where in a line of the log a token begins and ends.
  return /^[\w.~+/-]+=*$/.test(token)
    ? undefined
    : 'a token has only letters, digits and - . _ ~ + /, and = at its end (RFC 6750)';
}

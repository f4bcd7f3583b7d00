/** Node's `crypto`: hashes, HMAC, PBKDF2 and random bytes of the host. */
import { Buffer } from './buffer.ts';
import { call, host } from './host.ts';

type DigestEncoding = 'hex' | 'base64' | 'base64url' | 'latin1';
type Content = string | Uint8Array;

function bytesOf(content: Content): Uint8Array {
  return typeof content === 'string' ? Buffer.from(content) : content;
}

export class Hash {
  readonly #state: object;

  constructor(state: object) {
    this.#state = state;
  }

  update(content: Content): this {
    host.hashUpdate(this.#state, bytesOf(content));
    return this;
  }

  digest(): Buffer;
  digest(encoding: DigestEncoding): string;
  digest(encoding?: DigestEncoding): Buffer | string {
    const bytes = new Buffer(host.hashDigest(this.#state));
    return encoding === undefined ? bytes : bytes.toString(encoding);
  }
}

function start(algorithm: string, key: Uint8Array | undefined): Hash {
  const state = host.hash(algorithm, key);
  if (typeof state === 'number') throw new Error(`unknown digest: ${algorithm}`);
  return new Hash(state);
}

export function createHash(algorithm: string): Hash {
  return start(algorithm, undefined);
}

export function createHmac(algorithm: string, key: Content): Hash {
  return start(algorithm, bytesOf(key));
}

export function hash(algorithm: string, content: Content, encoding: DigestEncoding): string;
export function hash(algorithm: string, content: Content, encoding: 'buffer'): Buffer;
export function hash(algorithm: string, content: Content, encoding: DigestEncoding | 'buffer') {
  const bytes = createHash(algorithm).update(content).digest();
  return encoding === 'buffer' ? bytes : bytes.toString(encoding);
}

export function randomBytes(size: number): Buffer {
  return new Buffer(host.random(size));
}

export function randomUUID(): string {
  const bytes = randomBytes(16);
  bytes[6] = ((bytes[6] as number) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] as number) & 0x3f) | 0x80;
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

/** Takes as long for any two contents of one length. */
export function timingSafeEqual(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) throw new RangeError('the lengths differ');
  let difference = 0;
  for (let i = 0; i < a.length; i += 1) difference |= (a[i] as number) ^ (b[i] as number);
  return difference === 0;
}

const BLOCK_BYTES = 64;
const INNER_PAD = 0x36;
const OUTER_PAD = 0x5c;

/** PBKDF2 (RFC 8018 §5.2) of one block: a key as long as the hash. */
export function pbkdf2(
  password: Content,
  salt: Content,
  rounds: number,
  _length: 32,
  algorithm: 'sha256',
  done: (error: Error | null, key: Buffer) => void,
): void {
  const given = bytesOf(password);
  const key = new Uint8Array(BLOCK_BYTES);
  key.set(given.length > BLOCK_BYTES ? createHash(algorithm).update(given).digest() : given);
  const pads = Buffer.concat([key.map((byte) => byte ^ INNER_PAD), key.map((byte) => byte ^ OUTER_PAD)]);
  const first = createHmac(algorithm, given)
    .update(salt)
    .update(new Uint8Array([0, 0, 0, 1]))
    .digest();
  call('pbkdf2', pads, first, rounds).then(
    (bytes) => done(null, new Buffer(bytes as ArrayBuffer)),
    (error) => done(error, Buffer.alloc(0)),
  );
}

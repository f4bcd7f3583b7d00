/** Node's `fs`: the calls that the product makes before it serves, and what they share with `fs/promises`. */

import { ENCODINGS } from './binding.ts';
import { Buffer } from './buffer.ts';
import { call, callSync, host } from './host.ts';

export const constants = { O_RDONLY: 0, O_NONBLOCK: 0o4000, O_NOFOLLOW: 0o400000 } as const;

/** `wx`: only if it does not exist. */
const flagsOf: Readonly<Record<string, number>> = { r: constants.O_RDONLY, wx: 0o1 | 0o100 | 0o200 };

export function openFlags(flags: string | number): number {
  const known = typeof flags === 'number' ? flags : flagsOf[flags];
  if (known === undefined) throw new TypeError(`unknown flags: ${flags}`);
  return known;
}

const S_IFMT = 0o170000;
const NS_PER_MS = 1_000_000n;

/** The facts of a file: numbers, or with `bigint` exact ones. */
export class Stats<N extends number | bigint = number> {
  readonly dev: N;
  readonly ino: N;
  readonly mode: N;
  readonly uid: N;
  readonly gid: N;
  readonly size: N;
  readonly mtimeMs: N;
  readonly ctimeMs: N;
  readonly mtimeNs: bigint;
  readonly ctimeNs: bigint;

  constructor(words: BigInt64Array, of: (word: bigint) => N, ms: (ns: bigint) => N) {
    const at = (place: number) => words[place] ?? 0n;
    [this.dev, this.ino, this.mode] = [of(at(0)), of(at(1)), of(at(2))];
    [this.uid, this.gid, this.size] = [of(at(3)), of(at(4)), of(at(5))];
    [this.mtimeNs, this.ctimeNs] = [at(6), at(7)];
    [this.mtimeMs, this.ctimeMs] = [ms(at(6)), ms(at(7))];
  }

  #is(type: number): boolean {
    return (Number(this.mode) & S_IFMT) === type;
  }
  isFile(): boolean {
    return this.#is(0o100000);
  }
  isDirectory(): boolean {
    return this.#is(0o040000);
  }
  isSymbolicLink(): boolean {
    return this.#is(0o120000);
  }
  isSocket(): boolean {
    return this.#is(0o140000);
  }
}

export type BigIntStats = Stats<bigint>;

export function statsOf(answer: number | ArrayBuffer): Stats {
  return new Stats(new BigInt64Array(answer as ArrayBuffer), Number, (ns) => Number(ns) / 1e6);
}

export function bigStatsOf(answer: number | ArrayBuffer): BigIntStats {
  return new Stats(
    new BigInt64Array(answer as ArrayBuffer),
    (word) => word,
    (ns) => ns / NS_PER_MS,
  );
}

export function textOf(answer: number | ArrayBuffer): string {
  return host.decode(new Uint8Array(answer as ArrayBuffer), ENCODINGS.utf8);
}

/** Bytes that are read at a time where the size is not known. */
const READ_BYTES = 65536;

export function readFileSync(path: string | URL): Buffer;
export function readFileSync(path: string | URL, encoding: 'utf8'): string;
export function readFileSync(path: string | URL, encoding?: 'utf8'): Buffer | string {
  const descriptor = callSync('open', String(path), constants.O_RDONLY, 0);
  const parts: Buffer[] = [];
  try {
    for (;;) {
      const part = new Buffer(callSync('read', descriptor as number, READ_BYTES, -1) as ArrayBuffer);
      if (part.length === 0) break;
      parts.push(part);
    }
  } finally {
    callSync('close', descriptor as number);
  }
  const bytes = Buffer.concat(parts);
  return encoding === undefined ? bytes : bytes.toString(encoding);
}

export function existsSync(path: string): boolean {
  try {
    callSync('stat', path, 1);
    return true;
  } catch {
    return false;
  }
}

export function readlinkSync(path: string): string {
  return textOf(callSync('readlink', path));
}

export function realpathSync(path: string): string {
  return textOf(callSync('realpath', path));
}

export async function* createReadStream(path: string): AsyncGenerator<Buffer> {
  const descriptor = (await call('open', path, constants.O_RDONLY, 0)) as number;
  try {
    yield* partsOf(descriptor);
  } finally {
    await call('close', descriptor);
  }
}

/** What is left of a file. */
export async function* partsOf(descriptor: number): AsyncGenerator<Buffer> {
  for (;;) {
    const part = new Buffer((await call('read', descriptor, READ_BYTES, -1)) as ArrayBuffer);
    if (part.length === 0) return;
    yield part;
  }
}

realpathSync.native = realpathSync;

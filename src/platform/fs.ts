/** Node's `fs`: the calls that the product makes before it serves, and what they share with `fs/promises`. */

import { ENCODINGS } from './binding.ts';
import { Buffer } from './buffer.ts';
import { callSync, host } from './host.ts';

export const constants = {
  O_RDONLY: 0,
  O_WRONLY: 1,
  O_RDWR: 2,
  O_NONBLOCK: 0o4000,
  O_NOFOLLOW: 0o400000,
} as const;

const flagsOf: Readonly<Record<string, number>> = {
  r: 0,
  'r+': 2,
  w: 1 | 0o100 | 0o1000,
  wx: 1 | 0o100 | 0o200,
  a: 1 | 0o100 | 0o2000,
  ax: 1 | 0o100 | 0o200 | 0o2000,
};

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
  readonly nlink: N;
  readonly uid: N;
  readonly gid: N;
  readonly size: N;
  readonly mtimeMs: N;
  readonly ctimeMs: N;
  readonly atimeMs: N;
  readonly mtimeNs: bigint;
  readonly ctimeNs: bigint;

  constructor(words: BigInt64Array, of: (word: bigint) => N, ms: (ns: bigint) => N) {
    const [
      dev = 0n,
      ino = 0n,
      mode = 0n,
      nlink = 0n,
      uid = 0n,
      gid = 0n,
      size = 0n,
      ,
      atime = 0n,
      mtime = 0n,
      ctime = 0n,
    ] = words;
    this.dev = of(dev);
    this.ino = of(ino);
    this.mode = of(mode);
    this.nlink = of(nlink);
    this.uid = of(uid);
    this.gid = of(gid);
    this.size = of(size);
    this.atimeMs = ms(atime);
    this.mtimeMs = ms(mtime);
    this.ctimeMs = ms(ctime);
    this.mtimeNs = mtime;
    this.ctimeNs = ctime;
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
  get mtime(): Date {
    return new Date(Number(this.mtimeMs));
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
export const READ_BYTES = 65536;

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
  const { open } = await import('./fs-promises.ts');
  const file = await open(path);
  try {
    for (;;) {
      const buffer = Buffer.alloc(READ_BYTES);
      const { bytesRead } = await file.read(buffer, 0, buffer.length, null);
      if (bytesRead === 0) return;
      yield buffer.subarray(0, bytesRead);
    }
  } finally {
    await file.close();
  }
}

realpathSync.native = realpathSync;

/** Node's `Buffer`, as far as the product uses it: bytes with conversions to and from text by the host. */
import { ENCODINGS } from './binding.ts';
import { host } from './host.ts';

const { utf8, latin1, base64 } = ENCODINGS;
const encodings = {
  __proto__: null,
  utf8,
  'utf-8': utf8,
  latin1,
  binary: latin1,
  ascii: latin1,
  base64,
  base64url: base64,
};
type Encoding = Exclude<keyof typeof encodings, '__proto__'> | 'hex';

function encodingOf(name: Exclude<Encoding, 'hex'>): number {
  const encoding = encodings[name];
  if (encoding === undefined) throw new TypeError(`unknown encoding: ${name}`);
  return encoding;
}

function encode(text: string, encoding: Encoding = 'utf8'): ArrayBuffer {
  return encoding === 'hex' ? fromHex(text) : host.encode(text, encodingOf(encoding));
}

function decode(bytes: Uint8Array, encoding: Encoding = 'utf8'): string {
  if (encoding === 'hex') return toHex(bytes);
  const text = host.decode(bytes, encodingOf(encoding));
  return encoding === 'base64url' ? text.replace(/[+/=]/g, (letter) => urlLetters[letter] ?? '') : text;
}

const urlLetters: Readonly<Record<string, string>> = { '+': '-', '/': '_' };
const hexDigits = '0123456789abcdef';

function toHex(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += (hexDigits[byte >> 4] as string) + hexDigits[byte & 15];
  return text;
}

/** Ends at the first pair that is no hexadecimal number, as Node does. */
function fromHex(text: string): ArrayBuffer {
  const bytes = new Uint8Array(text.length >> 1);
  let size = 0;
  for (; size < bytes.length; size += 1) {
    const pair = text.slice(2 * size, 2 * size + 2);
    if (!/^[\da-f]{2}$/i.test(pair)) break;
    bytes[size] = Number.parseInt(pair, 16);
  }
  return bytes.buffer.slice(0, size);
}

type Source = string | ArrayBuffer | ArrayLike<number> | Iterable<number>;

export class Buffer extends Uint8Array {
  static override from(source: Source, encodingOrOffset?: unknown, length?: unknown): Buffer {
    if (typeof source === 'string') return new Buffer(encode(source, encodingOrOffset as Encoding));
    if (source instanceof ArrayBuffer)
      return new Buffer(source, encodingOrOffset as number | undefined, length as number | undefined);
    return new Buffer(source as ArrayLike<number>);
  }

  static alloc(size: number, fill?: number): Buffer {
    const buffer = new Buffer(size);
    return fill ? buffer.fill(fill) : buffer;
  }

  static allocUnsafeSlow(size: number): Buffer {
    return new Buffer(size);
  }

  static byteLength(value: string | Uint8Array, encoding?: Encoding): number {
    if (typeof value !== 'string') return value.byteLength;
    if (encoding === undefined || encoding === 'utf8' || encoding === 'utf-8') return host.byteLength(value);
    return encoding === 'latin1' ? value.length : encode(value, encoding).byteLength;
  }

  static concat(list: readonly Uint8Array[], total?: number): Buffer {
    const size = total ?? list.reduce((sum, { length }) => sum + length, 0);
    const buffer = new Buffer(size);
    let at = 0;
    for (const part of list) {
      if (at >= size) break;
      buffer.set(part.length > size - at ? part.subarray(0, size - at) : part, at);
      at += part.length;
    }
    return buffer;
  }

  override toString(encoding?: string, start?: number, end?: number): string {
    // As requests are read: the whole of what came.
    if (encoding === 'latin1' && start === undefined) return host.decode(this, latin1);
    const part = this.subarray(Math.max(0, start ?? 0), end && Math.max(0, end));
    return decode(part, encoding as Encoding | undefined);
  }

  override subarray(start?: number, end?: number): Buffer {
    return super.subarray(start, end) as Buffer;
  }

  /** Shares memory, unlike that of a Uint8Array. */
  override slice(start?: number, end?: number): Buffer {
    return this.subarray(start, end);
  }

  write(text: string, offset = 0, encoding?: unknown): number {
    const bytes = new Uint8Array(encode(text, encoding as Encoding));
    const part = bytes.subarray(0, Math.max(0, this.length - offset));
    this.set(part, offset);
    return part.length;
  }

  equals(other: Uint8Array): boolean {
    return this.length === other.length && host.indexOf(this, other, 0) === 0;
  }

  override indexOf(wanted: number | string | Uint8Array, from = 0, encoding?: unknown): number {
    if (typeof wanted === 'number') return super.indexOf(wanted & 0xff, from);
    const bytes = typeof wanted === 'string' ? Buffer.from(wanted, encoding) : wanted;
    return host.indexOf(this, bytes, from < 0 ? Math.max(0, this.length + from) : from);
  }

  override includes(wanted: number | string | Uint8Array, from?: number): boolean {
    return this.indexOf(wanted, from) >= 0;
  }

  readUInt32LE(offset = 0): number {
    return new DataView(this.buffer, this.byteOffset, this.length).getUint32(offset, true);
  }
}

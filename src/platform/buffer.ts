/** Node's `Buffer`, as far as the product uses it: bytes with conversions to and from text by the host. */
import { ENCODINGS } from './binding.ts';
import { host } from './host.ts';

const { utf8, latin1 } = ENCODINGS;
const encodings = { __proto__: null, ...ENCODINGS, 'utf-8': utf8, binary: latin1, ascii: latin1 };
type Encoding = Exclude<keyof typeof encodings, '__proto__'>;

function encodingOf(name: Encoding | undefined): number {
  const encoding = name === undefined ? utf8 : encodings[name];
  if (encoding === undefined) throw new TypeError(`unknown encoding: ${name}`);
  return encoding;
}

const urlLetters: Readonly<Record<string, string>> = { '+': '-', '/': '_' };

type Source = string | ArrayBuffer | ArrayLike<number> | Iterable<number>;

export class Buffer extends Uint8Array {
  static override from(source: Source, encodingOrOffset?: unknown, length?: unknown): Buffer {
    if (typeof source === 'string')
      return new Buffer(host.encode(source, encodingOf(encodingOrOffset as Encoding)));
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
    const kind = encodingOf(encoding);
    if (kind === ENCODINGS.utf8) return host.byteLength(value);
    return kind === ENCODINGS.latin1 ? value.length : host.encode(value, kind).byteLength;
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

  override toString(encoding?: string, start = 0, end = this.length): string {
    const isPart = start > 0 || end < this.length;
    const part = isPart ? this.subarray(Math.max(0, start), Math.max(0, end)) : this;
    const kind = encodingOf(encoding as Encoding | undefined);
    if (kind !== ENCODINGS.base64url) return host.decode(part, kind);
    return host.decode(part, ENCODINGS.base64).replace(/[+/=]/g, (letter) => urlLetters[letter] ?? '');
  }

  override subarray(start?: number, end?: number): Buffer {
    return super.subarray(start, end) as Buffer;
  }

  /** Shares memory, unlike that of a Uint8Array. */
  override slice(start?: number, end?: number): Buffer {
    return this.subarray(start, end);
  }

  write(text: string, offset = 0, encoding?: unknown): number {
    const bytes = new Uint8Array(host.encode(text, encodingOf(encoding as Encoding)));
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

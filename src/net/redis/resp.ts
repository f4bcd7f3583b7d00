/**
 * RESP3, the protocol of Redis and Valkey (https://redis.io/docs/latest/develop/reference/protocol-spec/): commands as
 * text, replies from bytes as they come. Pure.
 */

/** A map or an attribute is its keys and values in turn; a big number is a string. */
export type RedisReply = string | number | boolean | null | RedisError | readonly RedisReply[];

/** What the server refuses: `code` is the first word of its message, such as `NOSCRIPT`. */
export class RedisError extends Error {
  readonly code: string;

  constructor(message: string) {
    super(message);
    this.name = 'RedisError';
    this.code = message.split(' ', 1)[0] ?? '';
  }
}

/** The peer does not speak RESP3, or says more than there is room for. The connection is of no more use. */
export class ProtocolFault extends Error {}

/** Of one reply, nested ones together. */
const MAX_REPLY_BYTES = 64 * 1024 * 1024;
/** Of one line: sizes, numbers, errors, simple strings. */
const MAX_LINE_BYTES = 64 * 1024;
const MAX_DEPTH = 8;
/** Elements of one aggregate. */
const MAX_ELEMENTS = 1024 * 1024;

const CR = 13;
const LF = 10;

/** A command as an array of strings, which is the one form that requests have. */
export function renderCommand(words: readonly (string | number)[]): string {
  let text = `*${words.length}\r\n`;
  for (const word of words) {
    const value = String(word);
    text += `$${Buffer.byteLength(value)}\r\n${value}\r\n`;
  }
  return text;
}

/** An aggregate whose elements are still coming. */
interface Aggregate {
  readonly type: string;
  readonly items: RedisReply[];
  left: number;
}

/** What a reader found: the reply to a command, or something that the server says unasked. */
export interface RedisOutput {
  readonly isPush: boolean;
  readonly reply: RedisReply;
}

/** Reads replies from pieces of a connection. */
export class ReplyReader {
  readonly #open: Aggregate[] = [];
  readonly #pieces: Buffer[] = [];
  #pieceBytes = 0;
  /** Bytes that the next step needs; 0 where it needs a line. */
  #neededBytes = 0;
  #bulkType = '';
  #replyBytes = 0;

  /** The replies that are complete with these bytes. Throws a {@link ProtocolFault}. */
  take(bytes: Buffer): readonly RedisOutput[] {
    const found: RedisOutput[] = [];
    let rest = this.#join(bytes);
    for (;;) {
      const used = this.#neededBytes > 0 ? this.#takeBulk(rest, found) : this.#takeLine(rest, found);
      if (used === 0) break;
      rest = rest.subarray(used);
    }
    this.#keep(rest);
    return found;
  }

  /** Joins pieces only when a step can go on with them, so that a long string is copied once. */
  #join(bytes: Buffer): Buffer {
    this.#keep(bytes);
    if (this.#pieceBytes < this.#neededBytes) return Buffer.alloc(0);
    const all = this.#pieces.length === 1 ? (this.#pieces[0] as Buffer) : Buffer.concat(this.#pieces);
    this.#pieces.length = 0;
    this.#pieceBytes = 0;
    return all;
  }

  #keep(bytes: Buffer): void {
    if (bytes.length === 0) return;
    this.#pieces.push(bytes);
    this.#pieceBytes += bytes.length;
  }

  /** Returns the bytes that were used; 0 where some are missing. */
  #takeBulk(bytes: Buffer, found: RedisOutput[]): number {
    const needed = this.#neededBytes;
    if (bytes.length < needed) return 0;
    if (bytes[needed - 2] !== CR || bytes[needed - 1] !== LF) throw new ProtocolFault('a string has no end');
    const type = this.#bulkType;
    const text = bytes.toString('utf8', 0, needed - 2);
    this.#neededBytes = 0;
    // A verbatim string has its format before it, such as `txt:`.
    this.#add(type === '!' ? new RedisError(text) : type === '=' ? text.slice(4) : text, found);
    return needed;
  }

  #takeLine(bytes: Buffer, found: RedisOutput[]): number {
    const end = bytes.indexOf(LF);
    if (end < 0 && bytes.length <= MAX_LINE_BYTES) return 0;
    if (end > MAX_LINE_BYTES || end < 2 || bytes[end - 1] !== CR)
      throw new ProtocolFault('this is not RESP3');
    this.#grow(end);
    const line = bytes.toString('utf8', 1, end - 1);
    this.#begin(String.fromCharCode(bytes[0] as number), line, found);
    return end + 1;
  }

  #begin(type: string, line: string, found: RedisOutput[]): void {
    if (type === '$' || type === '!' || type === '=') return this.#beginBulk(type, line, found);
    if ('*~>%|'.includes(type)) return this.#beginAggregate(type, line, found);
    this.#add(scalarOf(type, line), found);
  }

  #beginBulk(type: string, line: string, found: RedisOutput[]): void {
    // RESP2's way to say that there is nothing.
    if (line === '-1') return this.#add(null, found);
    const size = sizeOf(line, MAX_REPLY_BYTES);
    this.#grow(size);
    this.#bulkType = type;
    this.#neededBytes = size + 2;
  }

  #beginAggregate(type: string, line: string, found: RedisOutput[]): void {
    if (line === '-1') return this.#add(null, found);
    const left = sizeOf(line, MAX_ELEMENTS) * (type === '%' || type === '|' ? 2 : 1);
    if (this.#open.length >= MAX_DEPTH) throw new ProtocolFault('a reply is nested too deeply');
    this.#open.push({ type, items: [], left });
    if (left === 0) this.#close(found);
  }

  #add(reply: RedisReply, found: RedisOutput[]): void {
    const parent = this.#open.at(-1);
    if (!parent) return this.#finish(reply, false, found);
    parent.items.push(reply);
    parent.left -= 1;
    if (parent.left === 0) this.#close(found);
  }

  #close(found: RedisOutput[]): void {
    const { type, items } = this.#open.pop() as Aggregate;
    // An attribute says something about the reply that follows it.
    if (type === '|') return;
    if (type === '>') this.#finish(items, true, found);
    else this.#add(items, found);
  }

  #finish(reply: RedisReply, isPush: boolean, found: RedisOutput[]): void {
    this.#replyBytes = 0;
    found.push({ isPush, reply });
  }

  #grow(bytes: number): void {
    this.#replyBytes += bytes;
    if (this.#replyBytes > MAX_REPLY_BYTES) throw new ProtocolFault('a reply is too long');
  }
}

function scalarOf(type: string, line: string): RedisReply {
  if (type === '+' || type === '(') return line;
  if (type === '-') return new RedisError(line);
  if (type === ':' || type === ',') return numberOf(line, type);
  if (type === '_') return null;
  if (type === '#') return line === 't';
  throw new ProtocolFault('this is not RESP3');
}

function numberOf(line: string, type: string): number {
  if (type === ',' && line === 'inf') return Number.POSITIVE_INFINITY;
  if (type === ',' && line === '-inf') return Number.NEGATIVE_INFINITY;
  if (type === ',' && line === 'nan') return Number.NaN;
  const form = type === ':' ? /^[+-]?\d+$/ : /^[+-]?\d+(?:\.\d*)?(?:[eE][+-]?\d+)?$/;
  if (!form.test(line)) throw new ProtocolFault('a number is none');
  return Number(line);
}

function sizeOf(line: string, max: number): number {
  if (!/^\d{1,10}$/.test(line)) throw new ProtocolFault('a size is not a number');
  const size = Number(line);
  if (size > max) throw new ProtocolFault('a reply is too long');
  return size;
}

/**
 * The body of a request (RFC 9112 §6 and §7): a state machine over bytes, which collects the content in one
 * bounded buffer. Pure.
 *
 * One limit applies to all framing bytes together: sizes, extensions and trailers cost work but carry no
 * content, and a limit for each chunk would not bound their sum.
 */
import type { ErrorCode } from '../errors.ts';
import { ByteRoom, hexValue } from './bytes.ts';
import { fieldLine } from './grammar.ts';
import type { Framing } from './head.ts';

/** The limit for sizes, extensions and trailers: a base, plus so many bytes for each byte of content. */
const MAX_FRAMING_BYTES = 16 * 1024;
const MAX_FRAMING_SHARE = 2;
/** Hexadecimal digits of a chunk size of 64 bits. */
const MAX_SIZE_DIGITS = 16;

const CR = 13;
const LF = 10;
const SEMICOLON = 59;

/** The states of a chunked body, named after what comes next. */
type State =
  | 'size'
  | 'extension'
  | 'size LF'
  | 'data'
  | 'data CR'
  | 'data LF'
  | 'trailer'
  | 'trailer LF'
  | 'last LF'
  | 'done';

/** `;name`, `;name=token` or `;name="quoted"`, repeated (RFC 9112 §7.1.1), without "bad whitespace". */
const extensions =
  /^(?:;[\w!#$%&'*+.^`|~-]+(?:=(?:[\w!#$%&'*+.^`|~-]+|"(?:[\t \x21\x23-\x5b\x5d-\x7e\x80-\xff]|\\[\t\x20-\x7e\x80-\xff])*"))?)+$/;
/** Fields that would change the framing after the fact (RFC 9110 §6.5.1). */
const forbiddenTrailer = /^(?:content-length|transfer-encoding):/i;

export class BodyReader {
  readonly #maxBytes: number;
  readonly #isChunked: boolean;
  readonly #room: ByteRoom;
  #code: ErrorCode | undefined;
  #state: State;
  /** The bytes of data still to come, or the chunk size while its digits are being read. */
  #left = 0;
  #digits = 0;
  #framingBytes = 0;
  /** The extensions of the current chunk, or the current trailer. */
  #line = '';

  /** `framing` must announce a body. */
  constructor(framing: Framing, maxBytes: number) {
    this.#maxBytes = maxBytes;
    this.#room = new ByteRoom(maxBytes);
    this.#state = framing.kind === 'chunked' ? 'size' : 'data';
    this.#isChunked = framing.kind === 'chunked';
    if (framing.kind !== 'length') return;
    this.#left = framing.bytes;
    if (framing.bytes > maxBytes) this.#code = 'content_too_large';
  }
  /** Why the body is refused; known immediately if the announced length is too large. */
  get refusal(): ErrorCode | undefined {
    return this.#code;
  }

  get isComplete(): boolean {
    return this.#state === 'done';
  }

  get content(): Uint8Array {
    return this.#room.content;
  }

  /** Consumes the body from `at` on; returns the position of its end or of a fault. */
  take(bytes: Uint8Array, at: number): number {
    let next = at;
    while (next < bytes.length && !this.#code && this.#state !== 'done') {
      if (this.#state === 'data') next += this.#takeData(bytes, next);
      else {
        this.#framingBytes += 1;
        this.#step(bytes[next] as number);
        next += 1;
        if (!this.#code && this.#hasExcessFraming()) this.#code = this.#excessCode();
      }
    }
    return next;
  }

  #hasExcessFraming(): boolean {
    return this.#framingBytes > MAX_FRAMING_BYTES + MAX_FRAMING_SHARE * this.#room.size;
  }

  #excessCode(): ErrorCode {
    return this.#state.startsWith('trailer') ? 'headers_too_large' : 'content_too_large';
  }

  #takeData(bytes: Uint8Array, at: number): number {
    const count = Math.min(this.#left, bytes.length - at);
    this.#room.add(bytes.subarray(at, at + count));
    this.#left -= count;
    if (this.#left === 0) this.#state = this.#isChunked ? 'data CR' : 'done';
    return count;
  }

  #step(byte: number): void {
    switch (this.#state) {
      case 'size':
        return this.#takeSize(byte);
      case 'extension':
        if (byte !== CR) this.#line += String.fromCharCode(byte);
        else this.#expectIf(extensions.test(this.#line), 'size LF');
        return;
      case 'size LF':
        return this.#beginChunk(byte);
      case 'data CR':
        return this.#expectIf(byte === CR, 'data LF');
      case 'data LF':
        return this.#expectIf(byte === LF, 'size');
      case 'trailer':
        return this.#takeTrailer(byte);
      case 'trailer LF':
        return this.#endTrailer(byte);
      default:
        return this.#expectIf(byte === LF, 'done');
    }
  }

  #expectIf(good: boolean, state: State): void {
    if (good) this.#state = state;
    else this.#code = 'bad_request';
  }

  #takeSize(byte: number): void {
    const digit = hexValue(byte);
    if (digit < 0) {
      this.#line = byte === SEMICOLON ? ';' : '';
      const state = byte === CR ? 'size LF' : 'extension';
      return this.#expectIf(this.#digits > 0 && (byte === CR || byte === SEMICOLON), state);
    }
    this.#digits += 1;
    this.#left = this.#left * 16 + digit;
    if (this.#digits > MAX_SIZE_DIGITS) this.#code = 'bad_request';
  }

  #beginChunk(byte: number): void {
    this.#expectIf(byte === LF, this.#left === 0 ? 'trailer' : 'data');
    this.#digits = 0;
    this.#line = '';
    if (!this.#code && this.#room.size + this.#left > this.#maxBytes) this.#code = 'content_too_large';
  }

  #takeTrailer(byte: number): void {
    if (byte === LF) this.#code = 'bad_request';
    else if (byte !== CR) this.#line += String.fromCharCode(byte);
    else this.#state = this.#line === '' ? 'last LF' : 'trailer LF';
  }

  #endTrailer(byte: number): void {
    fieldLine.lastIndex = 0;
    const isField = fieldLine.test(`${this.#line}\r\n`) && fieldLine.lastIndex === this.#line.length + 2;
    this.#expectIf(byte === LF && isField && !forbiddenTrailer.test(this.#line), 'trailer');
    this.#line = '';
  }
}

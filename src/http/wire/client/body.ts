/**
 * The body of a response (RFC 9112 §6 and §7), as lenient as its head: white space around chunk sizes, lines that
 * end with LF, line ends that are missing. Pure.
 */
import { ByteRoom, hexValue } from '../bytes.ts';
import type { ResponseFraming } from './head.ts';

/** The limit for sizes, extensions and trailers together: a base, plus so many bytes for each byte of content. */
const MAX_FRAMING_BYTES = 16 * 1024;
const MAX_FRAMING_SHARE = 8;

const CR = 13;
const LF = 10;
const SP = 32;
const HTAB = 9;
const SEMICOLON = 59;

/** The states of a chunked body, named after what comes next. */
type State =
  | 'size'
  | 'size LF'
  | 'rest of size line'
  | 'data'
  | 'data CR'
  | 'data LF'
  | 'trailer'
  | 'rest of trailer'
  | 'last LF'
  | 'ended';

/** `cut`: there is more than the limit, or it broke off. */
export type BodyState = 'reading' | 'complete' | 'cut';

export class ResponseBodyReader {
  readonly #maxBytes: number;
  readonly #kind: ResponseFraming['kind'];
  readonly #room: ByteRoom;
  #outcome: BodyState = 'reading';
  #state: State = 'data';
  /** The bytes of data still to come, or the chunk size while its digits are being read. */
  #left = 0;
  #digits = 0;
  #framingBytes = 0;
  #isExact = true;

  constructor(framing: ResponseFraming, maxBytes: number) {
    this.#maxBytes = maxBytes;
    this.#room = new ByteRoom(maxBytes);
    this.#kind = framing.kind;
    if (framing.kind === 'none') this.#finish();
    else if (framing.kind === 'chunked') this.#state = 'size';
    else this.#left = framing.kind === 'length' ? framing.bytes : Number.POSITIVE_INFINITY;
  }

  get state(): BodyState {
    return this.#outcome;
  }

  /** The end was read and is exactly where RFC 9112 has it: what follows is another response. */
  get isExact(): boolean {
    return this.#isExact && this.#state === 'ended';
  }

  /** At most as much as the limit. */
  get content(): Uint8Array {
    return this.#room.content;
  }

  /** Consumes the body from `at` on; returns the position of its end. */
  take(bytes: Uint8Array, at: number): number {
    let next = at;
    while (next < bytes.length && this.#outcome !== 'cut' && this.#state !== 'ended') {
      if (this.#state === 'data') next += this.#takeData(bytes, next);
      else {
        this.#framingBytes += 1;
        this.#step(bytes[next] as number);
        next += 1;
        if (this.#framingBytes > MAX_FRAMING_BYTES + MAX_FRAMING_SHARE * this.#room.size) this.cut();
      }
    }
    return next;
  }

  /** The server closed the connection. */
  end(): void {
    if (this.#kind === 'close' && this.#outcome === 'reading') this.#finish();
    else this.cut();
  }

  /** Nothing more will come. */
  cut(): void {
    // All content is there before the trailers.
    if (this.#outcome === 'reading') this.#outcome = 'cut';
    this.#state = 'ended';
    this.#isExact = false;
  }

  #finish(): void {
    this.#outcome = 'complete';
    this.#state = 'ended';
  }

  #takeData(bytes: Uint8Array, at: number): number {
    const count = Math.min(this.#left, bytes.length - at);
    const room = this.#maxBytes - this.#room.size;
    this.#room.add(bytes.subarray(at, at + Math.min(count, room)));
    this.#left -= count;
    if (count > room) this.cut();
    else if (this.#left === 0 && this.#kind === 'chunked') this.#state = 'data CR';
    else if (this.#left === 0) this.#finish();
    return count;
  }

  #step(byte: number): void {
    switch (this.#state) {
      case 'size':
        return this.#takeSize(byte);
      case 'size LF':
        if (byte === LF) return this.#beginChunk();
        return this.#lenient('rest of size line', byte);
      case 'rest of size line':
        if (byte === LF) this.#beginChunk();
        return;
      case 'data CR':
        if (byte !== CR) return this.#lenient('size', byte);
        this.#state = 'data LF';
        return;
      case 'data LF':
        if (byte !== LF) return this.#lenient('size', byte);
        this.#state = 'size';
        return;
      case 'trailer':
        return this.#takeTrailer(byte);
      case 'last LF':
        if (byte !== LF) return this.#lenient('rest of trailer', byte);
        return this.#finish();
      default:
        if (byte === LF) this.#state = 'trailer';
    }
  }

  /** Goes on with a byte that RFC 9112 does not have there. */
  #lenient(state: State, byte: number): void {
    this.#isExact = false;
    this.#state = state;
    this.#step(byte);
  }

  #takeSize(byte: number): void {
    const digit = hexValue(byte);
    if (digit >= 0) {
      this.#digits += 1;
      this.#left = this.#left * 16 + digit;
      return;
    }
    if (byte === CR && this.#digits > 0) {
      this.#state = 'size LF';
      return;
    }
    this.#isExact = false;
    const isBlank = byte === SP || byte === HTAB || byte === CR || byte === LF;
    if (this.#digits === 0) {
      if (!isBlank) this.cut();
    } else if (byte === LF) this.#beginChunk();
    else if (isBlank || byte === SEMICOLON) this.#state = 'rest of size line';
    else this.cut();
  }

  #beginChunk(): void {
    this.#digits = 0;
    if (this.#left > 0) this.#state = 'data';
    else {
      this.#state = 'trailer';
      this.#outcome = 'complete';
    }
  }

  /** Trailers are dropped. */
  #takeTrailer(byte: number): void {
    if (byte === CR) this.#state = 'last LF';
    else {
      this.#isExact = false;
      if (byte === LF) this.#finish();
      else this.#state = 'rest of trailer';
    }
  }
}

/** Collects the body of one request of HTTP/2 in one bounded buffer. Pure. */
import { ByteRoom } from '../../wire/bytes.ts';

/** RFC 9113 §4.1. */
const FRAME_HEADER_BYTES = 9;
/** As for chunks: heads of frames carry no content, so that all of them together have one limit. */
const MAX_FRAMING_BYTES = 16 * 1024;
const MAX_FRAMING_SHARE = 2;

export class FramedBody {
  readonly #room: ByteRoom;
  readonly #maxBytes: number;
  #framingBytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
    this.#room = new ByteRoom(maxBytes);
  }

  get content(): Uint8Array {
    return this.#room.content;
  }

  /** Takes the content of a frame; `false` if that is too much. */
  take(part: Uint8Array): boolean {
    this.#framingBytes += FRAME_HEADER_BYTES;
    if (this.#room.size + part.length > this.#maxBytes) return false;
    this.#room.add(part);
    return this.#framingBytes <= MAX_FRAMING_BYTES + MAX_FRAMING_SHARE * this.#room.size;
  }
}

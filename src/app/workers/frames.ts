/**
 * What the processes say to each other, as bytes. A frame is a head, which is a value of JSON, and a body of bytes; in
 * front of it stand the lengths of both. Pure.
 */

export interface Frame {
  readonly head: unknown;
  /** Empty where there is none. */
  readonly body: Uint8Array;
}

/** Two lengths of four bytes. */
const PREFIX_BYTES = 8;
const NO_BYTES = new Uint8Array(0);

/** The pieces to write. The body is not copied. */
export function encodeFrame(head: unknown, body: Uint8Array = NO_BYTES): readonly Uint8Array[] {
  const text = Buffer.from(JSON.stringify(head));
  const prefix = Buffer.alloc(PREFIX_BYTES);
  prefix.writeUInt32LE(text.length, 0);
  prefix.writeUInt32LE(body.length, 4);
  return body.length === 0 ? [prefix, text] : [prefix, text, body];
}

/** Frames from pieces of any size. The other end is the same program, so a frame is as large as that makes it. */
export class FrameReader {
  #pieces: Uint8Array[] = [];
  #bytes = 0;
  /** Of the frame that is being read, or of its prefix. */
  #needed = PREFIX_BYTES;

  /** The frames that `piece` completes. */
  push(piece: Uint8Array): Frame[] {
    this.#pieces.push(piece);
    this.#bytes += piece.length;
    const frames: Frame[] = [];
    while (this.#bytes >= this.#needed) {
      const bytes = this.#joined();
      const frameBytes = PREFIX_BYTES + bytes.readUInt32LE(0) + bytes.readUInt32LE(4);
      this.#needed = frameBytes;
      if (bytes.length < frameBytes) break;
      frames.push(decodeFrame(bytes.subarray(0, frameBytes)));
      this.#keep(bytes.subarray(frameBytes));
    }
    return frames;
  }

  #joined(): Buffer {
    const bytes = Buffer.concat(this.#pieces);
    this.#pieces = [bytes];
    return bytes;
  }

  #keep(rest: Uint8Array): void {
    this.#pieces = rest.length === 0 ? [] : [rest];
    this.#bytes = rest.length;
    this.#needed = PREFIX_BYTES;
  }
}

function decodeFrame(bytes: Buffer): Frame {
  const bodyAt = PREFIX_BYTES + bytes.readUInt32LE(0);
  return { head: JSON.parse(bytes.toString('utf8', PREFIX_BYTES, bodyAt)), body: bytes.subarray(bodyAt) };
}

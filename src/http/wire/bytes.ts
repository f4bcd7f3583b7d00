/** What both halves of the codec do with the bytes of bodies. Pure. */

const FIRST_ROOM_BYTES = 1024;

/** Collects content up to a limit. Memory grows with the bytes received: an announced length alone costs nothing. */
export class ByteRoom {
  readonly #maxBytes: number;
  #bytes = new Uint8Array(0);
  #size = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get size(): number {
    return this.#size;
  }

  get content(): Uint8Array {
    return this.#bytes.subarray(0, this.#size);
  }

  /** `part` must not exceed what is left of the limit. */
  add(part: Uint8Array): void {
    const size = this.#size + part.length;
    if (size > this.#bytes.length) {
      const wanted = Math.max(size, 2 * this.#bytes.length, FIRST_ROOM_BYTES);
      const larger = new Uint8Array(Math.min(wanted, this.#maxBytes));
      larger.set(this.content);
      this.#bytes = larger;
    }
    this.#bytes.set(part, this.#size);
    this.#size = size;
  }
}

/** The value of a hexadecimal digit, or -1. */
export function hexValue(byte: number): number {
  if (byte >= 48 && byte <= 57) return byte - 48;
  const lower = byte | 32;
  return lower >= 97 && lower <= 102 ? lower - 87 : -1;
}

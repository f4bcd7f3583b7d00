/**
 * What the answers that are being streamed share: how much memory each may use, and turns in reading.
 *
 * The event loop accepts one connection in each of its turns. A thousand downloads that all go on in every turn would
 * make a newcomer wait for seconds, so only a few of them do.
 */

/** Reads under way at a time, and so chunks written in one turn: some for each thread of libuv's pool. */
const MAX_READS = 8;
/** One read and one write in flight per response: the memory that a slow client costs. */
const MAX_CHUNK_BYTES = 128 * 1024;
const MIN_CHUNK_BYTES = 16 * 1024;
/** What all responses together use, as long as each has its smallest chunk. */
const MEMORY_BYTES = 8 * 1024 * 1024;

export class Streams {
  #count = 0;
  #reads = 0;
  /** In order of their coming. At most one for each open response. */
  readonly #waiting: (() => void)[] = [];

  /** How much a response should read at a time. */
  get chunkBytes(): number {
    return Math.max(MIN_CHUNK_BYTES, Math.min(MAX_CHUNK_BYTES, Math.floor(MEMORY_BYTES / this.#count)));
  }

  /** Runs `stream` as one more of those that share. */
  async run(stream: () => Promise<void>): Promise<void> {
    this.#count += 1;
    try {
      await stream();
    } finally {
      this.#count -= 1;
    }
  }

  /** Runs `read` when it is its turn. */
  async inTurn<T>(read: () => Promise<T>): Promise<T> {
    if (this.#reads >= MAX_READS) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    else this.#reads += 1;
    try {
      return await read();
    } finally {
      const next = this.#waiting.shift();
      if (next) next();
      else this.#reads -= 1;
    }
  }
}

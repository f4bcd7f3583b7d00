/**
 * What the answers that are being streamed share: how much memory each may use, and turns in reading.
 *
 * The event loop accepts one connection in each of its turns. A thousand downloads that all go on in every turn would
 * make a newcomer wait for seconds, so only a few of them do.
 */
import { ConcurrencyLimiter } from '../util/semaphore.ts';

/** Reads under way at a time, and so chunks written in one turn: some for each thread of libuv's pool. */
const MAX_READS = 8;
/** Each open response waits for one read at most, so that `maxConnections` is the bound that counts. */
const MAX_WAITING_READS = 1_000_000;
/** One read and one write in flight per response: the memory that a slow client costs. */
const MAX_CHUNK_BYTES = 128 * 1024;
const MIN_CHUNK_BYTES = 16 * 1024;
/** What all responses together use, as long as each has its smallest chunk. */
const MEMORY_BYTES = 8 * 1024 * 1024;

export class Streams {
  #count = 0;
  readonly #reads = new ConcurrencyLimiter({ concurrency: MAX_READS, maxWaiting: MAX_WAITING_READS });

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
  inTurn<T>(read: () => Promise<T>): Promise<T> {
    return this.#reads.run(read);
  }
}

/**
 * What streamed responses share: a limit of memory, and turns at reading.
 *
 * The event loop accepts one connection per iteration. If a thousand downloads all proceeded in every iteration, a new
 * connection would wait for seconds; so only a few of them do.
 */
import { ConcurrencyLimiter } from '../util/semaphore.ts';

/** Concurrent reads, and thus chunks written per iteration: two for each thread of libuv's pool. */
const MAX_READS = 8;
/** Each open response waits for one read at most, so that `maxConnections` is the bound that counts. */
const MAX_WAITING_READS = 1_000_000;
/** One read and one write in flight per response: the memory that a slow client costs. */
const MAX_CHUNK_BYTES = 128 * 1024;
const MIN_CHUNK_BYTES = 16 * 1024;
/** Memory of all responses together, unless each already has the smallest chunk. */
const MEMORY_BYTES = 8 * 1024 * 1024;

export class Streams {
  #count = 0;
  readonly #reads = new ConcurrencyLimiter({ concurrency: MAX_READS, maxWaiting: MAX_WAITING_READS });

  /** The number of bytes that a response should read at a time. */
  get chunkBytes(): number {
    return Math.max(MIN_CHUNK_BYTES, Math.min(MAX_CHUNK_BYTES, Math.floor(MEMORY_BYTES / this.#count)));
  }

  /** Runs `stream` as one of the streams that share. */
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

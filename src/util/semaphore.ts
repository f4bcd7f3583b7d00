/** Limits how many asynchronous operations run at a time. Pure. */

export interface LimiterOptions {
  /** Operations at a time. */
  readonly concurrency: number;
  /** Operations that may wait for their turn; those beyond it are rejected with {@link QueueFullError}. */
  readonly maxWaiting: number;
}

export class QueueFullError extends Error {
  override readonly name = 'QueueFullError';
}

/**
 * Permits in the order in which they are wanted. A permit that is released while others wait goes to the first of
 * them, so that nobody who comes later overtakes.
 */
export class ConcurrencyLimiter {
  readonly #options: LimiterOptions;
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  constructor(options: LimiterOptions) {
    this.#options = options;
  }

  /** Permits that are taken. */
  get running(): number {
    return this.#running;
  }

  /** Takes a permit if one is free; whoever gets one has to `release` it. */
  tryAcquire(): boolean {
    if (this.#running >= this.#options.concurrency) return false;
    this.#running += 1;
    return true;
  }

  /** Takes a permit as soon as there is one. Rejects with {@link QueueFullError}. */
  async acquire(): Promise<void> {
    if (this.tryAcquire()) return;
    const { maxWaiting } = this.#options;
    if (this.#waiting.length >= maxWaiting) throw new QueueFullError(`more than ${maxWaiting} are waiting`);
    await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  release(): void {
    const next = this.#waiting.shift();
    if (next) next();
    else this.#running -= 1;
  }

  /** Runs `operation` with a permit. Rejects with {@link QueueFullError} where too many wait already. */
  async run<T>(operation: () => Promise<T>): Promise<T> {
    if (!this.tryAcquire()) await this.acquire();
    try {
      return await operation();
    } finally {
      this.release();
    }
  }
}

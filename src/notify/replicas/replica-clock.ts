/** What a replica can tell of time: how far its clock differs from the server's, and whether it was halted for long. */

/** A clock that differs by less is right: so long can the reply take that tells. */
const AGREED_MS = 1000;

export class ReplicaClock {
  readonly #now: () => number;
  readonly #longMs: number;
  #aheadMs = 0;
  #tickMs: number;
  #wokeMs = 0;

  /** `now` is in milliseconds since the epoch. A halt of more than `longMs` is a long one. */
  constructor(now: () => number, longMs: number) {
    this.#now = now;
    this.#longMs = longMs;
    this.#tickMs = now();
  }

  /** How far it is ahead of the server's. */
  get aheadMs(): number {
    return this.#aheadMs;
  }

  /** To be called again and again: what lies between two calls beyond that was a halt. */
  tick(): void {
    const nowMs = this.#now();
    if (nowMs - this.#tickMs > this.#longMs) this.#wokeMs = nowMs;
    this.#tickMs = nowMs;
  }

  /** Whether there was a long halt since then. */
  wasHaltedSince(timeMs: number): boolean {
    this.tick();
    return timeMs < this.#wokeMs;
  }

  /** The server has just said its time, in a reply that took so long. */
  compare(serverMs: number, tookMs: number): void {
    if (tookMs >= AGREED_MS) return;
    const aheadMs = this.#now() - serverMs;
    this.#aheadMs = Math.abs(aheadMs) > AGREED_MS ? aheadMs : 0;
  }
}

/**
 * How fast a channel may call its provider. Two limits apply: known rates, as windows over the latest calls, and holds
 * after the provider has said that it was called too often. Free of I/O; all times are in milliseconds since the epoch.
 */
import type { Rate } from '../channels/channel.ts';

/** Providers count by their own clock, from the arrival of a call. */
export const WINDOW_SLACK_MS = 1000;
/** Holds double with every refusal up to this limit, unless the provider asks for more. */
const MAX_BACK_OFF_MS = 30 * 60_000;
/** A channel is tried again after this time, whatever its provider asks for. */
export const MAX_HOLD_MS = 3_600_000;

export class Pace {
  readonly #rates: readonly Rate[];
  readonly #firstHoldMs: number;
  readonly #maxCalls: number;
  /** Calls of attempts in progress. */
  #running = 0;
  /** When the latest calls had ended, the oldest first; at most as many as the widest rate counts. */
  readonly #endedMs: number[] = [];
  #heldSinceMs = 0;
  #heldUntilMs = 0;
  #restSinceMs = 0;
  #restUntilMs = 0;
  /** Consecutive refusals, without a success in between. */
  #refusals = 0;
  #isProbing = false;

  /** `firstHoldMs` is for a first refusal that does not say for how long. */
  constructor(rates: readonly Rate[], firstHoldMs: number) {
    this.#rates = rates;
    this.#firstHoldMs = firstHoldMs;
    this.#maxCalls = Math.max(0, ...rates.map(({ calls }) => calls));
  }

  /** After a hold, a single attempt shows whether it is over. */
  get isProbing(): boolean {
    return this.#isProbing;
  }

  /** When an attempt of so many calls may begin; `Infinity` until one that is under way has ended. */
  opensMs(calls: number, nowMs: number): number {
    this.#forgetFuture(nowMs);
    const rates = this.#rates.map((rate) => this.#freeMs(rate, calls));
    return Math.max(this.#heldUntilMs, this.#restUntilMs, ...rates);
  }

  /** When the window has room. An attempt of more calls than the rate allows at all has the window for itself. */
  #freeMs(rate: Rate, calls: number): number {
    const room = Math.max(0, rate.calls - calls);
    if (this.#running > room) return Number.POSITIVE_INFINITY;
    const last = this.#endedMs.at(-1 - (room - this.#running));
    return last === undefined ? 0 : last + rate.windowMs + WINDOW_SLACK_MS;
  }

  begin(calls: number): void {
    this.#running += calls;
  }

  /** Nothing was called. */
  cancel(calls: number): void {
    this.#running -= calls;
  }

  /** Nothing begins for so long, for a reason that is not the provider's. */
  rest(ms: number, nowMs: number): void {
    this.#restSinceMs = nowMs;
    this.#restUntilMs = nowMs + ms;
  }

  end(calls: number, nowMs: number): void {
    this.#running -= calls;
    const kept = Math.min(calls, this.#maxCalls);
    for (let call = 0; call < kept; call++) this.#endedMs.push(nowMs);
    this.#endedMs.splice(0, this.#endedMs.length - this.#maxCalls);
  }

  /** The provider reported too many calls and may have asked to wait. Returns how long the channel is held. */
  hold(afterMs: number | undefined, nowMs: number): number {
    // Attempts that were already in progress at the first refusal say nothing new.
    const isNews = nowMs >= this.#heldUntilMs;
    if (isNews) this.#refusals += 1;
    const backOffMs = Math.min(MAX_BACK_OFF_MS, this.#firstHoldMs * 2 ** (this.#refusals - 1));
    const holdMs = Math.min(MAX_HOLD_MS, Math.max(afterMs ?? 0, backOffMs));
    this.#heldSinceMs = nowMs;
    this.#heldUntilMs = Math.max(this.#heldUntilMs, nowMs + holdMs);
    this.#isProbing = true;
    return this.#heldUntilMs - nowMs;
  }

  /** A call got through without the provider reporting too many. */
  release(nowMs: number): void {
    if (nowMs < this.#heldUntilMs) return;
    this.#refusals = 0;
    this.#isProbing = false;
  }

  /** A clock that was set back must not stop the channel until it has caught up. */
  #forgetFuture(nowMs: number): void {
    const last = this.#endedMs.at(-1);
    if (last !== undefined && last > nowMs) this.#endedMs.length = 0;
    if (nowMs < this.#restSinceMs) this.#restUntilMs = 0;
    if (this.#heldSinceMs > nowMs) this.#heldUntilMs = 0;
  }
}

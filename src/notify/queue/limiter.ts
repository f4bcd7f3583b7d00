/** Limits the attempts on one channel: so many at a time, as fast as its provider allows; the rest waits in order. */
import type { Channel } from '../channels/channel.ts';
import type { Clock } from './clock.ts';
import { Pace } from './pace.ts';

export interface QueuedAttempt {
  /** Of the message; ids sort by time. */
  readonly id: string;
  /** How often the provider will be called for it. Asked when it is the first of those that wait. */
  calls(): number | Promise<number>;
  /** Whether the provider was called. */
  run(): Promise<boolean>;
}

export interface ChannelLimiterOptions {
  readonly clock: Clock;
  /** Attempts at a time. */
  readonly concurrency: number;
  readonly pace: Pace;
}

/** Where nobody can say how many: the attempt will say what is wrong, and the others are not to wait for it. */
const CALLS_OF_A_DEFECT = 1;

function callsOf(attempt: QueuedAttempt): number | Promise<number> {
  try {
    return attempt.calls();
  } catch {
    return CALLS_OF_A_DEFECT;
  }
}

export class ChannelLimiter {
  readonly #options: ChannelLimiterOptions;
  /** Refused by the provider as one call too many: these go first, the oldest before all. */
  readonly #returned: QueuedAttempt[] = [];
  readonly #ready: QueuedAttempt[] = [];
  #running = 0;
  #isClosed = false;
  /** Of the attempts that were the first; `undefined` while it is being found out. */
  readonly #calls = new WeakMap<QueuedAttempt, number | undefined>();
  #cancelTimer: () => void = () => undefined;

  constructor(options: ChannelLimiterOptions) {
    this.#options = options;
  }

  push(attempt: QueuedAttempt): void {
    if (this.#isClosed) return;
    this.#ready.push(attempt);
    this.#fill();
  }

  /** Puts back an attempt that the provider refused as one call too many. */
  pushBack(attempt: QueuedAttempt): void {
    if (this.#isClosed) return;
    const younger = this.#returned.findIndex(({ id }) => id > attempt.id);
    this.#returned.splice(younger < 0 ? this.#returned.length : younger, 0, attempt);
    this.#fill();
  }

  /** See {@link Pace.hold}. */
  hold(afterMs: number | undefined): number {
    const { pace, clock } = this.#options;
    return pace.hold(afterMs, clock.now());
  }

  /** See {@link Pace.rest}. */
  rest(ms: number): void {
    const { pace, clock } = this.#options;
    pace.rest(ms, clock.now());
  }

  /** See {@link Pace.release}. */
  release(): void {
    const { pace, clock } = this.#options;
    pace.release(clock.now());
  }

  /** When the provider's limits let the first waiting attempt, or one that came now, begin. */
  get opensMs(): number {
    const { pace, clock } = this.#options;
    return pace.opensMs((this.#first && this.#callsOf(this.#first)) ?? 1, clock.now());
  }

  /** Starts no further attempts. */
  close(): void {
    this.#isClosed = true;
    this.#cancelTimer();
    this.#ready.length = 0;
    this.#returned.length = 0;
  }

  get #first(): QueuedAttempt | undefined {
    return this.#returned[0] ?? this.#ready[0];
  }

  #fill(): void {
    const { clock, concurrency, pace } = this.#options;
    this.#cancelTimer();
    while (this.#running < (pace.isProbing ? 1 : concurrency) && this.#first) {
      const calls = this.#callsOf(this.#first);
      // It is known in a moment, and that calls this function again.
      if (calls === undefined) return;
      const waitMs = this.opensMs - clock.now();
      if (waitMs > 0) {
        // Otherwise it opens when an attempt ends, and that calls this function again.
        if (Number.isFinite(waitMs)) this.#cancelTimer = clock.after(waitMs, () => this.#fill());
        return;
      }
      this.#begin((this.#returned.shift() ?? this.#ready.shift()) as QueuedAttempt, calls);
    }
  }

  #callsOf(attempt: QueuedAttempt): number | undefined {
    if (this.#calls.has(attempt)) return this.#calls.get(attempt);
    const calls = callsOf(attempt);
    if (typeof calls === 'number') {
      this.#calls.set(attempt, calls);
      return calls;
    }
    this.#calls.set(attempt, undefined);
    void calls
      .catch(() => CALLS_OF_A_DEFECT)
      .then((known) => {
        this.#calls.set(attempt, known);
        this.#fill();
      });
    return undefined;
  }

  #begin({ run }: QueuedAttempt, calls: number): void {
    const { clock, pace } = this.#options;
    this.#running += 1;
    pace.begin(calls);
    const end = (wasCalled: boolean): void => {
      this.#running -= 1;
      if (wasCalled) pace.end(calls, clock.now());
      else pace.cancel(calls);
      this.#fill();
    };
    void run().then(end, () => end(true));
  }
}

/** One limiter per channel, created when it is needed. */
export class ChannelLimiters {
  readonly #options: Omit<ChannelLimiterOptions, 'pace'> & { readonly firstHoldMs: number };
  readonly #limiters = new Map<string, ChannelLimiter>();

  constructor(options: Omit<ChannelLimiterOptions, 'pace'> & { readonly firstHoldMs: number }) {
    this.#options = options;
  }

  of({ name, rates = [] }: Pick<Channel, 'name' | 'rates'>): ChannelLimiter {
    let limiter = this.#limiters.get(name);
    if (!limiter) {
      const { clock, concurrency, firstHoldMs } = this.#options;
      limiter = new ChannelLimiter({ clock, concurrency, pace: new Pace(rates, firstHoldMs) });
      this.#limiters.set(name, limiter);
    }
    return limiter;
  }

  close(): void {
    for (const limiter of this.#limiters.values()) limiter.close();
  }
}

/** One channel's line: so many attempts at a time, as fast as its provider takes them; the rest waits in order. */
import type { Attempt, Channel, Delivery } from '../channels/channel.ts';
import type { Message } from '../message.ts';
import type { Clock } from './clock.ts';
import { Pace } from './pace.ts';

/** How long after its time limit a channel may take to notice that it was aborted. */
export const OVERDUE_MS = 2000;

export interface Work {
  /** The message's; these are in order of time. */
  readonly id: string;
  /** How often the provider will be called for it. */
  readonly calls: number;
  run(): Promise<void>;
}

export interface LimiterOptions {
  readonly clock: Clock;
  /** Attempts at a time. */
  readonly concurrency: number;
  readonly pace: Pace;
}

export class ChannelLimiter {
  readonly #options: LimiterOptions;
  /** Refused as one too many: these go first, the oldest before all. */
  readonly #returned: Work[] = [];
  readonly #ready: Work[] = [];
  #running = 0;
  #isClosed = false;
  #cancelTimer: () => void = () => undefined;

  constructor(options: LimiterOptions) {
    this.#options = options;
  }

  push(work: Work): void {
    if (this.#isClosed) return;
    this.#ready.push(work);
    this.#fill();
  }

  /** Puts back what the provider refused as one too many. */
  pushBack(work: Work): void {
    if (this.#isClosed) return;
    const younger = this.#returned.findIndex(({ id }) => id > work.id);
    this.#returned.splice(younger < 0 ? this.#returned.length : younger, 0, work);
    this.#fill();
  }

  /** See {@link Pace.hold}. */
  hold(afterMs: number | undefined): number {
    const { pace, clock } = this.#options;
    return pace.hold(afterMs, clock.now());
  }

  /** See {@link Pace.release}. */
  release(): void {
    const { pace, clock } = this.#options;
    pace.release(clock.now());
  }

  /** When what waits first, or would come now, may begin as far as the provider's limits go. */
  get opensMs(): number {
    const { pace, clock } = this.#options;
    return pace.opensMs(this.#first?.calls ?? 1, clock.now());
  }

  /** Begins nothing more. */
  close(): void {
    this.#isClosed = true;
    this.#cancelTimer();
    this.#ready.length = 0;
    this.#returned.length = 0;
  }

  get #first(): Work | undefined {
    return this.#returned[0] ?? this.#ready[0];
  }

  #fill(): void {
    const { clock, concurrency, pace } = this.#options;
    this.#cancelTimer();
    while (this.#running < (pace.isProbing ? 1 : concurrency) && this.#first) {
      const waitMs = this.opensMs - clock.now();
      if (waitMs > 0) {
        // Without an end it opens when an attempt ends, which fills the limiter again.
        if (Number.isFinite(waitMs)) this.#cancelTimer = clock.after(waitMs, () => this.#fill());
        return;
      }
      this.#begin((this.#returned.shift() ?? this.#ready.shift()) as Work);
    }
  }

  #begin({ calls, run }: Work): void {
    const { clock, pace } = this.#options;
    this.#running += 1;
    pace.begin(calls);
    void run().finally(() => {
      this.#running -= 1;
      pace.end(calls, clock.now());
      this.#fill();
    });
  }
}

/** A limiter for each channel, made when it is needed. */
export class ChannelLimiters {
  readonly #options: Omit<LimiterOptions, 'pace'> & { readonly firstHoldMs: number };
  readonly #limiters = new Map<string, ChannelLimiter>();

  constructor(options: Omit<LimiterOptions, 'pace'> & { readonly firstHoldMs: number }) {
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

/** Told about a channel that broke its contract; `fault` has no text that could hold a secret. */
export type OnFault = (channel: string, fault: string) => void;

/** Makes attempts, holds them to their time limit, and can end them all. */
export class AttemptRunner {
  readonly #clock: Clock;
  readonly #onFault: OnFault;
  readonly #running = new Set<AbortController>();
  #isAborted = false;

  constructor(clock: Clock, onFault: OnFault) {
    this.#clock = clock;
    this.#onFault = onFault;
  }

  get isIdle(): boolean {
    return this.#running.size === 0;
  }

  /** Also those that are about to begin. */
  abortAll(): void {
    this.#isAborted = true;
    for (const controller of this.#running) controller.abort();
  }

  /**
   * Never rejects. Where it cannot be known what happened, trying again by itself could deliver twice. `prepare`
   * comes before the channel is asked.
   */
  async deliver(
    channel: Channel,
    message: Message,
    attempt: Omit<Attempt, 'signal'>,
    prepare: () => Promise<void>,
  ): Promise<Delivery> {
    const controller = new AbortController();
    if (this.#isAborted) controller.abort();
    const { promise, resolve } = Promise.withResolvers<Delivery>();
    const broken = (reason: string, fault: string): void => {
      this.#onFault(channel.name, fault);
      resolve({ kind: 'rejected', reason });
    };
    const cancels = [
      this.#clock.after(channel.timeoutMs, () => controller.abort()),
      this.#clock.after(channel.timeoutMs + OVERDUE_MS, () =>
        broken('no response in time; it may have been delivered', 'ignored its time limit'),
      ),
    ];
    this.#running.add(controller);
    const { signal } = controller;
    prepare()
      .then(() => channel.deliver(message, { ...attempt, signal }))
      .then(resolve, (error) => broken('an unforeseen error; it may have been delivered', faultOf(error)));
    try {
      return await promise;
    } finally {
      for (const cancel of cancels) cancel();
      this.#running.delete(controller);
    }
  }
}

/** The kind of an error and where it came from. Its message may quote what must not be logged. */
function faultOf(error: unknown): string {
  if (!(error instanceof Error)) return 'threw what is not an error';
  const place = error.stack?.split('\n').find((line) => /^\s+at /.test(line)) ?? '';
  return `threw ${error.name} ${place.trim()}`.trim();
}

/** Stands for one that was taken out of the configuration: it may come back before the message is given up. */
export function unknownChannel(name: string): Channel {
  const reason = 'no channel of this name is configured now';
  return { name, timeoutMs: 1000, deliver: async () => ({ kind: 'retry', reason }) };
}

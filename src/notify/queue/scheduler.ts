/** Has the attempts of a message made when they are due, and records how they ended. */
import type { ActiveMessage } from './active-messages.ts';
import type { Clock } from './clock.ts';
import type { Dispatcher } from './dispatcher.ts';
import { type ChannelProgress, type Pending, type RetryContext, record } from './envelope.ts';
import type { RetryPolicy } from './retry.ts';

export interface SchedulerOptions {
  readonly dispatcher: Dispatcher;
  readonly clock: Clock;
  /** From 0 up to but not 1. */
  readonly random: () => number;
  readonly policy: RetryPolicy;
  onAttempt(id: string, progress: ChannelProgress): void;
  /** Has the store keep the latest of a message. Never rejects. */
  keep(message: ActiveMessage): Promise<void>;
  /** Another process has the message. */
  drop(message: ActiveMessage): void;
}

export class Scheduler {
  readonly #options: SchedulerOptions;
  #isStopped = false;

  constructor(options: SchedulerOptions) {
    this.#options = options;
  }

  /** What decisions about retries depend on, now. */
  get retryContext(): RetryContext {
    const { clock, random, policy } = this.#options;
    return { nowMs: clock.now(), random, policy };
  }

  schedule(message: ActiveMessage): void {
    for (const one of message.envelope.progress) if (one.kind === 'pending') this.#plan(message, one);
  }

  /** Plans nothing more; timers that run are the caller's to cancel. */
  stop(): void {
    this.#isStopped = true;
  }

  #plan(message: ActiveMessage, pending: Pending): void {
    if (this.#isStopped || message.isLost) return;
    const { channel, nextMs } = pending;
    const push = (): void => {
      message.timers.delete(channel);
      this.#push(message, pending, false);
    };
    const { clock, policy } = this.#options;
    const waitMs = nextMs - clock.now();
    // Nothing waits for longer than messages are kept: the clock was set back since this was written.
    if (waitMs <= 0 || waitMs > policy.maxAgeMs) push();
    else message.timers.set(channel, clock.after(waitMs, push));
  }

  #push(message: ActiveMessage, pending: Pending, isNext: boolean): void {
    if (message.isLost) return;
    this.#options.dispatcher.push(message.envelope, pending, isNext, () => this.#attempt(message, pending));
  }

  /** Whether the channel's provider was called. */
  async #attempt(message: ActiveMessage, before: Pending): Promise<boolean> {
    const { dispatcher, onAttempt, keep, drop } = this.#options;
    const { channel } = before;
    if (message.isLost) return false;
    const end = await dispatcher.attempt(message.envelope, before);
    if (end.kind === 'lost') drop(message);
    if (end.kind === 'wait') this.#push(message, before, true);
    if (end.kind !== 'ended') return false;
    const { delivery, isNext } = end;
    message.envelope = record(message.envelope, channel, delivery, this.retryContext);
    const after = message.envelope.progress.find((one) => one.channel === channel);
    if (after) onAttempt(message.envelope.message.id, after);
    if (after?.kind === 'pending') {
      if (isNext) this.#push(message, after, isNext);
      else this.#plan(message, after);
    }
    for (const watcher of message.watchers) watcher();
    // Before the next attempt on this channel, so that a crash can hide no more deliveries than are under way.
    await keep(message);
    return true;
  }
}

/** Makes attempts, holds them to their time limit, and can abort them all. */

import { Turns, Unfinished } from '../../util/turns.ts';
import type { Attempt, Channel, Delivery } from '../channels/channel.ts';
import type { Message } from '../message.ts';
import type { Clock } from './clock.ts';
import type { Start } from './store.ts';

/** How long after its time limit a channel may take to notice that it was aborted. */
export const OVERDUE_MS = 2000;

/** Rendering a longer text takes so long that the channels of a message do it one after another. */
const LONG_TEXT_UNITS = 8 * 1024;

/** Called when a channel breaks its contract; `fault` contains nothing that could be secret. */
export type OnFault = (channel: string, fault: string) => void;

/** It was not made. */
export type NotBegun = Exclude<Start, { kind: 'begun' }>;

/** Ends the attempt of a channel that was about to send what must not be sent twice, and may not send it now. */
export class NotSent extends Error {
  readonly result: Delivery | NotBegun;

  constructor(result: Delivery | NotBegun) {
    super('it may not be sent now');
    this.result = result;
  }
}

/** Of an attempt that was aborted before its channel could send anything: nothing speaks against another one. */
const notReady: Delivery = { kind: 'retry', reason: 'it was not ready to be sent in time' };

export class AttemptRunner {
  readonly #clock: Clock;
  readonly #onFault: OnFault;
  readonly #running = new Set<AbortController>();
  readonly #turns = new Turns();
  #isAborted = false;

  constructor(clock: Clock, onFault: OnFault) {
    this.#clock = clock;
    this.#onFault = onFault;
  }

  get isIdle(): boolean {
    return this.#running.size === 0;
  }

  /** Including those that are about to begin. */
  abortAll(): void {
    this.#isAborted = true;
    for (const controller of this.#running) controller.abort();
  }

  /**
   * Never rejects. Where the result of an attempt cannot be known, it is not repeated, since that could deliver twice.
   * `begin` runs before the channel is called, and says whether it may be.
   */
  async deliver(
    channel: Channel,
    message: Message,
    attempt: Omit<Attempt, 'signal'>,
    begin: () => Promise<Start>,
  ): Promise<Delivery | NotBegun> {
    const controller = new AbortController();
    if (this.#isAborted) controller.abort();
    const { promise, resolve } = Promise.withResolvers<Delivery | NotBegun>();
    const broken = (reason: string, fault: string): void => {
      this.#onFault(channel.name, fault);
      resolve({ kind: 'rejected', reason });
    };
    let isCalled = false;
    let cancel = this.#clock.after(channel.timeoutMs, () => {
      controller.abort();
      cancel = this.#clock.after(OVERDUE_MS, () => {
        if (isCalled) broken('no response in time; it may have been delivered', 'ignored its time limit');
        else resolve(notReady);
      });
    });
    this.#running.add(controller);
    const { signal } = controller;
    const make = async (): Promise<Delivery | NotBegun> => {
      const start = await begin();
      if (start.kind !== 'begun') return start;
      if (message.text.length > LONG_TEXT_UNITS) await this.#turns.take();
      if (signal.aborted) return notReady;
      isCalled = true;
      return channel.deliver(message, { ...attempt, signal });
    };
    make().then(resolve, (error) => {
      if (error instanceof NotSent) resolve(error.result);
      else if (error instanceof Unfinished) resolve(notReady);
      else broken('an unforeseen error; it may have been delivered', describeError(error));
    });
    try {
      return await promise;
    } finally {
      cancel();
      this.#running.delete(controller);
    }
  }
}

/** The kind of an error and its origin, without its message, which may quote what must not be logged. */
function describeError(error: unknown): string {
  if (!(error instanceof Error)) return 'threw what is not an error';
  const place = error.stack?.split('\n').find((line) => /^\s+at /.test(line)) ?? '';
  return `threw ${error.name} ${place.trim()}`.trim();
}

/** Stands in for a channel that was removed from the configuration: it may come back before the message is given up. */
export function unknownChannel(name: string): Channel {
  const reason = 'no channel of this name is configured now';
  return { name, timeoutMs: 1000, deliver: async () => ({ kind: 'retry', reason }) };
}

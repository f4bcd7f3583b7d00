/** One channel's line: so many attempts at a time, the rest waits in order. */
import type { Attempt, Channel, Delivery } from './channels/channel.ts';
import type { Clock } from './clock.ts';
import type { Message } from './message.ts';

/** How long after its time limit a channel may take to notice that it was aborted. */
export const OVERDUE_MS = 2000;

export type Work = () => Promise<void>;

export class Lane {
  readonly #concurrency: number;
  readonly #ready: Work[] = [];
  #running = 0;
  #isClosed = false;

  constructor(concurrency: number) {
    this.#concurrency = concurrency;
  }

  push(work: Work): void {
    if (this.#isClosed) return;
    this.#ready.push(work);
    this.#fill();
  }

  /** Begins nothing more. */
  close(): void {
    this.#isClosed = true;
    this.#ready.length = 0;
  }

  #fill(): void {
    while (this.#running < this.#concurrency) {
      const work = this.#ready.shift();
      if (!work) return;
      this.#running += 1;
      void work().finally(() => {
        this.#running -= 1;
        this.#fill();
      });
    }
  }
}

/** Told about a channel that broke its contract; `fault` has no text that could hold a secret. */
export type OnFault = (channel: string, fault: string) => void;

/** Makes attempts, holds them to their time limit, and can end them all. */
export class Courier {
  readonly #clock: Clock;
  readonly #onFault: OnFault;
  readonly #running = new Set<AbortController>();

  constructor(clock: Clock, onFault: OnFault) {
    this.#clock = clock;
    this.#onFault = onFault;
  }

  get isIdle(): boolean {
    return this.#running.size === 0;
  }

  abortAll(): void {
    for (const controller of this.#running) controller.abort();
  }

  /** Never rejects. Where it cannot be known what happened, trying again by itself could deliver twice. */
  async deliver(channel: Channel, message: Message, attempt: Omit<Attempt, 'signal'>): Promise<Delivery> {
    const controller = new AbortController();
    const { promise, resolve } = Promise.withResolvers<Delivery>();
    const broken = (reason: string, fault: string): void => {
      this.#onFault(channel.name, fault);
      resolve({ kind: 'rejected', reason });
    };
    const cancels = [
      this.#clock.after(channel.timeoutMs, () => controller.abort()),
      this.#clock.after(channel.timeoutMs + OVERDUE_MS, () =>
        broken('no answer in time; it may have been delivered', 'ignored its time limit'),
      ),
    ];
    this.#running.add(controller);
    const { signal } = controller;
    call(channel, message, { ...attempt, signal }).then(resolve, (error) =>
      broken('an unforeseen error; it may have been delivered', faultOf(error)),
    );
    try {
      return await promise;
    } finally {
      for (const cancel of cancels) cancel();
      this.#running.delete(controller);
    }
  }
}

/** What is thrown at once becomes a rejection too. */
async function call(channel: Channel, message: Message, attempt: Attempt): Promise<Delivery> {
  return channel.deliver(message, attempt);
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

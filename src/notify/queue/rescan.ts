/** Looks into the store for messages that the queue does not know: from before the start, or from other processes. */
import type { Clock } from './clock.ts';
import type { Envelope } from './envelope.ts';
import type { MessageStore } from './store.ts';

/** How often the store is searched, and old receipts are dropped. */
export const RESCAN_MS = 30_000;

export interface RescanOptions {
  readonly store: MessageStore;
  readonly clock: Clock;
  /** Comes before every search but the first. */
  prepare(): Promise<void>;
  isKnown(id: string): boolean;
  /** What is known of a message is out of date. */
  forget(id: string): void;
  /** How many messages may be found. */
  room(): number;
  takeUp(envelope: Envelope): void;
  onError(error: unknown): void;
}

export class Rescan {
  readonly #options: RescanOptions;
  #isRunning = false;
  #mustLookAgain = false;
  #isStopped = false;
  #cancelTimer: () => void = () => undefined;

  constructor(options: RescanOptions) {
    this.#options = options;
  }

  get isRunning(): boolean {
    return this.#isRunning;
  }

  /** Takes up what the store has from before, then looks from time to time. Rejects with a `StoreError`. */
  async start(): Promise<void> {
    const { store } = this.#options;
    // Also beyond limits that are narrower now, unless others can do it: the idempotency keys of all have to be known.
    if (store.isShared) await this.#discoverAll();
    else await this.#discover(Number.POSITIVE_INFINITY);
    this.#plan();
  }

  /** There is something to be found. */
  lookNow(): void {
    if (this.#isStopped) return;
    // What runs may have looked there already.
    this.#mustLookAgain = this.#isRunning;
    if (this.#isRunning) return;
    this.#cancelTimer();
    this.#begin();
  }

  /** Plans no more searches, and takes up nothing that one still finds. */
  stop(): void {
    this.#isStopped = true;
    this.#cancelTimer();
  }

  #plan(): void {
    if (this.#isStopped) return;
    this.#cancelTimer = this.#options.clock.after(RESCAN_MS, () => this.#begin());
  }

  #begin(): void {
    this.#isRunning = true;
    void this.#run().finally(() => {
      this.#isRunning = false;
      if (this.#mustLookAgain) this.lookNow();
      else this.#plan();
    });
  }

  async #run(): Promise<void> {
    try {
      await this.#options.prepare();
      await this.#discoverAll();
    } catch (error) {
      this.#options.onError(error);
    }
  }

  /** As far as there is room. What others could take as well comes in portions, of which each counts before the next. */
  async #discoverAll(): Promise<void> {
    const { store, room } = this.#options;
    let found: number;
    do found = await this.#discover(room());
    while (store.isShared && found > 0 && !this.#isStopped);
  }

  /** Returns how many were found. */
  async #discover(max: number): Promise<number> {
    const { store, isKnown, forget, takeUp } = this.#options;
    const found = await store.discover(isKnown, max);
    for (const envelope of found) {
      if (this.#isStopped) break;
      const { id } = envelope.message;
      // What is taken back from another process has gone on there.
      if (store.isShared) forget(id);
      // It may have been accepted while the store was looking.
      if (!isKnown(id)) takeUp(envelope);
    }
    return found.length;
  }
}

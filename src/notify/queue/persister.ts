/**
 * Keeps the store up to date with what the queue knows. What the store does not take holds in memory, and is
 * tried again until the store takes it.
 */
import type { Clock } from './clock.ts';
import { type Envelope, hasEnded, type Note, type Receipt, receiptOf } from './envelope.ts';
import { type MessageStore, StoreError } from './store.ts';

/** Until a store that failed is tried again. */
export const STORE_RETRY_MS = 5000;
/** The same while stopping, when every moment may be the last. */
const HURRIED_RETRY_MS = 20;
/** For so long the same fault is not told again: on a full disk everything fails, and the log is on it too. */
export const FAULT_SILENCE_MS = 60_000;

export interface Kept {
  envelope: Envelope;
  /** The store does not know the latest yet. */
  isOutdated: boolean;
  /** The store is at work. */
  keeping: Promise<void> | undefined;
}

export interface PersisterOptions<E extends Kept> {
  readonly store: MessageStore;
  readonly clock: Clock;
  onFault(message: string): void;
  /** The store has taken the end of an envelope. */
  onEnd(entry: E, receipt: Receipt): void;
}

export class Persister<E extends Kept> {
  readonly #options: PersisterOptions<E>;
  /** What the store failed to take; those that were tried longest ago come first. */
  readonly #late = new Set<E>();
  /** Refused to their senders, and still in the store because it failed twice. */
  readonly #refused = new Set<string>();
  /** When each fault was told. */
  readonly #reportedMs = new Map<string, number>();
  #retryMs = STORE_RETRY_MS;
  #cancelRetry: (() => void) | undefined;
  #isStopped = false;

  constructor(options: PersisterOptions<E>) {
    this.#options = options;
  }

  /** Whether a new envelope became safe; if not, nothing of it stays. */
  async admit(envelope: Envelope): Promise<boolean> {
    try {
      await this.#options.store.save(envelope);
      return true;
    } catch (error) {
      this.report(error);
      await this.#discard(envelope.message.id);
      return false;
    }
  }

  /** Whether it is in the store although its sender was told that it is not. */
  isRefused(id: string): boolean {
    return this.#refused.has(id);
  }

  async discardRefused(): Promise<void> {
    for (const id of this.#refused) await this.#discard(id);
  }

  async #discard(id: string): Promise<void> {
    try {
      await this.#options.store.discard(id);
      this.#refused.delete(id);
    } catch {
      this.#refused.add(id);
    }
  }

  /** Resolves as well when the store fails: an attempt without a note is better than none. */
  async note(note: Note, mustLast: boolean): Promise<void> {
    try {
      await this.#options.store.note(note, mustLast);
    } catch (error) {
      this.report(error);
    }
  }

  /** Changes that come meanwhile go along. Resolves as well when the store fails. */
  keep(entry: E): Promise<void> {
    entry.isOutdated = true;
    entry.keeping ??= this.#keepAll(entry).finally(() => {
      entry.keeping = undefined;
    });
    return entry.keeping;
  }

  async #keepAll(entry: E): Promise<void> {
    while (entry.isOutdated && !this.#isStopped) {
      entry.isOutdated = false;
      this.#late.delete(entry);
      if (await this.#keepOnce(entry)) continue;
      entry.isOutdated = true;
      this.#late.add(entry);
      this.#planRetry();
      return;
    }
  }

  async #keepOnce(entry: E): Promise<boolean> {
    const { store, clock, onEnd } = this.#options;
    const { envelope } = entry;
    try {
      if (!hasEnded(envelope)) await store.save(envelope);
      else {
        const receipt = receiptOf(envelope, clock.now());
        await store.finish(envelope, receipt);
        onEnd(entry, receipt);
      }
      return true;
    } catch (error) {
      this.report(error);
      return false;
    }
  }

  #planRetry(): void {
    if (this.#isStopped) return;
    this.#cancelRetry ??= this.#options.clock.after(this.#retryMs, () => {
      this.#cancelRetry = undefined;
      void this.#retry();
    });
  }

  /** One of them shows whether the store works again: a broken one is not asked for all. */
  async #retry(): Promise<void> {
    const [first, ...others] = this.#late;
    if (!first) return;
    await this.keep(first);
    if (this.#late.has(first)) return;
    for (const entry of others) void this.keep(entry);
  }

  /** Tells the operator, without what could be private. */
  report(error: unknown): void {
    const message = error instanceof StoreError ? error.message : 'an unforeseen error';
    const nowMs = this.#options.clock.now();
    const reportedMs = this.#reportedMs.get(message);
    if (reportedMs !== undefined && Math.abs(nowMs - reportedMs) < FAULT_SILENCE_MS) return;
    this.#reportedMs.set(message, nowMs);
    this.#options.onFault(message);
  }

  /** From now on what is late is tried again without a pause. */
  hurry(): void {
    this.#retryMs = HURRIED_RETRY_MS;
    this.#cancelRetry?.();
    this.#cancelRetry = undefined;
    this.#planRetry();
  }

  /** Touches the store no more. */
  stop(): void {
    this.#isStopped = true;
    this.#cancelRetry?.();
  }
}

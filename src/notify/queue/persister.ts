/**
 * Keeps the store up to date with the queue. A change that the store fails to save stays in memory and is saved again
 * until that succeeds.
 */
import { News } from '../../util/news.ts';
import type { Clock } from './clock.ts';
import { type Envelope, hasEnded, type Note, type Receipt, receiptOf } from './envelope.ts';
import {
  type Admission,
  type ChannelPace,
  LostMessage,
  type MessageStore,
  type Start,
  StoreError,
} from './store.ts';

/** Delay until a store that failed is tried again. */
export const STORE_RETRY_MS = 5000;
/** The same delay during shutdown, when little time is left. */
const HURRIED_RETRY_MS = 20;
/** The same fault is not reported again within this time: on a full disk every write fails, and the log is there too. */
export const FAULT_SILENCE_MS = 60_000;
/** Refused messages that may be in the store nevertheless; beyond this number, the store is not asked to take more. */
export const MAX_REFUSED = 1000;

export interface Kept {
  envelope: Envelope;
  /** The latest change is not saved yet. */
  isOutdated: boolean;
  /** The save that is under way. */
  keeping: Promise<void> | undefined;
  /** It belongs, or belonged meanwhile, to another process: nothing is kept of it any more. */
  isLost: boolean;
}

export interface PersisterOptions<E extends Kept> {
  readonly store: MessageStore;
  readonly clock: Clock;
  onFault(message: string): void;
  /** The store has recorded the end of an envelope. */
  onEnd(entry: E, receipt: Receipt): void;
  /** Another process has the message. */
  onLost(entry: E): void;
}

export class Persister<E extends Kept> {
  readonly #options: PersisterOptions<E>;
  /** Messages that the store failed to save; those that were tried longest ago come first. */
  readonly #late = new Set<E>();
  /** Messages that were refused, but may be in the store because removing them failed as well; without their texts. */
  readonly #refused = new Map<string, Envelope>();
  readonly #faults = new News(FAULT_SILENCE_MS);
  #retryMs = STORE_RETRY_MS;
  #cancelRetry: (() => void) | undefined;
  #isStopped = false;

  constructor(options: PersisterOptions<E>) {
    this.#options = options;
  }

  /** Whether a new envelope became safe; if not, nothing of it stays. `undefined`: the store failed. */
  async admit(envelope: Envelope): Promise<Admission | undefined> {
    if (this.#refused.size >= MAX_REFUSED) return undefined;
    try {
      return await this.#options.store.accept(envelope);
    } catch (error) {
      this.report(error);
      await this.#discard(envelope);
      return undefined;
    }
  }

  /** Whether the message is in the store although it was refused. */
  isRefused(id: string): boolean {
    return this.#refused.has(id);
  }

  async discardRefused(): Promise<void> {
    for (const envelope of this.#refused.values()) await this.#discard(envelope);
  }

  async #discard(envelope: Envelope): Promise<void> {
    const { message } = envelope;
    try {
      await this.#options.store.discard(envelope);
      this.#refused.delete(message.id);
    } catch {
      this.#refused.set(message.id, { ...envelope, message: { ...message, title: '', text: '' } });
    }
  }

  /** Whether the attempt may begin. */
  async begin(note: Note, pace: ChannelPace): Promise<Start> {
    try {
      return await this.#options.store.begin(note, pace);
    } catch (error) {
      return this.#withoutNote(error);
    }
  }

  /** Whether the attempt may go on. */
  async note(note: Note, mustLast: boolean): Promise<Start> {
    try {
      await this.#options.store.note(note, mustLast);
      return { kind: 'begun' };
    } catch (error) {
      return this.#withoutNote(error);
    }
  }

  #withoutNote(error: unknown): Start {
    if (error instanceof LostMessage) return { kind: 'lost' };
    this.report(error);
    // Alone, an attempt without a note is better than none; with others, it could be theirs.
    return this.#options.store.isShared ? { kind: 'wait', ms: STORE_RETRY_MS } : { kind: 'begun' };
  }

  /** Saves the latest state, including changes made meanwhile. Also resolves when the store fails. */
  keep(entry: E): Promise<void> {
    if (entry.isLost) return Promise.resolve();
    entry.isOutdated = true;
    entry.keeping ??= this.#keepAll(entry).finally(() => {
      entry.keeping = undefined;
    });
    return entry.keeping;
  }

  async #keepAll(entry: E): Promise<void> {
    while (entry.isOutdated && !entry.isLost && !this.#isStopped) {
      entry.isOutdated = false;
      this.#late.delete(entry);
      if ((await this.#keepOnce(entry)) || entry.isLost) continue;
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
      if (error instanceof LostMessage) {
        this.#options.onLost(entry);
        return true;
      }
      this.report(error);
      return false;
    }
  }

  /** Keeps nothing of it from now on. */
  lose(entry: E): void {
    entry.isLost = true;
    this.#late.delete(entry);
  }

  #planRetry(): void {
    if (this.#isStopped) return;
    this.#cancelRetry ??= this.#options.clock.after(this.#retryMs, () => {
      this.#cancelRetry = undefined;
      void this.#retry();
    });
  }

  /** The store works again. */
  retryNow(): void {
    void this.discardRefused();
    void this.#retry();
  }

  /** The first message shows whether the store works again; only then are the others saved. */
  async #retry(): Promise<void> {
    const [first, ...others] = this.#late;
    if (!first) return;
    await this.keep(first);
    if (this.#late.has(first)) return;
    for (const entry of others) void this.keep(entry);
  }

  /** Reports an error to the operator, without private content. */
  report(error: unknown): void {
    const message = error instanceof StoreError ? error.message : 'an unforeseen error';
    if (this.#faults.isNews(message, this.#options.clock.now())) this.#options.onFault(message);
  }

  /** From now on, failed saves are retried without the usual delay. */
  hurry(): void {
    this.#retryMs = HURRIED_RETRY_MS;
    this.#cancelRetry?.();
    this.#cancelRetry = undefined;
    this.#planRetry();
  }

  /** Stops using the store. */
  stop(): void {
    this.#isStopped = true;
    this.#cancelRetry?.();
  }
}

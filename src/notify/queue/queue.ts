/**
 * The queue: messages from their acceptance to the end of every channel.
 *
 * 1. accept: bounded; a repeated idempotency key leads to the first message; safe in the store before the response
 * 2. attempts: every channel has its own line, pace and retries, so none waits for or repeats another
 * 3. record: the store notes that an attempt begins and how it ended; the envelope moves on in memory and is then
 *    kept by the store, until the store takes it
 * 4. end: the store lets go of the message or puts it with the dead; a receipt stays for a while
 * 5. stop: nothing new, what is due is still tried within the grace time, the rest stays in the store
 */
import type { Channel } from '../channels/channel.ts';
import { makeId } from '../id.ts';
import type { Message } from '../message.ts';
import type { Clock } from './clock.ts';
import { Dispatcher } from './dispatcher.ts';
import {
  type Envelope,
  hasEnded,
  type Idempotency,
  type Note,
  type Pending,
  type Receipt,
  recall,
  record,
  type Status,
  seal,
} from './envelope.ts';
import { IdempotencyIndex, type KeyUse } from './idempotency.ts';
import { type Kept, Persister } from './persister.ts';
import type { RetryPolicy } from './retry.ts';
import type { MessageStore } from './store.ts';

/** How often the store is asked for what others put there, and old receipts are dropped. */
export const RESCAN_MS = 30_000;
/** Before the end of the grace time, if it is long enough: for those who wait to get their response. */
const RESPONSE_MS = 500;
/** At the end of the grace time: for aborted attempts to say how far they came. */
export const ABORT_MS = 500;
const DRAIN_POLL_MS = 20;
/** What an envelope takes in memory besides its text. */
const ENVELOPE_BYTES = 1024;

export interface QueueLimits {
  readonly maxMessages: number;
  readonly maxBytes: number;
  /** Attempts at a time on each channel. */
  readonly concurrency: number;
}

export interface QueueEvents {
  /** An attempt ended. */
  attempt(id: string, progress: Envelope['progress'][number]): void;
  /** A channel broke its contract. */
  channelFault(channel: string, fault: string): void;
  /** The store failed; it is tried again. The same fault is told again only after a while. */
  storeFault(message: string): void;
}

export interface QueueOptions {
  readonly channels: readonly Channel[];
  readonly store: MessageStore;
  readonly clock: Clock;
  /** From 0 up to but not 1. */
  readonly random: () => number;
  /** That many bytes, not to be guessed. */
  readonly randomBytes: (bytes: number) => Uint8Array;
  readonly policy: RetryPolicy;
  readonly limits: QueueLimits;
  readonly events: QueueEvents;
}

/** What is to be accepted. */
export interface Order {
  readonly user: string;
  readonly content: Omit<Message, 'id' | 'acceptedMs'>;
  /** Unique, not empty. */
  readonly channels: readonly string[];
  readonly idempotency?: Idempotency;
}

export type Acceptance =
  | { readonly kind: 'accepted' | 'repeated'; readonly id: string }
  /** The key was used for another message. */
  | { readonly kind: 'conflict' }
  | { readonly kind: 'full' | 'stopping' | 'unavailable' };

/** A message that has not ended. */
interface Entry extends Kept {
  readonly bytes: number;
  /** Timers of channels that wait for their next attempt. */
  readonly timers: Map<string, () => void>;
  /** Called whenever the envelope moves on. */
  readonly watchers: Set<() => void>;
}

export class Queue {
  readonly #options: QueueOptions;
  readonly #dispatcher: Dispatcher;
  readonly #active = new Map<string, Entry>();
  readonly #index: IdempotencyIndex;
  readonly #persister: Persister<Entry>;
  /** Of the process before. */
  #notes: readonly Note[] = [];
  #bytes = 0;
  #state: 'open' | 'stopping' | 'stopped' = 'open';
  /** Nobody is to wait any more: connections are about to be cut. */
  #isReleased = false;
  #isScanning = false;
  #cancelScan: () => void = () => undefined;

  constructor(options: QueueOptions) {
    this.#options = options;
    const { clock, events, store } = options;
    this.#dispatcher = new Dispatcher({
      ...{ channels: options.channels, clock, concurrency: options.limits.concurrency },
      firstHoldMs: options.policy.firstDelayMs,
      onFault: (channel, fault) => events.channelFault(channel, fault),
      note: (note, mustLast) => this.#persister.note(note, mustLast),
    });
    this.#index = new IdempotencyIndex((id) => {
      store.forget(id).catch((error) => this.#persister.tell(error));
    });
    this.#persister = new Persister({
      ...{ store, clock, onFault: (message) => events.storeFault(message) },
      onEnd: (entry, receipt) => this.#close(entry, receipt),
    });
  }

  /** Messages that have not ended. */
  get size(): number {
    return this.#active.size;
  }

  /** Takes up what the store has from before. Rejects with a `StoreError`. */
  async start(): Promise<void> {
    for (const receipt of (await this.#options.store.receipts()).toSorted((a, b) => a.endedMs - b.endedMs)) {
      this.#index.close(receipt);
      this.#index.hold(receipt, receipt.id);
    }
    this.#index.tidy(this.#options.clock.now());
    this.#notes = await this.#options.store.notes();
    // All of it, also if the bounds are narrower now: their idempotency keys have to be known.
    await this.#discover(Number.POSITIVE_INFINITY);
    this.#planScan();
  }

  /** Resolves when the message is safe, or refused. */
  async accept(order: Order): Promise<Acceptance> {
    if (this.#state !== 'open') return { kind: 'stopping' };
    this.#index.tidy(this.#options.clock.now());
    const used = this.#index.find(order);
    if (used) return this.#repeat(used, order);
    if (this.#isFull()) return { kind: 'full' };
    const { clock, randomBytes } = this.#options;
    const acceptedMs = clock.now();
    const message: Message = { ...order.content, id: makeId(acceptedMs, randomBytes), acceptedMs };
    const entry = this.#enter(seal(message, order.user, order.channels, order.idempotency));
    const safe = this.#admit(entry);
    entry.keeping = safe.then(() => undefined);
    this.#index.hold(entry.envelope, message.id, safe);
    const isSafe = await safe;
    entry.keeping = undefined;
    if (!isSafe) return { kind: 'unavailable' };
    this.#schedule(entry);
    return { kind: 'accepted', id: message.id };
  }

  async #repeat({ id, fingerprint, safe }: KeyUse, { idempotency }: Order): Promise<Acceptance> {
    if (fingerprint !== idempotency?.fingerprint) return { kind: 'conflict' };
    return (await safe) ? { kind: 'repeated', id } : { kind: 'unavailable' };
  }

  #isFull(): boolean {
    const { maxMessages, maxBytes } = this.#options.limits;
    return this.#active.size >= maxMessages || this.#bytes >= maxBytes;
  }

  #enter(envelope: Envelope): Entry {
    const { id, title, text } = envelope.message;
    const bytes = ENVELOPE_BYTES + 2 * (title.length + text.length);
    const entry: Entry = {
      ...{ envelope, bytes, timers: new Map(), watchers: new Set() },
      ...{ isOutdated: false, keeping: undefined },
    };
    this.#active.set(id, entry);
    this.#bytes += bytes;
    return entry;
  }

  #leave(entry: Entry): void {
    if (this.#active.delete(entry.envelope.message.id)) this.#bytes -= entry.bytes;
  }

  /** Whether a new envelope became safe; if not, nothing of it stays. */
  async #admit(entry: Entry): Promise<boolean> {
    const { envelope } = entry;
    const isSafe = await this.#persister.admit(envelope);
    if (isSafe) return true;
    this.#leave(entry);
    this.#index.release(envelope, envelope.message.id);
    return false;
  }

  #close(entry: Entry, receipt: Receipt): void {
    this.#leave(entry);
    this.#index.close(receipt);
    this.#index.tidy(this.#options.clock.now());
  }

  // Attempts

  #schedule(entry: Entry): void {
    for (const one of entry.envelope.progress) if (one.kind === 'pending') this.#plan(entry, one);
  }

  #plan(entry: Entry, pending: Pending): void {
    if (this.#state === 'stopped') return;
    const { channel, nextMs } = pending;
    const push = (): void => {
      entry.timers.delete(channel);
      this.#push(entry, pending, false);
    };
    const { clock, policy } = this.#options;
    const waitMs = nextMs - clock.now();
    // Nothing waits for longer than messages are kept: the clock was set back since this was written.
    if (waitMs <= 0 || waitMs > policy.maxAgeMs) push();
    else entry.timers.set(channel, clock.after(waitMs, push));
  }

  #push(entry: Entry, pending: Pending, isNext: boolean): void {
    this.#dispatcher.push(entry.envelope, pending, isNext, () => this.#attempt(entry, pending));
  }

  async #attempt(entry: Entry, before: Pending): Promise<void> {
    const { clock, random, policy, events } = this.#options;
    const { channel } = before;
    const { delivery, isNext } = await this.#dispatcher.attempt(entry.envelope, before);
    entry.envelope = record(entry.envelope, channel, delivery, { nowMs: clock.now(), random, policy });
    const after = entry.envelope.progress.find((one) => one.channel === channel);
    if (after) events.attempt(entry.envelope.message.id, after);
    if (after?.kind === 'pending') {
      if (isNext) this.#push(entry, after, isNext);
      else this.#plan(entry, after);
    }
    for (const watcher of entry.watchers) watcher();
    // Before the next attempt on this channel: so a crash can hide no more deliveries than are under way.
    await this.#persister.keep(entry);
  }

  // What others put into the store

  #planScan(): void {
    if (this.#state !== 'open') return;
    this.#cancelScan = this.#options.clock.after(RESCAN_MS, () => {
      this.#isScanning = true;
      void this.#rescan().finally(() => {
        this.#isScanning = false;
        this.#planScan();
      });
    });
  }

  async #rescan(): Promise<void> {
    this.#index.tidy(this.#options.clock.now());
    try {
      await this.#persister.discardRefused();
      await this.#discover(this.#options.limits.maxMessages - this.#active.size);
    } catch (error) {
      this.#persister.tell(error);
    }
  }

  async #discover(max: number): Promise<void> {
    const isKnown = (id: string) => this.#active.has(id) || this.#persister.isRefused(id);
    const found = await this.#options.store.discover(isKnown, max);
    for (const one of found) {
      const envelope = this.#recall(one);
      const { id } = envelope.message;
      // It may have been accepted, or the queue stopped, while the store was looking.
      if (this.#state !== 'open' || this.#active.has(id)) continue;
      this.#index.resume(envelope);
      const entry = this.#enter(envelope);
      if (hasEnded(envelope) || envelope !== one) void this.#persister.keep(entry);
      this.#schedule(entry);
    }
  }

  /** With what was noted of its attempts when the process before ended. */
  #recall(envelope: Envelope): Envelope {
    const { clock, random, policy } = this.#options;
    const at = { nowMs: clock.now(), random, policy };
    return this.#notes.reduce(
      (known, note) => recall(known, note, this.#dispatcher.ifUnclear(note.channel), at),
      envelope,
    );
  }

  // Asking

  /** Where a message of `user` stands; `undefined` when it is not known, or no longer. */
  async status(id: string, user: string): Promise<Status | undefined> {
    const known =
      this.#active.get(id)?.envelope ?? this.#index.receipt(id) ?? (await this.#options.store.findDead(id));
    return known?.user === user ? { id, progress: known.progress } : undefined;
  }

  /** Resolves when every channel was tried once, or after `waitMs`. */
  async waitForFirstAttempts(id: string, waitMs: number): Promise<void> {
    const entry = this.#active.get(id);
    if (!entry || wasTried(entry.envelope) || this.#isReleased) return;
    const untilMs = this.#options.clock.now() + waitMs;
    if (untried(entry.envelope).every(({ channel }) => this.#dispatcher.opensMs(channel) > untilMs)) return;
    await new Promise<void>((resolve) => {
      const finish = (): void => {
        cancel();
        entry.watchers.delete(look);
        resolve();
      };
      const look = (): void => {
        if (wasTried(entry.envelope) || this.#isReleased) finish();
      };
      const cancel = this.#options.clock.after(waitMs, finish);
      entry.watchers.add(look);
    });
  }

  // Stopping

  /** Resolves with the number of messages that have not ended: kept by a durable store, lost by the other. */
  async stop(graceMs: number): Promise<number> {
    const { clock, store, channels } = this.#options;
    this.#state = 'stopping';
    this.#cancelScan();
    this.#persister.hurry();
    const cancelRelease = clock.after(Math.max(graceMs - RESPONSE_MS, graceMs / 2), () => this.#release());
    // What a durable store keeps can be tried again after the next start: nobody waits for that here.
    const lastMs = clock.now() + (store.isDurable ? 0 : graceMs);
    await this.#waitWhile(() => this.#isScanning || this.#isDue(lastMs), graceMs);
    this.#dispatcher.close();
    this.#dispatcher.abortAll();
    await this.#waitWhile(() => !this.#isSettled(), ABORT_MS);
    this.#state = 'stopped';
    this.#persister.stop();
    cancelRelease();
    this.#release();
    for (const { timers } of this.#active.values()) for (const cancel of timers.values()) cancel();
    const closed = Promise.allSettled(channels.map((channel) => channel.close?.()));
    await Promise.race([closed, this.#pause(ABORT_MS)]);
    await store.close();
    return this.#active.size;
  }

  /** Whoever sent a message that is safe must hear of it, or would send it again. */
  #release(): void {
    this.#isReleased = true;
    for (const { watchers } of this.#active.values()) for (const watcher of watchers) watcher();
  }

  /** At most for `maxMs` by a timer: the clock may be set meanwhile. */
  async #waitWhile(isSo: () => boolean, maxMs: number): Promise<void> {
    let isOver = false;
    const cancel = this.#options.clock.after(maxMs, () => {
      isOver = true;
    });
    while (!isOver && isSo()) await this.#pause(DRAIN_POLL_MS);
    cancel();
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => this.#options.clock.after(ms, resolve));
  }

  /** Whether anything is to be kept, or to be tried until `lastMs`. */
  #isDue(lastMs: number): boolean {
    if (!this.#dispatcher.isIdle) return true;
    const isOpen = (channel: string): boolean => this.#dispatcher.opensMs(channel) <= lastMs;
    return [...this.#active.values()].some(
      ({ envelope, isOutdated, keeping }) =>
        isOutdated ||
        keeping !== undefined ||
        envelope.progress.some(
          (one) => one.kind === 'pending' && one.nextMs <= lastMs && isOpen(one.channel),
        ),
    );
  }

  #isSettled(): boolean {
    return (
      this.#dispatcher.isIdle && [...this.#active.values()].every(({ keeping }) => keeping === undefined)
    );
  }
}

function untried({ progress }: Envelope): readonly Envelope['progress'][number][] {
  return progress.filter(({ kind, attempts }) => kind === 'pending' && attempts === 0);
}

function wasTried(envelope: Envelope): boolean {
  return untried(envelope).length === 0;
}

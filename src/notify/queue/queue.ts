/**
 * The queue: messages from their acceptance to the end of every channel.
 *
 * 1. accept: bounded; a repeated idempotency key leads to the first message; safe in the store before the response
 * 2. attempts (`scheduler`, `dispatcher`): every channel has its own limiter, pace and retries, so that no channel
 *    waits for another
 * 3. record (`persister`): the store notes that an attempt begins and how it ended; the envelope changes in memory and
 *    is then saved, again and again until the store takes it
 * 4. end: the store removes the message or moves it to the dead letters; a receipt stays for a while
 * 5. stop (`drain`): nothing new, what is due is still tried within the grace time, the rest stays in the store
 */
import type { Channel } from '../channels/channel.ts';
import { latestIds, makeId } from '../id.ts';
import type { Message } from '../message.ts';
import { type ActiveLimits, type ActiveMessage, ActiveMessages } from './active-messages.ts';
import type { Clock } from './clock.ts';
import { Dispatcher } from './dispatcher.ts';
import { ABORT_MS, drain, pause } from './drain.ts';
import {
  applyNote,
  type ChannelProgress,
  type Envelope,
  hasEnded,
  headingOf,
  type Idempotency,
  type Note,
  newEnvelope,
  type Receipt,
  type Status,
  type Summary,
} from './envelope.ts';
import { FirstAttempts } from './first-attempts.ts';
import { IdempotencyIndex, type KeyUse } from './idempotency.ts';
import { Persister } from './persister.ts';
import { Rescan } from './rescan.ts';
import type { RetryPolicy } from './retry.ts';
import { Scheduler } from './scheduler.ts';
import type { MessageStore } from './store.ts';

export interface QueueLimits extends ActiveLimits {
  /** Attempts at a time on each channel. */
  readonly concurrency: number;
}

export interface QueueEvents {
  /** An attempt ended. */
  attempt(id: string, progress: ChannelProgress): void;
  /** A channel broke its contract. */
  channelFault(channel: string, fault: string): void;
  /** The store failed; it is tried again. The same fault is reported again only after a while. */
  storeFault(message: string): void;
}

export interface QueueOptions {
  readonly channels: readonly Channel[];
  readonly store: MessageStore;
  readonly clock: Clock;
  /** From 0 up to but not 1. */
  readonly random: () => number;
  /** Unpredictable bytes, as many as requested. */
  readonly randomBytes: (bytes: number) => Uint8Array;
  readonly policy: RetryPolicy;
  readonly limits: QueueLimits;
  readonly events: QueueEvents;
}

/** A message to be accepted. */
export interface NewMessage {
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

export class Queue {
  readonly #options: QueueOptions;
  readonly #active: ActiveMessages;
  readonly #dispatcher: Dispatcher;
  readonly #scheduler: Scheduler;
  readonly #index: IdempotencyIndex;
  readonly #persister: Persister<ActiveMessage>;
  readonly #rescan: Rescan;
  readonly #firstAttempts: FirstAttempts;
  /** What the process before noted of its attempts. */
  #notes: readonly Note[] = [];
  #isOpen = true;

  constructor(options: QueueOptions) {
    this.#options = options;
    const { channels, clock, events, limits, policy, random, store } = options;
    this.#active = new ActiveMessages(limits);
    this.#persister = new Persister({
      store,
      clock,
      onFault: (message) => events.storeFault(message),
      onEnd: (message, receipt) => this.#close(message, receipt),
    });
    this.#index = new IdempotencyIndex((id) => {
      store.forget(id).catch((error) => this.#persister.report(error));
    });
    this.#dispatcher = new Dispatcher({
      channels,
      clock,
      concurrency: limits.concurrency,
      firstHoldMs: policy.firstDelayMs,
      onFault: (channel, fault) => events.channelFault(channel, fault),
      note: (note, mustLast) => this.#persister.note(note, mustLast),
    });
    this.#scheduler = new Scheduler({
      dispatcher: this.#dispatcher,
      clock,
      random,
      policy,
      onAttempt: (id, progress) => events.attempt(id, progress),
      keep: (message) => this.#persister.keep(message),
    });
    this.#firstAttempts = new FirstAttempts({ clock, opensMs: (name) => this.#dispatcher.opensMs(name) });
    this.#rescan = this.#createRescan();
  }

  #createRescan(): Rescan {
    const { clock, store } = this.#options;
    return new Rescan({
      store,
      clock,
      prepare: () => {
        this.#index.tidy(clock.now());
        return this.#persister.discardRefused();
      },
      isKnown: (id) => this.#active.has(id) || this.#persister.isRefused(id),
      room: () => this.#active.room,
      takeUp: (envelope) => this.#takeUp(envelope),
      onError: (error) => this.#persister.report(error),
    });
  }

  /** Messages that have not ended. */
  get size(): number {
    return this.#active.size;
  }

  /** Takes up what the store has from before. Rejects with a `StoreError`. */
  async start(): Promise<void> {
    const { clock, store } = this.#options;
    for (const receipt of (await store.receipts()).toSorted((a, b) => a.endedMs - b.endedMs)) {
      this.#index.close(receipt);
      this.#index.hold(receipt, receipt.id);
    }
    this.#index.tidy(clock.now());
    this.#notes = await store.notes();
    await this.#rescan.start();
  }

  /** Resolves when the message is safe, or refused. */
  async accept(input: NewMessage): Promise<Acceptance> {
    if (!this.#isOpen) return { kind: 'stopping' };
    this.#index.tidy(this.#options.clock.now());
    const used = this.#index.find(input);
    if (used) return this.#repeat(used, input);
    if (this.#active.isFull) return { kind: 'full' };
    const { clock, randomBytes } = this.#options;
    const acceptedMs = clock.now();
    const content: Message = { ...input.content, id: makeId(acceptedMs, randomBytes), acceptedMs };
    const message = this.#active.add(newEnvelope(content, input.user, input.channels, input.idempotency));
    const safe = this.#admit(message);
    message.keeping = safe.then(() => undefined);
    this.#index.hold(message.envelope, content.id, safe);
    const isSafe = await safe;
    message.keeping = undefined;
    if (!isSafe) return { kind: 'unavailable' };
    this.#scheduler.schedule(message);
    return { kind: 'accepted', id: content.id };
  }

  async #repeat({ id, fingerprint, safe }: KeyUse, { idempotency }: NewMessage): Promise<Acceptance> {
    if (fingerprint !== idempotency?.fingerprint) return { kind: 'conflict' };
    return (await safe) ? { kind: 'repeated', id } : { kind: 'unavailable' };
  }

  /** Whether a new envelope became safe; if not, nothing of it stays. */
  async #admit(message: ActiveMessage): Promise<boolean> {
    const { envelope } = message;
    const isSafe = await this.#persister.admit(envelope);
    if (isSafe) return true;
    this.#active.delete(message);
    this.#index.release(envelope, envelope.message.id);
    return false;
  }

  #close(message: ActiveMessage, receipt: Receipt): void {
    this.#active.delete(message);
    this.#index.close(receipt);
    this.#index.tidy(this.#options.clock.now());
  }

  /** An envelope that was in the store. */
  #takeUp(stored: Envelope): void {
    const envelope = this.#applyNotes(stored);
    this.#index.resume(envelope);
    const message = this.#active.add(envelope);
    if (hasEnded(envelope) || envelope !== stored) void this.#persister.keep(message);
    this.#scheduler.schedule(message);
  }

  /** With what was noted of its attempts when the process before ended. */
  #applyNotes(envelope: Envelope): Envelope {
    const context = this.#scheduler.retryContext;
    return this.#notes.reduce(
      (known, note) => applyNote(known, note, this.#dispatcher.ifUnclear(note.channel), context),
      envelope,
    );
  }

  /** Where a message of `user` stands; `undefined` when it is not known, or no longer. */
  async status(id: string, user: string): Promise<Status | undefined> {
    const known =
      this.#active.get(id)?.envelope ?? this.#index.receipt(id) ?? (await this.#options.store.findDead(id));
    return known?.user === user ? { id, progress: known.progress } : undefined;
  }

  /** The latest messages of `user` that this process knows, at most `max` of them, the latest first. */
  recent(user: string, max: number): readonly Summary[] {
    return latestIds(this.#idsOf(user), max).flatMap((id) => {
      const envelope = this.#active.get(id)?.envelope;
      if (envelope) return [{ id, heading: headingOf(envelope.message), progress: envelope.progress }];
      const receipt = this.#index.receipt(id);
      return receipt ? [{ id, heading: receipt.heading ?? '', progress: receipt.progress }] : [];
    });
  }

  *#idsOf(user: string): Iterable<string> {
    for (const { envelope } of this.#active.values()) if (envelope.user === user) yield envelope.message.id;
    for (const receipt of this.#index.receipts()) if (receipt.user === user) yield receipt.id;
  }

  /** Resolves when every channel was tried once, or after `waitMs`. */
  async waitForFirstAttempts(id: string, waitMs: number): Promise<void> {
    const message = this.#active.get(id);
    if (message) await this.#firstAttempts.wait(message, waitMs);
  }

  /** Resolves with the number of messages that have not ended: kept by a durable store, lost by another one. */
  async stop(graceMs: number): Promise<number> {
    const { clock, store, channels } = this.#options;
    this.#isOpen = false;
    this.#rescan.stop();
    this.#persister.hurry();
    const release = (): void => this.#firstAttempts.release(this.#active.values());
    await drain({
      clock,
      active: this.#active,
      dispatcher: this.#dispatcher,
      graceMs,
      isDurable: store.isDurable,
      isBusy: () => this.#rescan.isRunning,
      release,
    });
    this.#scheduler.stop();
    this.#persister.stop();
    release();
    for (const { timers } of this.#active.values()) for (const cancel of timers.values()) cancel();
    const closed = Promise.allSettled(channels.map((channel) => channel.close?.()));
    await Promise.race([closed, pause(clock, ABORT_MS)]);
    await store.close();
    return this.#active.size;
  }
}

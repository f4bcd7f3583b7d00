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
  newEnvelope,
  type Receipt,
  type Status,
  type Summary,
} from './envelope.ts';
import { FirstAttempts } from './first-attempts.ts';
import { type Acceptance, IdempotencyIndex, type KeyUse } from './idempotency.ts';
import { Persister } from './persister.ts';
import { Rescan } from './rescan.ts';
import type { RetryPolicy } from './retry.ts';
import { Scheduler } from './scheduler.ts';
import { type MessageStore, StoreError } from './store.ts';

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

export class Queue {
  readonly #options: QueueOptions;
  readonly #active: ActiveMessages;
  readonly #dispatcher: Dispatcher;
  readonly #scheduler: Scheduler;
  readonly #index: IdempotencyIndex;
  readonly #persister: Persister<ActiveMessage>;
  readonly #rescan: Rescan;
  readonly #firstAttempts: FirstAttempts;
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
      onLost: (message) => this.#drop(message),
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
      begin: (note, pace) => this.#persister.begin(note, pace),
      note: (note, mustLast) => this.#persister.note(note, mustLast),
      hold: (channel, ms) => store.hold(channel, ms),
    });
    this.#scheduler = new Scheduler({
      dispatcher: this.#dispatcher,
      clock,
      random,
      policy,
      onAttempt: (id, progress) => events.attempt(id, progress),
      keep: (message) => this.#persister.keep(message),
      drop: (message) => this.#drop(message),
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
      forget: (id) => {
        const before = this.#active.get(id);
        if (before) this.#drop(before);
      },
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
    await this.#rescan.start();
    store.watch(
      () => this.#rescan.lookNow(),
      () => this.#persister.retryNow(),
    );
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
    const admitted = this.#admit(message);
    message.keeping = admitted.then(() => undefined);
    this.#index.hold(message.envelope, content.id, admitted);
    const acceptance = await admitted;
    message.keeping = undefined;
    if (acceptance.kind === 'accepted') this.#scheduler.schedule(message);
    return acceptance;
  }

  async #repeat(used: KeyUse, { idempotency }: NewMessage): Promise<Acceptance> {
    if (used.fingerprint !== idempotency?.fingerprint) return { kind: 'conflict' };
    const first = await used.acceptance;
    return 'id' in first ? { kind: 'repeated', id: first.id } : first;
  }

  /** If the new envelope does not become safe, nothing of it stays. */
  async #admit(message: ActiveMessage): Promise<Acceptance> {
    const { envelope } = message;
    const { id } = envelope.message;
    const admission = await this.#persister.admit(envelope);
    if (admission?.kind === 'saved') return { kind: 'accepted', id };
    this.#active.delete(message);
    this.#index.release(envelope, id);
    if (admission?.kind === 'full') return admission;
    if (!admission) return { kind: 'unavailable' };
    const isSame = admission.fingerprint === envelope.idempotency?.fingerprint;
    return isSame ? { kind: 'repeated', id: admission.id } : { kind: 'conflict' };
  }

  /** Another process has it. */
  #drop(message: ActiveMessage): void {
    const { envelope, timers, watchers } = message;
    this.#persister.lose(message);
    this.#active.delete(message);
    this.#index.release(envelope, envelope.message.id);
    for (const cancel of timers.values()) cancel();
    timers.clear();
    for (const watcher of watchers) watcher();
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
    const notes = this.#options.store.notesOf(envelope.message.id);
    return notes.reduce(
      (known, note) => applyNote(known, note, this.#dispatcher.ifUnclear(note.channel), context),
      envelope,
    );
  }

  /**
   * Where a message of `user` stands, as far as it is known here, or else in the store; `undefined` when it is not known,
   * or no longer. Rejects with a `StoreError`.
   */
  async status(id: string, user: string): Promise<Status | undefined> {
    const known = this.#known(id) ?? (await this.#options.store.find(id));
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

  /** The same for who asks later: by then another process may be ahead. */
  async lookUp(id: string, user: string): Promise<Status | undefined> {
    const { store } = this.#options;
    if (!store.isShared) return this.status(id, user);
    const known = this.#known(id);
    const stored = await store.find(id).catch((error) => {
      if (known && error instanceof StoreError) return undefined;
      throw error;
    });
    const latest = stored ?? known;
    return latest?.user === user ? { id, progress: latest.progress } : undefined;
  }

  #known(id: string): Pick<Envelope, 'user' | 'progress'> | undefined {
    return this.#active.get(id)?.envelope ?? this.#index.receipt(id);
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

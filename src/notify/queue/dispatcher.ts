/** Hands attempts to channels: each by its limiter, with notes that survive a crash of the process. */
import type { Attempt, Channel, Delivery, IfUnclear } from '../channels/channel.ts';
import { AttemptRunner, type OnFault, unknownChannel } from './attempt-runner.ts';
import type { Clock } from './clock.ts';
import type { Envelope, Note, Pending } from './envelope.ts';
import { type ChannelLimiter, ChannelLimiters } from './limiter.ts';

export interface DispatcherOptions {
  readonly channels: readonly Channel[];
  readonly clock: Clock;
  /** Attempts at a time on each channel. */
  readonly concurrency: number;
  /** For a refusal as one call too many that does not say how long to wait. */
  readonly firstHoldMs: number;
  readonly onFault: OnFault;
  /** Never rejects. See `MessageStore.note`. */
  note(note: Note, mustLast: boolean): Promise<void>;
}

/** How an attempt ended. `isNext`: it was refused as one call too many, and goes as soon as the channel may call again. */
export interface AttemptEnd {
  readonly delivery: Delivery;
  readonly isNext: boolean;
}

export class Dispatcher {
  readonly #note: DispatcherOptions['note'];
  readonly #channels: ReadonlyMap<string, Channel>;
  readonly #runner: AttemptRunner;
  readonly #limiters: ChannelLimiters;

  constructor({ channels, clock, concurrency, firstHoldMs, onFault, note }: DispatcherOptions) {
    this.#note = note;
    this.#channels = new Map(channels.map((channel) => [channel.name, channel]));
    this.#runner = new AttemptRunner(clock, onFault);
    this.#limiters = new ChannelLimiters({ clock, concurrency, firstHoldMs });
  }

  /** Whether no attempt is in progress. */
  get isIdle(): boolean {
    return this.#runner.isIdle;
  }

  /** Starts no further attempts. */
  close(): void {
    this.#limiters.close();
  }

  abortAll(): void {
    this.#runner.abortAll();
  }

  /** When the channel's limits let the next attempt begin. */
  opensMs(channel: string): number {
    return this.#limiterOf(channel).opensMs;
  }

  ifUnclear(channel: string): IfUnclear {
    return this.#channelOf(channel).ifUnclear ?? 'repeat';
  }

  /** Calls `run` when it is the turn of this attempt. `isNext`: see {@link AttemptEnd}. */
  push({ message }: Envelope, { channel, done }: Pending, isNext: boolean, run: () => Promise<void>): void {
    const calls = this.#channelOf(channel).callsFor?.(message, done) ?? 1;
    const work = { id: message.id, calls: Math.max(1, calls), run };
    const limiter = this.#limiterOf(channel);
    if (isNext) limiter.pushBack(work);
    else limiter.push(work);
  }

  /** Never rejects. */
  async attempt(
    { message, round }: Envelope,
    { channel: name, attempts, done }: Pending,
  ): Promise<AttemptEnd> {
    const channel = this.#channelOf(name);
    const mayBeSent = channel.ifUnclear !== 'give up';
    let note: Note = { id: message.id, round, channel: name, number: attempts + 1, done, mayBeSent };
    const addNote = (change: Partial<Note>, mustLast = false): Promise<void> => {
      note = { ...note, ...change };
      return this.#note(note, mustLast);
    };
    const attempt: Omit<Attempt, 'signal'> = {
      number: note.number,
      done,
      report: (parts) => addNote({ done: parts, mayBeSent }),
      // Where nothing may be sent twice, the note has to survive a power cut as well.
      beforeSending: (part) => addNote({ mayBeSent: true, ...(part !== undefined && { part }) }, true),
    };
    const delivery = await this.#runner.deliver(channel, message, attempt, () => addNote({}));
    await addNote({ delivery });
    return pace(this.#limiterOf(name), delivery);
  }

  #channelOf(name: string): Channel {
    return this.#channels.get(name) ?? unknownChannel(name);
  }

  #limiterOf(name: string): ChannelLimiter {
    return this.#limiters.of(this.#channelOf(name));
  }
}

function pace(limiter: ChannelLimiter, delivery: Delivery): AttemptEnd {
  if (delivery.kind !== 'retry' || !delivery.isLimited) {
    limiter.release();
    return { delivery, isNext: false };
  }
  const requestedMs = delivery.afterMs ?? 0;
  const holdMs = limiter.hold(requestedMs);
  return { delivery: { ...delivery, afterMs: Math.max(requestedMs, holdMs) }, isNext: requestedMs <= holdMs };
}

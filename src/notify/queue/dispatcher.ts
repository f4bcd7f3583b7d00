/** Brings attempts to channels: in each channel's line, at its pace, and with notes that outlive the process. */
import type { Attempt, Channel, Delivery, IfUnclear } from '../channels/channel.ts';
import type { Clock } from './clock.ts';
import type { Envelope, Note, Pending } from './envelope.ts';
import {
  AttemptRunner,
  type ChannelLimiter,
  ChannelLimiters,
  type OnFault,
  unknownChannel,
} from './limiter.ts';

export interface DispatcherOptions {
  readonly channels: readonly Channel[];
  readonly clock: Clock;
  /** Attempts at a time on each channel. */
  readonly concurrency: number;
  /** For a refusal as one too many that does not say how long to wait. */
  readonly firstHoldMs: number;
  readonly onFault: OnFault;
  /** Never rejects. See `MessageStore.note`. */
  note(note: Note, mustLast: boolean): Promise<void>;
}

/** How an attempt ended. What `isNext` was refused as one too many, and goes as soon as the channel may call again. */
export interface Ended {
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

  /** Whether no attempt is under way. */
  get isIdle(): boolean {
    return this.#runner.isIdle;
  }

  /** Begins nothing more. */
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

  /** Has `run` called when it is the turn of this attempt. `isNext`: see {@link Ended}. */
  push({ message }: Envelope, { channel, done }: Pending, isNext: boolean, run: () => Promise<void>): void {
    const calls = this.#channelOf(channel).callsFor?.(message, done) ?? 1;
    const work = { id: message.id, calls: Math.max(1, calls), run };
    const limiter = this.#limiterOf(channel);
    if (isNext) limiter.pushBack(work);
    else limiter.push(work);
  }

  /** Never rejects. */
  async attempt({ message, round }: Envelope, { channel: name, attempts, done }: Pending): Promise<Ended> {
    const channel = this.#channelOf(name);
    const mayBeSent = channel.ifUnclear !== 'give up';
    let note: Note = { id: message.id, round, channel: name, number: attempts + 1, done, mayBeSent };
    const tell = (change: Partial<Note>, mustLast = false): Promise<void> => {
      note = { ...note, ...change };
      return this.#note(note, mustLast);
    };
    const attempt: Omit<Attempt, 'signal'> = {
      number: note.number,
      done,
      report: (parts) => tell({ done: parts, mayBeSent }),
      // Where nothing may be sent twice the note has to outlive a power cut, too.
      beforeSending: (part) => tell({ mayBeSent: true, ...(part !== undefined && { part }) }, true),
    };
    const delivery = await this.#runner.deliver(channel, message, attempt, () => tell({}));
    await tell({ delivery });
    return pace(this.#limiterOf(name), delivery);
  }

  #channelOf(name: string): Channel {
    return this.#channels.get(name) ?? unknownChannel(name);
  }

  #limiterOf(name: string): ChannelLimiter {
    return this.#limiters.of(this.#channelOf(name));
  }
}

function pace(limiter: ChannelLimiter, delivery: Delivery): Ended {
  if (delivery.kind !== 'retry' || !delivery.isLimited) {
    limiter.release();
    return { delivery, isNext: false };
  }
  const wishedMs = delivery.afterMs ?? 0;
  const holdMs = limiter.hold(wishedMs);
  return { delivery: { ...delivery, afterMs: Math.max(wishedMs, holdMs) }, isNext: wishedMs <= holdMs };
}

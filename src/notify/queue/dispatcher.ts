/** Hands attempts to channels: each by its limiter, with notes that survive a crash of the process. */
import type { Attempt, Channel, Delivery, EndedPart, IfUnclear } from '../channels/channel.ts';
import type { Message } from '../message.ts';
import { AttemptRunner, type NotBegun, NotSent, type OnFault, unknownChannel } from './attempt-runner.ts';
import type { Clock } from './clock.ts';
import type { Envelope, Note, Pending } from './envelope.ts';
import { type ChannelLimiter, ChannelLimiters } from './limiter.ts';
import type { ChannelPace, Start } from './store.ts';

export interface DispatcherOptions {
  readonly channels: readonly Channel[];
  readonly clock: Clock;
  /** Attempts at a time on each channel. */
  readonly concurrency: number;
  /** For a refusal as one call too many that does not say how long to wait. */
  readonly firstHoldMs: number;
  readonly onFault: OnFault;
  /** Never rejects. See `MessageStore.begin`. */
  begin(note: Note, pace: ChannelPace): Promise<Start>;
  /** Whether the attempt may go on. Never rejects. See `MessageStore.note`. */
  note(note: Note, mustLast: boolean): Promise<Start>;
  /** See `MessageStore.hold`. */
  hold(channel: string, ms: number): Promise<void>;
}

/** How an attempt ended, unless it was not made. */
export type AttemptEnd =
  | {
      readonly kind: 'ended';
      readonly delivery: Delivery;
      /** It was refused as one call too many, and goes as soon as the channel may call again. */
      readonly isNext: boolean;
    }
  | NotBegun;

export class Dispatcher {
  readonly #options: Pick<DispatcherOptions, 'begin' | 'note' | 'hold'>;
  readonly #channels: ReadonlyMap<string, Channel>;
  readonly #runner: AttemptRunner;
  readonly #limiters: ChannelLimiters;

  constructor(options: DispatcherOptions) {
    const { channels, clock, concurrency, firstHoldMs, onFault } = options;
    this.#options = options;
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
  push(
    { message }: Envelope,
    { channel, done }: Pending,
    isNext: boolean,
    run: () => Promise<boolean>,
  ): void {
    const calls = () => callsFor(this.#channelOf(channel), message, done);
    const work = { id: message.id, calls, run };
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
    const addNote = (change: Partial<Note>, mustLast = false): Promise<Start> => {
      note = { ...note, ...change };
      return this.#options.note(note, mustLast);
    };
    const attempt: Omit<Attempt, 'signal'> = {
      number: note.number,
      done,
      report: async (parts) => void (await addNote({ done: parts, mayBeSent })),
      // Where nothing may be sent twice, the note has to survive a power cut as well.
      async beforeSending(part) {
        const start = await addNote({ mayBeSent: true, ...(part !== undefined && { part }) }, true);
        if (start.kind === 'lost') throw new NotSent(start);
        const reason = 'the spool could not be told before sending';
        if (start.kind === 'wait')
          throw new NotSent({ kind: 'retry', reason, afterMs: start.ms, done: note.done });
      },
    };
    const { rates = [] } = channel;
    const result = await this.#runner.deliver(channel, message, attempt, async () =>
      this.#options.begin(note, { channel: name, rates, calls: await callsFor(channel, message, done) }),
    );
    const limiter = this.#limiterOf(name);
    if (result.kind === 'lost') return result;
    if (result.kind === 'wait') {
      limiter.rest(result.ms);
      return result;
    }
    await addNote({ delivery: result });
    if (result.kind !== 'retry' || !result.isLimited) {
      limiter.release();
      return { kind: 'ended', delivery: result, isNext: false };
    }
    const requestedMs = result.afterMs ?? 0;
    const holdMs = limiter.hold(requestedMs);
    await this.#options.hold(name, holdMs);
    const delivery = { ...result, afterMs: Math.max(requestedMs, holdMs) };
    return { kind: 'ended', delivery, isNext: requestedMs <= holdMs };
  }

  #channelOf(name: string): Channel {
    return this.#channels.get(name) ?? unknownChannel(name);
  }

  #limiterOf(name: string): ChannelLimiter {
    return this.#limiters.of(this.#channelOf(name));
  }
}

/** Nobody asks where the provider has no rates. */
function callsFor(channel: Channel, message: Message, done: readonly EndedPart[]): number | Promise<number> {
  return channel.rates?.length ? (channel.callsFor?.(message, done) ?? 1) : 1;
}

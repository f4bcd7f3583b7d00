/**
 * A message on its way: its content, its user, and the progress of each channel. Pure data and pure functions; the queue
 * calls them, the spool stores the data.
 */
import type { Delivery, EndedPart, IfUnclear } from '../channels/channel.ts';
import { cutText } from '../channels/text/split.ts';
import type { Message } from '../message.ts';
import { decideRetry, type RetryPolicy } from './retry.ts';

interface Tried {
  readonly channel: string;
  /** Attempts that have ended. */
  readonly attempts: number;
}

/** The next attempt is due at `nextMs`, or in progress. */
export interface Pending extends Tried {
  readonly kind: 'pending';
  /** In milliseconds since the epoch. */
  readonly nextMs: number;
  /** Parts that have ended already. */
  readonly done: readonly EndedPart[];
  /** Why the last attempt failed; absent before the first. */
  readonly reason?: string;
}

export interface Delivered extends Tried {
  readonly kind: 'delivered';
  readonly atMs: number;
  readonly providerId?: string;
  readonly note?: string;
}

export interface Failed extends Tried {
  readonly kind: 'failed';
  readonly atMs: number;
  readonly reason: string;
  /** Stored so that a requeued message does not repeat them. */
  readonly done: readonly EndedPart[];
}

export type ChannelProgress = Pending | Delivered | Failed;

/** Distinguishes a repeated request from a new one. */
export interface Idempotency {
  readonly key: string;
  /** A digest of the request; see `fingerprintOf`. */
  readonly fingerprint: string;
}

export interface Envelope {
  readonly message: Message;
  readonly user: string;
  readonly idempotency?: Idempotency;
  /** How often it was requeued by the operator. */
  readonly round: number;
  /** When this round began; the age limit of retries counts from here. */
  readonly roundMs: number;
  /** One per channel, never empty, names unique. */
  readonly progress: readonly ChannelProgress[];
}

/** An envelope that has ended, without the message: enough to report its status. */
export type Receipt = Omit<Envelope, 'message'> & {
  readonly id: string;
  readonly endedMs: number;
  /** See {@link headingOf}; absent in receipts of earlier versions. */
  readonly heading?: string;
};

/** Of the heading that is remembered of a message, in UTF-16 units. */
export const MAX_HEADING_UNITS = 64;

/** The progress of an attempt that is not yet in the envelope: that it began, the parts that ended, its result. */
export interface Note {
  readonly id: string;
  readonly round: number;
  readonly channel: string;
  /** Of the attempt, from 1. */
  readonly number: number;
  readonly done: readonly EndedPart[];
  /** Whether the remaining parts may have been sent. */
  readonly mayBeSent: boolean;
  /** The only part that may have been sent. */
  readonly part?: string;
  /** Absent while the attempt is in progress. */
  readonly delivery?: Delivery;
}

/** What `GET /notify/{id}` reports. */
export interface Status {
  readonly id: string;
  readonly progress: readonly ChannelProgress[];
}

/** A message in a list. */
export interface Summary extends Status {
  readonly heading: string;
}

/** What people know a message by: its title, or else its first line. */
export function headingOf({ title, text }: Pick<Message, 'title' | 'text'>): string {
  const line =
    title ||
    (text
      .trim()
      .slice(0, 2 * MAX_HEADING_UNITS)
      .split('\n', 1)[0] ??
      '');
  return cutText(line, MAX_HEADING_UNITS);
}

/** A new envelope, due at once on all `channels`. */
export function newEnvelope(
  message: Message,
  user: string,
  channels: readonly string[],
  idempotency?: Idempotency,
): Envelope {
  const { acceptedMs } = message;
  return {
    message,
    user,
    round: 0,
    roundMs: acceptedMs,
    ...(idempotency && { idempotency }),
    progress: channels.map((channel) => pendingAt(channel, acceptedMs, [])),
  };
}

export function pendingAt(channel: string, nextMs: number, done: readonly EndedPart[]): Pending {
  return { kind: 'pending', channel, attempts: 0, nextMs, done };
}

export interface RetryContext {
  readonly nowMs: number;
  readonly random: () => number;
  readonly policy: RetryPolicy;
}

/** The envelope after an attempt of `channel` ended with `delivery`. What has ended stays as it is. */
export function record(envelope: Envelope, channel: string, delivery: Delivery, at: RetryContext): Envelope {
  const progress = envelope.progress.map((one) =>
    one.channel === channel && one.kind === 'pending' ? stepOf(one, delivery, envelope.roundMs, at) : one,
  );
  return { ...envelope, progress };
}

function stepOf(before: Pending, delivery: Delivery, roundMs: number, at: RetryContext): ChannelProgress {
  const { channel } = before;
  const { nowMs, policy, random } = at;
  const attempts = before.attempts + 1;
  const ended = { channel, attempts, atMs: nowMs };
  if (delivery.kind === 'delivered') {
    const { providerId, note } = delivery;
    return {
      kind: 'delivered',
      ...ended,
      ...(providerId !== undefined && { providerId }),
      ...(note !== undefined && { note }),
    };
  }
  const { reason } = delivery;
  const done = mergeParts(before.done, delivery.done ?? []);
  if (delivery.kind === 'rejected') return { kind: 'failed', ...ended, reason, done };
  const ageMs = nowMs - roundMs;
  const decision = decideRetry(policy, { attempts, ageMs, afterMs: delivery.afterMs }, random);
  if (decision.kind === 'give-up') {
    return { kind: 'failed', ...ended, reason: `${decision.reason}; at last: ${reason}`, done };
  }
  return { kind: 'pending', channel, attempts, nextMs: nowMs + decision.delayMs, done, reason };
}

/**
 * The envelope after an attempt of which only `note` was left when the process ended. The result of an attempt in
 * progress is unknown.
 */
export function applyNote(envelope: Envelope, note: Note, ifUnclear: IfUnclear, at: RetryContext): Envelope {
  const { id, channel, round, number, delivery } = note;
  const one = envelope.progress.find((progress) => progress.channel === channel);
  if (id !== envelope.message.id || round !== envelope.round) return envelope;
  if (one?.kind !== 'pending' || one.attempts + 1 !== number) return envelope;
  return record(envelope, channel, delivery ?? interrupted(note, ifUnclear), at);
}

function interrupted({ mayBeSent, done, part }: Note, ifUnclear: IfUnclear): Delivery {
  const reason = 'the server ended during the attempt';
  if (!mayBeSent) return { kind: 'retry', reason, done };
  if (ifUnclear === 'repeat') return { kind: 'retry', reason: `${reason}; it may have been delivered`, done };
  const final = `${reason}; not repeated, since the message may have been sent`;
  // The channel reports it when the other parts have ended.
  if (part !== undefined)
    return { kind: 'retry', reason, done: [...done, { part, state: 'given up', reason: final }] };
  return { kind: 'rejected', reason: final, done };
}

export function hasEnded({ progress }: Pick<Envelope, 'progress'>): boolean {
  return progress.every(({ kind }) => kind !== 'pending');
}

/** Whether it becomes a dead letter. */
export function hasFailures({ progress }: Pick<Envelope, 'progress'>): boolean {
  return progress.some(({ kind }) => kind === 'failed');
}

/**
 * The next round of a failed envelope: delivered channels and parts stay, the rest is due at once, including parts that
 * were given up: an operator who requeues a message has removed the cause.
 */
export function reopen(envelope: Envelope, nowMs: number): Envelope {
  const progress = envelope.progress.map((one) =>
    one.kind === 'failed'
      ? pendingAt(
          one.channel,
          nowMs,
          one.done.filter(({ state }) => state === 'delivered'),
        )
      : one,
  );
  return { ...envelope, round: envelope.round + 1, roundMs: nowMs, progress };
}

/** Each part once, in its latest state. */
function mergeParts(before: readonly EndedPart[], after: readonly EndedPart[]): EndedPart[] {
  return [...new Map([...before, ...after].map((one) => [one.part, one])).values()];
}

export function receiptOf({ message, ...rest }: Envelope, endedMs: number): Receipt {
  return { ...rest, id: message.id, endedMs, heading: headingOf(message) };
}

/** When the last channel ended. */
export function lastMsOf({ progress, roundMs }: Envelope): number {
  return Math.max(...progress.map((one) => (one.kind === 'pending' ? roundMs : one.atMs)));
}

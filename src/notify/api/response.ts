/** What a sender learns about its message, as JSON. Pure. */
import { type Problem, problemPlan } from '../../http/errors.ts';
import { jsonPlan } from '../../http/reply.ts';
import type { Plan } from '../../http/types.ts';
import type { NotifyUser } from '../auth/access.ts';
import { timeOfId } from '../id.ts';
import type { ChannelProgress, Status, Summary } from '../queue/envelope.ts';
import type { NotifyProblem } from './problem.ts';

/** The state of a message over all of its channels. */
export type MessageState = 'delivered' | 'pending' | 'partial' | 'failed';

export function messageStateOf(progress: readonly ChannelProgress[]): MessageState {
  const kinds = new Set(progress.map(({ kind }) => kind));
  if (kinds.has('pending')) return 'pending';
  if (!kinds.has('failed')) return 'delivered';
  return kinds.has('delivered') ? 'partial' : 'failed';
}

/** 202: accepted, still in progress. 207: some channels failed for good. 502: all of them did. */
export const STATUSES: Readonly<Record<MessageState, number>> = {
  delivered: 200,
  pending: 202,
  partial: 207,
  failed: 502,
};

/**
 * The response to `POST /notify`. `Location` is relative to that URL (RFC 9110 §10.2.2), so that it also holds behind a
 * proxy that strips a prefix. `base` is what leads there from another URL.
 */
export function sentPlan(status: Status, isRepeated: boolean, base = 'notify/'): Plan {
  const state = messageStateOf(status.progress);
  return jsonPlan(STATUSES[state], bodyOf(status, state, isRepeated), ['Location', `${base}${status.id}`]);
}

/** The response to `GET /notify/{id}`: 200 whatever the state of the message is. */
export function statusPlan(status: Status): Plan {
  return jsonPlan(200, bodyOf(status, messageStateOf(status.progress), false));
}

/** The response to `GET /notify/channels`; `kinds` are those of all channels, by name. */
export function channelsPlan({ name, channels }: NotifyUser, kinds: ReadonlyMap<string, string>): Plan {
  const own = channels.flatMap((channel) => {
    const kind = kinds.get(channel);
    return kind === undefined ? [] : [[channel, kind]];
  });
  return jsonPlan(200, { user: name, channels, kinds: Object.fromEntries(own) });
}

/** The response to `GET /notify/messages`. */
export function messagesPlan(messages: readonly Summary[]): Plan {
  const listed = messages.map((one) => ({
    title: one.heading,
    acceptedAt: timeOf(timeOfId(one.id)),
    ...bodyOf(one, messageStateOf(one.progress), false),
  }));
  return jsonPlan(200, { messages: listed });
}

export function notifyProblemPlan({ code, headers, detail, errors, endsConnection }: NotifyProblem): Plan {
  const problem: Problem = { detail, ...(errors && { errors }) };
  return { ...problemPlan(code, problem, headers), ...(endsConnection && { close: true }) };
}

function bodyOf({ id, progress }: Status, status: MessageState, isRepeated: boolean) {
  return { id, status, ...(isRepeated && { repeated: true }), channels: progress.map(channelOf) };
}

/** One channel: `waiting` before the first attempt, `retrying` after it. */
function channelOf(progress: ChannelProgress) {
  const { channel, attempts } = progress;
  switch (progress.kind) {
    case 'delivered': {
      const { providerId, note, atMs } = progress;
      return { channel, status: 'delivered', attempts, at: timeOf(atMs), providerId, note };
    }
    case 'failed':
      return { channel, status: 'failed', attempts, at: timeOf(progress.atMs), reason: progress.reason };
    case 'pending': {
      const { reason, nextMs } = progress;
      if (attempts === 0) return { channel, status: 'waiting', attempts };
      return { channel, status: 'retrying', attempts, nextAttempt: timeOf(nextMs), reason };
    }
  }
}

/** RFC 3339, in UTC. */
function timeOf(ms: number): string {
  return new Date(ms).toISOString();
}

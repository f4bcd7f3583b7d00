/** What a sender hears of a message, as JSON. Pure. */
import { type Problem, problemPlan } from '../../http/errors.ts';
import type { HeaderList, Plan } from '../../http/types.ts';
import type { User } from '../auth/access.ts';
import type { ChannelProgress, Status } from '../queue/envelope.ts';
import type { Refused } from './refusal.ts';

/** How a message stands over all of its channels. */
export type Outcome = 'delivered' | 'pending' | 'partial' | 'failed';

export function outcomeOf(progress: readonly ChannelProgress[]): Outcome {
  const kinds = new Set(progress.map(({ kind }) => kind));
  if (kinds.has('pending')) return 'pending';
  if (!kinds.has('failed')) return 'delivered';
  return kinds.has('delivered') ? 'partial' : 'failed';
}

/** 202: accepted and not over. 207: some failed for good. 502: all did. */
const statuses: Readonly<Record<Outcome, number>> = {
  delivered: 200,
  pending: 202,
  partial: 207,
  failed: 502,
};

/** The answer to a request to send. */
export function sentPlan(status: Status, isRepeated: boolean): Plan {
  const outcome = outcomeOf(status.progress);
  const headers = ['Location', `/notify/${status.id}`];
  return jsonPlan(statuses[outcome], bodyOf(status, outcome, isRepeated), headers);
}

/** The answer to a question about a message: it is answered, however the message stands. */
export function statusPlan(status: Status): Plan {
  return jsonPlan(200, bodyOf(status, outcomeOf(status.progress), false), []);
}

/** The answer to a question about a token. */
export function channelsPlan({ name, channels }: User): Plan {
  return jsonPlan(200, { user: name, channels }, []);
}

export function refusalPlan({ code, headers, detail, errors, endsConnection }: Refused): Plan {
  const told: Problem = { detail, ...(errors && { errors }) };
  return { ...problemPlan(code, told, headers), ...(endsConnection && { close: true }) };
}

function bodyOf({ id, progress }: Status, status: Outcome, isRepeated: boolean) {
  return { id, status, ...(isRepeated && { repeated: true }), channels: progress.map(resultOf) };
}

/** One channel: `waiting` is before the first attempt, `retrying` after one. */
function resultOf(progress: ChannelProgress) {
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

export function jsonPlan(status: number, body: unknown, extra: HeaderList): Plan {
  const bytes = Buffer.from(`${JSON.stringify(body)}\n`);
  const headers = [
    'Content-Type',
    'application/json',
    'Content-Length',
    String(bytes.length),
    'Cache-Control',
    'no-store',
    ...extra,
  ];
  return { status, headers, body: { kind: 'bytes', bytes } };
}

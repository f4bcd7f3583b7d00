/**
 * What a dialect is: the way in which another server takes messages and answers. A dialect only translates; who may
 * send, how often, and what becomes of the message is the notifier's for all of them. Pure.
 */
import { type ErrorCode, statusOf } from '../../http/errors.ts';
import type { HeaderList, Plan, RequestFacts } from '../../http/types.ts';
import type { Refused } from '../api/refusal.ts';
import type { Fields } from '../api/request.ts';
import { jsonPlan, outcomeOf } from '../api/response.ts';
import type { Accepted } from '../notifier.ts';
import type { ChannelProgress } from '../queue/envelope.ts';

/** In the order in which they are asked: where shapes overlap, the narrower one comes first. */
export const DIALECT_NAMES = [
  ...(['alertmanager', 'grafana', 'serverchan', 'gotify', 'apprise'] as const),
  ...(['ntfy', 'bark'] as const),
] as const;

export type DialectName = (typeof DIALECT_NAMES)[number];

/** The message is accepted: delivered, still tried, or failed on some of its channels only. */
export interface Sent {
  readonly kind: 'sent';
  readonly id: string;
  /** When it was answered, in milliseconds since the epoch. */
  readonly atMs: number;
}

/** The message was refused, or failed for good on every channel. */
export interface Fault {
  readonly kind: 'fault';
  readonly code: ErrorCode | 'undelivered';
  readonly status: number;
  /** What is wrong and what to do about it. */
  readonly detail: string;
  readonly headers: HeaderList;
  readonly endsConnection?: true;
  readonly atMs: number;
}

export type Result = Sent | Fault;

/** A request that a dialect has recognised as its own. */
export interface Call {
  /** One message for each; several only where the API addresses several receivers by their keys. */
  readonly tokens: readonly [string | undefined, ...(readonly string[])];
  /** In mote's own words. */
  readonly fields: Fields | Refused;
  /** See `Submission.channelHints`. */
  readonly channelHints?: readonly string[];
  /** What the request is about, for senders that repeat requests but name no key; see `repeats.ts`. */
  readonly subject?: string;
  /** `results` are in the order of the tokens. */
  reply(results: readonly [Result, ...(readonly Result[])]): Plan;
}

export interface Circumstances {
  readonly active: ReadonlySet<DialectName>;
  /** Whether a text is somebody's token; see `Access.has`. */
  readonly isToken: (text: string) => boolean;
}

/** Gives the call that a request is, or `undefined` for a request that is not this dialect's. */
export type Dialect = (facts: RequestFacts, circumstances: Circumstances) => Call | undefined;

/** How the end of a submission looks to every dialect. 502: nobody got the message, and nobody will. */
export function resultOf(end: Accepted | Refused, atMs: number): Result {
  if (end.kind === 'refused') return faultOf(end, atMs);
  const { id, progress } = end.status;
  if (outcomeOf(progress) !== 'failed') return { kind: 'sent', id, atMs };
  const detail = `Delivered to nobody: ${progress.map(reasonOf).join('; ')}`;
  return { kind: 'fault', code: 'undelivered', status: 502, detail, headers: [], atMs };
}

export function faultOf({ kind: _, ...told }: Refused, atMs: number): Fault {
  return { kind: 'fault', ...told, status: statusOf(told.code), atMs };
}

function reasonOf(progress: ChannelProgress): string {
  return `${progress.channel}: ${progress.kind === 'failed' ? progress.reason : progress.kind}`;
}

export function replyJson(status: number, body: object, headers: HeaderList = []): Plan {
  return jsonPlan(status, body, headers);
}

/** A path segment as its sender meant it; as it is where it is not percent-encoded UTF-8. */
export function decodeSegment(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}

/**
 * GETs that could ask for a file are recognised by the token in them. Looking costs a guesser nothing, so it is
 * done only for tokens that are too long to be guessed. In characters.
 */
export const MIN_GET_TOKEN_CHARACTERS = 20;

export function isGetToken(text: string, { isToken }: Circumstances): boolean {
  return text.length >= MIN_GET_TOKEN_CHARACTERS && isToken(text);
}

/**
 * What a dialect is: the API of another server by which clients send messages. A dialect only translates, requests into
 * input and results into responses; who may send, how often, and what becomes of the message is up to the notifier.
 * `stage.ts` runs the dialects. Pure.
 */
import { type ErrorCode, statusOf } from '../../http/errors.ts';
import type { HeaderList, Plan, RequestFacts } from '../../http/types.ts';
import { failure, type Result, success } from '../../util/result.ts';
import type { MessageInput } from '../api/draft.ts';
import type { NotifyProblem } from '../api/problem.ts';
import { messageStateOf } from '../api/response.ts';
import type { Accepted } from '../notifier.ts';
import type { ChannelProgress } from '../queue/envelope.ts';
import type { Wordings } from './wording.ts';

/** In the order in which they see a request: where paths overlap, the narrower dialect comes first. */
export const DIALECT_NAMES = [
  'alertmanager',
  'grafana',
  'serverchan',
  'slack',
  'wecom-robot',
  'pushdeer',
  'message-pusher',
  'gotify',
  'apprise',
  'ntfy',
  'bark',
] as const;

export type DialectName = (typeof DIALECT_NAMES)[number];

/** The message is accepted: delivered, still being tried, or failed on some of its channels only. */
export interface SentMessage {
  readonly id: string;
  /** When the result was known, in milliseconds since the epoch. */
  readonly atMs: number;
}

/** The request was refused, or the message failed for good on every channel. */
export interface SendFailure {
  readonly code: ErrorCode | 'undelivered';
  readonly status: number;
  /** What is wrong and what to do about it. */
  readonly detail: string;
  readonly headers: HeaderList;
  readonly endsConnection?: true;
  readonly atMs: number;
}

export type SendResult = Result<SentMessage, SendFailure>;

/** A request that a dialect has recognised as its own. */
export interface DialectRequest {
  /** One message for each; several only where the API addresses several receivers by their keys. */
  readonly tokens: readonly [string | undefined, ...(readonly string[])];
  /** For requests without one, where this API has it: «as …». */
  readonly tokenPlace?: string;
  /** Without the idempotency key, which dialects do not have. */
  readonly input: Result<MessageInput, NotifyProblem>;
  /** See `SendRequest.channelHints`. */
  readonly channelHints?: readonly string[];
  /** What the request is about, for senders that repeat requests without an idempotency key; see `repeats.ts`. */
  readonly subject?: string;
  /** `results` are in the order of the tokens. */
  respond(results: readonly [SendResult, ...(readonly SendResult[])]): Plan;
}

/** What a dialect may need to know to recognise its requests. */
export interface DialectContext {
  readonly active: ReadonlySet<DialectName>;
  /** See `Access.isToken`. */
  readonly isToken: (text: string) => boolean;
  readonly wordings?: Wordings | undefined;
}

/** `undefined` for a request that is not for this dialect. */
export type Dialect = (facts: RequestFacts, context: DialectContext) => DialectRequest | undefined;

/** What the notifier said, as every dialect sees it. 502: nobody got the message, and nobody will. */
export function sendResultOf(submitted: Result<Accepted, NotifyProblem>, atMs: number): SendResult {
  if (!submitted.ok) return failure(sendFailureOf(submitted.error, atMs));
  const { id, progress } = submitted.value.status;
  if (messageStateOf(progress) !== 'failed') return success({ id, atMs });
  const detail = `Not delivered: ${progress.map(stateText).join('; ')}`;
  return failure({ code: 'undelivered', status: 502, detail, headers: [], atMs });
}

export function sendFailureOf(problem: NotifyProblem, atMs: number): SendFailure {
  return { ...problem, status: statusOf(problem.code), atMs };
}

function stateText(progress: ChannelProgress): string {
  return `${progress.channel}: ${progress.kind === 'failed' ? progress.reason : progress.kind}`;
}

/** A decoded path segment; unchanged if it is not percent-encoded UTF-8. */
export function decodeSegment(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}

/**
 * GET requests that could be for a file are recognised by the token in them. A lookup costs a guesser nothing, so only
 * texts that are too long to be guessed are looked up. In characters.
 */
export const MIN_GET_TOKEN_CHARACTERS = 20;

export function isGetToken(text: string, { isToken }: DialectContext): boolean {
  return text.length >= MIN_GET_TOKEN_CHARACTERS && isToken(text);
}

/** What an outcome that is no success means for a message that may be sent twice rather than never. */
import type { IncomingHttpHeaders } from 'node:http';
import type { Delivery } from '../channel.ts';
import type { Answer, Outcome } from './client.ts';

export type Failure = Exclude<Delivery, { kind: 'delivered' }>;
export type Retry = Extract<Delivery, { kind: 'retry' }>;

/** Without an answer, only a refusal is final. */
export function failureWithout(outcome: Exclude<Outcome, Answer>): Failure {
  return { kind: outcome.kind === 'refused' ? 'rejected' : 'retry', reason: outcome.fault };
}

/** 408, 425, 429 and what a server or gateway may recover from; the rest says the same again (RFC 9110 §15). */
const temporaryStatuses = new Set([
  408, 425, 429, 500, 502, 503, 504, 507, 508, 520, 521, 522, 523, 524, 529,
]);

/** By the status alone. */
export function failureOf({ status, headers }: Answer, nowMs: number): Failure {
  const reason = status >= 300 && status < 400 ? `HTTP ${status}, not followed` : `HTTP ${status}`;
  if (!temporaryStatuses.has(status)) return { kind: 'rejected', reason };
  const afterMs = retryAfterMs(headers, nowMs);
  return isLimit(status, afterMs) ? limited(reason, afterMs) : retry(reason, afterMs);
}

/** 429 is about this client (RFC 6585 §4), and 503 with a time about the whole service (RFC 9110 §15.6.4). */
function isLimit(status: number, afterMs: number | undefined): boolean {
  return status === 429 || (status === 503 && afterMs !== undefined);
}

export function retry(reason: string, afterMs?: number): Retry {
  return { kind: 'retry', reason, ...(afterMs !== undefined && { afterMs }) };
}

/** The provider was called too often: the channel's other messages have to wait too. */
export function limited(reason: string, afterMs?: number): Retry {
  return { ...retry(reason, afterMs), isLimited: true };
}

/** Providers count calls by the minute first. */
export const FIRST_BLOCK_MS = 60_000;
/** What is still blocked after the minutes is blocked by the hour or the day. */
const LONGEST_BLOCK_MS = 3_600_000;
const BLOCK_GROWTH = 4;

/** How long to leave a provider alone that blocked the attempt of this number and does not say for how long. */
export function blockMs(attempt: number): number {
  return Math.min(FIRST_BLOCK_MS * BLOCK_GROWTH ** (attempt - 1), LONGEST_BLOCK_MS);
}

/** Retry-After in milliseconds from now, as seconds or as a date (RFC 9110 §10.2.3). */
export function retryAfterMs(headers: IncomingHttpHeaders, nowMs: number): number | undefined {
  const value = headers['retry-after']?.trim();
  if (value === undefined) return undefined;
  if (/^\d{1,10}$/.test(value)) return Number(value) * 1000;
  // Date.parse takes much that is no date of HTTP; those begin with the name of the day.
  const dateMs = /^[A-Z][a-z]{2,8},? /.test(value) ? Date.parse(value) : Number.NaN;
  return Number.isNaN(dateMs) ? undefined : Math.max(0, dateMs - nowMs);
}

/** The JSON in the body, if it is whole and is some. */
export function jsonIn({ body, complete }: Answer): unknown {
  try {
    return complete ? JSON.parse(body.toString()) : undefined;
  } catch {
    return undefined;
  }
}

export function objectIn(answer: Answer): Readonly<Record<string, unknown>> | undefined {
  return asObject(jsonIn(answer));
}

export function asObject(value: unknown): Readonly<Record<string, unknown>> | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : undefined;
}

/** A provider's own id or code, if it looks like one: nothing else that a server says is handed on. */
export function identifier(value: unknown): string | undefined {
  const text = typeof value === 'number' ? String(value) : value;
  return typeof text === 'string' && /^[\w.:~^+/=-]{1,128}$/.test(text) ? text : undefined;
}

/** What an unsuccessful request means for a message that may rather be sent twice than not at all. */

import type { ClientResponse, ClientResult } from '../../net/http-client.ts';
import { isObject } from '../../util/json.ts';
import type { Delivery } from './channel.ts';

export type FailedDelivery = Exclude<Delivery, { kind: 'delivered' }>;
export type DeferredDelivery = Extract<Delivery, { kind: 'retry' }>;

/** Without a response, only a refusal is final. */
export function failureWithout(outcome: Exclude<ClientResult, ClientResponse>): FailedDelivery {
  return { kind: outcome.kind === 'refused' ? 'rejected' : 'retry', reason: outcome.fault };
}

/** Temporary client errors: timeout, misdirected, locked, too early, too many requests. */
const temporaryClientErrors = new Set([408, 421, 423, 425, 429]);
/** Permanent server errors: not implemented, version not supported. */
const finalServerErrors = new Set([501, 505]);

/** An unknown code means the same as the x00 of its class (RFC 9110 §15), and 500 is temporary. */
function isTemporary(status: number): boolean {
  return status >= 500 ? !finalServerErrors.has(status) : temporaryClientErrors.has(status);
}

/** By the status alone; `said` is an explanation for people. */
export function failureOfStatus(
  { status, headers }: ClientResponse,
  nowMs: number,
  said = '',
): FailedDelivery {
  const code = status >= 300 && status < 400 ? `HTTP ${status}, not followed` : `HTTP ${status}`;
  const reason = said === '' ? code : `${code}: ${said}`;
  if (!isTemporary(status)) return { kind: 'rejected', reason };
  const afterMs = retryAfterMs(headers, nowMs);
  return isLimit(status, afterMs) ? limited(reason, afterMs) : retry(reason, afterMs);
}

/** 429 is about this client (RFC 6585 §4), and 503 with a time about the whole service (RFC 9110 §15.6.4). */
function isLimit(status: number, afterMs: number | undefined): boolean {
  return status === 429 || (status === 503 && afterMs !== undefined);
}

/** Where a redirect leads, compared with `url`. The target itself is not shown, since servers echo what they received. */
export function redirectOf({ headers }: ClientResponse, url: URL): string {
  const target = headers.location === undefined ? null : URL.parse(headers.location, url.href);
  if (!target) return '';
  const advice = '; configure the address that it leads to';
  if (target.host !== url.host) return `it leads to another host${advice}`;
  if (target.protocol !== url.protocol) return `it leads to ${target.protocol.slice(0, -1)}${advice}`;
  return `it leads to another path${advice}`;
}

export function retry(reason: string, afterMs?: number): DeferredDelivery {
  return { kind: 'retry', reason, ...(afterMs !== undefined && { afterMs }) };
}

/** The provider was called too often: the channel's other messages have to wait too. */
export function limited(reason: string, afterMs?: number): DeferredDelivery {
  return { ...retry(reason, afterMs), isLimited: true };
}

/** Providers count calls per minute first. */
export const FIRST_BLOCK_MS = 60_000;
/** A longer block is per hour or per day. */
const LONGEST_BLOCK_MS = 3_600_000;
const BLOCK_GROWTH = 4;

/** How long to wait after a provider blocked this attempt without saying for how long. */
export function blockMs(attempt: number): number {
  return Math.min(FIRST_BLOCK_MS * BLOCK_GROWTH ** (attempt - 1), LONGEST_BLOCK_MS);
}

/**
 * Within this time after a message was accepted, an unreadable response (as from a proxy during maintenance) leads to
 * another attempt. Later the message is not sent again, since each attempt may have delivered it.
 */
const UNREAD_MAX_AGE_MS = 2 * 3_600_000;

/** Which attempt it is, and how long ago the message was accepted. */
export interface Repetition {
  readonly number: number;
  readonly ageMs: number;
}

/** For a success that cannot be read: it is repeated slowly, and only for a limited time. */
export function retryUnread(reason: string, { number, ageMs }: Repetition): FailedDelivery {
  if (ageMs < UNREAD_MAX_AGE_MS) return retry(reason, blockMs(number));
  return { kind: 'rejected', reason: `${reason}; not repeated, since it may have been taken` };
}

/** Retry-After in milliseconds from now, as seconds or as a date (RFC 9110 §10.2.3). */
export function retryAfterMs(headers: ClientResponse['headers'], nowMs: number): number | undefined {
  const value = headers['retry-after']?.trim();
  if (value === undefined) return undefined;
  // Some servers send fractions.
  if (/^\d{1,10}(\.\d{1,9})?$/.test(value)) return Math.ceil(Number(value) * 1000);
  // Date.parse takes much that is no date of HTTP; those begin with the name of the day.
  const dateMs = /^[A-Z][a-z]{2,8},? /.test(value) ? Date.parse(value) : Number.NaN;
  return Number.isNaN(dateMs) ? undefined : Math.max(0, dateMs - nowMs);
}

/** The JSON in the body, if it is whole and is some. */
export function jsonIn({ body, complete }: ClientResponse): unknown {
  try {
    // Some servers begin it with a byte order mark, which is no JSON (RFC 8259 §8.1).
    return complete ? JSON.parse(body.toString().replace(/^\ufeff/, '')) : undefined;
  } catch {
    return undefined;
  }
}

export function objectIn(response: ClientResponse): Readonly<Record<string, unknown>> | undefined {
  return asObject(jsonIn(response));
}

export function asObject(value: unknown): Readonly<Record<string, unknown>> | undefined {
  return isObject(value) ? value : undefined;
}

/** A provider's own id or code, if it looks like one: no other text of a server is passed on. */
export function identifier(value: unknown): string | undefined {
  const text = typeof value === 'number' ? String(value) : value;
  return typeof text === 'string' && /^[\w.:~^+/=-]{1,128}$/.test(text) ? text : undefined;
}

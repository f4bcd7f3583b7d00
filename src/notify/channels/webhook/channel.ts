/**
 * A request to a URL of the operator's choice; the client that comes with it refuses addresses that are not
 * public, unless they are allowed. It is repeated where it is not clear whether it was acted upon. Receivers
 * can tell by the header `Idempotency-Key`, which holds the id of the message.
 */

import { basicOf } from '../../../net/credentials.ts';
import type { ClientResponse, Send } from '../../../net/http-client.ts';
import type { Channel, Delivery } from '../channel.ts';
import { compileExcerpt } from '../excerpt.ts';
import {
  failureOfStatus,
  failureWithout,
  jsonIn,
  type Repetition,
  redirectOf,
  retry,
  retryUnread,
} from '../failure.ts';
import { compileJson, compilePointer, type JsonValue } from './json.ts';
import { compileHeader, compileUrl } from './places.ts';

export interface WebhookSettings {
  readonly name: string;
  /** Default `POST`. */
  readonly method?: 'GET' | 'POST' | 'PUT' | 'PATCH';
  /** Secret. Fields may stand in path and query; credentials become `Authorization: Basic`. */
  readonly url: string;
  /** Secret. Fields may stand in values. */
  readonly headers?: Readonly<Record<string, string>>;
  /** The body; fields may stand in its strings. Default {@link DEFAULT_JSON}, and none for GET. */
  readonly json?: JsonValue;
  readonly success?: SuccessCriteria;
}

/** When a response means that the message was taken. */
export interface SuccessCriteria {
  /** Default: 200 to 299. */
  readonly statuses?: readonly number[];
  /** What a JSON response has to hold besides. */
  readonly match?: {
    /** RFC 6901, for example `/errcode`. */
    readonly pointer: string;
    readonly equals: null | boolean | number | string;
  };
}

export const WEBHOOK_TIMEOUT_MS = 30_000;
const DEFAULT_JSON: JsonValue = { id: '{{id}}', title: '{{title}}', text: '{{text}}', url: '{{url}}' };

/** Throws a `RangeError` for settings that cannot work. */
export function createWebhookChannel(
  settings: WebhookSettings,
  send: Send,
  nowMs: () => number = Date.now,
): Channel {
  const { method = 'POST', json, success = {} } = settings;
  if (method === 'GET' && json !== undefined)
    throw new RangeError('json: GET has no body; leave it out, or choose another method');
  const fillUrl = compileUrl(settings.url);
  const headers = headersOf(settings).map(([name, value]) => [name, compileHeader(name, value)] as const);
  const fillBody = method === 'GET' ? undefined : compileJson(json === undefined ? DEFAULT_JSON : json);
  const judge = compileJudge(settings, success);
  return {
    name: settings.name,
    timeoutMs: WEBHOOK_TIMEOUT_MS,
    async deliver(message, { signal, number }) {
      const url = fillUrl(message);
      if (!url)
        return { kind: 'rejected', reason: 'a value of the message cannot stand in the path of the URL' };
      const outcome = await send({
        method,
        url,
        signal,
        headers: Object.fromEntries(headers.map(([name, fill]) => [name, fill(message)])),
        ...(fillBody && { body: JSON.stringify(fillBody(message)) }),
      });
      if (outcome.kind !== 'response') return failureWithout(outcome);
      return judge(outcome, { url, number, nowMs: nowMs(), ageMs: nowMs() - message.acceptedMs });
    },
  };
}

/** Those of the settings over the usual ones, names in lower case. */
function headersOf({ method, url, headers = {} }: WebhookSettings): [name: string, value: string][] {
  const authorization = authorizationOf(url);
  const usual = {
    'idempotency-key': '{{id}}',
    ...(method !== 'GET' && { 'content-type': 'application/json' }),
    ...(authorization !== undefined && { authorization }),
  };
  const own = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value] as const);
  return Object.entries({ ...usual, ...Object.fromEntries(own) });
}

function authorizationOf(url: string): string | undefined {
  try {
    return basicOf(new URL(url));
  } catch (error) {
    throw new RangeError(`url: ${(error as Error).message}`);
  }
}

/** What else a response is judged by. */
interface ResponseContext extends Repetition {
  readonly url: URL;
  readonly nowMs: number;
}

function compileJudge(
  settings: WebhookSettings,
  { statuses, match }: SuccessCriteria,
): (response: ClientResponse, circumstances: ResponseContext) => Delivery {
  const take = match && compilePointer(match.pointer);
  const excerptOf = compileExcerpt(writtenIn(settings));
  return (response, circumstances) => {
    const { status } = response;
    const taken = statuses ? statuses.includes(status) : status >= 200 && status < 300;
    if (!taken) {
      const isRedirect = status >= 300 && status < 400;
      const said = isRedirect ? redirectOf(response, circumstances.url) : excerptOf(response);
      return failureOfStatus(response, circumstances.nowMs, said);
    }
    const found = take?.(jsonIn(response));
    if (!match || found === match.equals) return { kind: 'delivered' };
    const said = excerptOf(response);
    const reason = `the response does not say that it was taken${said && `: ${said}`}`;
    // It says something else. What that means is not known, so it may be for now only.
    return found === undefined ? retryUnread(reason, circumstances) : retry(reason);
  };
}

/** What the operator wrote, which no reason shows. */
function writtenIn({ url, headers = {}, json }: WebhookSettings): string[] {
  return [url, authorizationOf(url) ?? '', ...Object.values(headers), ...textsIn(json)];
}

/** The texts and numbers of a body, wherever they are. */
function textsIn(json: JsonValue | undefined): string[] {
  if (typeof json === 'object' && json !== null) return Object.values(json).flatMap(textsIn);
  return typeof json === 'string' || typeof json === 'number' ? [String(json)] : [];
}

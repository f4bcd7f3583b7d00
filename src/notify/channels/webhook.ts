/**
 * A request to a URL of the operator's choice; the client that comes with it refuses addresses that are not
 * public, unless they are allowed. It is repeated where it is not clear whether it was acted upon. Receivers
 * can tell by the header `Idempotency-Key`, which holds the id of the message.
 */
import type { Channel, Delivery } from './channel.ts';
import { basicOf } from './http/basic.ts';
import type { Answer, Send } from './http/client.ts';
import { failureOf, failureWithout, jsonIn, retry } from './http/failure.ts';
import { compileJson, compilePointer, type Json } from './webhook/json.ts';
import { compileHeader, compileUrl } from './webhook/places.ts';

export interface WebhookSettings {
  readonly name: string;
  /** Default `POST`. */
  readonly method?: 'GET' | 'POST' | 'PUT' | 'PATCH';
  /** Secret. Fields may stand in path and query; credentials become `Authorization: Basic`. */
  readonly url: string;
  /** Secret. Fields may stand in values. */
  readonly headers?: Readonly<Record<string, string>>;
  /** The body; fields may stand in its strings. Default {@link DEFAULT_JSON}, and none for GET. */
  readonly json?: Json;
  readonly success?: Success;
}

/** When an answer means that the message was taken. */
export interface Success {
  /** Default: 200 to 299. */
  readonly statuses?: readonly number[];
  /** What a JSON answer has to hold besides. */
  readonly match?: {
    /** RFC 6901, for example `/errcode`. */
    readonly pointer: string;
    readonly equals: null | boolean | number | string;
  };
}

export const WEBHOOK_TIMEOUT_MS = 30_000;
const DEFAULT_JSON: Json = { id: '{{id}}', title: '{{title}}', text: '{{text}}', url: '{{url}}' };

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
  const isSuccess = compileSuccess(success);
  return {
    name: settings.name,
    timeoutMs: WEBHOOK_TIMEOUT_MS,
    async deliver(message, { signal }) {
      const url = fillUrl(message);
      if (!url)
        return { kind: 'rejected', reason: 'a value of the message cannot stand in the path of the URL' };
      const outcome = await send({
        ...{ method, url, signal },
        headers: Object.fromEntries(headers.map(([name, fill]) => [name, fill(message)])),
        ...(fillBody && { body: JSON.stringify(fillBody(message)) }),
      });
      return outcome.kind === 'answered' ? isSuccess(outcome, nowMs()) : failureWithout(outcome);
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

function compileSuccess({ statuses, match }: Success): (answer: Answer, nowMs: number) => Delivery {
  const take = match && compilePointer(match.pointer);
  return (answer, nowMs) => {
    const { status } = answer;
    const taken = statuses ? statuses.includes(status) : status >= 200 && status < 300;
    if (!taken) return failureOf(answer, nowMs);
    // What else it means is not known, so it may be for now only.
    if (take && take(jsonIn(answer)) !== match.equals)
      return retry('the answer does not say that it was taken');
    return { kind: 'delivered' };
  };
}

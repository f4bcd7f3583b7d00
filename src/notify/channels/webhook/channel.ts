/**
 * A request to a URL of the operator's choice; the client that comes with it refuses addresses that are not
 * public, unless they are allowed. It is repeated where it is not clear whether it was acted upon. Receivers
 * can tell by the header `Idempotency-Key`, which holds the id of the message.
 */

import { basicOf } from '../../../net/credentials.ts';
import type { ClientResponse, Send } from '../../../net/http-client.ts';
import type { JsonValue } from '../../../util/json.ts';
import { collect, failure, type Result, success } from '../../../util/result.ts';
import type { Message } from '../../message.ts';
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
import { compileJson, compilePointer, type FillJson } from './json-template.ts';
import { compileHeader, compileUrl, type FillUrl } from './request-template.ts';
import { compileSignature, type SignatureSettings, type SignRequest } from './signature.ts';

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
  readonly sign?: SignatureSettings;
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
const KEY_HEADER = 'idempotency-key';
const DEFAULT_JSON: JsonValue = { id: '{{id}}', title: '{{title}}', text: '{{text}}', url: '{{url}}' };

export function createWebhookChannel(
  settings: WebhookSettings,
  send: Send,
  nowMs: () => number = Date.now,
): Result<Channel, string> {
  const { method = 'POST' } = settings;
  const filled = compileRequest(settings, method);
  if (!filled.ok) return filled;
  const { url: fillUrl, headers: fillHeaders, body: fillBody, sign, isRepeatable } = filled.value;
  const interpreted = compileInterpreter(settings);
  if (!interpreted.ok) return interpreted;
  const interpret = interpreted.value;
  return success({
    name: settings.name,
    timeoutMs: WEBHOOK_TIMEOUT_MS,
    async deliver(message, { signal, number }) {
      const url = fillUrl(message);
      if (!url) {
        return { kind: 'rejected', reason: 'a value of the message cannot stand in the path of the URL' };
      }
      const body = fillBody && JSON.stringify(fillBody(message));
      const outcome = await send({
        method,
        url,
        signal,
        isRepeatable,
        headers: { ...fillHeaders(message), ...sign?.({ id: message.id, body: body ?? '', nowMs: nowMs() }) },
        ...(body !== undefined && { body }),
      });
      if (outcome.kind !== 'response') return failureWithout(outcome);
      return interpret(outcome, { url, number, nowMs: nowMs(), ageMs: nowMs() - message.acceptedMs });
    },
  });
}

/** How a message becomes a request. */
interface FillRequest {
  readonly url: FillUrl;
  readonly headers: (message: Message) => Readonly<Record<string, string>>;
  readonly body: FillJson | undefined;
  /** The headers of the signature, made for each attempt since they may contain the time. */
  readonly sign: SignRequest | undefined;
  /** The receiver can tell by its key that it has the message already. */
  readonly isRepeatable: boolean;
}

function compileRequest(settings: WebhookSettings, method: string): Result<FillRequest, string> {
  const { json = DEFAULT_JSON } = settings;
  if (method === 'GET' && settings.json !== undefined) {
    return failure('json: GET has no body; leave it out, or choose another method');
  }
  const url = compileUrl(settings.url);
  if (!url.ok) return url;
  const headers = compileHeaders(settings);
  if (!headers.ok) return headers;
  const body = method === 'GET' ? success(undefined) : compileJson(json);
  if (!body.ok) return body;
  const sign = settings.sign ? compileSignature(settings.sign) : success(undefined);
  if (!sign.ok) return sign;
  const isRepeatable = hasKey(settings);
  return success({
    url: url.value,
    headers: headers.value,
    body: body.value,
    sign: sign.value,
    isRepeatable,
  });
}

/** Unless the operator has put something else than the id into its place. */
function hasKey({ headers = {} }: WebhookSettings): boolean {
  const own = Object.entries(headers).findLast(([name]) => name.toLowerCase() === KEY_HEADER);
  return own === undefined || /\{\{\s*id\s*\}\}/.test(own[1]);
}

/** Those of the settings over the usual ones, names in lower case. */
function compileHeaders(settings: WebhookSettings): Result<FillRequest['headers'], string> {
  const authorization = authorizationOf(settings.url);
  if (!authorization.ok) return authorization;
  const own = Object.entries(settings.headers ?? {}).map(([name, value]) => [name.toLowerCase(), value]);
  const sources: Readonly<Record<string, string>> = {
    [KEY_HEADER]: '{{id}}',
    ...(settings.method !== 'GET' && { 'content-type': 'application/json' }),
    ...(authorization.value !== undefined && { authorization: authorization.value }),
    ...Object.fromEntries(own),
  };
  const names = Object.keys(sources);
  const fills = collect(names.map((name) => compileHeader(name, sources[name] ?? '')));
  if (!fills.ok) return fills;
  return success((message) =>
    Object.fromEntries(fills.value.map((fill, i) => [names[i] as string, fill(message)])),
  );
}

function authorizationOf(url: string): Result<string | undefined, string> {
  const credentials = basicOf(new URL(url));
  return credentials.ok ? credentials : failure(`url: ${credentials.error}`);
}

/** What else a response is judged by. */
interface ResponseContext extends Repetition {
  readonly url: URL;
  readonly nowMs: number;
}

type Interpret = (response: ClientResponse, context: ResponseContext) => Delivery;

/** What a response means for the message. */
function compileInterpreter(settings: WebhookSettings): Result<Interpret, string> {
  const { statuses, match } = settings.success ?? {};
  const pointer = match ? compilePointer(match.pointer) : success(undefined);
  if (!pointer.ok) return pointer;
  const take = pointer.value;
  const excerptOf = compileExcerpt(writtenIn(settings));
  return success((response, context) => {
    const { status } = response;
    const isTaken = statuses ? statuses.includes(status) : status >= 200 && status < 300;
    if (!isTaken) {
      const isRedirect = status >= 300 && status < 400;
      const said = isRedirect ? redirectOf(response, context.url) : excerptOf(response);
      return failureOfStatus(response, context.nowMs, said);
    }
    const found = take?.(jsonIn(response));
    if (!match || found === match.equals) return { kind: 'delivered' };
    const said = excerptOf(response);
    const reason = `the response does not say that it was taken${said && `: ${said}`}`;
    // A value that is not the expected one may be so for now only.
    return found === undefined ? retryUnread(reason, context) : retry(reason);
  });
}

/** What the operator wrote, which no reason shows. */
function writtenIn({ url, headers = {}, json, sign }: WebhookSettings): string[] {
  const authorization = authorizationOf(url);
  const encoded = authorization.ok ? (authorization.value ?? '') : '';
  return [url, encoded, sign?.secret ?? '', ...Object.values(headers), ...textsIn(json)];
}

/** The texts and numbers of a body, wherever they are. */
function textsIn(json: JsonValue | undefined): string[] {
  if (typeof json === 'object' && json !== null) return Object.values(json).flatMap(textsIn);
  return typeof json === 'string' || typeof json === 'number' ? [String(json)] : [];
}

/**
 * Messages of a WeCom (企业微信) application. An attempt, part by part:
 *
 * 1. the access token, from memory or by one request that all messages wait for together
 * 2. the part, in the very bytes of earlier attempts, so that WeCom's duplicate check knows it again
 * 3. a refused token is replaced once, and the part is sent again
 * 4. the code says what became of it; recipients that were left out become a note
 */

import { parseBase } from '../../../net/base-url.ts';
import type { Send } from '../../../net/http-client.ts';
import { failure, type Result, success } from '../../../util/result.ts';
import type { Steps } from '../../../util/turns.ts';
import type { Message } from '../../message.ts';
import type { Attempt, Channel, Delivery, Rate } from '../channel.ts';
import { type FailedDelivery, identifier, retry } from '../failure.ts';
import { type Piece, PieceMaker } from '../pieces.ts';
import { asText } from '../text/split.ts';
import { DEFAULT_BASE, endpointUnder } from './base.ts';
import {
  failureOfWecomCode,
  isSuccess,
  isTokenRefused,
  readResponse,
  type WecomFields,
  type WecomResponse,
} from './codes.ts';
import { piecesOf, TEXT_MAX_BYTES } from './pieces.ts';
import { type SharedToken, type Token, TokenCache } from './token.ts';

export interface WecomSettings {
  readonly name: string;
  /** Default {@link DEFAULT_BASE}. A path is kept in front of `/cgi-bin`. */
  readonly base?: string;
  readonly corpId: string;
  /** Secret. */
  readonly secret: string;
  readonly agentId: number;
  /** At least one recipient. */
  readonly to: Recipients;
  /**
   * Default `text`, which arrives everywhere: the WeChat plugin (微信插件) does not show markdown. What has no title or
   * URL, or is too long for a card, is sent as text instead.
   */
  readonly style?: 'text' | 'markdown' | 'textcard';
  /** Recipients cannot share it. */
  readonly safe?: boolean;
}

export interface Recipients {
  /** At most 1000 user ids, or `@all`. */
  readonly users?: readonly string[];
  /** At most 100 ids of departments. */
  readonly parties?: readonly string[];
  /** At most 100 ids of tags. */
  readonly tags?: readonly string[];
}

export const WECOM_TIMEOUT_MS = 30_000;
/** What each member gets of an application. WeCom drops what is more, without a word. */
export const WECOM_RATES: readonly Rate[] = [
  { calls: 30, windowMs: 60_000 },
  { calls: 1000, windowMs: 3_600_000 },
];
/** All waiting messages share a request for the token, so it has a limit of its own. */
const TOKEN_TIMEOUT_MS = 15_000;
/** Within this time WeCom drops a body that it had already. Longer than retries after an unclear response take. */
const DUPLICATE_CHECK_SECONDS = 1800;
const MAX_USERS = 1000;
const MAX_GROUPS = 100;
const CARD_TITLE_MAX_BYTES = 128;
const CARD_DESCRIPTION_MAX_BYTES = 512;
const CARD_URL_MAX_BYTES = 2048;

export function createWecomChannel(
  settings: WecomSettings,
  send: Send,
  nowMs: () => number = Date.now,
  shared?: SharedToken,
): Result<Channel, string> {
  const recipients = checkRecipients(settings.to);
  if (!recipients.ok) return recipients;
  const base = parseBase(settings.base ?? DEFAULT_BASE);
  if (!base.ok) return base;
  const application = new Application(base.value, settings, send, { nowMs, shared });
  const bodies = new PieceMaker((message) => bodiesOf(message, settings));
  return success({
    name: settings.name,
    timeoutMs: WECOM_TIMEOUT_MS,
    rates: WECOM_RATES,
    callsFor: (message, done) => bodies.countRemaining(message, done),
    deliver: (message, attempt) =>
      bodies.deliver(message, attempt, ({ body }) => application.post(body, attempt)),
  });
}

class Application {
  readonly #base: URL;
  readonly #send: Send;
  readonly #nowMs: () => number;
  readonly #tokenUrl: URL;
  readonly #tokens: TokenCache;

  constructor(
    base: URL,
    { corpId, secret }: WecomSettings,
    send: Send,
    { nowMs, shared }: { readonly nowMs: () => number; readonly shared: SharedToken | undefined },
  ) {
    this.#base = base;
    this.#send = send;
    this.#nowMs = nowMs;
    this.#tokenUrl = endpointUnder(base, 'gettoken', { corpid: corpId, corpsecret: secret });
    this.#tokens = new TokenCache(() => this.#askForToken(), nowMs, shared);
  }

  async post(body: string, { signal }: Attempt): Promise<Delivery> {
    const token = await unlessAborted(this.#tokens.get(), signal);
    if (token.kind !== 'token') return token;
    const first = await this.#postWith(token, body, signal);
    if (first.kind !== 'response' || !isTokenRefused(first)) return deliveryOf(first);
    const fresh = await unlessAborted(this.#tokens.replace(token), signal);
    if (fresh.kind !== 'token') return fresh;
    const second = await this.#postWith(fresh, body, signal);
    if (second.kind !== 'response' || !isTokenRefused(second)) return deliveryOf(second);
    return retry(`WeCom ${second.code}: the fresh access token is refused`);
  }

  async #postWith(
    { token }: Token,
    body: string,
    signal: AbortSignal,
  ): Promise<WecomResponse | FailedDelivery> {
    const url = endpointUnder(this.#base, 'message/send', { access_token: token });
    const headers = { 'content-type': 'application/json' };
    // WeCom knows the same bytes again.
    const request = { method: 'POST', url, headers, body, isRepeatable: true, signal };
    return readResponse(await this.#send(request), this.#nowMs());
  }

  async #askForToken() {
    const signal = AbortSignal.timeout(TOKEN_TIMEOUT_MS);
    const outcome = await this.#send({ method: 'GET', url: this.#tokenUrl, isRepeatable: true, signal });
    const response = readResponse(outcome, this.#nowMs());
    if (response.kind !== 'response') return response;
    if (!isSuccess(response)) return failureOfWecomCode(response);
    const { access_token: token, expires_in: life } = response.fields;
    if (typeof token !== 'string' || token === '' || typeof life !== 'number') {
      return retry('the response holds no access token');
    }
    return { kind: 'token', token, lifeMs: life * 1000 } as const;
  }
}

/** The requests that others wait for too go on without this one. */
function unlessAborted(
  pending: Promise<Token | FailedDelivery>,
  signal: AbortSignal,
): Promise<Token | FailedDelivery> {
  return new Promise((resolve) => {
    const abort = () => resolve(retry('getting the access token took too long'));
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    pending.then((result) => {
      signal.removeEventListener('abort', abort);
      resolve(result);
    });
  });
}

function deliveryOf(response: WecomResponse | FailedDelivery): Delivery {
  if (response.kind !== 'response') return response;
  if (!isSuccess(response)) return failureOfWecomCode(response);
  const providerId = identifier(response.fields.msgid);
  const note = leftOut(response.fields);
  return { kind: 'delivered', ...(providerId && { providerId }), ...(note && { note }) };
}

const leftOutFields = [
  ['invaliduser', 'invalid users'],
  ['invalidparty', 'invalid departments'],
  ['invalidtag', 'invalid tags'],
  ['unlicenseduser', 'users without a licence'],
] as const;
const NOTE_MAX_UNITS = 200;

function leftOut(fields: WecomFields): string {
  const lists = leftOutFields.flatMap(([field, words]) => {
    const ids = fields[field];
    if (typeof ids !== 'string' || ids === '') return [];
    return [`${words}: ${ids.replace(/[^\w@.|-]/g, '?').slice(0, NOTE_MAX_UNITS)}`];
  });
  return lists.length > 0 ? `left out ${lists.join(', ')}` : '';
}

interface WecomBody extends Piece {
  readonly body: string;
}

/** Depends on nothing but its arguments: the bytes are the same on every attempt. */
function* bodiesOf(message: Message, settings: WecomSettings): Steps<WecomBody[]> {
  const { style = 'text' } = settings;
  const card = style === 'textcard' ? cardOf(yield* asText(message)) : undefined;
  if (card) return [{ key: 'textcard', body: bodyOf(message.id, settings, 'textcard', card) }];
  const written = style === 'markdown' ? 'markdown' : 'text';
  const pieces = yield* piecesOf(message, written, TEXT_MAX_BYTES);
  return pieces.map(({ key, content }) => ({
    key,
    body: bodyOf(`${message.id} ${key}`, settings, written, { content }),
  }));
}

function cardOf({ title, text, url }: Message): object | undefined {
  const description = text || title;
  const fits =
    title !== '' &&
    Buffer.byteLength(title) <= CARD_TITLE_MAX_BYTES &&
    Buffer.byteLength(description) <= CARD_DESCRIPTION_MAX_BYTES &&
    Buffer.byteLength(url ?? '') <= CARD_URL_MAX_BYTES;
  return url && fits ? { title, description, url } : undefined;
}

function bodyOf(id: string, { to, agentId, safe }: WecomSettings, type: string, content: object): string {
  return JSON.stringify({
    ...(to.users?.length && { touser: to.users.join('|') }),
    ...(to.parties?.length && { toparty: to.parties.join('|') }),
    ...(to.tags?.length && { totag: to.tags.join('|') }),
    msgtype: type,
    agentid: agentId,
    [type]: content,
    safe: safe ? 1 : 0,
    enable_duplicate_check: 1,
    duplicate_check_interval: DUPLICATE_CHECK_SECONDS,
    // WeCom compares the JSON: without this, another message of the same words would be dropped as well.
    mote_id: id,
  });
}

function checkRecipients(to: Recipients): Result<Recipients, string> {
  const { users = [], parties = [], tags = [] } = to;
  if (users.length + parties.length + tags.length === 0) {
    return failure('users, parties, tags: one of them is needed, as there is no recipient');
  }
  if (users.length > MAX_USERS) return failure(`more than ${MAX_USERS} users`);
  if (Math.max(parties.length, tags.length) > MAX_GROUPS) {
    return failure(`more than ${MAX_GROUPS} departments or tags`);
  }
  return success(to);
}

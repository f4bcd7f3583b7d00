/**
 * The notify stage. Its steps, in order:
 *
 * 1. path: `/notify`, `/notify/channels` and `/notify/{id}`; everything else is not ours
 * 2. method: POST sends, GET asks, OPTIONS is answered; GET sends only where the operator allows it
 * 3. fields: from the body, or the query of a GET
 * 4. token: header, body, or the query where the operator allows it
 * 5. the rest is the notifier's: access, validation, queue, and the wait for the first attempts
 */
import { noBody, type Plan, type RequestFacts, type Stage } from '../../http/types.ts';
import type { Notifier, Sender } from '../notifier.ts';
import { readOwnBody } from './body.ts';
import { problem } from './refusal.ts';
import { readFields, tokenOf } from './request.ts';
import { channelsPlan, refusalPlan, sentPlan, statusPlan } from './response.ts';

export const PATH = '/notify';
/** Not an id: those are longer and begin with the time. */
const CHANNELS = 'channels';
const noFields: ReadonlyMap<string, unknown> = new Map();

export interface NotifyOptions {
  /** Whether tokens may stand in the query and GET may send: what is in URLs ends up in logs and histories. */
  readonly allowQuery: boolean;
}

/** Whether requests for `path` are answered here. */
export function isOurs(path: string): boolean {
  return path === PATH || path.startsWith(`${PATH}/`);
}

/** The token of a request for mote's own API, as far as it is not in the body. */
export function tokenOfHead(facts: RequestFacts, { allowQuery }: NotifyOptions): string | undefined {
  return tokenOf(facts.headers, noFields) ?? (allowQuery ? queryTokenOf(facts) : undefined);
}

/** `GET /notify` is left to the stage of the page (`page.ts`), unless it sends. */
export function createNotifyStage(notifier: Notifier, options: NotifyOptions): Stage {
  return (facts) => {
    const { path } = facts;
    if (path === PATH) return answerRoot(notifier, options, facts);
    return isOurs(path) ? answerBelow(notifier, options, facts) : undefined;
  };
}

function answerRoot(notifier: Notifier, { allowQuery }: NotifyOptions, facts: RequestFacts) {
  const { method, query } = facts;
  const queryToken = queryTokenOf(facts);
  if (queryToken !== undefined && !allowQuery) return queryRefused();
  if (method === 'POST') return send(notifier, facts, 'body', queryToken);
  if (method === 'GET' && query.length > 1 && allowQuery) return send(notifier, facts, 'query', queryToken);
  if (method === 'GET' || method === 'HEAD') return undefined;
  return otherMethod(method, 'GET, HEAD, POST, OPTIONS');
}

async function send(
  notifier: Notifier,
  facts: RequestFacts,
  from: 'body' | 'query',
  queryToken: string | undefined,
): Promise<Plan> {
  const { headers, client, isGone } = facts;
  const fields = from === 'query' ? readFields(facts, from) : readOwnBody(facts);
  const token = tokenOf(headers, fields) ?? queryToken;
  const idempotencyKey = headers['idempotency-key'];
  const result = await notifier.submit({ token, client, fields, idempotencyKey, isGone });
  return result.kind === 'refused' ? refusalPlan(result) : sentPlan(result.status, result.isRepeated);
}

/** Questions: about the token, or about a message. */
function answerBelow(notifier: Notifier, { allowQuery }: NotifyOptions, facts: RequestFacts) {
  const { method, path } = facts;
  if (method !== 'GET' && method !== 'HEAD') return otherMethod(method, 'GET, HEAD, OPTIONS');
  const queryToken = queryTokenOf(facts);
  if (queryToken !== undefined && !allowQuery) return queryRefused();
  const sender = { token: tokenOfHead(facts, { allowQuery }), client: facts.client };
  const name = path.slice(PATH.length + 1);
  return name === CHANNELS ? tellChannels(notifier, sender) : tellStatus(notifier, sender, name);
}

function tellChannels(notifier: Notifier, sender: Sender): Plan {
  const grant = notifier.identify(sender);
  return grant.kind === 'refused' ? refusalPlan(grant) : channelsPlan(grant.user);
}

async function tellStatus(notifier: Notifier, sender: Sender, id: string): Promise<Plan> {
  const result = await notifier.find(sender, id);
  return result.kind === 'refused' ? refusalPlan(result) : statusPlan(result.status);
}

function queryTokenOf({ query }: RequestFacts): string | undefined {
  return query === '' ? undefined : (new URLSearchParams(query).get('token') ?? undefined);
}

function queryRefused(): Plan {
  const detail =
    'Tokens are not taken from the URL here: send it as Authorization: Bearer TOKEN, and get a new one.';
  return refusalPlan(problem('forbidden', detail));
}

function otherMethod(method: string, allowed: string): Plan {
  if (method === 'OPTIONS') return { status: 204, headers: ['Allow', allowed], body: noBody };
  return refusalPlan(problem('method_not_allowed', `This takes ${allowed}.`, ['Allow', allowed]));
}

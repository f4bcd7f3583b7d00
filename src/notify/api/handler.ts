/**
 * The notify stage. Its steps, in order:
 *
 * 1. path: `/notify`, `/notify/channels`, `/notify/messages`, `/notify/openapi.json` and `/notify/{id}`; everything else is
 *    left to the next stage
 * 2. method: POST sends, GET reads, OPTIONS lists the methods; GET sends only where the operator allows it
 * 3. fields: from the body, or from the query of a GET
 * 4. token: from the header, the body, or the query where the operator allows it
 * 5. the notifier does the rest: access, validation, queue, and the wait for the first attempts
 */
import { jsonPlan } from '../../http/reply.ts';
import { noBody, type Plan, type RequestFacts, type Stage } from '../../http/types.ts';
import { tokenOfHeaders } from '../auth/credentials.ts';
import { hookPathOf, hookTokensOf } from '../auth/hook-token.ts';
import type { Notifier, Sender } from '../notifier.ts';
import { readOwnBody } from './body.ts';
import type { RequestHead } from './body-limit.ts';
import { readRequestFields } from './fields.ts';
import { idempotencyKeyOf, parseInput } from './input.ts';
import { notifyProblem } from './problem.ts';
import { channelsPlan, messagesPlan, notifyProblemPlan, sentPlan, statusPlan } from './response.ts';

export const NOTIFY_PATH = '/notify';
// Never ids of messages: those are longer and begin with the time.
const CHANNELS = 'channels';
const MESSAGES = 'messages';
const DESCRIPTION = 'openapi.json';

export interface NotifyOptions {
  /** Whether the query may hold tokens and a GET may send: URLs end up in logs and histories. */
  readonly allowQuery: boolean;
  /** Whether there are hooks, for the description. */
  readonly hasHooks?: boolean;
  /** What the channels are, by name: of a configuration. */
  readonly kinds?: ReadonlyMap<string, string>;
}

/** `GET /notify` is left to the stage of the page (`page.ts`), unless it sends. */
export function createNotifyStage(notifier: Notifier, options: NotifyOptions): Stage {
  return (facts) => {
    const { path } = facts;
    if (path === NOTIFY_PATH) return respondToRoot(notifier, options, facts);
    return isNotifyPath(path) ? respondBelow(notifier, options, facts) : undefined;
  };
}

/** For a request of this stage, or of that of the hooks, whose body has not been read. */
export function readNotifyHead(facts: RequestFacts, options: NotifyOptions): RequestHead | undefined {
  if (!isNotifyPath(facts.path)) return undefined;
  const maybeSigned = hookPathOf(facts.path) !== undefined;
  return {
    token: maybeSigned ? hookTokenOf(facts) : headTokenOf(facts, options),
    maybeSigned,
    problemPlan: notifyProblemPlan,
  };
}

/** Whether it may be in the URL is up to the hook; for its room a valid one suffices. */
function hookTokenOf(facts: RequestFacts): string | undefined {
  const { inUrl, inHeaders } = hookTokensOf(facts);
  return inUrl ?? inHeaders;
}

function isNotifyPath(path: string): boolean {
  return path === NOTIFY_PATH || path.startsWith(`${NOTIFY_PATH}/`);
}

function headTokenOf(facts: RequestFacts, { allowQuery }: NotifyOptions): string | undefined {
  return tokenOfHeaders(facts.headers) ?? (allowQuery ? queryTokenOf(facts) : undefined);
}

function respondToRoot(notifier: Notifier, { allowQuery }: NotifyOptions, facts: RequestFacts) {
  const { method, query } = facts;
  const queryToken = queryTokenOf(facts);
  if (queryToken !== undefined && !allowQuery) return queryTokenRefused();
  if (method === 'POST') return send(notifier, facts, 'body', queryToken);
  if (method === 'GET' && query.length > 1 && allowQuery) return send(notifier, facts, 'query', queryToken);
  if (method === 'GET' || method === 'HEAD') return undefined;
  return respondToOtherMethod(method, 'GET, HEAD, POST, OPTIONS');
}

async function send(
  notifier: Notifier,
  facts: RequestFacts,
  from: 'body' | 'query',
  queryToken: string | undefined,
): Promise<Plan> {
  const { headers, client, isGone } = facts;
  const fields = from === 'query' ? readRequestFields(facts, from) : readOwnBody(facts);
  const bodyToken = fields.ok ? fields.value.get('token') : undefined;
  const token =
    tokenOfHeaders(headers) ?? (typeof bodyToken === 'string' ? bodyToken : undefined) ?? queryToken;
  const input = fields.ok ? parseInput(fields.value, idempotencyKeyOf(headers)) : fields;
  const result = await notifier.submit({ token, client, input, isGone });
  return result.ok ? sentPlan(result.value.status, result.value.isRepeated) : notifyProblemPlan(result.error);
}

/** Reads: the channels of the token, its messages, or the status of one. */
function respondBelow(notifier: Notifier, options: NotifyOptions, facts: RequestFacts) {
  const { method, path, client } = facts;
  if (path === `${NOTIFY_PATH}/`) return withoutSlash;
  if (method !== 'GET' && method !== 'HEAD') return respondToOtherMethod(method, 'GET, HEAD, OPTIONS');
  if (queryTokenOf(facts) !== undefined && !options.allowQuery) return queryTokenRefused();
  const sender = { token: headTokenOf(facts, options), client };
  const name = path.slice(NOTIFY_PATH.length + 1);
  if (name === DESCRIPTION) return respondWithDescription(options);
  if (name === CHANNELS) return respondWithChannels(notifier, sender, options);
  return name === MESSAGES
    ? respondWithMessages(notifier, sender)
    : respondWithStatus(notifier, sender, name);
}

/** Loaded when somebody asks for it. */
async function respondWithDescription(options: NotifyOptions): Promise<Plan> {
  const { describeApi } = await import('./openapi.ts');
  return jsonPlan(200, describeApi(options));
}

function respondWithChannels(notifier: Notifier, sender: Sender, { kinds = noKinds }: NotifyOptions): Plan {
  const grant = notifier.identify(sender);
  return grant.ok ? channelsPlan(grant.value.user, kinds) : notifyProblemPlan(grant.error);
}

const noKinds: ReadonlyMap<string, string> = new Map();

function respondWithMessages(notifier: Notifier, sender: Sender): Plan {
  const messages = notifier.recent(sender);
  return messages.ok ? messagesPlan(messages.value) : notifyProblemPlan(messages.error);
}

async function respondWithStatus(notifier: Notifier, sender: Sender, id: string): Promise<Plan> {
  const status = await notifier.find(sender, id);
  return status.ok ? statusPlan(status.value) : notifyProblemPlan(status.error);
}

/** Below this path the links of the page would lead nowhere. */
const withoutSlash: Plan = { status: 308, headers: ['Location', `..${NOTIFY_PATH}`], body: noBody };

function queryTokenOf({ query }: RequestFacts): string | undefined {
  return query === '' ? undefined : (new URLSearchParams(query).get('token') ?? undefined);
}

/** URLs are logged on their way, so the token must be replaced. */
function queryTokenRefused(): Plan {
  const detail =
    'This server does not accept tokens in the URL: send it as Authorization: Bearer TOKEN, and get a new one.';
  return notifyProblemPlan(notifyProblem('forbidden', detail));
}

function respondToOtherMethod(method: string, allowed: string): Plan {
  if (method === 'OPTIONS') return { status: 204, headers: ['Allow', allowed], body: noBody };
  const detail = `The methods of this path are ${allowed}.`;
  return notifyProblemPlan(notifyProblem('method_not_allowed', detail, ['Allow', allowed]));
}

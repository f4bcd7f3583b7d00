/**
 * Requests by which clients check, before they send, that the server is the right one and healthy. They come to a dialect
 * that is on before they come to files of these names. Pure.
 *
 * What ntfy's clients ask is what aiontfy (Home Assistant) and ntfy's own apps ask. Its responses to errors have nothing
 * but `code`, `http` and `error`: aiontfy fails at any other member.
 */
import { jsonPlan, textPlan } from '../../http/reply.ts';
import type { Plan, RequestFacts } from '../../http/types.ts';
import { notifyProblem } from '../api/problem.ts';
import type { Notifier } from '../notifier.ts';
import type { DialectName } from './dialect.ts';
import { isOpenlyForNtfy, ntfyProblemPlan, ntfyTokenOf } from './ntfy.ts';

export interface ProbeContext {
  readonly notifier: Pick<Notifier, 'identify'>;
  /** In milliseconds since the epoch. */
  readonly now: () => number;
}

type Probe = (facts: RequestFacts, context: ProbeContext) => Plan;

/** The first version of Gotify with all that mote has of its API. */
const GOTIFY_VERSION = '2.4.0';

const probes: Readonly<Partial<Record<DialectName, ReadonlyMap<string, Probe>>>> = {
  gotify: new Map<string, Probe>([
    ['/version', () => jsonPlan(200, { version: GOTIFY_VERSION, commit: 'mote', buildDate: '' })],
    ['/health', () => jsonPlan(200, { health: 'green', database: 'green' })],
  ]),
  ntfy: new Map<string, Probe>([
    ['/v1/health', () => jsonPlan(200, { healthy: true })],
    ['/v1/account', ntfyAccount],
    ['/v1/config', () => jsonPlan(200, ntfyConfig)],
    ['/v1/stats', () => jsonPlan(200, { messages: 0, messages_rate: 0 })],
    // Only for administrators: nobody is one here.
    ['/v1/version', (_, { now }) => ntfyProblemPlan(notifyProblem('not_found', 'page not found'), now())],
  ]),
  apprise: new Map<string, Probe>([
    ['/status', appriseStatus],
    ['/status/', appriseStatus],
  ]),
  bark: new Map<string, Probe>([
    [
      '/ping',
      (_, { now }) => jsonPlan(200, { code: 200, message: 'pong', timestamp: Math.floor(now() / 1000) }),
    ],
  ]),
};

/** Whether a request is a probe of one of the `active` dialects. */
export function isProbe(active: Iterable<DialectName>, facts: RequestFacts): boolean {
  return probeOf(active, facts) !== undefined;
}

/** The response to a probe of one of the `active` dialects. */
export function probePlan(
  active: ReadonlySet<DialectName>,
  facts: RequestFacts,
  context: ProbeContext,
): Plan | undefined {
  return probeOf(active, facts)?.(facts, context);
}

function probeOf(active: Iterable<DialectName>, facts: RequestFacts): Probe | undefined {
  const { method, path } = facts;
  const isRead = method === 'GET' || method === 'HEAD';
  for (const name of active) {
    const probe = isRead ? probes[name]?.get(path) : undefined;
    if (probe) return probe;
    if (name !== 'ntfy') continue;
    if (method === 'POST' && path === NTFY_TOKENS) return ntfyToken;
    if (isRead && NTFY_SUBSCRIPTION.test(path) && isOpenlyForNtfy(facts)) return ntfySubscription;
  }
  return undefined;
}

/** A client that has an account asks for a token of its own. */
const NTFY_TOKENS = '/v1/account/token';
const NTFY_SUBSCRIPTION = /^\/[-_A-Za-z0-9,]{1,512}\/(?:auth|json|sse|raw|ws)$/;

/** The token that the client has already: there is no other. */
function ntfyToken(facts: RequestFacts, { notifier, now }: ProbeContext): Plan {
  const token = ntfyTokenOf(facts);
  const grant = notifier.identify({ token, client: facts.client });
  if (!grant.ok) return ntfyProblemPlan(grant.error, now());
  return jsonPlan(200, {
    token,
    last_access: Math.floor(now() / 1000),
    last_origin: facts.client,
    expires: 0,
  });
}

/** Forbidden is what makes a client give up; every other response makes it come again. */
function ntfySubscription(_: RequestFacts, { now }: ProbeContext): Plan {
  return ntfyProblemPlan(
    notifyProblem('forbidden', 'This server sends messages; there is nothing to subscribe to.'),
    now(),
  );
}

const ntfyConfig = {
  enable_login: false,
  enable_signup: false,
  enable_payments: false,
  enable_calls: false,
  enable_emails: false,
  enable_reservations: false,
  enable_web_push: false,
  disallowed_topics: [],
};

/** As in ntfy, everybody is the anonymous user without a token. */
function ntfyAccount(facts: RequestFacts, { notifier, now }: ProbeContext): Plan {
  const token = ntfyTokenOf(facts);
  if (token === undefined) return jsonPlan(200, { username: '*', role: 'anonymous', stats: noStats });
  const grant = notifier.identify({ token, client: facts.client });
  if (!grant.ok) return ntfyProblemPlan(grant.error, now());
  return jsonPlan(200, { username: grant.value.user.name, role: 'user', stats: noStats });
}

/** Clients require these; the rate limits of mote do not fit into them. */
const noStats = {
  messages: 0,
  messages_remaining: 0,
  emails: 0,
  emails_remaining: 0,
  calls: 0,
  calls_remaining: 0,
  reservations: 0,
  reservations_remaining: 0,
  attachment_total_size: 0,
  attachment_total_size_remaining: 0,
};

function appriseStatus({ headers }: RequestFacts): Plan {
  if (!/\bapplication\/json\b/i.test(headers.accept ?? '')) return textPlan(200, 'OK');
  const status = {
    persistent_storage: false,
    can_write_config: false,
    can_write_attach: false,
    details: ['OK'],
  };
  return jsonPlan(200, { config_lock: true, attach_lock: true, status });
}

/**
 * Requests by which clients check, before they send, that the server is the right one and healthy. They come to a dialect
 * that is on before they come to files of these names. Pure.
 */

import { jsonPlan, textPlan } from '../../http/reply.ts';
import type { Plan, RequestFacts } from '../../http/types.ts';
import type { Notifier } from '../notifier.ts';
import type { DialectName } from './dialect.ts';
import { ntfyProblemPlan, ntfyTokenOf } from './ntfy.ts';

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

function probeOf(active: Iterable<DialectName>, { method, path }: RequestFacts): Probe | undefined {
  if (method !== 'GET' && method !== 'HEAD') return undefined;
  for (const name of active) {
    const probe = probes[name]?.get(path);
    if (probe) return probe;
  }
  return undefined;
}

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

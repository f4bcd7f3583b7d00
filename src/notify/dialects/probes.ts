/**
 * What clients ask before they send: whether this is the server that they know, and whether it is well. Answered where
 * the dialect is on, in front of files of these names. Pure.
 */
import type { Plan, RequestFacts } from '../../http/types.ts';
import type { Refused } from '../api/refusal.ts';
import type { User } from '../auth/access.ts';
import type { DialectName } from './dialect.ts';
import { replyJson } from './dialect.ts';
import { ntfyFault, tokenOf as ntfyToken } from './ntfy.ts';

export interface Prober {
  /** Whose token it is. */
  readonly identify: (
    token: string,
    client: string,
  ) => { readonly kind: 'granted'; readonly user: User } | Refused;
  /** In milliseconds since the epoch. */
  readonly now: () => number;
}

type Probe = (facts: RequestFacts, prober: Prober) => Plan;

/** What is asked for of Gotify's API has been in it since this version. */
const GOTIFY_VERSION = '2.4.0';

const probes: Readonly<Partial<Record<DialectName, ReadonlyMap<string, Probe>>>> = {
  gotify: new Map<string, Probe>([
    ['/version', () => replyJson(200, { version: GOTIFY_VERSION, commit: 'mote', buildDate: '' })],
    ['/health', () => replyJson(200, { health: 'green', database: 'green' })],
  ]),
  ntfy: new Map<string, Probe>([
    ['/v1/health', () => replyJson(200, { healthy: true })],
    ['/v1/account', ntfyAccount],
  ]),
  apprise: new Map<string, Probe>([
    ['/status', appriseStatus],
    ['/status/', appriseStatus],
  ]),
  bark: new Map<string, Probe>([
    [
      '/ping',
      (_, { now }) => replyJson(200, { code: 200, message: 'pong', timestamp: Math.floor(now() / 1000) }),
    ],
  ]),
};

/** The answer to a probe of one of the `active` dialects. */
export function probePlan(
  active: ReadonlySet<DialectName>,
  facts: RequestFacts,
  prober: Prober,
): Plan | undefined {
  if (facts.method !== 'GET' && facts.method !== 'HEAD') return undefined;
  for (const name of active) {
    const probe = probes[name]?.get(facts.path);
    if (probe) return probe(facts, prober);
  }
  return undefined;
}

/** Without a token it is that of everybody, as in ntfy. */
function ntfyAccount(facts: RequestFacts, { identify, now }: Prober): Plan {
  const token = ntfyToken(facts);
  if (token === undefined) return replyJson(200, { username: '*', role: 'anonymous', stats: noStats });
  const grant = identify(token, facts.client);
  if (grant.kind === 'refused') return ntfyFault(grant, now());
  return replyJson(200, { username: grant.user.name, role: 'user', stats: noStats });
}

/** Clients insist on these; mote counts by token and time, which they cannot say. */
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
  if (!/\bapplication\/json\b/i.test(headers.accept ?? '')) {
    const bytes = Buffer.from('OK');
    const head = ['Content-Type', 'text/plain; charset=utf-8', 'Content-Length', String(bytes.length)];
    return { status: 200, headers: [...head, 'Cache-Control', 'no-store'], body: { kind: 'bytes', bytes } };
  }
  const status = {
    persistent_storage: false,
    can_write_config: false,
    can_write_attach: false,
    details: ['OK'],
  };
  return replyJson(200, { config_lock: true, attach_lock: true, status });
}

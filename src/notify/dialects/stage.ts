/**
 * The stage of the dialects, each switched on by its name. To switch one on is to allow what its API needs: tokens in
 * paths and queries, and messages by GET. Keep the paths out of logs with `strike.ts`.
 *
 * Mount it before the stages of notify (`POST /notify/{word}` is taken here), of Basic authentication, and of the
 * files: GETs that could ask for a file go on to them, see the dialects.
 */
import type { Plan, RequestFacts, Stage } from '../../http/types.ts';
import type { Refused } from '../api/refusal.ts';
import type { Notifier } from '../notifier.ts';
import { alertmanager, grafana } from './alerts.ts';
import { apprise } from './apprise.ts';
import { bark } from './bark.ts';
import {
  type Call,
  type Circumstances,
  DIALECT_NAMES,
  type Dialect,
  type DialectName,
  type Result,
  resultOf,
} from './dialect.ts';
import { gotify } from './gotify.ts';
import { ntfy } from './ntfy.ts';
import { type Prober, probePlan } from './probes.ts';
import { Repeats } from './repeats.ts';
import { serverchan } from './serverchan.ts';

export { DIALECT_NAMES, type DialectName } from './dialect.ts';

const dialects: Readonly<Record<DialectName, Dialect>> = {
  alertmanager,
  grafana,
  serverchan,
  gotify,
  apprise,
  ntfy,
  bark,
};

/** Clients of these APIs give up early, apprise after 4 s, and would then send again. */
export const DIALECT_WAIT_MS = 2500;

export interface DialectOptions {
  /** In milliseconds since the epoch. */
  readonly now: () => number;
}

export interface Dialects {
  readonly stage: Stage;
  /** The token of a request for a dialect, as far as it is not in the body. */
  tokenOf(facts: RequestFacts): string | undefined;
  /** How a dialect says it; `undefined` for a request that is for none. */
  refusalPlan(facts: RequestFacts, refused: Refused): Plan | undefined;
}

/** The order of `names` does not matter. */
export function createDialects(
  names: readonly DialectName[],
  notifier: Pick<Notifier, 'submit' | 'knows' | 'identify'>,
  { now }: DialectOptions,
): Dialects {
  const active = new Set(names);
  const asked = DIALECT_NAMES.filter((name) => active.has(name)).map((name) => dialects[name]);
  const circumstances: Circumstances = { active, isToken: (text) => notifier.knows(text) };
  const repeats = new Repeats();
  const prober: Prober = { now, identify: (token, client) => notifier.identify({ token, client }) };
  return {
    stage(facts) {
      const call = callOf(facts);
      return call ? answer(call, facts) : probePlan(active, facts, prober);
    },
    tokenOf: (facts) => callOf(facts)?.tokens[0],
    refusalPlan: (facts, refused) => callOf(facts)?.reply([resultOf(refused, now())]),
  };

  function callOf(facts: RequestFacts): Call | undefined {
    for (const dialect of asked) {
      const call = dialect(facts, circumstances);
      if (call) return call;
    }
    return undefined;
  }

  async function answer(call: Call, facts: RequestFacts): Promise<Plan> {
    const [token, ...others] = call.tokens;
    const [first, ...rest] = [
      submit(call, facts, token),
      ...others.map((one) => submit(call, facts, one)),
    ] as const;
    return planOf(call, [await first, ...(await Promise.all(rest))]);
  }

  async function submit(call: Call, facts: RequestFacts, token: string | undefined) {
    const { fields, subject, channelHints = [] } = call;
    const { client, isGone } = facts;
    const named = facts.headers['idempotency-key'];
    const occasion = named === undefined && subject !== undefined && repeats.occasionOf(subject, now());
    const idempotencyKey = occasion ? occasion.key : named;
    const end = await notifier.submit({
      token,
      client,
      fields,
      idempotencyKey,
      channelHints,
      isGone,
      maxWaitMs: DIALECT_WAIT_MS,
    });
    if (occasion && end.kind === 'accepted') repeats.accept(occasion);
    return resultOf(end, now());
  }
}

function planOf(call: Call, results: readonly [Result, ...(readonly Result[])]): Plan {
  const isLast = results.some((result) => result.kind === 'fault' && result.endsConnection);
  const plan = call.reply(results);
  return isLast ? { ...plan, close: true } : plan;
}

/**
 * The stage of the dialects, each switched on by its name. To switch one on is to allow what its API needs: tokens in
 * paths and queries, and messages by GET. Keep the paths out of logs with `strike.ts`.
 *
 * Mount it before the stages of notify (`POST /notify/{word}` is taken here), of Basic authentication, and of the
 * files: GETs that could ask for a file go on to them, see the dialects.
 */
import type { Plan, RequestFacts, Stage } from '../../http/types.ts';
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
  resultOf,
} from './dialect.ts';
import { gotify } from './gotify.ts';
import { ntfy } from './ntfy.ts';
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

export interface DialectOptions {
  /** In milliseconds since the epoch. */
  readonly now: () => number;
}

/** The order of `names` does not matter. */
export function createDialectStage(
  names: readonly DialectName[],
  notifier: Pick<Notifier, 'submit' | 'knows'>,
  { now }: DialectOptions,
): Stage {
  const active = new Set(names);
  const asked = DIALECT_NAMES.filter((name) => active.has(name)).map((name) => dialects[name]);
  const circumstances: Circumstances = { active, isToken: (text) => notifier.knows(text) };
  const repeats = new Repeats();
  return (facts) => {
    for (const dialect of asked) {
      const call = dialect(facts, circumstances);
      if (call) return answer(call, facts);
    }
    return undefined;
  };

  async function answer(call: Call, facts: RequestFacts): Promise<Plan> {
    const [token, ...others] = call.tokens;
    const [first, ...rest] = [
      submit(call, facts, token),
      ...others.map((one) => submit(call, facts, one)),
    ] as const;
    return call.reply([await first, ...(await Promise.all(rest))]);
  }

  async function submit(
    { fields, subject, channelHints = [] }: Call,
    facts: RequestFacts,
    token: string | undefined,
  ) {
    const named = facts.headers['idempotency-key'];
    const occasion = named === undefined && subject !== undefined && repeats.occasionOf(subject, now());
    const idempotencyKey = occasion ? occasion.key : named;
    const end = await notifier.submit({ token, client: facts.client, fields, idempotencyKey, channelHints });
    if (occasion && end.kind === 'accepted') repeats.accept(occasion);
    return resultOf(end, now());
  }
}

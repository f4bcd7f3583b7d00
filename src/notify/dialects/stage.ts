/**
 * The stage of the dialects, each switched on by its name. Switching one on allows what its API needs: tokens in paths
 * and queries, and messages by GET; `redact.ts` keeps those out of logs. What a dialect is: `dialect.ts`.
 *
 * Mount it before the stages of notify (`POST /notify/{word}` is handled here), of Basic authentication, and of the
 * files: GET requests that could be for a file are left to them, see the dialects.
 */
import type { Plan, RequestFacts, Stage } from '../../http/types.ts';
import { failure, success } from '../../util/result.ts';
import type { RequestHead } from '../api/body-limit.ts';
import { idempotencyKeyOf } from '../api/input.ts';
import type { Notifier } from '../notifier.ts';
import { alertmanager, grafana } from './alerts.ts';
import { apprise } from './apprise.ts';
import { bark } from './bark.ts';
import {
  DIALECT_NAMES,
  type Dialect,
  type DialectContext,
  type DialectName,
  type DialectRequest,
  type SendResult,
  sendResultOf,
} from './dialect.ts';
import { gotify } from './gotify.ts';
import { messagePusher } from './message-pusher.ts';
import { ntfy } from './ntfy.ts';
import { type ProbeContext, probePlan } from './probes.ts';
import { pushdeer } from './pushdeer.ts';
import { Repeats } from './repeats.ts';
import { serverchan } from './serverchan.ts';
import { slack } from './slack.ts';
import { wecomRobot } from './wecom-robot.ts';
import type { Wordings } from './wording.ts';

const dialects: Readonly<Record<DialectName, Dialect>> = {
  alertmanager,
  grafana,
  serverchan,
  slack,
  'wecom-robot': wecomRobot,
  pushdeer,
  'message-pusher': messagePusher,
  gotify,
  apprise,
  ntfy,
  bark,
};

/** Clients of these APIs stop waiting early, apprise after 4 s, and would then send again. */
export const DIALECT_WAIT_MS = 2500;

export interface DialectOptions {
  /** In milliseconds since the epoch. */
  readonly now: () => number;
  readonly wordings?: Wordings | undefined;
}

/** What can be said of requests without the notifier. */
export interface DialectReader {
  recognise(facts: RequestFacts): DialectRequest | undefined;
  /** For a request of a dialect whose body has not been read. */
  readHead(facts: RequestFacts): RequestHead | undefined;
}

export interface Dialects extends Pick<DialectReader, 'readHead'> {
  readonly stage: Stage;
}

/** The order of `names` does not matter. */
export function createDialectReader(
  names: readonly DialectName[],
  isToken: DialectContext['isToken'],
  { now, wordings }: DialectOptions,
): DialectReader {
  const active = new Set(names);
  const activeDialects = DIALECT_NAMES.filter((name) => active.has(name)).map((name) => dialects[name]);
  const context: DialectContext = { active, isToken, wordings };
  return {
    recognise,
    readHead(facts) {
      const request = recognise(facts);
      if (!request) return undefined;
      return {
        token: request.tokens[0],
        problemPlan: (problem) => planOf(request, [sendResultOf(failure(problem), now())]),
      };
    },
  };

  function recognise(facts: RequestFacts): DialectRequest | undefined {
    for (const dialect of activeDialects) {
      const request = dialect(facts, context);
      if (request) return request;
    }
    return undefined;
  }
}

/** The order of `names` does not matter. */
export function createDialects(
  names: readonly DialectName[],
  notifier: Pick<Notifier, 'submit' | 'isToken' | 'identify'>,
  options: DialectOptions,
): Dialects {
  const { now } = options;
  const active = new Set(names);
  const reader = createDialectReader(names, (text) => notifier.isToken(text), options);
  const probeContext: ProbeContext = { notifier, now };
  const repeats = new Repeats();
  return {
    readHead: reader.readHead,
    stage(facts) {
      const probed = probePlan(active, facts, probeContext);
      if (probed) return probed;
      const request = reader.recognise(facts);
      return request ? respond(request, facts) : undefined;
    },
  };

  async function respond(request: DialectRequest, facts: RequestFacts): Promise<Plan> {
    const [token, ...others] = request.tokens;
    const [first, ...rest] = [
      submit(request, facts, token),
      ...others.map((one) => submit(request, facts, one)),
    ] as const;
    return planOf(request, [await first, ...(await Promise.all(rest))]);
  }

  async function submit(request: DialectRequest, facts: RequestFacts, token: string | undefined) {
    const { subject, channelHints = [] } = request;
    const { client, isGone } = facts;
    const headerKey = idempotencyKeyOf(facts.headers);
    const derived =
      headerKey === undefined && subject !== undefined ? repeats.keyFor(subject, now()) : undefined;
    const submitted = await notifier.submit({
      token,
      client,
      input: withKey(request.input, headerKey ?? derived?.key),
      channelHints,
      isGone,
      maxWaitMs: DIALECT_WAIT_MS,
    });
    if (derived && submitted.ok) repeats.accept(derived);
    return sendResultOf(token ? submitted : withPlace(submitted, request), now());
  }
}

/** What says where a token belongs in mote's own API would mislead here. */
function withPlace(
  submitted: Awaited<ReturnType<Notifier['submit']>>,
  { tokenPlace }: DialectRequest,
): typeof submitted {
  if (submitted.ok || submitted.error.code !== 'unauthorized' || tokenPlace === undefined) return submitted;
  return failure({ ...submitted.error, detail: `A token is required: send it ${tokenPlace}.` });
}

function withKey(
  input: DialectRequest['input'],
  idempotencyKey: string | undefined,
): DialectRequest['input'] {
  return input.ok ? success({ ...input.value, idempotencyKey }) : input;
}

function planOf(request: DialectRequest, results: readonly [SendResult, ...(readonly SendResult[])]): Plan {
  const endsConnection = results.some((result) => !result.ok && result.error.endsConnection);
  const plan = request.respond(results);
  return endsConnection ? { ...plan, close: true } : plan;
}

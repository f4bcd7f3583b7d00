/**
 * `POST /notify/hook/NAME`: any request of a device or a service, in its own words. Its steps, in order: signature, token,
 * conditions, message. Loaded only where hooks are configured.
 */
import { noBody, type Plan, type RequestFacts, type Stage } from '../../http/types.ts';
import { success } from '../../util/result.ts';
import { notifyProblem } from '../api/problem.ts';
import { notifyProblemPlan, sentPlan } from '../api/response.ts';
import { hookPathOf, hookTokensOf } from '../auth/hook-token.ts';
import type { Notifier } from '../notifier.ts';
import type { Hook } from './hook.ts';

/** Senders wait 5 to 10 seconds. */
export const HOOK_WAIT_MS = 2500;
const ALLOW = 'POST, PUT, OPTIONS';

export interface HookStageOptions {
  /** Whether every hook takes tokens in its URL. */
  readonly allowQuery: boolean;
  /** The tokens of hooks that send in the name of a user, by their names. */
  readonly tokens: ReadonlyMap<string, string>;
  /** In milliseconds since the epoch. */
  readonly now: () => number;
}

type HookNotifier = Pick<Notifier, 'submit' | 'identify' | 'refuse'>;

export function createHookStage(
  hooks: readonly Hook[],
  notifier: HookNotifier,
  { allowQuery, tokens, now }: HookStageOptions,
): Stage {
  const byName = new Map(hooks.map((hook) => [hook.name, hook]));
  return (facts) => {
    const path = hookPathOf(facts.path);
    if (!path) return undefined;
    const { method } = facts;
    if (method === 'OPTIONS') return { status: 204, headers: ['Allow', ALLOW], body: noBody };
    if (method !== 'POST' && method !== 'PUT') return wrongMethod;
    const hook = byName.get(path.name);
    if (!hook) return unknownHook;
    return respond(hook, facts);
  };

  async function respond(hook: Hook, facts: RequestFacts): Promise<Plan> {
    const { client, isGone } = facts;
    const { inUrl, inHeaders } = hookTokensOf(facts);
    if (inUrl !== undefined && !allowQuery && !hook.allowsTokenInUrl) return tokenInUrlRefused;
    const verified = hook.verify?.(facts, now());
    if (verified?.ok === false) {
      const { mark, detail } = verified.error;
      return notifyProblemPlan(notifier.refuse(`${hook.name} ${mark}`, client, detail));
    }
    const token = hook.user === undefined ? (inUrl ?? inHeaders) : tokens.get(hook.name);
    const grant = notifier.identify({ token, client });
    if (!grant.ok) return notifyProblemPlan(grant.error);
    const input = hook.translate(facts, verified?.value.once);
    if (!input) return { status: 204, headers: [], body: noBody };
    const result = await notifier.submit({
      token,
      client,
      input: success(input),
      isGone,
      maxWaitMs: HOOK_WAIT_MS,
    });
    if (!result.ok) return notifyProblemPlan(result.error);
    return sentPlan(
      result.value.status,
      result.value.isRepeated,
      '../'.repeat(facts.path.split('/').length - 3),
    );
  }
}

const wrongMethod = notifyProblemPlan(
  notifyProblem('method_not_allowed', `The methods of this path are ${ALLOW}.`, ['Allow', ALLOW]),
);
const unknownHook = notifyProblemPlan(
  notifyProblem('not_found', 'There is no hook of this name: hooks in the notify file has the names.'),
);
const tokenInUrlRefused = notifyProblemPlan(
  notifyProblem(
    'forbidden',
    'This hook does not accept tokens in the URL: send it in a header field and get a new one, or set tokenInUrl in the notify file.',
  ),
);

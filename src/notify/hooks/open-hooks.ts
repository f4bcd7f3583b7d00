/** All hooks and templates of the notify file, compiled. Loaded only where there are some. */
import { createHmac } from 'node:crypto';
import type { Stage } from '../../http/types.ts';
import { failure, type Result, success } from '../../util/result.ts';
import type { NotifyUser } from '../auth/access.ts';
import { hashToken } from '../auth/token.ts';
import type { Wording, Wordings } from '../dialects/wording.ts';
import type { Notifier } from '../notifier.ts';
import { compileHook, type Hook, type HookSettings } from './hook.ts';
import { createHookStage } from './stage.ts';
import { compileWording, type WordingSettings } from './wording.ts';

export interface HooksOptions {
  readonly users: readonly NotifyUser[];
  readonly hooks: readonly HookSettings[] | undefined;
  readonly templates: Readonly<Partial<Record<keyof Wordings, WordingSettings>>> | undefined;
}

export interface OpenHooks {
  /** Those of the configuration, with a token more for each hook that sends in their name. */
  readonly users: readonly NotifyUser[];
  readonly wordings: Wordings;
  /** `undefined` where there are only templates. */
  stage(notifier: Notifier, options: { readonly allowQuery: boolean }): Stage | undefined;
}

/** What cannot work names the key. */
export function compileHooks({
  users,
  hooks: settings = [],
  templates = {},
}: HooksOptions): Result<OpenHooks, readonly string[]> {
  const problems: string[] = [];
  const hooks: Hook[] = [];
  for (const one of settings) {
    const hook = compileHook(one);
    if (hook.ok) hooks.push(hook.value);
    else problems.push(`hooks.${one.name}.${hook.error}`);
  }
  const wordings = new Map<string, Wording>();
  for (const [name, template] of Object.entries(templates)) {
    const wording = compileWording(template);
    if (wording.ok) wordings.set(name, wording.value);
    else problems.push(`templates.${name}.${wording.error}`);
  }
  if (problems.length > 0) return failure(problems);
  const tokens = tokensOf(settings, users);
  return success({
    users: users.map((user) => withTokens(user, hooks, tokens)),
    wordings: Object.fromEntries(wordings),
    stage: (notifier, { allowQuery }) =>
      hooks.length === 0
        ? undefined
        : createHookStage(hooks, notifier, { allowQuery, tokens, now: Date.now }),
  });
}

/**
 * By hook, where it sends in the name of a user: a token of its own, and so a rate of its own, which all replicas share.
 * Who knows the secret only, as the sender does, cannot make it.
 */
function tokensOf(
  settings: readonly HookSettings[],
  users: readonly NotifyUser[],
): ReadonlyMap<string, string> {
  const tokens = new Map<string, string>();
  for (const { name, secret, user } of settings) {
    const owner = users.find((one) => one.name === user);
    if (secret === undefined || !owner) continue;
    const hashes = owner.tokenHashes.map((hash) => Buffer.from(hash).toString('hex'));
    const content = JSON.stringify([name, owner.name, hashes]);
    tokens.set(name, createHmac('sha256', secret).update(content).digest('base64url'));
  }
  return tokens;
}

function withTokens(
  user: NotifyUser,
  hooks: readonly Hook[],
  tokens: ReadonlyMap<string, string>,
): NotifyUser {
  const own = hooks.flatMap((hook) => (hook.user === user.name ? [tokens.get(hook.name) ?? ''] : []));
  return own.length === 0 ? user : { ...user, tokenHashes: [...user.tokenHashes, ...own.map(hashToken)] };
}

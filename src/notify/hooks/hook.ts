/** A hook: what its settings make of a request. Pure but for the hashes. */
import { createHash } from 'node:crypto';
import type { RequestFacts } from '../../http/types.ts';
import { failure, type Result, success } from '../../util/result.ts';
import type { MessageInput } from '../api/draft.ts';
import { idempotencyKeyOf } from '../api/input.ts';
import { inputOf } from '../dialects/message-input.ts';
import type { Format, Priority } from '../message.ts';
import { severities } from '../severity.ts';
import { type HookDocument, readDocument } from './document.ts';
import { Expressions, type Scope, textOfValue } from './expression.ts';
import { compileVerifier, type VerifierSettings, type Verify } from './signature.ts';
import { compileHookTemplate, type HookTemplate } from './template.ts';

type Scalar = null | boolean | number | string;

/** Values by expression: one of them must be there. */
export type Conditions = Readonly<Record<string, Scalar | readonly Scalar[]>>;

export interface HookSettings extends Partial<VerifierSettings> {
  readonly name: string;
  readonly title?: string;
  readonly text?: string;
  readonly format?: Format;
  readonly url?: string;
  readonly priority?: string;
  /** What the words of `priority` mean. */
  readonly priorities?: Readonly<Record<string, number>>;
  readonly tags?: readonly string[];
  readonly idempotencyKey?: string;
  /** All of them must hold. */
  readonly match?: Conditions;
  /** None of them may hold. */
  readonly ignore?: Conditions;
  readonly channels?: readonly string[];
  /** In whose name signed requests without a token are sent. */
  readonly user?: string;
  readonly tokenInUrl?: boolean;
}

export interface Hook {
  readonly name: string;
  readonly user: string | undefined;
  readonly allowsTokenInUrl: boolean;
  /** `undefined` where requests are not signed. */
  readonly verify: Verify | undefined;
  /** `undefined` for what nobody wants to know. `once` is that of the signature. */
  translate(facts: RequestFacts, once: string | undefined): MessageInput | undefined;
}

/** What senders call it whose body can be chosen. */
const defaults = {
  title: '/title | /subject',
  text: '/text | /message | /msg | /body | /description',
  url: '/url | /link',
};

interface Templates {
  readonly title: HookTemplate;
  readonly text: HookTemplate;
  readonly url: HookTemplate;
  readonly priority: HookTemplate;
  readonly idempotencyKey: HookTemplate;
}

type Condition = (scope: Scope) => boolean;

/** The hook, or why its settings cannot work; begins with the key. */
export function compileHook(settings: HookSettings): Result<Hook, string> {
  const { name, user, secret, tokenInUrl = false } = settings;
  const templates = compileTemplates(settings);
  if (!templates.ok) return templates;
  const match = compileConditions('match', settings.match ?? {});
  if (!match.ok) return match;
  const ignore = compileConditions('ignore', settings.ignore ?? {});
  if (!ignore.ok) return ignore;
  const words = new Map(
    Object.entries(settings.priorities ?? {}).map(([word, level]) => [word.toLowerCase(), level as Priority]),
  );
  return success({
    name,
    user,
    allowsTokenInUrl: tokenInUrl,
    verify: secret === undefined ? undefined : compileVerifier({ ...settings, secret }),
    translate(facts, once) {
      const received = readDocument(facts);
      const scope = { document: received.document, item: received.document, headers: facts.headers };
      const isWanted =
        match.value.every((holds) => holds(scope)) && !ignore.value.some((holds) => holds(scope));
      if (!isWanted) return undefined;
      const input = messageOf(settings, templates.value, scope, received, words);
      const key = templates.value.idempotencyKey.fill(scope).text || (once ?? keyHeaderOf(facts, secret));
      return key === undefined ? input : { ...input, idempotencyKey: keyOf(name, key, input) };
    },
  });
}

/**
 * Nobody has signed it: with another one, who recorded a signed request could send it again. An empty one is none: with
 * it, an alarm that comes again would be a repetition.
 */
function keyHeaderOf({ headers }: RequestFacts, secret: string | undefined): string | undefined {
  return secret === undefined ? idempotencyKeyOf(headers) || undefined : undefined;
}

function compileTemplates(settings: HookSettings): Result<Templates, string> {
  const {
    title = defaults.title,
    text = defaults.text,
    url = defaults.url,
    priority = '',
    idempotencyKey = '',
  } = settings;
  const compiled: Partial<Record<keyof Templates, HookTemplate>> = {};
  for (const [key, source] of Object.entries({ title, text, url, priority, idempotencyKey })) {
    const template = compileHookTemplate(source);
    if (!template.ok) return failure(`${key}: ${template.error}`);
    compiled[key as keyof Templates] = template.value;
  }
  return success(compiled as Templates);
}

function compileConditions(key: string, conditions: Conditions): Result<readonly Condition[], string> {
  const compiled: Condition[] = [];
  for (const [source, allowed] of Object.entries(conditions)) {
    const values = compileValues(source);
    if (!values.ok) return failure(`${key}: ${values.error}`);
    const wanted = new Set((Array.isArray(allowed) ? allowed : [allowed]).map((value) => textOfValue(value)));
    compiled.push((scope) => values.value(scope).some((value) => wanted.has(value)));
  }
  return success(compiled);
}

/** Those of an expression, or the text that a template makes; empty for what is missing. */
function compileValues(source: string): Result<(scope: Scope) => readonly string[], string> {
  if (source.includes('{{')) {
    const template = compileHookTemplate(source);
    return template.ok ? success((scope) => [template.value.fill(scope).text]) : template;
  }
  const expression = Expressions.parse(source);
  if (!expression.ok) return expression;
  return success((scope) => {
    const values = expression.value.values(scope);
    return values.length === 0 ? [''] : values.map(textOfValue);
  });
}

/** If the templates find nothing, the message is what was received: an alarm is not lost because its sender changed. */
function messageOf(
  { name, format, tags, channels }: HookSettings,
  templates: Templates,
  scope: Scope,
  received: HookDocument,
  words: ReadonlyMap<string, Priority>,
): MessageInput {
  const [title, text] = [templates.title.fill(scope), templates.text.fill(scope)];
  const isConstant = templates.title.isConstant && templates.text.isConstant;
  const isUseless = !isConstant && !title.isFound && !text.isFound;
  return inputOf({
    title: title.text || name,
    text: isUseless ? received.text : text.text,
    format: isUseless ? 'text' : format,
    // Uptime Kuma's link of a monitor that has none.
    url: templates.url.fill(scope).text.replace(/^https?:\/*$/, ''),
    priority: priorityOf(templates.priority.fill(scope).text, words),
    ...(tags && { tags }),
    channels,
  });
}

/** A word that the operator has explained, a number from 1 to 5, or a word that is common; else normal. */
function priorityOf(text: string, words: ReadonlyMap<string, Priority>): Priority | undefined {
  const word = text.trim().toLowerCase();
  return words.get(word) ?? (/^[1-5]$/.test(word) ? (Number(word) as Priority) : severities.get(word));
}

/**
 * Of the message too: an event that comes again with other words is another message, not a conflict that would lose it.
 */
function keyOf(name: string, key: string, input: MessageInput): string {
  return createHash('sha256')
    .update(JSON.stringify([name, key, input]))
    .digest('base64url');
}

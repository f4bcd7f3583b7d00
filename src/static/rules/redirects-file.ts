/**
 * The file `_redirects`, in the format of Netlify and Cloudflare Pages: `FROM [NAME=VALUE …] [TO] [STATUS[!]]`. Pure.
 */
import { failure, type Result, success } from '../../util/result.ts';
import type { Steps } from '../../util/turns.ts';
import { type BadLine, type RuleLine, readLines, shownText } from './lines.ts';
import { type Pattern, parsePattern, SPLAT } from './pattern.ts';
import { parseTarget, type Target } from './target.ts';

const MAX_STATIC_RULES = 2000;
/** With `*` or a placeholder: each one is compared with every path that is not found. */
const MAX_DYNAMIC_RULES = 100;

const STATUSES = [200, 301, 302, 303, 307, 308, 404] as const;
const DEFAULT_STATUS = 301;

export type RuleStatus = (typeof STATUSES)[number];
export type RedirectStatus = Exclude<RuleStatus, 200 | 404>;

/** A parameter of the query that must be there: with this value, or with any, which then has the name. */
export interface QueryCondition {
  readonly key: string;
  readonly value: string | undefined;
  readonly name: string | undefined;
}

export interface RedirectRule {
  readonly line: number;
  readonly pattern: Pattern;
  readonly query: readonly QueryCondition[];
  readonly target: Target;
  readonly status: RuleStatus;
  /** Also where there is a file. */
  readonly isForced: boolean;
}

export interface RedirectsFile {
  readonly rules: readonly RedirectRule[];
  readonly badLines: readonly BadLine[];
}

const STATUS = /^(\d+)(!?)$/;
const CONDITION = /^([^/:?#=]+)=(.*)$/;
const NAME = /^:([A-Za-z]\w*)$/;
const PROVIDER_CONDITIONS = /^(?:country|language|role|cookie)=/i;

/** A step is a line. */
export function* parseRedirects(text: string): Steps<RedirectsFile> {
  const rules: RedirectRule[] = [];
  const badLines: BadLine[] = [];
  const counts = { static: 0, dynamic: 0 };
  const lines = yield* readLines(text);
  for (const one of lines) {
    const rule = one.fault === undefined ? parseRule(one) : failure(one.fault);
    const fits = rule.ok ? countRule(rule.value, counts) : rule;
    if (rule.ok && fits.ok) rules.push(rule.value);
    else if (!fits.ok) badLines.push({ line: one.line, reason: fits.error });
    yield;
  }
  return { rules, badLines };
}

function countRule(
  { pattern }: RedirectRule,
  counts: { static: number; dynamic: number },
): Result<undefined, string> {
  const kind = pattern.literal === undefined ? 'dynamic' : 'static';
  counts[kind] += 1;
  const max = kind === 'static' ? MAX_STATIC_RULES : MAX_DYNAMIC_RULES;
  if (counts[kind] <= max) return success(undefined);
  return failure(`more than ${max} rules ${kind === 'static' ? 'without' : 'with'} * or a placeholder`);
}

function parseRule({ line, text }: RuleLine): Result<RedirectRule, string> {
  const words = text.split(/\s+/);
  const comment = words.findIndex((word) => word.startsWith('#'));
  const [from = '', ...others] = comment < 0 ? words : words.slice(0, comment);
  const at = others.findIndex((word) => !CONDITION.test(word));
  const conditions = others.slice(0, at < 0 ? others.length : at);
  const [first = '', ...rest] = others.slice(conditions.length);
  if (/^[a-z][a-z\d+.-]*:\/\//i.test(from))
    return failure('a rule for one host: every host is served the same site, so write the path alone');
  const pattern = parsePattern(from);
  if (!pattern.ok) return pattern;
  const query = conditions.map(conditionOf);
  const isStatusOnly = STATUS.test(first);
  if (first === '') return failure('no target');
  const statusWords = isStatusOnly ? [first, ...rest] : rest;
  const status = parseStatus(statusWords);
  if (!status.ok) return status;
  const names = new Set([...pattern.value.names, ...query.flatMap(({ name }) => name ?? [])]);
  const target = parseTarget(isStatusOnly ? itself(from) : first, names);
  if (!target.ok) return target;
  if (target.value.origin !== '' && !isRedirect(status.value.status))
    return failure(
      `status ${status.value.status} for another host: mote is no proxy, put one in front of it`,
    );
  return success({ line, pattern: pattern.value, query, target: target.value, ...status.value });
}

export function isRedirect(status: RuleStatus): status is RedirectStatus {
  return status >= 300 && status < 400;
}

/** A rule without a target leads to the same path: what it matches is no matter for later rules. */
function itself(from: string): string {
  return `${from.startsWith('/') ? '' : '/'}${from.replace('*', `:${SPLAT}`)}`;
}

/** Decoded as the query of a request is. */
function conditionOf(word: string): QueryCondition {
  const [, key = '', value = ''] = CONDITION.exec(word) ?? [];
  const name = NAME.exec(value)?.[1];
  const [pair = ['', '']] = new URLSearchParams(`${key}=${value}`);
  return { key: pair[0], value: name === undefined ? pair[1] : undefined, name };
}

function parseStatus(words: readonly string[]): Result<Pick<RedirectRule, 'status' | 'isForced'>, string> {
  const [word, extra] = words;
  const [, digits, force] = STATUS.exec(word ?? String(DEFAULT_STATUS)) ?? [];
  const unexpected = digits === undefined ? word : extra;
  if (unexpected !== undefined) return failure(unexpectedWord(unexpected));
  const status = STATUSES.find((one) => one === Number(digits));
  if (status === undefined)
    return failure(`status ${shownText(digits ?? '')}; allowed: ${STATUSES.join(', ')}, each also with !`);
  return success({ status, isForced: force === '!' });
}

function unexpectedWord(word: string): string {
  if (!PROVIDER_CONDITIONS.test(word)) return `${shownText(word)} behind the target; allowed: a status`;
  return `the condition ${shownText(word)}: mote knows no countries, languages, roles and cookies of its clients`;
}

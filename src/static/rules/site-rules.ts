/**
 * The rules of a site, ready to be applied. Loaded only where there is a file of rules.
 *
 * The first redirect rule that matches a path decides: before any file if it is forced, else only where there is none.
 */
import type { Steps } from '../../util/turns.ts';
import type { ParsedPath } from '../path.ts';
import { encodePath, parsePath } from '../path.ts';
import type { Resource } from '../store.ts';
import { HeaderEdits } from './header-edits.ts';
import { type HeaderChange, type HeaderRule, parseHeaders } from './headers-file.ts';
import type { BadLine } from './lines.ts';
import { type Captures, keyOf, matchPattern } from './pattern.ts';
import {
  isRedirect,
  parseRedirects,
  type QueryCondition,
  type RedirectRule,
  type RedirectStatus,
} from './redirects-file.ts';
import { localPath, locationOf, queryOf, type Requested } from './target.ts';

/** Longer ones are no use to clients, and a rule can repeat a long value. */
const MAX_FILLED_CHARS = 8192;
/** Redirects one after another that are followed in search of a circle; browsers follow 20. */
const MAX_HOPS = 8;
/** Rules for one request that lead nowhere: each one costs several lookups. */
const MAX_USELESS_RULES = 5;

export type RuleOutcome =
  | { readonly kind: 'redirect'; readonly status: RedirectStatus; readonly location: string }
  /** The file at this path, with this status. */
  | { readonly kind: 'file'; readonly status: 200 | 404; readonly path: ParsedPath };

interface Match {
  readonly rule: RedirectRule;
  readonly captures: Captures;
}

/** What the site has at a path without a rule: something to show, there or where it redirects to. */
export interface Content {
  readonly hasContent: boolean;
  readonly to?: ParsedPath | undefined;
}

export type FindContent = (path: ParsedPath) => Promise<Content>;

/** The values of each parameter of a query, in their order. */
type Parameters = ReadonlyMap<string, ReadonlySet<string>>;

interface Place {
  readonly path: ParsedPath;
  readonly query: string;
}

export class SiteRules {
  readonly redirects: readonly RedirectRule[];
  readonly headers: readonly HeaderRule[];
  /** Some rule comes before the files. */
  readonly hasForced: boolean;
  readonly #literal = new Map<string, RedirectRule[]>();
  readonly #dynamic: RedirectRule[] = [];
  /** Of the last query: its rules ask one after another, and there may be thousands for one path. */
  #parsed: { readonly query: string; readonly parameters: Parameters } | undefined;
  /** `undefined` for a resource without changes. */
  readonly #decorated = new WeakMap<Resource, Resource>();

  constructor(redirects: readonly RedirectRule[], headers: readonly HeaderRule[]) {
    this.redirects = redirects;
    this.headers = headers;
    this.hasForced = redirects.some(({ isForced }) => isForced);
    for (const rule of redirects) {
      const { literal } = rule.pattern;
      const same = literal === undefined ? this.#dynamic : (this.#literal.get(literal) ?? []);
      same.push(rule);
      if (literal !== undefined) this.#literal.set(literal, same);
    }
  }

  /** The outcome of the first rule for this path, if that rule is forced or `isMissing` says that there is no file. */
  async outcomeFor(
    requested: Requested,
    path: ParsedPath,
    isMissing: boolean,
    find: FindContent,
  ): Promise<RuleOutcome | undefined> {
    for (const match of this.#matches(path, requested.query)) {
      if (!match.rule.isForced && !isMissing) return undefined;
      const outcome = outcomeOf(match, requested);
      const isUseless =
        !outcome ||
        (outcome.kind === 'redirect' &&
          (await this.#isEndless(match, { path, query: requested.query }, find)));
      if (!isUseless) return outcome;
    }
    return undefined;
  }

  /** Whether redirects, of rules and of the site itself, lead back to this path, or do not end. */
  async #isEndless(first: Match, start: Place, find: FindContent): Promise<boolean> {
    let place = targetOf(first, start.query);
    for (let hops = 1; place; hops++) {
      if (hops > MAX_HOPS || urlOf(place) === urlOf(start)) return true;
      place = await this.#redirectAt(place, find);
    }
    return false;
  }

  /**
   * In the order of precedence: forced rules, files, other rules, and the slash of a folder without an index. As in
   * {@link outcomeFor}, a file also ends the search for the rules behind the first that is not forced.
   */
  async #redirectAt(place: Place, find: FindContent): Promise<Place | undefined> {
    let content: Content | undefined;
    for (const match of this.#matches(place.path, place.query)) {
      if (!match.rule.isForced) content ??= await find(place.path);
      if (content?.hasContent) break;
      if (!outcomeOf(match, { path: pathOf(place), query: place.query })) continue;
      const next = targetOf(match, place.query);
      if (!next || urlOf(next) !== urlOf(place)) return next;
    }
    const { to } = content ?? (await find(place.path));
    return to && { path: to, query: place.query };
  }

  /** In the order of the file, as many as are tried. */
  *#matches(path: ParsedPath, query: string): Generator<Match, undefined> {
    const literal = this.#literal.get(keyOf(path.segments)) ?? [];
    const rules =
      literal.length === 0 ? this.#dynamic : [...literal, ...this.#dynamic].sort((a, b) => a.line - b.line);
    let tried = 0;
    for (const rule of rules) {
      const captures = matchPattern(rule.pattern, path);
      const isConditional = captures && rule.query.length > 0;
      const all = isConditional ? withQuery(captures, rule.query, this.#parametersOf(query)) : captures;
      if (!all) continue;
      if (tried++ === MAX_USELESS_RULES) return undefined;
      yield { rule, captures: all };
    }
    return undefined;
  }

  #parametersOf(query: string): Parameters {
    if (this.#parsed?.query !== query) this.#parsed = { query, parameters: parametersOf(query) };
    return this.#parsed.parameters;
  }

  editsFor(path: ParsedPath): HeaderEdits | undefined {
    const matching: HeaderChange[][] = [];
    for (const { pattern, changes } of this.headers) {
      const captures = matchPattern(pattern, path);
      if (captures) matching.push(changes.flatMap((change) => filled(change, captures)));
    }
    return matching.length === 0 ? undefined : new HeaderEdits(matching);
  }

  /** The resource that is served at `path`, always the same one for the same resource. */
  decorated(resource: Resource, path: string): Resource {
    const known = this.#decorated.get(resource);
    if (known) return known;
    const parsed = parsePath(path);
    const edits = parsed.ok ? this.editsFor(parsed.value) : undefined;
    const decorated = edits ? edits.decorate(resource) : resource;
    this.#decorated.set(resource, decorated);
    return decorated;
  }
}

/** `undefined` if what was captured cannot be part of the target. */
function outcomeOf(
  { rule: { status, target }, captures }: Match,
  requested: Requested,
): RuleOutcome | undefined {
  if (!isRedirect(status)) {
    const path = localPath(target, captures);
    return path.ok ? { kind: 'file', status, path: path.value } : undefined;
  }
  const location = locationOf(target, captures, requested);
  const isUsable = location !== undefined && location.length <= MAX_FILLED_CHARS;
  return isUsable ? { kind: 'redirect', status, location } : undefined;
}

/** Where in the site a redirect leads; `undefined` for other outcomes. */
function targetOf({ rule: { status, target }, captures }: Match, query: string): Place | undefined {
  const next = isRedirect(status) && target.origin === '' ? localPath(target, captures) : undefined;
  return next?.ok ? { path: next.value, query: queryOf(target, captures, query) } : undefined;
}

function pathOf({ path }: Place): string {
  return encodePath(path.segments, path.directory);
}

/** Clients may leave out the mark of an empty query, so that it makes no other place. */
function urlOf(place: Place): string {
  return pathOf(place) + (place.query === '?' ? '' : place.query);
}

function parametersOf(query: string): Parameters {
  const parameters = new Map<string, Set<string>>();
  for (const [key, value] of new URLSearchParams(query)) {
    const values = parameters.get(key);
    if (values) values.add(value);
    else parameters.set(key, new Set([value]));
  }
  return parameters;
}

/** The captures of path and query; `undefined` if a condition does not hold. */
function withQuery(
  captures: Captures,
  conditions: readonly QueryCondition[],
  parameters: Parameters,
): Captures | undefined {
  const all = new Map(captures);
  for (const { key, value, name } of conditions) {
    const values = parameters.get(key);
    if (!values || (value !== undefined && !values.has(value))) return undefined;
    const [first = ''] = values;
    if (name !== undefined) all.set(name, first);
  }
  return all;
}

/**
 * Values are filled in encoded, so that they hold no line break, and nothing that separates values or directives. Nothing
 * where no value is left of what was captured.
 */
function filled({ name, value }: HeaderChange, captures: Captures): HeaderChange[] {
  if (value === undefined || captures.size === 0 || !value.includes(':')) return [{ name, value }];
  const names = new Set(captures.keys());
  const text = value.replace(/:([A-Za-z]\w*)/g, (whole, word: string) =>
    names.has(word) ? captured(captures.get(word) ?? '') : whole,
  );
  if (text.length > MAX_FILLED_CHARS) return [{ name, value }];
  return text.trim() === '' ? [] : [{ name, value: text.trim() }];
}

function captured(value: string): string {
  return value.split('/').map(encodeURIComponent).join('/');
}

export interface CompiledRules {
  /** `undefined` if there is no rule. */
  readonly rules: SiteRules | undefined;
  readonly badRedirects: readonly BadLine[];
  readonly badHeaders: readonly BadLine[];
}

/** The contents of both files, empty for a file that is not there. */
export function* compileRules(redirectsText: string, headersText: string): Steps<CompiledRules> {
  const redirects = yield* parseRedirects(redirectsText);
  const headers = yield* parseHeaders(headersText);
  const isEmpty = redirects.rules.length + headers.rules.length === 0;
  return {
    rules: isEmpty ? undefined : new SiteRules(redirects.rules, headers.rules),
    badRedirects: redirects.badLines,
    badHeaders: headers.badLines,
  };
}

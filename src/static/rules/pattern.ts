/**
 * The path of a rule: literal text, `:name` for a part of one segment, and at most one `*` for anything, slashes too.
 * Paths are compared decoded and without a final slash. Linear in the length of the path: nothing is tried twice. Pure.
 */
import { collect, failure, type Result, success } from '../../util/result.ts';
import { type ParsedPath, parseSegment } from '../path.ts';

/** Decoded values by name; the part that `*` matched is called {@link SPLAT}. */
export type Captures = ReadonlyMap<string, string>;

export const SPLAT = 'splat';

type Token = { readonly text: string } | { readonly name: string };
type SegmentPattern = readonly Token[];

export interface Pattern {
  /** Segments before the one with `*`, or all of them. */
  readonly head: readonly SegmentPattern[];
  /** What stands beside `*` in its own segment. */
  readonly splat: { readonly prefix: string; readonly suffix: string } | undefined;
  readonly tail: readonly SegmentPattern[];
  readonly names: ReadonlySet<string>;
  /** The only path that matches, as {@link keyOf} has it, if there is only one. */
  readonly literal: string | undefined;
}

const NAME = /(:[A-Za-z]\w*)/;
const NEVER_IN_PATHS = /[\\?#\p{Cc}]/u;

/** Segments without encoding, which contain no slash. */
export function keyOf(segments: readonly string[]): string {
  return `/${segments.join('/')}`;
}

/** The error says what is wrong, for the author of the rule. */
export function parsePattern(text: string): Result<Pattern, string> {
  if (text.includes('?')) return failure('a query in the path: write conditions as name=value after it');
  if (text.includes('#')) return failure('a fragment, which no browser sends');
  if (NEVER_IN_PATHS.test(text)) return failure('a backslash or a control character in the path');
  if (text.indexOf('*') !== text.lastIndexOf('*')) return failure('more than one * in the path');
  const raw = text.split('/').filter((segment) => segment !== '' && segment !== '.');
  const at = raw.findIndex((segment) => segment.includes('*'));
  // Two parts of the segment with `*`, one of every other.
  const parsed = collect(raw.flatMap((segment) => segment.split('*')).map(parseTokens));
  if (!parsed.ok) return parsed;
  const head = at < 0 ? parsed.value : parsed.value.slice(0, at);
  const tail = at < 0 ? [] : parsed.value.slice(at + 2);
  const [prefix, suffix] = at < 0 ? [] : parsed.value.slice(at, at + 2).map(textOf);
  if (at >= 0 && (prefix === undefined || suffix === undefined))
    return failure('a placeholder and * in the same segment');
  const names = parsed.value.flat().flatMap((token) => ('name' in token ? [token.name] : []));
  if (new Set(names).size < names.length) return failure('the same placeholder twice');
  if (names.includes(SPLAT)) return failure(`a placeholder called :${SPLAT}, which is what * matches`);
  const splat = prefix === undefined || suffix === undefined ? undefined : { prefix, suffix };
  const isLiteral = names.length === 0 && !splat;
  return success({
    head,
    splat,
    tail,
    names: new Set(splat ? [...names, SPLAT] : names),
    literal: isLiteral ? keyOf(head.map((tokens) => textOf(tokens) as string)) : undefined,
  });
}

/** Text and names in turn. */
function parseTokens(segment: string): Result<SegmentPattern, string> {
  const parts = segment.split(NAME);
  const isAdjacent = parts.some((part, at) => part === '' && at % 2 === 0 && at > 0 && at < parts.length - 1);
  if (isAdjacent) return failure('two placeholders without anything between them');
  return collect(
    parts
      .filter((part) => part !== '')
      .map((part): Result<Token, string> => {
        if (NAME.test(part)) return success({ name: part.slice(1) });
        const text = parseSegment(part);
        return text.ok ? success({ text: text.value }) : text;
      }),
  );
}

/** `undefined` if there is a name in it. */
function textOf(tokens: SegmentPattern): string | undefined {
  const [only, ...others] = tokens;
  if (!only) return '';
  return 'text' in only && others.length === 0 ? only.text : undefined;
}

export function matchPattern(
  { head, splat, tail, literal }: Pattern,
  { segments, directory }: ParsedPath,
): Captures | undefined {
  const captures = new Map<string, string>();
  if (literal !== undefined) return literal === keyOf(segments) ? captures : undefined;
  const between = segments.length - head.length - tail.length;
  if (splat ? between < 0 : between !== 0) return undefined;
  const isMatch = (tokens: SegmentPattern, at: number) =>
    matchTokens(tokens, segments[at] as string, captures);
  if (!head.every((tokens, at) => isMatch(tokens, at))) return undefined;
  if (!tail.every((tokens, at) => isMatch(tokens, head.length + between + at))) return undefined;
  if (!splat) return captures;
  const { prefix, suffix } = splat;
  // Only `/*` at the end may stand for nothing at all: `/a/*` matches `/a`.
  if (between === 0 && (tail.length > 0 || prefix + suffix !== '')) return undefined;
  const text = segments.slice(head.length, head.length + between).join('/');
  if (text.length < prefix.length + suffix.length || !text.startsWith(prefix) || !text.endsWith(suffix))
    return undefined;
  const value = text.slice(prefix.length, text.length - suffix.length);
  const keepsSlash = directory && tail.length === 0 && suffix === '' && value !== '';
  return captures.set(SPLAT, keepsSlash ? `${value}/` : value);
}

/**
 * From right to left: each name ends where the text after it begins, and begins after the last occurrence of the text
 * before it, which leaves the most to the names before.
 */
function matchTokens(tokens: SegmentPattern, text: string, captures: Map<string, string>): boolean {
  let end = text.length;
  for (let at = tokens.length - 1; at >= 0; at--) {
    const token = tokens[at] as Token;
    if ('text' in token) {
      end -= token.text.length;
      if (end < 0 || !text.startsWith(token.text, end)) return false;
      continue;
    }
    const start = startOfName(tokens, at, text, end);
    if (start < 0 || start >= end) return false;
    captures.set(token.name, text.slice(start, end));
    end = start;
  }
  return end === 0;
}

function startOfName(tokens: SegmentPattern, at: number, text: string, end: number): number {
  const before = tokens[at - 1];
  if (!before || 'name' in before) return 0;
  const { length } = before.text;
  const latest = end - 1 - length;
  const found = latest < 0 ? -1 : at === 1 ? 0 : text.lastIndexOf(before.text, latest);
  return found < 0 ? -1 : found + length;
}

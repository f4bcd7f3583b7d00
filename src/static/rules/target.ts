/**
 * Where a rule leads: a path of the site, or the URL of another host, with `:name` and `:splat` filled in.
 *
 * Values are filled in by position, once, and encoded, so that no value can become another segment's `..`, another
 * field, or the name of a host: hosts come from the rule alone. Pure.
 */
import { failure, type Result, success } from '../../util/result.ts';
import { encodeSegment, type ParsedPath, parsePath, relativeReference } from '../path.ts';
import type { Captures } from './pattern.ts';

type Template = readonly (string | { readonly name: string })[];

export interface Target {
  /** `https://host`; empty for a path of the site. */
  readonly origin: string;
  readonly path: Template;
  /** Without its `?`; `undefined`: the query of the request is kept. */
  readonly query: Template | undefined;
  /** Without its `#`. */
  readonly fragment: Template | undefined;
}

const ORIGIN = /^https?:\/\/(?:[a-z\d_](?:[a-z\d._-]*[a-z\d_])?|\[[\da-f:.]+\])(?::\d{1,5})?(?=[/?#]|$)/i;
const SCHEME = /^[a-z][a-z\d+.-]*:/i;
/** What may stand in a URL as it is (RFC 3986 §2). */
const NOT_IN_URLS = /%(?![\da-f]{2})|[^\w!#$%&'()*+,\-./:;=?@[\]~]/giu;
const NAME = /(:[A-Za-z]\w*)/;

/** `names`: what can be filled in; other names stay as they are written. The error is for the author of the rule. */
export function parseTarget(text: string, names: ReadonlySet<string>): Result<Target, string> {
  if (/[\\\p{Cc}]/u.test(text)) return failure('a backslash or a control character in the target');
  if (text.startsWith('//')) return failure('a target that begins with //: name the host with https://');
  const origin = text.startsWith('/') ? '' : ORIGIN.exec(text)?.[0];
  if (origin === undefined)
    return failure(
      SCHEME.test(text)
        ? 'a target that is no https:// or http:// URL with a plain host name'
        : 'a target that begins with neither / nor https://',
    );
  const [beforeFragment = '', ...fragment] = text.slice(origin.length).split('#');
  const [path = '', ...query] = beforeFragment.split('?');
  const rest = (parts: readonly string[], separator: string) =>
    parts.length > 0 ? templateOf(parts.join(separator), names) : undefined;
  const target: Target = {
    origin,
    path: templateOf(path, names),
    query: rest(query, '?'),
    fragment: rest(fragment, '#'),
  };
  const sample = new Map([...names].map((name) => [name, 'x']));
  const local = origin === '' ? localPath(target, sample) : success(undefined);
  return local.ok ? success(target) : failure(`${local.error} in the target`);
}

export function templateOf(text: string, names: ReadonlySet<string>): Template {
  return text
    .split(NAME)
    .filter((part) => part !== '')
    .map((part) =>
      part.startsWith(':') && names.has(part.slice(1))
        ? { name: part.slice(1) }
        : part.replace(NOT_IN_URLS, (character) => encodeURIComponent(character)),
    );
}

export function fill(template: Template, captures: Captures, encode: (value: string) => string): string {
  return template
    .map((part) => (typeof part === 'string' ? part : encode(captures.get(part.name) ?? '')))
    .join('');
}

/** Slashes in a value stay. */
function encodeValue(value: string): string {
  return value.split('/').map(encodeSegment).join('/');
}

/** The path in the site. Repeated slashes count as one, as in every path. */
export function localPath({ path }: Target, captures: Captures): Result<ParsedPath, string> {
  return parsePath(fill(path, captures, encodeValue));
}

/** The query with its `?`, or the empty string. */
export function queryOf({ query }: Target, captures: Captures, requested: string): string {
  return query ? `?${fill(query, captures, encodeURIComponent)}` : requested;
}

export interface Requested {
  /** As received. */
  readonly path: string;
  readonly query: string;
}

/** The value of `Location`; `undefined` if a value cannot be part of a path. */
export function locationOf(target: Target, captures: Captures, requested: Requested): string | undefined {
  const { origin, path, fragment } = target;
  const local = origin === '' ? localPath(target, captures) : undefined;
  if (local && !local.ok) return undefined;
  const place = local
    ? relativeReference(requested.path, local.value)
    : origin + fill(path, captures, encodeValue);
  const query = queryOf(target, captures, requested.query);
  return place + query + (fragment ? `#${fill(fragment, captures, encodeURIComponent)}` : '');
}

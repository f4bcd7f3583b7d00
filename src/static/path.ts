/**
 * The path of a request target, to and from file names.
 *
 * A path is percent-decoded exactly once. Whatever another server or file system might interpret differently (encoded
 * slashes, backslashes, `..`, overlong UTF-8) is rejected here rather than repaired, so that no later module has to
 * consider it again. A `.` segment is dropped (RFC 3986 §5.2.4): apt requests `./Packages` of every flat repository.
 */
import { failure, type Result, success } from '../util/result.ts';

export interface ParsedPath {
  /** Decoded names, none of them empty or `.`: repeated slashes count as one. The root has no segments. */
  readonly segments: readonly string[];
  /** The path ended with a slash, or with a `.` after one. */
  readonly directory: boolean;
}

const SLASH = 0x2f;
const BACKSLASH = 0x5c;

/**
 * Visible ASCII except `#` and `?`, which end a path, and the backslash, which some systems treat as a slash.
 * Other characters outside RFC 3986 (`|`, `[`, `"` …) are allowed: browsers send them, and they are unambiguous.
 */
const PATH_CHARACTERS = /^[!"$->@-[\]-~]*$/;

/**
 * Parses an absolute path, still percent-encoded and without its query (RFC 9112 §3.2.1, RFC 3986 §3.3). The error
 * is the reason, which no response contains. Never throws. Linear; a plain name costs one slice.
 */
export function parsePath(rawPath: string): Result<ParsedPath, string> {
  if (rawPath.charCodeAt(0) !== SLASH) return failure('no slash at the beginning');
  if (!PATH_CHARACTERS.test(rawPath)) return failure('a character that a path may not hold');
  const segments: string[] = [];
  let directory = true;
  for (let start = 1; start < rawPath.length; ) {
    const slash = rawPath.indexOf('/', start);
    const end = slash < 0 ? rawPath.length : slash;
    if (end > start) {
      const parsed = parseSegment(rawPath.slice(start, end));
      if (!parsed.ok) return parsed;
      const segment = parsed.value;
      directory = segment === '.' || slash >= 0;
      if (segment !== '.') segments.push(segment);
    }
    start = end + 1;
  }
  return success({ segments, directory });
}

/**
 * The canonical absolute path of segments as `parsePath` returns them (well-formed, none empty), for `Location`
 * and links. It never begins with `//`, which a browser would interpret as another host (RFC 3986 §4.2).
 */
export function encodePath(segments: readonly string[], directory: boolean): string {
  if (segments.length === 0) return '/';
  return `/${segments.map(encodeSegment).join('/')}${directory ? '/' : ''}`;
}

/** A segment that clients resolve before they send a request, in any spelling (URL Standard, «single-dot»). */
const SINGLE_DOT = /^(?:\.|%2e)$/i;

/**
 * A reference to another path of the site, relative to the requested one: so it is valid behind a proxy that strips a
 * prefix, and cannot name another host. It climbs no further than to the deepest folder that both are in.
 * `rawPath` has been parsed successfully.
 */
export function relativeReference(rawPath: string, { segments, directory }: ParsedPath): string {
  const from = rawPath
    .split('/')
    .slice(1, -1)
    .filter((raw) => !SINGLE_DOT.test(raw));
  const folders = directory ? segments : segments.slice(0, -1);
  let shared = 0;
  let at = 0;
  // What repeated slashes enclose counts on the way up only.
  for (; at < from.length; at++) {
    if (from[at] === '') continue;
    if (shared >= folders.length || decode(from[at] as string) !== folders[shared]) break;
    shared += 1;
  }
  const down = encodePath(segments.slice(shared), directory).slice(1);
  if (at < from.length) return '../'.repeat(from.length - at) + down;
  // A `:` in the first segment would end a scheme (RFC 3986 §4.2).
  return down === '' || /^[^/]*:/.test(down) ? `./${down}` : down;
}

// encodeURIComponent is meant for query values: it also encodes these characters, which are allowed in a segment
// (pchar, RFC 3986 §3.3) and occur in names such as `@scope`.
const NEEDLESSLY_ENCODED = /%(?:24|26|2B|2C|3A|3B|3D|40)/g;

export function encodeSegment(segment: string): string {
  return encodeURIComponent(segment).replace(NEEDLESSLY_ENCODED, decodeURIComponent);
}

/** One segment, decoded; `.` is not special here. */
export function parseSegment(raw: string): Result<string, string> {
  const encoded = raw.includes('%');
  const segment = encoded ? decode(raw) : raw;
  if (segment === undefined) return failure('malformed percent-encoding or UTF-8');
  if (segment === '..') return failure('a segment that leads up');
  if (encoded && hasForbidden(segment)) return failure('an encoded slash, backslash or control character');
  return success(segment);
}

/** ECMAScript requires this to reject bad hex digits, overlong forms, surrogates and truncated sequences (RFC 3629 §3). */
function decode(raw: string): string | undefined {
  try {
    return decodeURIComponent(raw);
  } catch {
    return undefined;
  }
}

/** Decoded characters that PATH_CHARACTERS excludes from raw ones: U+0000 to 001F and U+007F to 009F are controls. */
function hasForbidden(segment: string): boolean {
  for (let at = 0; at < segment.length; at++) {
    const code = segment.charCodeAt(at);
    if (code < 0x20 || code === SLASH || code === BACKSLASH || (code >= 0x7f && code < 0xa0)) return true;
  }
  return false;
}

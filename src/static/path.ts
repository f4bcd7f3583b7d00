/**
 * The path of a request target, to and from file names.
 *
 * One percent-decoding, one reading: whatever another server or file system might read differently (encoded
 * slashes, backslashes, `..`, overlong UTF-8) is refused here rather than repaired, so that nothing behind this
 * module has to think about it again. A `.` alone leads nowhere, and apt asks for `./Packages` of every flat
 * repository: it is dropped (RFC 3986 §5.2.4).
 */

export type ParsedPath =
  | {
      readonly kind: 'path';
      /** Decoded names, none of them empty or `.`: repeated slashes count as one. The root has no segments. */
      readonly segments: readonly string[];
      /** The path ended with a slash, or with a `.` after one. */
      readonly directory: boolean;
    }
  | {
      readonly kind: 'bad';
      /** For people; part of no answer. */
      readonly reason: string;
    };

const SLASH = 0x2f;
const BACKSLASH = 0x5c;

/**
 * Visible ASCII, save `#` and `?` (they end a path) and the backslash (some systems take it for a slash).
 * Other characters outside RFC 3986 (`|`, `[`, `"` …) pass: browsers send them, and they mean themselves.
 */
const PATH_CHARACTERS = /^[!"$->@-[\]-~]*$/;

/**
 * Reads an absolute path, still percent-encoded and without its query (RFC 9112 §3.2.1, RFC 3986 §3.3).
 * Never throws. Linear; a plain name costs one slice.
 */
export function parsePath(rawPath: string): ParsedPath {
  if (rawPath.charCodeAt(0) !== SLASH) return bad('no slash at the beginning');
  if (!PATH_CHARACTERS.test(rawPath)) return bad('a character that a path may not hold');
  const segments: string[] = [];
  let directory = true;
  for (let start = 1; start < rawPath.length; ) {
    const slash = rawPath.indexOf('/', start);
    const end = slash < 0 ? rawPath.length : slash;
    if (end > start) {
      const segment = readSegment(rawPath.slice(start, end));
      if (typeof segment !== 'string') return segment;
      directory = segment === '.' || slash >= 0;
      if (segment !== '.') segments.push(segment);
    }
    start = end + 1;
  }
  return { kind: 'path', segments, directory };
}

/**
 * The canonical absolute path of segments as `parsePath` gives them (well-formed, none empty), for `Location`
 * and links. It never begins with `//`, which a browser would take for another host (RFC 3986 §4.2).
 */
export function encodePath(segments: readonly string[], directory: boolean): string {
  if (segments.length === 0) return '/';
  return `/${segments.map(encodeSegment).join('/')}${directory ? '/' : ''}`;
}

// encodeURIComponent is made for query values: it also encodes these, which a segment may hold as they are
// (pchar, RFC 3986 §3.3) and which names such as `@scope` do hold.
const NEEDLESSLY_ENCODED = /%(?:24|26|2B|2C|3A|3B|3D|40)/g;

function encodeSegment(segment: string): string {
  return encodeURIComponent(segment).replace(NEEDLESSLY_ENCODED, decodeURIComponent);
}

type Bad = Extract<ParsedPath, { kind: 'bad' }>;

function bad(reason: string): Bad {
  return { kind: 'bad', reason };
}

function readSegment(raw: string): string | Bad {
  const encoded = raw.includes('%');
  const segment = encoded ? decode(raw) : raw;
  if (segment === undefined) return bad('malformed percent-encoding or UTF-8');
  if (segment === '..') return bad('a segment that leads up');
  if (encoded && holdsForbidden(segment)) return bad('an encoded slash, backslash or control character');
  return segment;
}

/** ECMAScript requires this to refuse bad hex digits, overlong forms, surrogates and cut sequences (RFC 3629 §3). */
function decode(raw: string): string | undefined {
  try {
    return decodeURIComponent(raw);
  } catch {
    return undefined;
  }
}

/** What raw characters cannot be, and decoded ones must not be: U+0000 to 001F and U+007F to 009F are controls. */
function holdsForbidden(segment: string): boolean {
  for (let at = 0; at < segment.length; at++) {
    const code = segment.charCodeAt(at);
    if (code < 0x20 || code === SLASH || code === BACKSLASH || (code >= 0x7f && code < 0xa0)) return true;
  }
  return false;
}

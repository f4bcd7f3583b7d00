/**
 * The file `_headers`, in the format of Netlify and Cloudflare Pages: a path, and below it `Name: value`, or `! Name` for
 * a header that is to be left out. Pure.
 */
import { failure, type Result, success } from '../../util/result.ts';
import type { Steps } from '../../util/turns.ts';
import { type BadLine, readLines, shownText } from './lines.ts';
import { type Pattern, parsePattern } from './pattern.ts';

const MAX_HEADER_RULES = 100;

export interface HeaderChange {
  readonly name: string;
  /** `undefined`: the header is left out. */
  readonly value: string | undefined;
}

export interface HeaderRule {
  readonly pattern: Pattern;
  readonly changes: readonly HeaderChange[];
}

export interface HeadersFile {
  readonly rules: readonly HeaderRule[];
  readonly badLines: readonly BadLine[];
}

/** RFC 9110 §5.6.2. */
const TOKEN = /^[\w!#$%&'*+.^`|~-]+$/;
/** RFC 9110 §5.5 without obs-text. */
const FIELD_VALUE = /^[!-~]+(?:[ \t]+[!-~]+)*$/;

/** What describes the connection, or content that only the server knows. */
const OWN_FIELDS =
  /^(?:accept-ranges|age|allow|alt-svc|connection|content-(?:encoding|length|range)|date|etag|keep-alive|last-modified|location|proxy-(?:authenticate|connection)|te|trailer|transfer-encoding|upgrade|www-authenticate)$/i;
const REQUIRED_FIELDS = /^(?:content-type|vary)$/i;

/** A step is a line. */
export function* parseHeaders(text: string): Steps<HeadersFile> {
  const rules: { pattern: Pattern; changes: HeaderChange[] }[] = [];
  const badLines: BadLine[] = [];
  /** `skipped`: below a path that was refused, whose headers belong to no other. */
  let current: HeaderChange[] | 'none' | 'skipped' = 'none';
  const lines = yield* readLines(text);
  for (const { line, text: content, fault } of lines) {
    if (/^(?:\/|[a-z][a-z\d+.-]*:\/\/)/i.test(content)) {
      const pattern = parsePath(content, fault, rules.length);
      current = pattern.ok ? [] : 'skipped';
      if (pattern.ok) rules.push({ pattern: pattern.value, changes: current as HeaderChange[] });
      else badLines.push({ line, reason: pattern.error });
    } else if (current !== 'skipped') {
      const change =
        current === 'none' ? failure('a header above the first path') : parseChange(content, fault);
      if (change.ok) (current as HeaderChange[]).push(change.value);
      else badLines.push({ line, reason: change.error });
    }
    yield;
  }
  return { rules, badLines };
}

function parsePath(text: string, fault: string | undefined, pathsBefore: number): Result<Pattern, string> {
  if (pathsBefore >= MAX_HEADER_RULES) return failure(`more than ${MAX_HEADER_RULES} paths`);
  if (fault !== undefined) return failure(fault);
  if (!text.startsWith('/'))
    return failure('a rule for one host: every host is served the same site, so write the path alone');
  if (/\s/.test(text))
    return failure('a blank in the path; encode it as %20, and put comments on lines of their own');
  return parsePattern(text);
}

/** Values are never quoted in errors: they may be secrets. */
function parseChange(text: string, fault: string | undefined): Result<HeaderChange, string> {
  if (fault !== undefined) return failure(fault);
  if (text.startsWith('!')) return parseRemoval(text.slice(1).trim());
  const colon = text.indexOf(':');
  if (colon < 0) return failure('neither a path, which begins with /, nor Name: value, nor ! Name');
  const name = text.slice(0, colon).trim();
  const value = text.slice(colon + 1).trim();
  const refused = refusedName(name);
  if (refused !== undefined) return failure(refused);
  if (!FIELD_VALUE.test(value)) return failure(`the value of ${name} is empty, or not printable ASCII`);
  return success({ name, value });
}

function parseRemoval(name: string): Result<HeaderChange, string> {
  const refused = refusedName(name);
  if (refused !== undefined) return failure(refused);
  if (REQUIRED_FIELDS.test(name)) return failure(`${name} cannot be left out`);
  return success({ name, value: undefined });
}

function refusedName(name: string): string | undefined {
  if (!TOKEN.test(name)) return `${shownText(name)} is no name of a header`;
  if (name.toLowerCase() === 'basic-auth') return `${name} is no header; passwords are for --auth`;
  return OWN_FIELDS.test(name) ? `${name} belongs to the server` : undefined;
}

/**
 * An excerpt of an error response for the reason: one short line, without anything that the operator configured for the
 * request, since servers and proxies often echo what they received. Pure.
 */

import type { ClientResponse } from '../../net/http-client.ts';
import { cutText } from './text/split.ts';

const MAX_EXCERPT_UNITS = 200;
/** How much of a body is looked at. */
const WINDOW_UNITS = 2048;
/** Shorter secrets would redact half of every sentence. */
const MIN_SECRET_CHARACTERS = 4;
/** A character may become this many, as `%252B` for `+`. */
const GROWTH = 6;
const REDACTED = '***';

const delimiters = /[\s;,=&:/?@#"'<>]+/;
/** Between the words of a secret, however often it was encoded: percent, JSON, HTML, or nothing of these. */
const BORDER = String.raw`(?:%(?:25)*[\da-f]{2}|\\+u[\da-f]{4}|&#?\w{1,8};|[^\p{L}\p{N}]){0,24}`;
/** Anything that looks like a token is treated as one. */
const TOKEN = String.raw`(?=[\w-]*\d)(?=[\w-]*[a-z])[\w-]{20,}`;
const words = /[\p{L}\p{N}]+/gu;
/** Control characters, and what makes text run backwards or vanish. */
const invisible = /[\p{Cc}\p{Cf}\u2028\u2029\s]+/gu;

/** `written` is what the operator wrote: URLs, values of headers, texts of a body, each with its placeholders. */
export function compileExcerpt(written: readonly string[]): (response: ClientResponse) => string {
  let compiled: Redaction | undefined;
  return ({ body, complete }) => {
    const text = body.toString();
    // A truncated body may end in half a secret, and bytes that are not UTF-8 are unreadable.
    if (!complete || text.includes('\ufffd')) return '';
    const line = text
      .replace(/<[^<>]*>/g, ' ')
      .replace(invisible, ' ')
      .trim();
    // At the first failure: it takes milliseconds for each channel, which a start has not.
    compiled ??= redactionOf(written);
    const { pattern, tailUnits } = compiled;
    const seen = line.slice(0, WINDOW_UNITS + tailUnits);
    const redacted = seen.replace(pattern, REDACTED);
    const whole =
      seen.length < line.length ? redacted.slice(0, Math.max(0, redacted.length - tailUnits)) : redacted;
    return cutText(whole, MAX_EXCERPT_UNITS);
  };
}

interface Redaction {
  readonly pattern: RegExp;
  /** What the longest secret may take. */
  readonly tailUnits: number;
}

function redactionOf(written: readonly string[]): Redaction {
  const secrets = [...new Set(written.flatMap(piecesOf))].sort((a, b) => b.length - a.length);
  return {
    pattern: new RegExp([...secrets.map(patternOf), TOKEN].join('|'), 'giu'),
    tailUnits: (secrets[0]?.length ?? 0) * GROWTH,
  };
}

/** A text and its parts, as they are and decoded, without those too short to be secret. */
function piecesOf(text: string): string[] {
  const parts = text.split(/\{\{[^{}]*\}\}/).flatMap((part) => [part, ...part.split(delimiters)]);
  return parts
    .flatMap((part) => [part, decoded(part)])
    .filter((part) => lengthOf(part) >= MIN_SECRET_CHARACTERS);
}

function wordsOf(text: string): readonly string[] {
  return text.match(words) ?? [];
}

function lengthOf(text: string): number {
  return wordsOf(text).join('').length;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** A secret by its words: in its own form, and percent-encoded, which makes words of what were none. */
function patternOf(secret: string): string {
  const forms = [secret, encodeURIComponent(secret.toWellFormed())];
  return forms.map((form) => wordsOf(form).join(BORDER)).join('|');
}

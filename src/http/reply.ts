/**
 * Responses with a short content, as plans. They are not cached unless `cacheControl` says otherwise. Pure.
 *
 * The responses for the errors of the catalogue are in `errors.ts`, those with the content of a file in
 * `src/static/plan.ts`.
 */
import { sha256Of } from '../util/sha256.ts';
import { type Body, type HeaderList, noBody, type Plan } from './types.ts';

const NOT_CACHED = 'no-store';

/** A response with `content`, strings as UTF-8. */
export function replyPlan(
  status: number,
  contentType: string,
  content: string | Uint8Array,
  extra: HeaderList = [],
  cacheControl: string = NOT_CACHED,
): Plan {
  const { body, bytes } = bodyOf(content);
  const headers = ['Content-Type', contentType, 'Content-Length', String(bytes)];
  return { status, headers: [...headers, 'Cache-Control', cacheControl, ...extra], body };
}

/** ASCII is the same in Latin-1, as which the body leaves in one write with the header section. */
function bodyOf(content: string | Uint8Array): { readonly body: Body; readonly bytes: number } {
  const isText = typeof content === 'string' && Buffer.byteLength(content) === content.length;
  if (isText) return { body: { kind: 'text', text: content }, bytes: content.length };
  const bytes = bytesOf(content);
  return { body: { kind: 'bytes', bytes }, bytes: bytes.length };
}

function bytesOf(content: string | Uint8Array): Uint8Array {
  return typeof content === 'string' ? Buffer.from(content) : content;
}

export function textPlan(status: number, text: string, extra: HeaderList = []): Plan {
  return replyPlan(status, 'text/plain; charset=utf-8', text, extra);
}

export function htmlPlan(
  status: number,
  html: string | Uint8Array,
  extra: HeaderList = [],
  cacheControl: string = NOT_CACHED,
): Plan {
  return replyPlan(status, 'text/html; charset=utf-8', bytesOf(html), extra, cacheControl);
}

/** Of the few styles that mote has. */
const digests = new Map<string, string>();

function digestOf(style: string): string {
  const known = digests.get(style) ?? Buffer.from(sha256Of(Buffer.from(style))).toString('base64');
  digests.set(style, known);
  return known;
}

/**
 * A page of mote's own that holds `style` in one `<style>`, and whose forms lead to mote. Its policy forbids everything
 * else, in the place of the operator's, which is for other pages and would block the style or allow too much.
 */
export function styledPlan(
  status: number,
  html: string | Uint8Array,
  style: string,
  extra: HeaderList = [],
  cacheControl?: string,
): Plan {
  const policy =
    `default-src 'none'; style-src 'sha256-${digestOf(style)}'; ` +
    "base-uri 'none'; form-action 'self'; frame-ancestors 'self'";
  const headers = [...extra, 'Content-Security-Policy', policy];
  return { ...htmlPlan(status, html, headers, cacheControl), overridesDefaults: true };
}

/** `value` as one line of JSON (RFC 8259), which needs no `charset` (§11). */
export function jsonPlan(
  status: number,
  value: unknown,
  extra: HeaderList = [],
  contentType = 'application/json',
): Plan {
  return replyPlan(status, contentType, bytesOf(`${JSON.stringify(value)}\n`), extra);
}

/** `location` is the value of `Location`, already encoded (RFC 9110 §10.2.2). */
export function redirectPlan(status: 301 | 302 | 303 | 307 | 308, location: string): Plan {
  // Cached permanently, it would still be followed when the redirect no longer exists.
  const headers = ['Location', location, 'Content-Length', '0', 'Cache-Control', 'no-cache'];
  return { status, headers, body: noBody };
}

/** 204, which has neither content nor a length (RFC 9110 §8.6). */
export function noContentPlan(headers: HeaderList): Plan {
  return { status: 204, headers, body: noBody };
}

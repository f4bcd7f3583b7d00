/** Where message fields can go in a request: each place has an encoding that values cannot break out of. */
import { isIP } from 'node:net';
import { failure, type Result, success } from '../../../util/result.ts';
import type { Message } from '../../message.ts';
import { compileTemplate, type Fill, hasFields } from '../text/template.ts';

const MARK_HEAD = 'mote0field0';
const MARK_TAIL = '0end';
const marks = new RegExp(`${MARK_HEAD}(\\w+?)${MARK_TAIL}`, 'g');

/** Returns `undefined` if a value would change the resource, as `..` does. */
export type FillUrl = (message: Message) => URL | undefined;

/**
 * An `http:` or `https:` URL that may contain fields in its path and query only; they are percent-encoded.
 */
export function compileUrl(source: string): Result<FillUrl, string> {
  const known = compileTemplate(source);
  if (!known.ok) return known;
  // The URL is parsed before it is filled, so that values cannot become part of its structure.
  const marked = source.replace(/\{\{\s*(\w+)\s*\}\}/g, `${MARK_HEAD}$1${MARK_TAIL}`);
  if (!URL.canParse(marked)) return failure('url: not a URL');
  const template = new URL(marked);
  if (!/^https?:$/.test(template.protocol)) return failure('url: neither an http: nor an https: URL');
  const rest = [template.username, template.password, template.host].join();
  if (rest.includes(MARK_HEAD)) return failure('url: fields may only be in the path and the query');
  if (!hasFields(source)) return success(() => template);
  const path = compilePart(template.pathname);
  if (!path.ok) return path;
  const query = compilePart(template.search);
  if (!query.ok) return query;
  return success((message) => {
    const url = new URL(template);
    const filled = path.value(message);
    url.pathname = filled;
    url.search = query.value(message);
    return url.pathname === filled ? url : undefined;
  });
}

function compilePart(part: string): Result<Fill, string> {
  return compileTemplate(part.replace(marks, '{{$1}}'), encodeURIComponent);
}

/** The address in a URL if it needs no lookup; `localhost` always means loopback (RFC 6761 §6.3). */
export function addressIn(source: string): string | undefined {
  const host = new URL(source.replace(/\{\{\s*\w+\s*\}\}/g, '')).hostname.replace(/^\[(.*)\]$/, '$1');
  if (/(?:^|\.)localhost\.?$/.test(host)) return '127.0.0.1';
  return isIP(host) === 0 ? undefined : host;
}

/** Headers that only the HTTP client sets. */
const ownHeaders = new Set([
  'host',
  'connection',
  'content-length',
  'transfer-encoding',
  'upgrade',
  'te',
  'trailer',
]);
const fieldName = /^[!#$%&'*+.^_`|~\w-]+$/;

/**
 * The value of a header; HTTP must allow its name and its literal text. Message fields are inserted as UTF-8
 * (`obs-text`, RFC 9110 §5.5), with control characters replaced by spaces.
 */
export function compileHeader(name: string, source: string): Result<Fill, string> {
  const fault = faultOfName(name);
  if (fault !== undefined) return failure(`headers: ${fault}`);
  // The value may be secret.
  if (hasControls(source)) return failure(`headers: ${name} holds control characters`);
  const value = latin1(source);
  if (!hasFields(source)) return success(() => value);
  const compiled = compileTemplate(source, withoutControls);
  if (!compiled.ok) return compiled;
  const fill = compiled.value;
  return success((message) => latin1(fill(message)));
}

export function faultOfName(name: string): string | undefined {
  // The rest may be the value, which may be secret.
  if (!fieldName.test(name)) return `not the name of a header: ${/^[\w-]*/.exec(name)?.[0]}…`;
  return ownHeaders.has(name.toLowerCase()) ? `${name} cannot be set` : undefined;
}

/** The bytes of UTF-8, one character each. */
function latin1(text: string): string {
  return Buffer.from(text).toString('latin1');
}

function hasControls(text: string): boolean {
  return withoutControls(text) !== text;
}

const CONTROLS = /\p{Cc}/gu;

function withoutControls(text: string): string {
  return text.replace(CONTROLS, ' ');
}

/** The places of a message in a request: each has its own encoding, so that no value leaves its place. */
import { isIP } from 'node:net';
import type { Message } from '../../message.ts';
import { compileTemplate, type Fill } from '../text/template.ts';

const MARK_HEAD = 'mote0field0';
const MARK_TAIL = '0end';
const marks = new RegExp(`${MARK_HEAD}(\\w+?)${MARK_TAIL}`, 'g');

/**
 * A URL whose path and query may hold fields, which are percent-encoded. Gives nothing where a value would
 * change which resource it is, as `..` does. Throws a `RangeError` for what is no `http:` or `https:` URL, and
 * for fields elsewhere than in path and query.
 */
export function compileUrl(source: string): (message: Message) => URL | undefined {
  compileTemplate(source);
  // The URL is taken apart before it is filled: values cannot become a part of its structure.
  const marked = source.replace(/\{\{\s*(\w+)\s*\}\}/g, `${MARK_HEAD}$1${MARK_TAIL}`);
  if (!URL.canParse(marked)) throw new RangeError('url: not a URL');
  const template = new URL(marked);
  if (!/^https?:$/.test(template.protocol)) throw new RangeError('url: neither an http: nor an https: URL');
  const rest = [template.username, template.password, template.host].join();
  if (rest.includes(MARK_HEAD)) throw new RangeError('url: fields may only be in the path and the query');
  const fillable = (part: string) => compileTemplate(part.replace(marks, '{{$1}}'), encodeURIComponent);
  const [path, query] = [fillable(template.pathname), fillable(template.search)];
  return (message) => {
    const url = new URL(template);
    const filled = path(message);
    url.pathname = filled;
    url.search = query(message);
    return url.pathname === filled ? url : undefined;
  };
}

/** The address that a URL names without a lookup, if it does; `localhost` is one by its name (RFC 6761 §6.3). */
export function addressIn(source: string): string | undefined {
  const host = new URL(source.replace(/\{\{\s*\w+\s*\}\}/g, '')).hostname.replace(/^\[(.*)\]$/, '$1');
  if (/(?:^|\.)localhost\.?$/.test(host)) return '127.0.0.1';
  return isIP(host) === 0 ? undefined : host;
}

/** Not to be set: they belong to the client. */
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
 * The value of a header. Values go in as UTF-8 (`obs-text`, RFC 9110 §5.5), control characters as spaces.
 * Throws a `RangeError` for a name or value that HTTP does not allow.
 */
export function compileHeader(name: string, source: string): Fill {
  if (!fieldName.test(name)) {
    // What follows may be the value, which may be secret.
    throw new RangeError(`headers: not the name of a header: ${/^[\w-]*/.exec(name)?.[0]}…`);
  }
  if (ownHeaders.has(name.toLowerCase())) throw new RangeError(`headers: ${name} cannot be set`);
  // The value may be secret.
  if (hasControls(source)) throw new RangeError(`headers: ${name} holds control characters`);
  const fill = compileTemplate(source, withoutControls);
  return (message) => Buffer.from(fill(message)).toString('latin1');
}

function hasControls(text: string): boolean {
  return withoutControls(text) !== text;
}

function withoutControls(text: string): string {
  return [...text].map((character) => (/\p{Cc}/u.test(character) ? ' ' : character)).join('');
}

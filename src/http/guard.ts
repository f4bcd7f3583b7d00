/**
 * What `node:http` lets through although RFC 9110 and RFC 9112 do not, plus the length of the target.
 * Pure: the server asks before anything else looks at a request.
 */
import type { ErrorCode } from './errors.ts';

/** Fields of one request: several times what clients and the proxies before them send. */
export const MAX_HEADER_FIELDS = 200;

/** uri-host [ ":" port ] of RFC 9110 §7.2, without the comma: two joined hosts must not pass as one. */
const hostPattern = /^(?:\[[0-9a-f:.]+\]|[a-z0-9._~!$&'()*+;=%-]+)(?::\d{0,5})?$/i;
/** Visible ASCII without `#`, which no request target has (RFC 9112 §3.2). */
const targetPattern = /^[\x21\x22\x24-\x7e]+$/;
const absoluteForm = /^https?:\/\/(?:\[[0-9a-f:.]+\]|[a-z0-9._~!$&'()*+;=%-]+)(?::\d{0,5})?(?=[/?]|$)/i;

/**
 * The target with the raw UTF-8 of its query percent-encoded, as its sender should have done it (RFC 3986 §2.1): curl
 * sends there what was typed. A path has one form only, lest a filter on the way sees another (RFC 9112 §3.2); what is
 * raw there, or no UTF-8, stays and is refused.
 */
export function encodeQuery(target: string): string {
  const mark = target.indexOf('?');
  if (mark < 0) return target;
  const query = target.slice(mark);
  const bytes = Buffer.from(query, 'latin1');
  if (!Buffer.from(bytes.toString('utf8')).equals(bytes)) return target;
  return (
    target.slice(0, mark) +
    query.replace(/[\x80-\xff]/g, (unit) => `%${unit.charCodeAt(0).toString(16).toUpperCase()}`)
  );
}

/** The host that passed last: nearly all requests of a client repeat it. */
let lastGoodHost = '';

/**
 * The reason to refuse a request by its head alone, or `undefined`.
 * `httpVersion` is like `1.1`; `rawHeaders` are names and values in turn, as they came in.
 */
export function refusalOf(
  target: string,
  httpVersion: string,
  rawHeaders: readonly string[],
  maxTargetBytes: number,
): ErrorCode | undefined {
  if (!httpVersion.startsWith('1.')) return httpVersion < '1' ? 'bad_request' : 'version_not_supported';
  if (rawHeaders.length > 2 * MAX_HEADER_FIELDS) return 'headers_too_large';
  if (target.length > maxTargetBytes) return 'uri_too_long';
  if (!targetPattern.test(target)) return 'bad_request';
  return hasBadFraming(httpVersion, rawHeaders) ? 'bad_request' : undefined;
}

/** Exactly one good Host in HTTP/1.1 (RFC 9112 §3.2), and a Transfer-Encoding that says something (§6.1). */
function hasBadFraming(httpVersion: string, rawHeaders: readonly string[]): boolean {
  let hosts = 0;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] as string;
    const value = rawHeaders[i + 1] as string;
    if (name.length === 4 && name.toLowerCase() === 'host') {
      hosts += 1;
      if (value !== lastGoodHost && !rememberHost(value)) return true;
    } else if (name.length === 17 && name.toLowerCase() === 'transfer-encoding') {
      // An HTTP/1.0 recipient on the way would have framed this message differently.
      if (value.trim() === '' || httpVersion === '1.0') return true;
    }
  }
  return hosts > 1 || (hosts === 0 && httpVersion !== '1.0');
}

function rememberHost(host: string): boolean {
  if (!hostPattern.test(host)) return false;
  lastGoodHost = host;
  return true;
}

export interface SplitTarget {
  readonly path: string;
  readonly query: string;
}

const asterisk: SplitTarget = { path: '*', query: '' };

/** Path and query of a request target (RFC 9112 §3.2), or `undefined` where the form does not fit the method. */
export function splitTarget(method: string, target: string): SplitTarget | undefined {
  if (target.charCodeAt(0) !== 47) {
    if (target === '*') return method === 'OPTIONS' ? asterisk : undefined;
    const authority = absoluteForm.exec(target)?.[0];
    if (authority === undefined) return undefined;
    const rest = target.slice(authority.length);
    return splitTarget(method, rest.startsWith('/') ? rest : `/${rest}`);
  }
  const mark = target.indexOf('?');
  return mark < 0 ? { path: target, query: '' } : { path: target.slice(0, mark), query: target.slice(mark) };
}

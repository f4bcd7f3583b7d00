/**
 * Rejects what `node:http` accepts although RFC 9110 and RFC 9112 do not allow it, and targets that are too long.
 * Applied before anything else sees a request. Pure.
 */
import type { ErrorCode } from './errors.ts';

/** Fields of one request: several times as many as clients and proxies send. */
export const MAX_HEADER_FIELDS = 200;

/**
 * uri-host [ ":" port ] of RFC 9110 §7.2, without the comma: two joined hosts must not pass as one. Probes of load
 * balancers send an empty host, which RFC 9112 §3.2 requires if there is no authority. Some clients forget to remove
 * the zone (RFC 6874, or with a bare `%` as it is typed).
 */
const hostPattern = /^(?:|(?:\[[0-9a-f:.]+(?:%[a-z0-9._~%-]+)?\]|[a-z0-9._~!$&'()*+;=%-]+)(?::\d{0,5})?)$/i;
/** Visible ASCII without `#`, which is not allowed in a request target (RFC 9112 §3.2). */
const targetPattern = /^[\x21\x22\x24-\x7e]+$/;
const absoluteForm =
  /^https?:\/\/(?:\[[0-9a-f:.]+(?:%[a-z0-9._~%-]+)?\]|[a-z0-9._~!$&'()*+;=%-]+)(?::\d{0,5})?(?=[/?]|$)/i;

/** Methods of RTSP only: llhttp accepts them in RTSP requests, but does not report which protocol it saw. */
const rtspMethods: ReadonlySet<string> = new Set([
  'ANNOUNCE',
  'DESCRIBE',
  'FLUSH',
  'GET_PARAMETER',
  'PAUSE',
  'PLAY',
  'RECORD',
  'REDIRECT',
  'SETUP',
  'SET_PARAMETER',
  'TEARDOWN',
]);

/** A transfer coding and its parameters (RFC 9112 §7), without quoted ones, which no coding in use has. */
const codingPattern =
  /^[ \t]*([\w!#$%&'*+.^`|~-]+)(?:[ \t]*;[ \t]*[\w!#$%&'*+.^`|~-]+=[\w!#$%&'*+.^`|~-]+)*[ \t]*$/;

/**
 * The target with raw UTF-8 in its query percent-encoded, as the client should have done (RFC 3986 §2.1): curl sends a
 * query as it was typed. A path is never repaired, since a filter on the way might see another one (RFC 9112 §3.2); raw
 * bytes in it, or bytes that are not UTF-8, remain and are rejected.
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

/** The last valid host: nearly all requests repeat it. */
let lastGoodHost = '';

/**
 * Why a request is rejected by its head alone, or `undefined`. `httpVersion` is like `1.1`; `rawHeaders` are
 * alternating names and values as received.
 */
export function headRefusal(
  target: string,
  httpVersion: string,
  rawHeaders: readonly string[],
  maxTargetBytes: number,
): ErrorCode | undefined {
  if (!httpVersion.startsWith('1.')) return httpVersion < '1' ? 'bad_request' : 'version_not_supported';
  if (rawHeaders.length > 2 * MAX_HEADER_FIELDS) return 'headers_too_large';
  if (target.length > maxTargetBytes) return 'uri_too_long';
  if (!targetPattern.test(target)) return 'bad_request';
  // The asterisk was introduced by HTTP/1.1; here it is RTSP/1.0, which llhttp does not distinguish.
  if (target === '*' && httpVersion === '1.0') return 'bad_request';
  return headFault(httpVersion, rawHeaders);
}

/** The fields that are judged, so that all others cost the look at a length. */
const judgedLengths: ReadonlySet<number> = new Set(
  ['host', 'cseq', 'expect', 'transfer-encoding'].map(({ length }) => length),
);

/** Requires one Host in HTTP/1.1 (RFC 9112 §3.2), a supported framing (§6.1), and valid fields. */
function headFault(httpVersion: string, rawHeaders: readonly string[]): ErrorCode | undefined {
  let hosts = 0;
  let codings: string | undefined;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    if (!judgedLengths.has((rawHeaders[i] as string).length)) continue;
    const name = (rawHeaders[i] as string).toLowerCase();
    const value = rawHeaders[i + 1] as string;
    const fault = fieldFault(name, value, httpVersion);
    if (fault) return fault;
    if (name === 'host') hosts += 1;
    else if (name === 'transfer-encoding') codings = codings === undefined ? value : `${codings},${value}`;
  }
  if (hosts > 1 || (hosts === 0 && httpVersion !== '1.0')) return 'bad_request';
  return codings === undefined ? undefined : codingFault(httpVersion, codings);
}

/** The error in a single field, of those that {@link judgedLengths} lets through. */
function fieldFault(name: string, value: string, httpVersion: string): ErrorCode | undefined {
  switch (name) {
    case 'host':
      return value === lastGoodHost || rememberHost(value) ? undefined : 'bad_request';
    // Mandatory in RTSP (RFC 7826 §18.20), unknown in HTTP.
    case 'cseq':
      return 'bad_request';
    // node:http accepts 100-continue anywhere in the value. HTTP/1.0 has no such field (RFC 9110 §10.1.1).
    case 'expect':
      return httpVersion === '1.0' || value.toLowerCase() === '100-continue'
        ? undefined
        : 'expectation_failed';
    default:
      return undefined;
  }
}

/**
 * Rejects everything except a single `chunked`. node:http ensures that it is the last coding, but not that the content
 * of the chunks has no other coding, which mote does not decode.
 */
function codingFault(httpVersion: string, list: string): ErrorCode | undefined {
  // An HTTP/1.0 intermediary would have framed this message differently.
  if (httpVersion === '1.0') return 'bad_request';
  const names = list.split(',').map((member) => codingPattern.exec(member)?.[1]?.toLowerCase());
  const isLast = names.indexOf('chunked') === names.length - 1;
  if (!isLast || names.includes(undefined)) return 'bad_request';
  return names.length > 1 ? 'not_implemented' : undefined;
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

/** Path and query of a request target (RFC 9112 §3.2), or `undefined` if the method does not allow its form. */
export function splitTarget(method: string, target: string): SplitTarget | undefined {
  if (method !== 'GET' && rtspMethods.has(method)) return undefined;
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

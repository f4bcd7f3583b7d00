/**
 * What `node:http` lets through although RFC 9110 and RFC 9112 do not, plus the length of the target.
 * Pure: the server asks before anything else looks at a request.
 */
import type { ErrorCode } from './errors.ts';

/** Fields of one request: several times what clients and the proxies before them send. */
export const MAX_HEADER_FIELDS = 200;

/**
 * uri-host [ ":" port ] of RFC 9110 §7.2, without the comma: two joined hosts must not pass as one. Empty is what
 * probes of load balancers send, and what RFC 9112 §3.2 wants where there is no authority. A zone (RFC 6874, or
 * with a bare `%` as it is typed) comes from clients that forgot to take it out.
 */
const hostPattern = /^(?:|(?:\[[0-9a-f:.]+(?:%[a-z0-9._~%-]+)?\]|[a-z0-9._~!$&'()*+;=%-]+)(?::\d{0,5})?)$/i;
/** Visible ASCII without `#`, which no request target has (RFC 9112 §3.2). */
const targetPattern = /^[\x21\x22\x24-\x7e]+$/;
const absoluteForm =
  /^https?:\/\/(?:\[[0-9a-f:.]+(?:%[a-z0-9._~%-]+)?\]|[a-z0-9._~!$&'()*+;=%-]+)(?::\d{0,5})?(?=[/?]|$)/i;

/** Methods of RTSP alone: llhttp takes them only in a request that names that protocol, which it does not tell. */
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

/** A transfer coding and its parameters (RFC 9112 §7), quoted ones left out: no coding that is in use has any. */
const codingPattern =
  /^[ \t]*([\w!#$%&'*+.^`|~-]+)(?:[ \t]*;[ \t]*[\w!#$%&'*+.^`|~-]+=[\w!#$%&'*+.^`|~-]+)*[ \t]*$/;

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
  // The asterisk came with HTTP/1.1; RTSP/1.0 has it, and llhttp takes the one for the other.
  if (target === '*' && httpVersion === '1.0') return 'bad_request';
  return headFault(httpVersion, rawHeaders);
}

/** One Host in HTTP/1.1 (RFC 9112 §3.2), a framing that we know (§6.1), and no field that says otherwise. */
function headFault(httpVersion: string, rawHeaders: readonly string[]): ErrorCode | undefined {
  let hosts = 0;
  let codings: string | undefined;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const { length } = rawHeaders[i] as string;
    if (length !== 4 && length !== 6 && length !== 17) continue;
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

/** What is wrong with one field, looked at alone. */
function fieldFault(name: string, value: string, httpVersion: string): ErrorCode | undefined {
  switch (name) {
    case 'host':
      return value === lastGoodHost || rememberHost(value) ? undefined : 'bad_request';
    // Every request of RTSP has one (RFC 7826 §18.20), and none of HTTP.
    case 'cseq':
      return 'bad_request';
    // node:http is content with 100-continue anywhere in the value. HTTP/1.0 has no such field (RFC 9110 §10.1.1).
    case 'expect':
      return httpVersion === '1.0' || value.toLowerCase() === '100-continue'
        ? undefined
        : 'expectation_failed';
    default:
      return undefined;
  }
}

/**
 * Anything but `chunked` once and alone. That it is the last coding node:http has seen to; it does not see that
 * the content inside of the chunks is coded as well, which nobody here would undo.
 */
function codingFault(httpVersion: string, list: string): ErrorCode | undefined {
  // An HTTP/1.0 recipient on the way would have framed this message differently.
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

/** Path and query of a request target (RFC 9112 §3.2), or `undefined` where the form does not fit the method. */
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

/** A request of HTTP/2 (RFC 9113 §8.3) as the same words that HTTP/1.1 has, judged by the same guard. Pure. */
import type { ErrorCode } from '../../errors.ts';
import { encodeQuery, headRefusal, type SplitTarget, splitTarget } from '../../guard.ts';
import type { RequestFacts } from '../../types.ts';
import { headersOf } from '../../wire/fields.ts';
import { isMethod } from '../../wire/grammar.ts';

interface Bounds {
  readonly maxHeaderBytes: number;
  readonly maxTargetBytes: number;
}

/** The facts that the head has, and why it is refused, if it is. */
export interface StreamHead extends Pick<RequestFacts, 'method' | 'target' | 'path' | 'query' | 'headers'> {
  readonly refusal: ErrorCode | undefined;
}

/** What separates name and value, and one field from the next, where limits are counted as in HTTP/1.1. */
const SEPARATOR_BYTES = 4;
const isRaw = /[\x80-\xff]/;
const nowhere: SplitTarget = { path: '', query: '' };

/** `list` has alternating names and values, pseudo-headers included, as nghttp2 lets them through. */
export function readHead(list: readonly string[], limits: Bounds): StreamHead {
  const pseudo: Record<string, string | undefined> = { __proto__: null } as never;
  const fields: string[] = [];
  let bytes = 0;
  for (let i = 0; i < list.length; i += 2) {
    const [name, value] = [list[i] as string, list[i + 1] as string];
    bytes += name.length + value.length + SEPARATOR_BYTES;
    if (name.startsWith(':')) pseudo[name] = value;
    else fields.push(name, value);
  }
  const { ':method': method = '', ':path': path = '', ':authority': authority, ':scheme': scheme } = pseudo;
  // The one name of the server for everything behind this: nghttp2 requires one of the two.
  const hosts = fields.filter((_, index) => index % 2 === 1 && fields[index - 1] === 'host');
  if (authority !== undefined && hosts.length === 0) fields.push('host', authority);
  const target = isRaw.test(path) ? encodeQuery(path) : path;
  // Proxies leave the scheme as their own client had it.
  const isForeign = scheme !== 'https' && scheme !== 'http';
  // RFC 9113 §8.3.1: what identifies another entity than the authority is malformed.
  const differs = authority !== undefined && hosts.some((host) => host !== authority);
  const split = target.startsWith('/') || target === '*' ? splitTarget(method, target) : undefined;
  const refusal =
    methodFault(method) ??
    (bytes > limits.maxHeaderBytes ? 'headers_too_large' : undefined) ??
    headRefusal(target, '1.1', fields, limits.maxTargetBytes) ??
    (isForeign || differs || !split ? 'bad_request' : undefined);
  return { method, target, ...(split ?? nowhere), headers: headersOf(fields), refusal };
}

function methodFault(method: string): ErrorCode | undefined {
  if (method === 'CONNECT') return 'method_not_allowed';
  return isMethod(method) ? undefined : 'not_implemented';
}

/** The elements of HTTP/1.1 (RFC 9110 §5.6, RFC 9112 §3) as patterns that depend on no locale. Pure. */

export const notInToken = /[^\w!#$%&'*+.^`|~-]/g;
/** Bytes that no request target contains: `#` and everything but visible ASCII (RFC 9112 §3.2). */
export const notInTarget = /[^\x21\x22\x24-\x7e]/g;
/** The same for a query, which clients often send unencoded; `guard.ts` checks it when it is complete. */
export const notInQuery = /[^\x21\x22\x24-\x7e\x80-\xff]/g;
/** Bytes that no field value contains (RFC 9110 §5.5). */
export const notInValue = /[^\t\x20-\x7e\x80-\xff]/g;
export const fieldLine = /[\w!#$%&'*+.^`|~-]+:[\t\x20-\x7e\x80-\xff]*\r\n/y;
export const token = /^[\w!#$%&'*+.^`|~-]+$/;

/** The target of `CONNECT` (RFC 9112 §3.2.3). */
export const authorityForm = /^(?:\[[0-9a-f:.]+\]|[a-z0-9._~!$&'()*+,;=%-]+):\d{1,5}$/i;

/** Known methods, which get a 405 where they are not allowed; all others get a 501 (RFC 9110 §9.1). */
const methods: ReadonlySet<string> = new Set([
  'ACL',
  'BIND',
  'CHECKOUT',
  'CONNECT',
  'COPY',
  'DELETE',
  'GET',
  'HEAD',
  'LINK',
  'LOCK',
  'M-SEARCH',
  'MERGE',
  'MKACTIVITY',
  'MKCALENDAR',
  'MKCOL',
  'MOVE',
  'NOTIFY',
  'OPTIONS',
  'PATCH',
  'POST',
  'PROPFIND',
  'PROPPATCH',
  'PURGE',
  'PUT',
  'QUERY',
  'REBIND',
  'REPORT',
  'SEARCH',
  'SOURCE',
  'SUBSCRIBE',
  'TRACE',
  'UNBIND',
  'UNLINK',
  'UNLOCK',
  'UNSUBSCRIBE',
]);

export function isMethod(name: string): boolean {
  return name === 'GET' || methods.has(name);
}

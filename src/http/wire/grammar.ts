/** The words of HTTP/1.1 (RFC 9110 §5.6, RFC 9112 §3), as patterns without a class that depends on alphabets. Pure. */

export const notInToken = /[^\w!#$%&'*+.^`|~-]/g;
/** What no request target has: all but visible ASCII, and `#` (RFC 9112 §3.2). */
export const notInTarget = /[^\x21\x22\x24-\x7e]/g;
/** The same of a query, where clients send what was typed; it is judged when it is complete (`guard.ts`). */
export const notInQuery = /[^\x21\x22\x24-\x7e\x80-\xff]/g;
/** What no field value has (RFC 9110 §5.5). */
export const notInValue = /[^\t\x20-\x7e\x80-\xff]/g;
export const fieldLine = /[\w!#$%&'*+.^`|~-]+:[\t\x20-\x7e\x80-\xff]*\r\n/y;
export const token = /^[\w!#$%&'*+.^`|~-]+$/;

/** What `CONNECT` has for a target (RFC 9112 §3.2.3). */
export const authorityForm = /^(?:\[[0-9a-f:.]+\]|[a-z0-9._~!$&'()*+,;=%-]+):\d{1,5}$/i;

/** Methods that exist: they are refused as not allowed, all others as not implemented (RFC 9110 §9.1). */
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

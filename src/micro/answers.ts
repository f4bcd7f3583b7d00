/** The heads of the answers, as short as HTTP allows: reason phrases and spaces behind colons may be left out. */

export function okHead(contentType: string, contentBytes: number): string {
  return head(200, `Content-Type:${contentType.replace('; ', ';')}`, `Content-Length:${contentBytes}`);
}

export const NOT_FOUND = head(404, 'Content-Length:0');

/**
 * To be followed by the text of `NOT_FOUND`, whose status line becomes the value of a field: in the grammar of
 * `Via` (RFC 9110 §7.6.3) it is a protocol and the pseudonym of who received it. That saves a second end.
 */
export const NOT_ALLOWED = `${head(405, 'Allow:GET,HEAD').slice(0, -2)}Via:`;

/** For a program that answers once for every connection. */
export const ONLY_HEAD = head(200, 'Connection:close');

/** A head with these fields and its last empty line. */
export function head(status: number, ...fields: readonly string[]): string {
  return [`HTTP/1.1 ${status} `, ...fields, '', ''].join('\r\n');
}

/** The heads of the responses, as short as HTTP allows: reason phrases and spaces behind colons may be left out. */

export function okHead(contentType: string, contentBytes: number): string {
  return head(200, `Content-Type:${contentType.replace('; ', ';')}`, `Content-Length:${contentBytes}`);
}

export const NOT_FOUND = head(404, 'Content-Length:0');

export const METHOD_REFUSED = head(405, 'Allow:GET,HEAD', 'Content-Length:0');

/**
 * The same, to be followed by the text of `NOT_FOUND`, whose status line becomes the value of a field: in the grammar
 * of `Via` (RFC 9110 §7.6.3) it is a protocol and the pseudonym of who received it. That saves a second end.
 */
export const NOT_ALLOWED = `${head(405, 'Allow:GET,HEAD').slice(0, -2)}Via:`;

/** For a program that responds once on every connection. */
export const ONLY_HEAD = head(200, 'Connection:close');

/** What is particular to a file. */
export interface FileHead {
  readonly contentType: string;
  /** Without one it is the page for what is not there. */
  readonly tag: string | undefined;
  readonly bytes: number;
  /** Of this response, and whether there is another one of the same file. */
  readonly coding: 'only' | 'gzip' | 'identity';
}

/** The head of a response with a file. What files have in common stands together, because it packs better. */
export function fileHead({ contentType, tag, bytes, coding }: FileHead): string {
  return head(
    tag === undefined ? 404 : 200,
    ...(coding === 'gzip' ? ['Content-Encoding:gzip'] : []),
    ...varying(coding),
    `Content-Type:${contentType.replace('; ', ';')}`,
    ...(tag === undefined ? [] : [`ETag:W/"${tag}"`]),
    `Content-Length:${bytes}`,
  );
}

/** The head for who has the file already. */
export function notModified(tag: string, coding: FileHead['coding']): string {
  return head(304, ...varying(coding), `ETag:W/"${tag}"`);
}

function varying(coding: FileHead['coding']): readonly string[] {
  return coding === 'only' ? [] : ['Vary:Accept-Encoding'];
}

export function redirect(location: string): string {
  return head(301, `Location:${location}`, 'Content-Length:0');
}

function head(status: number, ...fields: readonly string[]): string {
  return [`HTTP/1.1 ${status} `, ...fields, '', ''].join('\r\n');
}

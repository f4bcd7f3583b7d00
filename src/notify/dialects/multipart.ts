/** Forms as `curl -F` sends them: multipart/form-data (RFC 7578). Pure; the body is bounded by the server. */
import { problem, type Refused } from '../refusal.ts';
import { decodeUtf8, type Fields, NOT_UTF8 } from '../request.ts';

export const MULTIPART_TYPE = 'multipart/form-data';
export const MAX_PARTS = 64;

const boundaryParameter = /;\s*boundary=(?:"([^"\r\n]{1,70})"|([^\s;"]{1,70}))/i;
const CLOSED = '--';

/** The fields of a form by their names, the first of each. Files are left out: mote sends no attachments. */
export function multipartFields(body: Uint8Array, contentType: string): Fields | Refused {
  const match = boundaryParameter.exec(contentType);
  const boundary = match?.[1] ?? match?.[2];
  if (boundary === undefined) return malformed('names no boundary');
  // One character per byte, so that positions in the text are positions in the body.
  const text = `\r\n${Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('latin1')}`;
  const [, ...parts] = text.split(`\r\n--${boundary}`, MAX_PARTS + 3);
  const end = parts.findIndex((part) => part.startsWith(CLOSED));
  if (parts.length > MAX_PARTS + 1) return malformed(`has more than ${MAX_PARTS} parts`);
  if (end < 0) return malformed('does not end with its boundary');
  const fields = new Map<string, string>();
  for (const part of parts.slice(0, end)) {
    const fault = readPart(part, fields);
    if (fault) return fault;
  }
  return fields;
}

function malformed(what: string): Refused {
  return problem('bad_body', `The multipart form ${what}: send it as curl -F does, or as JSON.`);
}

function readPart(part: string, fields: Map<string, string>): Refused | undefined {
  const start = part.indexOf('\r\n');
  const gap = part.indexOf('\r\n\r\n', start);
  if (start < 0 || part.slice(0, start).trim() !== '' || gap < 0)
    return malformed('has a part without header');
  const disposition = /^content-disposition:(.*)$/im.exec(part.slice(start + 2, gap))?.[1] ?? '';
  const name = /;\s*name=(?:"([^"]*)"|([^\s;"]+))/i.exec(disposition);
  if (!name || /;\s*filename\*?=/i.test(disposition)) return undefined;
  const [key, value] = [name[1] ?? name[2] ?? '', part.slice(gap + 4)].map(utf8);
  if (key === undefined || value === undefined) return problem('bad_body', NOT_UTF8);
  if (!fields.has(key)) fields.set(key, value);
  return undefined;
}

function utf8(latin1: string): string | undefined {
  return decodeUtf8(Buffer.from(latin1, 'latin1'));
}

/** Forms as `curl -F` sends them: multipart/form-data (RFC 7578). Pure; the body is bounded by the server. */
import { problem, type Refused } from '../api/refusal.ts';
import { decodeUtf8, type Fields, NOT_UTF8 } from '../api/request.ts';

export const MULTIPART_TYPE = 'multipart/form-data';
export const MAX_PARTS = 64;

const boundaryParameter = /;\s*boundary=(?:"([^"\r\n]{1,70})"|([^\s;"]{1,70}))/i;
const CLOSED = '--';
/** A file without a name that can be read. */
const UNNAMED = 'file';

export interface MultipartForm {
  /** By their names, the first of each. */
  readonly fields: Fields;
  /** The names of the files, which are left out: mote sends no attachments. */
  readonly files: readonly string[];
}

export function readMultipart(body: Uint8Array, contentType: string): MultipartForm | Refused {
  const match = boundaryParameter.exec(contentType);
  const boundary = match?.[1] ?? match?.[2];
  if (boundary === undefined) return malformed('names no boundary');
  // One character per byte, so that positions in the text are positions in the body.
  const text = `\r\n${Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('latin1')}`;
  const [, ...parts] = text.split(`\r\n--${boundary}`, MAX_PARTS + 3);
  const end = parts.findIndex((part) => part.startsWith(CLOSED));
  if (parts.length > MAX_PARTS + 1) return malformed(`has more than ${MAX_PARTS} parts`);
  if (end < 0) return malformed('does not end with its boundary');
  const form = { fields: new Map<string, string>(), files: [] as string[] };
  for (const part of parts.slice(0, end)) {
    const fault = readPart(part, form);
    if (fault) return fault;
  }
  return form;
}

function malformed(what: string): Refused {
  return problem('bad_body', `The multipart form ${what}: send it as curl -F does, or as JSON.`);
}

interface GrowingForm {
  readonly fields: Map<string, string>;
  readonly files: string[];
}

const fileName = /;\s*filename(?:="((?:[^"\\]|\\.)*)"|=([^\s;"]+)|\*=utf-8''([^\s;]+))/i;

function readPart(part: string, { fields, files }: GrowingForm): Refused | undefined {
  const start = part.indexOf('\r\n');
  const gap = part.indexOf('\r\n\r\n', start);
  if (start < 0 || part.slice(0, start).trim() !== '' || gap < 0)
    return malformed('has a part without header');
  const disposition = /^content-disposition:(.*)$/im.exec(part.slice(start + 2, gap))?.[1] ?? '';
  const name = /;\s*name=(?:"([^"]*)"|([^\s;"]+))/i.exec(disposition);
  const file = fileName.exec(disposition);
  if (file) files.push(utf8(file[1]?.replace(/\\(.)/g, '$1') ?? file[2] ?? decoded(file[3])) || UNNAMED);
  if (!name || file) return undefined;
  const [key, value] = [name[1] ?? name[2] ?? '', part.slice(gap + 4)].map(utf8);
  if (key === undefined || value === undefined) return problem('bad_body', NOT_UTF8);
  if (!fields.has(key)) fields.set(key, value);
  return undefined;
}

function decoded(name = ''): string {
  try {
    return Buffer.from(decodeURIComponent(name)).toString('latin1');
  } catch {
    return name;
  }
}

function utf8(latin1: string): string | undefined {
  return decodeUtf8(Buffer.from(latin1, 'latin1'));
}

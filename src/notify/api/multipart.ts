/** Forms as `curl -F` sends them: multipart/form-data (RFC 7578). Pure; the server limits the size of the body. */
import { failure, type Result, success } from '../../util/result.ts';
import { bodyText, decodeUtf8, type FieldMap } from './fields.ts';
import { type NotifyProblem, notifyProblem } from './problem.ts';

export const MULTIPART_TYPE = 'multipart/form-data';
export const MAX_PARTS = 64;

const boundaryParameter = /;\s*boundary=(?:"([^"\r\n]{1,70})"|([^\s;"]{1,70}))/i;
const CLOSED = '--';
/** For a file whose name is missing or cannot be decoded. */
const UNNAMED = 'file';

export interface MultipartForm {
  /** The first of each name. */
  readonly fields: FieldMap;
  /** File names only: mote sends no attachments. */
  readonly files: readonly string[];
}

export function readMultipart(body: Uint8Array, contentType: string): Result<MultipartForm, NotifyProblem> {
  const match = boundaryParameter.exec(contentType);
  const boundary = match?.[1] ?? match?.[2];
  if (boundary === undefined) return malformed('has no boundary parameter');
  // One character per byte, so that positions in the text are positions in the body.
  const text = `\r\n${Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('latin1')}`;
  const [, ...parts] = text.split(`\r\n--${boundary}`, MAX_PARTS + 3);
  const end = parts.findIndex((part) => part.startsWith(CLOSED));
  if (parts.length > MAX_PARTS + 1) return malformed(`has more than ${MAX_PARTS} parts`);
  if (end < 0) return malformed('does not end with its boundary');
  const form = { fields: new Map<string, string>(), files: [] as string[] };
  for (const part of parts.slice(0, end)) {
    const added = addPart(part, form);
    if (!added.ok) return added;
  }
  return success(form);
}

function malformed(what: string): Result<never, NotifyProblem> {
  return failure(
    notifyProblem('bad_body', `The multipart form ${what}: send it as curl -F does, or as JSON.`),
  );
}

interface GrowingForm {
  readonly fields: Map<string, string>;
  readonly files: string[];
}

const fileName = /;\s*filename(?:="((?:[^"\\]|\\.)*)"|=([^\s;"]+)|\*=utf-8''([^\s;]+))/i;

function addPart(part: string, { fields, files }: GrowingForm): Result<undefined, NotifyProblem> {
  const start = part.indexOf('\r\n');
  const gap = part.indexOf('\r\n\r\n', start);
  if (start < 0 || part.slice(0, start).trim() !== '' || gap < 0) {
    return malformed('has a part without a header');
  }
  const disposition = /^content-disposition:(.*)$/im.exec(part.slice(start + 2, gap))?.[1] ?? '';
  const name = /;\s*name=(?:"([^"]*)"|([^\s;"]+))/i.exec(disposition);
  const file = fileName.exec(disposition);
  if (file) files.push(nameOf(file[1]?.replace(/\\(.)/g, '$1') ?? file[2] ?? decoded(file[3])));
  if (!name || file) return success(undefined);
  const key = bodyText(latin1Bytes(name[1] ?? name[2] ?? ''));
  const value = bodyText(latin1Bytes(part.slice(gap + 4)));
  if (!key.ok) return key;
  if (!value.ok) return value;
  if (!fields.has(key.value)) fields.set(key.value, value.value);
  return success(undefined);
}

function decoded(name = ''): string {
  try {
    return Buffer.from(decodeURIComponent(name)).toString('latin1');
  } catch {
    return name;
  }
}

/** On one line. */
function nameOf(latin1: string): string {
  return decodeUtf8(latin1Bytes(latin1))?.replace(/\s+/g, ' ').trim() || UNNAMED;
}

function latin1Bytes(text: string): Buffer {
  return Buffer.from(text, 'latin1');
}

/** From bytes to names and values: JSON, URL-encoded forms, queries. What the values mean is decided later. Pure. */
import type { RequestFacts } from '../../http/types.ts';
import { isObject } from '../../util/json.ts';
import { failure, type Result, success } from '../../util/result.ts';
import { MAX_LONE_PERCENT_SIGNS } from './effort.ts';
import { hasModestShape } from './json-shape.ts';
import { type NotifyProblem, notifyProblem } from './problem.ts';

/** A form with more fields is not a message, and parsing it takes time. */
export const MAX_FORM_FIELDS = 20_000;
const FORM_TYPE = 'application/x-www-form-urlencoded';

/** Field names and their values as received. */
export type FieldMap = ReadonlyMap<string, unknown>;

/** These are lists in forms, even with a single value. */
const listNames: ReadonlySet<string> = new Set(['channels', 'tags']);

/** The fields of a body in JSON or of a URL-encoded form, or of the query of a request without a body. */
export function readRequestFields(
  { headers, body, query }: RequestFacts,
  from: 'body' | 'query',
): Result<FieldMap, NotifyProblem> {
  if (from === 'query') return formFields(query.slice(1));
  const type = mediaTypeOf(headers);
  const isJson = isJsonType(type);
  if (!isJson && type !== FORM_TYPE) {
    const detail = 'Send JSON with Content-Type: application/json, or a form.';
    return failure(notifyProblem('unsupported_media_type', detail));
  }
  const text = bodyText(body);
  if (!text.ok) return text;
  return isJson ? jsonFields(text.value) : formFields(text.value);
}

/** Without parameters, in lower case; empty without a `Content-Type`. */
export function mediaTypeOf(headers: RequestFacts['headers']): string {
  return headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase() ?? '';
}

function isJsonType(mediaType: string): boolean {
  return /^application\/(?:[\w.-]+\+)?json$/.test(mediaType);
}

/** `undefined` for invalid UTF-8. */
export function decodeUtf8(bytes: Uint8Array): string | undefined {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const text = buffer.toString('utf8');
  return Buffer.from(text).equals(buffer) ? text : undefined;
}

/** The body, or one part of it, as text; empty without a body. */
export function bodyText(bytes: Uint8Array = new Uint8Array()): Result<string, NotifyProblem> {
  const text = decodeUtf8(bytes);
  return text === undefined ? badBody('The body is not valid UTF-8.') : success(text);
}

export function jsonFields(text: string): Result<FieldMap, NotifyProblem> {
  if (!hasModestShape(text)) return badBody('The JSON has more values, names or levels than a message has.');
  let value: unknown;
  try {
    value = JSON.parse(text.replace(/^\ufeff/, ''));
  } catch {
    return badBody('The body is not valid JSON: check quotes and commas, and escape line breaks as \\n.');
  }
  if (!isObject(value)) return badBody('The body is not a JSON object: send {"text": "…"}.');
  return success(new Map(Object.entries(value).filter(([, field]) => field !== null)));
}

export function formFields(text: string): Result<FieldMap, NotifyProblem> {
  // This is what `curl -d` sends without an explicit Content-Type.
  if (/^\s*\{/.test(text)) {
    return badBody('The body looks like JSON: send it with Content-Type: application/json.');
  }
  if (text.split('&', MAX_FORM_FIELDS + 1).length > MAX_FORM_FIELDS) {
    return badBody(`The form has more than ${MAX_FORM_FIELDS} fields: encode each & in a value as %26.`);
  }
  const given = new Map<string, string[]>();
  for (const pair of text.split('&')) {
    if (pair === '') continue;
    const end = pair.indexOf('=');
    const name = formDecoded(end < 0 ? pair : pair.slice(0, end));
    const value = formDecoded(end < 0 ? '' : pair.slice(end + 1));
    if (name === undefined || value === undefined) return badBody('The form is not percent-encoded UTF-8.');
    const values = given.get(name);
    if (values) values.push(value);
    else given.set(name, [value]);
  }
  const isList = (name: string, { length }: readonly string[]) => listNames.has(name) || length > 1;
  return success(
    new Map([...given].map(([name, values]) => [name, isList(name, values) ? values : values[0]])),
  );
}

/**
 * `undefined` for what is not UTF-8, which `URLSearchParams` would replace. That takes a third of a second for 4 MiB of plus
 * signs, too.
 */
function formDecoded(text: string): string | undefined {
  if (!/[+%]/.test(text)) return text;
  // To replace plus signs one by one takes longer than to look at all bytes.
  if (text.includes('+')) return decodedByBytes(text);
  try {
    return decodeURIComponent(text);
  } catch {
    return decodedByBytes(text);
  }
}

const [PLUS, SPACE, PERCENT] = [0x2b, 0x20, 0x25];

/** A lone percent sign is harmless and common. */
function decodedByBytes(text: string): string | undefined {
  const bytes = Buffer.from(text);
  // Asked for once: for each byte it costs an engine that interprets a seventh of all this.
  const end = bytes.length;
  let [length, lone] = [0, 0];
  for (let at = 0; at < end; at++, length++) {
    const byte = bytes[at] as number;
    bytes[length] = byte === PLUS ? SPACE : byte;
    if (byte !== PERCENT || at + 2 >= end) continue;
    const high = digitOf(bytes[at + 1] as number);
    const low = high < 0 ? -1 : digitOf(bytes[at + 2] as number);
    if (low < 0 && ++lone > MAX_LONE_PERCENT_SIGNS) return undefined;
    if (low < 0) continue;
    bytes[length] = 16 * high + low;
    at += 2;
  }
  return decodeUtf8(bytes.subarray(0, length));
}

/** The value of a hexadecimal digit, or -1. */
function digitOf(byte: number): number {
  if (byte < 0x30) return -1;
  if (byte <= 0x39) return byte - 0x30;
  const letter = byte | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1;
}

function badBody(detail: string): Result<never, NotifyProblem> {
  return failure(notifyProblem('bad_body', detail));
}

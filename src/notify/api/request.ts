/**
 * Requests to send a message, in mote's own words. Pure: `readFields` takes body and query apart, `validate`
 * turns fields into a draft of a message or names all that is wrong with them.
 */
import { createHash } from 'node:crypto';
import type { RequestFacts } from '../../http/types.ts';
import type { Format, Message, Priority } from '../message.ts';
import { fieldProblems, problem, type Refused } from './refusal.ts';

/** Longer titles and texts are cut: an alarm that arrives shortened is better than one that does not. */
export const MAX_TITLE_BYTES = 1024;
export const MAX_TEXT_BYTES = 32 * 1024;
export const MAX_URL_BYTES = 2048;
export const MAX_TAGS = 16;
export const MAX_TAG_BYTES = 64;
export const MAX_KEY_BYTES = 255;
/** More are no message, and reading them takes time. */
export const MAX_FORM_FIELDS = 20_000;
/** What is wrong with a request of thousands of fields need not go back whole. */
export const MAX_FAULTS = 16;
const DEFAULT_PRIORITY: Priority = 3;

const FORM_TYPE = 'application/x-www-form-urlencoded';
export const NOT_UTF8 = 'The body is not UTF-8: send it in this encoding.';

/** Names and values as they came. */
export type Fields = ReadonlyMap<string, unknown>;

/** What a sender asks for, checked. */
export interface Draft {
  readonly content: Omit<Message, 'id' | 'acceptedMs'>;
  /** Unique names; `undefined` means all of the user's. */
  readonly channels: readonly string[] | undefined;
  readonly idempotencyKey: string | undefined;
}

const names = [
  'title',
  'text',
  'message',
  'body',
  'format',
  'url',
  'priority',
  'channels',
  'tags',
  'idempotencyKey',
  'token',
];
/** All of these are the text. */
const textNames = ['text', 'message', 'body'];
const listNames: ReadonlySet<string> = new Set(['channels', 'tags']);

// Reading

/** The fields of a body in JSON or of a form, or of the query of a request without one. */
export function readFields({ headers, body, query }: RequestFacts, from: 'body' | 'query'): Fields | Refused {
  if (from === 'query') return formFields(query.slice(1));
  const type = mediaTypeOf(headers);
  const isJson = isJsonType(type);
  if (!isJson && type !== FORM_TYPE) {
    return problem('unsupported_media_type', 'Send JSON with Content-Type: application/json, or a form.');
  }
  const text = decodeUtf8(body ?? new Uint8Array());
  if (text === undefined) return problem('bad_body', NOT_UTF8);
  return isJson ? jsonFields(text) : formFields(text);
}

/** Without parameters, in lower case; empty when there is none. */
export function mediaTypeOf(headers: RequestFacts['headers']): string {
  return headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase() ?? '';
}

function isJsonType(mediaType: string): boolean {
  return /^application\/(?:[\w.-]+\+)?json$/.test(mediaType);
}

/** `undefined` for what is not UTF-8. */
export function decodeUtf8(bytes: Uint8Array): string | undefined {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const text = buffer.toString('utf8');
  return Buffer.from(text).equals(buffer) ? text : undefined;
}

export function jsonFields(text: string): Fields | Refused {
  let value: unknown;
  try {
    value = JSON.parse(text.replace(/^\ufeff/, ''));
  } catch {
    return problem(
      'bad_body',
      'The body is not JSON: check quotes and commas, and escape line breaks as \\n.',
    );
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return problem('bad_body', 'The body is not a JSON object: send {"text": "…"}.');
  }
  return new Map(Object.entries(value).filter(([, field]) => field !== null));
}

export function formFields(text: string): Fields | Refused {
  // What curl -d sends unless it is told otherwise.
  if (/^\s*\{/.test(text)) {
    return problem('bad_body', 'The body looks like JSON: send it with Content-Type: application/json.');
  }
  if (text.split('&', MAX_FORM_FIELDS + 1).length > MAX_FORM_FIELDS) {
    return problem('bad_body', `The form has more than ${MAX_FORM_FIELDS} fields: is & in it as %26?`);
  }
  if (!isPercentEncodedUtf8(text)) return problem('bad_body', 'The form is not percent-encoded UTF-8.');
  const given = new Map<string, string[]>();
  // `getAll` would look through the whole form for every name: seconds for a form of many.
  for (const [name, value] of new URLSearchParams(text)) {
    const values = given.get(name);
    if (values) values.push(value);
    else given.set(name, [value]);
  }
  const isList = (name: string, { length }: readonly string[]) => listNames.has(name) || length > 1;
  return new Map([...given].map(([name, values]) => [name, isList(name, values) ? values : values[0]]));
}

/** `URLSearchParams` would replace what cannot be decoded. */
function isPercentEncodedUtf8(text: string): boolean {
  try {
    // A percent sign on its own is harmless and common.
    decodeURIComponent(text.replace(/%(?![0-9a-f]{2})/gi, '%25'));
    return true;
  } catch {
    return false;
  }
}

/** The token in `Authorization: Bearer` (RFC 6750 §2.1). */
export function bearerOf(authorization: string | undefined): string | undefined {
  return /^bearer +(\S+) *$/i.exec(authorization ?? '')?.[1];
}

/** The token of a request: from `Authorization: Bearer` (RFC 6750 §2.1), `X-Token`, or the fields, in this order. */
export function tokenOf(headers: RequestFacts['headers'], fields: Fields | Refused): string | undefined {
  const named = bearerOf(headers.authorization) ?? headers['x-token']?.trim();
  if (named !== undefined || 'kind' in fields) return named;
  const token = fields.get('token');
  return typeof token === 'string' ? token : undefined;
}

// Validating

/** What is wrong with a field. Too large is a kind of its own because it has its own status. */
interface Fault {
  readonly field: string;
  readonly detail: string;
  readonly tooLarge?: true;
}

/** Collects faults, so that a sender hears of all of them at once. */
class Reader {
  readonly faults: Fault[] = [];
  readonly #fields: Fields;

  constructor(fields: Fields) {
    this.#fields = fields;
  }

  has(field: string): boolean {
    return this.#fields.has(field);
  }

  refuse(field: string, detail: string): undefined {
    this.faults.push({ field, detail });
  }

  raw(field: string): unknown {
    return this.#fields.get(field);
  }

  /** A text of at most `maxBytes` in UTF-8, or `undefined` when absent or refused. */
  text(field: string, maxBytes: number): string | undefined {
    const value = this.raw(field);
    if (value === undefined) return undefined;
    if (Array.isArray(value)) return this.refuse(field, 'give it once');
    if (typeof value === 'number') return String(value);
    if (typeof value !== 'string') return this.refuse(field, 'must be a string');
    return this.#bounded(field, value, maxBytes);
  }

  #bounded(field: string, value: string, maxBytes: number): string | undefined {
    const bytes = Buffer.byteLength(value);
    if (bytes <= maxBytes) return value;
    this.faults.push({ field, detail: `has ${bytes} bytes, at most ${maxBytes} are taken`, tooLarge: true });
    return undefined;
  }

  /** Names: an array of strings, or one string with commas; without repetitions. */
  list(field: string, maxItemBytes: number): readonly string[] | undefined {
    const value = this.raw(field);
    if (value === undefined) return undefined;
    const given: readonly unknown[] = Array.isArray(value) ? value : [value];
    if (!given.every((item) => typeof item === 'string')) {
      return this.refuse(field, 'must be an array of strings');
    }
    const items = given.flatMap((item) => item.split(',')).map((item) => item.trim());
    const kept = [...new Set(items.filter((item) => item !== ''))];
    if (kept.some((item) => hasControls(item))) return this.refuse(field, 'must have no control characters');
    const long = kept.find((item) => this.#bounded(field, item, maxItemBytes) === undefined);
    return long === undefined ? kept : undefined;
  }
}

/** `idempotencyHeader` is the value of the header `Idempotency-Key`. */
export function validate(fields: Fields, idempotencyHeader: string | undefined): Draft | Refused {
  const reader = new Reader(fields);
  for (const name of fields.keys()) {
    if (!names.includes(name)) reader.refuse(name, `is not known; fields are ${names.join(', ')}`);
  }
  const title = cutTitle(cleanTitle(reader.text('title', Number.POSITIVE_INFINITY) ?? ''));
  const text = readText(reader);
  const url = readUrl(reader);
  const content = {
    title,
    text,
    format: readFormat(reader),
    priority: readPriority(reader),
    tags: readTags(reader),
    ...(url !== undefined && { url }),
  };
  const draft = {
    content,
    channels: readChannels(reader),
    idempotencyKey: readKey(reader, idempotencyHeader),
  };
  if (title === '' && text.trim() === '' && !['title', ...textNames].some((name) => faulty(reader, name))) {
    reader.refuse('text', 'is missing: give a text, a title, or both');
  }
  const { faults } = reader;
  if (faults.length === 0) return draft;
  const code = faults.every(({ tooLarge }) => tooLarge) ? 'field_too_large' : 'unprocessable_content';
  return fieldProblems(
    code,
    faults.slice(0, MAX_FAULTS).map(({ field, detail }) => ({ field: shorten(field), detail })),
  );
}

function faulty({ faults }: Reader, name: string): boolean {
  return faults.some(({ field }) => field === name);
}

/** Names of unknown fields go back to the sender; they need not go back whole. */
function shorten(name: string): string {
  return name.length > 40 ? `${name.slice(0, 40)}…` : name;
}

const controls = /[\p{Cc}\u2028\u2029]/u;

function hasControls(value: string): boolean {
  return controls.test(value) || !value.isWellFormed();
}

/** One line: titles become header fields and first lines. */
function cleanTitle(title: string): string {
  const oneLine = title
    .toWellFormed()
    .replace(/[\s\u2028\u2029]+/gu, ' ')
    .trim();
  return oneLine.replace(/\p{Cc}/gu, '\ufffd');
}

/** Line breaks as LF. Other control characters become visible: refusing an alarm for a colour code would lose it. */
function cleanText(text: string): string {
  return text
    .toWellFormed()
    .replace(/\r\n?/g, '\n')
    .replace(/[^\P{Cc}\n\t]/gu, '\ufffd');
}

function readText(reader: Reader): string {
  const given = textNames.filter((name) => reader.has(name));
  const [name = 'text', other] = given;
  if (other !== undefined) reader.refuse(other, `means the same as ${name}: give one of them`);
  return cutText(cleanText(reader.text(name, Number.POSITIVE_INFINITY) ?? ''));
}

function cutTitle(title: string): string {
  const mark = '…';
  const bytes = Buffer.byteLength(title);
  return bytes <= MAX_TITLE_BYTES
    ? title
    : `${beginningOf(title, MAX_TITLE_BYTES - Buffer.byteLength(mark))}${mark}`;
}

/** Says what is missing, on a line of its own. */
function cutText(text: string): string {
  const bytes = Buffer.byteLength(text);
  if (bytes <= MAX_TEXT_BYTES) return text;
  const note = `\n\n… (cut: the text has ${bytes} bytes, at most ${MAX_TEXT_BYTES} are sent)`;
  return `${beginningOf(text, MAX_TEXT_BYTES - Buffer.byteLength(note))}${note}`;
}

/** What of `text` fits `maxBytes` in UTF-8, up to a whole character; it is longer. */
function beginningOf(text: string, maxBytes: number): string {
  // One character more than can fit, so that the rest is not encoded.
  const bytes = Buffer.from(text.slice(0, maxBytes + 1));
  let end = maxBytes;
  while (end > 0 && ((bytes[end] as number) & 0xc0) === 0x80) end -= 1;
  return bytes.toString('utf8', 0, end);
}

function readUrl(reader: Reader): string | undefined {
  const value = reader.text('url', MAX_URL_BYTES)?.trim();
  if (value === undefined || value === '') return undefined;
  const parsed = hasControls(value) ? null : URL.parse(value);
  if (parsed?.protocol !== 'https:' && parsed?.protocol !== 'http:') {
    return reader.refuse('url', 'must be an absolute http or https URL');
  }
  return parsed.href;
}

function readFormat(reader: Reader): Format {
  const value = reader.raw('format') ?? 'text';
  if (value === 'text' || value === 'markdown') return value;
  reader.refuse('format', 'must be text or markdown');
  return 'text';
}

function readPriority(reader: Reader): Priority {
  const value = reader.raw('priority') ?? DEFAULT_PRIORITY;
  const isPriority =
    (typeof value === 'number' || typeof value === 'string') && /^[1-5]$/.test(String(value));
  if (isPriority) return Number(value) as Priority;
  reader.refuse('priority', 'must be a whole number from 1 to 5');
  return DEFAULT_PRIORITY;
}

function readTags(reader: Reader): readonly string[] {
  const tags = reader.list('tags', MAX_TAG_BYTES) ?? [];
  if (tags.length > MAX_TAGS) reader.refuse('tags', `are ${tags.length}, at most ${MAX_TAGS} are taken`);
  return tags;
}

function readChannels(reader: Reader): readonly string[] | undefined {
  const channels = reader.list('channels', MAX_TAG_BYTES);
  if (channels?.length === 0) return reader.refuse('channels', 'is empty: leave it out for all of yours');
  return channels;
}

/** In the header it is a string of RFC 9651, with quotes; most clients send it without. */
function readKey(reader: Reader, header: string | undefined): string | undefined {
  const field = reader.text('idempotencyKey', MAX_KEY_BYTES);
  const named = header?.trim().replace(/^"(.*)"$/, '$1');
  if (field !== undefined && named !== undefined && field !== named) {
    return reader.refuse('idempotencyKey', 'differs from the header Idempotency-Key: give one of them');
  }
  const key = field ?? named;
  if (key === undefined) return undefined;
  if (key === '' || hasControls(key) || Buffer.byteLength(key) > MAX_KEY_BYTES) {
    return reader.refuse('idempotencyKey', `must have 1 to ${MAX_KEY_BYTES} bytes and no control characters`);
  }
  return key;
}

/** Equal for requests that ask for the same message on the same channels. */
export function fingerprintOf({ content, channels }: Draft): string {
  const { title, text, format, url, priority, tags } = content;
  const asked = [title, text, format, url ?? null, priority, tags, channels ? [...channels].sort() : null];
  return createHash('sha256').update(JSON.stringify(asked)).digest('base64url');
}

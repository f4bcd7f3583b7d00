/**
 * Validation: from what a sender asks for, in whatever dialect, to what is sent. Every message passes it, once. Pure.
 */
import { hash } from 'node:crypto';
import { failure, type Result, success } from '../../util/result.ts';
import type { Format, Message, Priority } from '../message.ts';
import type { FieldProblem } from './problem.ts';

/** Longer titles and texts are cut: an alarm that arrives shortened is better than one that does not arrive. */
export const MAX_TITLE_BYTES = 1024;
/** Looked at of a longer title, whose white space may be much. */
const MAX_TITLE_UNITS = 16 * MAX_TITLE_BYTES;
export const MAX_TEXT_BYTES = 32 * 1024;
export const MAX_URL_BYTES = 2048;
export const MAX_TAGS = 16;
export const MAX_TAG_BYTES = 64;
export const MAX_KEY_BYTES = 255;
const DEFAULT_FORMAT: Format = 'text';
const DEFAULT_PRIORITY: Priority = 3;

/** What a sender asks for: typed, not yet validated. */
export interface MessageInput {
  readonly title?: string | undefined;
  readonly text?: string | undefined;
  readonly format?: Format | undefined;
  readonly url?: string | undefined;
  readonly priority?: Priority | undefined;
  readonly tags?: readonly string[] | undefined;
  /** `undefined` means all channels of the user. */
  readonly channels?: readonly string[] | undefined;
  readonly idempotencyKey?: string | undefined;
}

/** What a sender asks for, validated. */
export interface Draft {
  readonly content: Omit<Message, 'id' | 'acceptedMs'>;
  /** Unique names; `undefined` means all channels of the user. */
  readonly channels: readonly string[] | undefined;
  readonly idempotencyKey: string | undefined;
}

type FieldResult<T> = Result<T, FieldProblem>;

/** All problems at once, so that a sender does not find them one by one. */
export function validate(input: MessageInput): Result<Draft, readonly FieldProblem[]> {
  const title = cutTitle(cleanTitle((input.title ?? '').trimStart().slice(0, MAX_TITLE_UNITS)));
  const text = cleanText(input.text ?? '');
  const url = validUrl(input.url?.trim());
  const tags = validTags(input.tags ?? []);
  const channels = validChannels(input.channels);
  const key = validKey(input.idempotencyKey);
  const problems = [url, tags, channels, key].flatMap((field) => (field.ok ? [] : [field.error]));
  if (title === '' && text.trim() === '') problems.push(missingText);
  if (problems.length > 0 || !url.ok || !tags.ok || !channels.ok || !key.ok) return failure(problems);
  const { format = DEFAULT_FORMAT, priority = DEFAULT_PRIORITY } = input;
  const link = url.value === undefined ? {} : { url: url.value };
  return success({
    content: { title, text, format, priority, tags: tags.value, ...link },
    channels: channels.value,
    idempotencyKey: key.value,
  });
}

const missingText: FieldProblem = { field: 'text', detail: 'is missing: give a text, a title, or both' };

const controls = /[\p{Cc}\u2028\u2029]/u;
const blanks = /[\s\u2028\u2029]+/g;
const controlsOfTitle = /\p{Cc}/gu;

function hasControls(value: string): boolean {
  return controls.test(value) || !value.isWellFormed();
}

/** One line: titles become header fields and first lines. */
function cleanTitle(title: string): string {
  const oneLine = title.toWellFormed().replace(blanks, ' ').trim();
  return oneLine.replace(controlsOfTitle, '\ufffd');
}

/** All of `\p{Cc}` but LF and tab; by a property it takes an engine that interprets some times as long. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const unwanted = /[\0-\x08\x0b-\x1f\x7f-\x9f]/g;

/**
 * Line breaks as LF. Other control characters become visible: an alarm must not be lost for a colour code. Only as much of
 * the text is looked at as can be left of it.
 */
function cleanText(text: string): string {
  const clean = text
    .slice(0, 2 * MAX_TEXT_BYTES)
    .toWellFormed()
    .replace(/\r\n?/g, '\n')
    .replace(unwanted, '\ufffd');
  const isWhole = text.length <= 2 * MAX_TEXT_BYTES;
  return cutText(clean, Buffer.byteLength(isWhole ? clean : text));
}

function cutTitle(title: string): string {
  const mark = '…';
  const bytes = Buffer.byteLength(title);
  return bytes <= MAX_TITLE_BYTES
    ? title
    : `${beginningOf(title, MAX_TITLE_BYTES - Buffer.byteLength(mark))}${mark}`;
}

/** Says on a line of its own that text is missing. */
function cutText(text: string, bytes: number): string {
  if (bytes <= MAX_TEXT_BYTES) return text;
  const note = `\n\n… (cut: the text has ${bytes} bytes, at most ${MAX_TEXT_BYTES} are sent)`;
  return `${beginningOf(text, MAX_TEXT_BYTES - Buffer.byteLength(note))}${note}`;
}

/** The start of `text`, which is longer, that fits into `maxBytes` of UTF-8 and ends with a whole character. */
function beginningOf(text: string, maxBytes: number): string {
  // No UTF-16 unit takes less than a byte, so the rest need not be encoded.
  const bytes = Buffer.from(text.slice(0, maxBytes + 1));
  let end = maxBytes;
  while (end > 0 && ((bytes[end] as number) & 0xc0) === 0x80) end -= 1;
  return bytes.toString('utf8', 0, end);
}

function validUrl(url = ''): FieldResult<string | undefined> {
  if (url === '') return success(undefined);
  const size = bounded('url', url, MAX_URL_BYTES);
  if (!size.ok) return size;
  const parsed = hasControls(url) ? null : URL.parse(url);
  if (parsed?.protocol === 'https:' || parsed?.protocol === 'http:') return success(parsed.href);
  return invalid('url', 'must be an absolute http or https URL');
}

function validTags(given: readonly string[]): FieldResult<readonly string[]> {
  const tags = validNames('tags', given);
  if (!tags.ok || tags.value.length <= MAX_TAGS) return tags;
  return invalid('tags', `has ${tags.value.length} tags, the maximum is ${MAX_TAGS}`);
}

function validChannels(given: readonly string[] | undefined): FieldResult<readonly string[] | undefined> {
  if (given === undefined) return success(undefined);
  const channels = validNames('channels', given);
  if (!channels.ok || channels.value.length > 0) return channels;
  return invalid('channels', 'is empty: omit it to use all channels of the token');
}

/** Without repetitions. */
function validNames(field: string, given: readonly string[]): FieldResult<readonly string[]> {
  const names = [...new Set(given)];
  if (names.some(hasControls)) return invalid(field, 'must not contain control characters');
  for (const name of names) {
    const size = bounded(field, name, MAX_TAG_BYTES);
    if (!size.ok) return size;
  }
  return success(names);
}

function validKey(key: string | undefined): FieldResult<string | undefined> {
  if (key === undefined) return success(undefined);
  if (key === '') return invalid('idempotencyKey', 'must not be empty');
  if (hasControls(key)) return invalid('idempotencyKey', 'must not contain control characters');
  return bounded('idempotencyKey', key, MAX_KEY_BYTES);
}

function bounded(field: string, value: string, maxBytes: number): FieldResult<string> {
  const bytes = Buffer.byteLength(value);
  if (bytes <= maxBytes) return success(value);
  return failure({ field, detail: `has ${bytes} bytes, the maximum is ${maxBytes}`, tooLarge: true });
}

function invalid(field: string, detail: string): FieldResult<never> {
  return failure({ field, detail });
}

/** Equal for requests for the same message to the same channels. */
export function fingerprintOf({ content, channels }: Draft): string {
  const { title, text, format, url, priority, tags } = content;
  const requested = [
    title,
    text,
    format,
    url ?? null,
    priority,
    tags,
    channels ? [...channels].sort() : null,
  ];
  return hash('sha256', JSON.stringify(requested), 'base64url');
}

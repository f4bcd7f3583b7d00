/** What the dialects share in reading requests: bodies of every form, and the way into mote's own fields. Pure. */
import type { RequestFacts } from '../../http/types.ts';
import { problem, type Refused } from '../api/refusal.ts';
import {
  decodeUtf8,
  type Fields,
  formFields,
  jsonFields,
  MAX_TAG_BYTES,
  MAX_TAGS,
  MAX_TITLE_BYTES,
  MAX_URL_BYTES,
  mediaTypeOf,
  NOT_UTF8,
  readFields,
} from '../api/request.ts';
import { cutText } from '../channels/text/split.ts';
import type { Format, Priority } from '../message.ts';
import { MULTIPART_TYPE, readMultipart } from './multipart.ts';

/** Surely within {@link MAX_TITLE_BYTES}: a UTF-16 unit has at most 3 bytes in UTF-8. */
export const MAX_TITLE_UNITS = Math.floor(MAX_TITLE_BYTES / 3);

/** Of files that are named. */
const MAX_FILES = 8;
const MAX_FILE_NAME_UNITS = 100;

const none: Fields = new Map();
/** Where {@link readBody} puts the names of files: no field is called so. */
const FILES = '\u0000files';

/** A body in JSON, or a form of either encoding. Without a body there are no fields. */
export function readBody(facts: RequestFacts): Fields | Refused {
  const { headers, body } = facts;
  if (!body || body.length === 0) return none;
  if (mediaTypeOf(headers) !== MULTIPART_TYPE) return readFields(facts, 'body');
  const form = readMultipart(body, headers['content-type'] ?? '');
  return 'kind' in form ? form : new Map<string, unknown>([...form.fields, [FILES, form.files]]);
}

/** JSON, whatever the header says. */
export function readJson({ body }: RequestFacts): Fields | Refused {
  const text = decodeUtf8(body ?? new Uint8Array());
  return text === undefined ? problem('bad_body', NOT_UTF8) : jsonFields(text);
}

export function readQuery({ query }: RequestFacts): Fields | Refused {
  return query === '' ? none : formFields(query.slice(1));
}

/** The fields of the query and of the body, which wins. */
export function readBoth(facts: RequestFacts): Fields | Refused {
  const query = readQuery(facts);
  if ('kind' in query) return query;
  const body = readBody(facts);
  return 'kind' in body ? body : new Map([...query, ...body]);
}

/** For what must be known even of a request that cannot be read, such as its token. */
export function fieldsOrNone(fields: Fields | Refused): Fields {
  return 'kind' in fields ? none : fields;
}

/** A field as text: the first that is there and not empty; numbers too, the first of repeated ones. */
export function textOf(fields: Fields, ...names: readonly string[]): string {
  for (const name of names) {
    const value = fields.get(name);
    const one: unknown = Array.isArray(value) ? value[0] : value;
    if (typeof one === 'number' || (typeof one === 'string' && one !== '')) return String(one);
  }
  return '';
}

/** The names in an array or in one string, where any of `separators` parts them. */
export function namesOf(value: unknown, separators: RegExp): string[] {
  const given: readonly unknown[] = Array.isArray(value) ? value.flat() : [value];
  const names = given.flatMap((item) => (typeof item === 'string' ? item.split(separators) : []));
  return names.map((name) => name.trim()).filter((name) => name !== '');
}

/** The names of the files that came with {@link readBody}. */
export function filesOf(fields: Fields): readonly string[] {
  return namesOf(fields.get(FILES), /\r?\n/);
}

/** Files are not sent on, but whoever gets the message should know of them. */
export function withFiles(text: string, files: readonly string[]): string {
  if (files.length === 0) return text;
  const named = files.slice(0, MAX_FILES).map((name) => cutText(name, MAX_FILE_NAME_UNITS));
  const more = files.length > MAX_FILES ? [`${files.length - MAX_FILES} more`] : [];
  const note = `(not sent along: ${[...named, ...more].join(', ')})`;
  return text.trim() === '' ? note : `${text}\n\n${note}`;
}

/** A message as a dialect understands it. */
export interface Parts {
  readonly title: string;
  readonly text: string;
  readonly format?: Format;
  readonly url?: string;
  readonly priority?: Priority | undefined;
  readonly tags?: readonly string[];
  readonly channels?: readonly string[];
  /** Names of attachments. */
  readonly files?: readonly string[];
}

/**
 * In mote's own words. The APIs are more lenient than mote's in what only decorates a message, and an alarm must not
 * be lost for it: a long title is cut, tags that do not fit are left out, and a link that is not for a browser is
 * put below the text.
 */
export function fieldsOf(parts: Parts): Fields {
  const { title, format, url = '', priority, tags = [], channels, files = [] } = parts;
  const text = withFiles(parts.text, files);
  const isWeb = isWebLink(url);
  const fields = new Map<string, unknown>([
    ['title', cutText(title.trim(), MAX_TITLE_UNITS)],
    ['text', isWeb || url === '' ? text : [text, url].filter((part) => part !== '').join('\n\n')],
  ]);
  const kept = tags.filter(
    (tag) => Buffer.byteLength(tag) <= MAX_TAG_BYTES && !/[\p{Cc}\p{Cs}\u2028\u2029,]/u.test(tag),
  );
  if (kept.length > 0) fields.set('tags', [...new Set(kept)].slice(0, MAX_TAGS));
  if (isWeb) fields.set('url', url);
  for (const [name, value] of Object.entries({ format, priority, channels })) {
    if (value !== undefined) fields.set(name, value);
  }
  return fields;
}

/** Whether mote takes it as the URL of a message. */
export function isWebLink(url: string): boolean {
  if (!/^https?:\/\/[^\s\p{Cc}\p{Cs}]+$/iu.test(url)) return false;
  const href = URL.parse(url)?.href;
  return (
    href !== undefined && Buffer.byteLength(href) <= MAX_URL_BYTES && Buffer.byteLength(url) <= MAX_URL_BYTES
  );
}

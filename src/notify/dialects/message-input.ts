/** What the dialects share: reading fields, and turning a message in another API's terms into input. Pure. */
import type { RequestFacts } from '../../http/types.ts';
import { type Result, success } from '../../util/result.ts';
import { readForm, withFiles } from '../api/body.ts';
import { MAX_TAG_BYTES, MAX_TAGS, MAX_TITLE_BYTES, MAX_URL_BYTES, type MessageInput } from '../api/draft.ts';
import { bodyText, type FieldMap, formFields, jsonFields } from '../api/fields.ts';
import type { MultipartForm } from '../api/multipart.ts';
import type { NotifyProblem } from '../api/problem.ts';
import { cutText } from '../channels/text/split.ts';

/** Always within {@link MAX_TITLE_BYTES}: a UTF-16 unit has at most 3 bytes in UTF-8. */
export const MAX_TITLE_UNITS = Math.floor(MAX_TITLE_BYTES / 3);

const noFields: FieldMap = new Map();

/** JSON, whatever the `Content-Type` is. */
export function readJson({ body }: RequestFacts): Result<FieldMap, NotifyProblem> {
  const text = bodyText(body);
  return text.ok ? jsonFields(text.value) : text;
}

export function readQuery({ query }: RequestFacts): Result<FieldMap, NotifyProblem> {
  return query === '' ? success(noFields) : formFields(query.slice(1));
}

/** The fields of the query and of the body, which takes precedence. */
export function readQueryAndForm(facts: RequestFacts): Result<MultipartForm, NotifyProblem> {
  const query = readQuery(facts);
  if (!query.ok) return query;
  const form = readForm(facts);
  if (!form.ok) return form;
  const { fields, files } = form.value;
  return success({ fields: new Map([...query.value, ...fields]), files });
}

/** For what must be known even about an unreadable request, such as its token. */
export function fieldsOrNone(read: Result<FieldMap, NotifyProblem>): FieldMap {
  return read.ok ? read.value : noFields;
}

/** See {@link fieldsOrNone}. */
export function formFieldsOrNone(read: Result<MultipartForm, NotifyProblem>): FieldMap {
  return read.ok ? read.value.fields : noFields;
}

/** The first of these fields that has a text or a number, as text; of a repeated field its first value. */
export function textOf(fields: FieldMap, ...names: readonly string[]): string {
  for (const name of names) {
    const value = fields.get(name);
    const one: unknown = Array.isArray(value) ? value[0] : value;
    if (typeof one === 'number' || (typeof one === 'string' && one !== '')) return String(one);
  }
  return '';
}

/** The names in an array, or in one string with `separators` between them. */
export function namesOf(value: unknown, separators: RegExp): string[] {
  const given: readonly unknown[] = Array.isArray(value) ? value.flat() : [value];
  const names = given.flatMap((item) => (typeof item === 'string' ? item.split(separators) : []));
  return names.map((name) => name.trim()).filter((name) => name !== '');
}

/** A message as a dialect understands it. */
export interface ForeignMessage extends Omit<MessageInput, 'idempotencyKey'> {
  readonly title: string;
  readonly text: string;
  /** Names of attachments. */
  readonly files?: readonly string[];
}

/**
 * Other APIs are more lenient than mote's in what only decorates a message, and an alarm must not be lost for it: a long
 * title is cut, invalid tags are omitted, and a link that is not for a browser is appended to the text.
 */
export function inputOf(message: ForeignMessage): MessageInput {
  const { title, format, url = '', priority, tags = [], channels, files = [] } = message;
  const text = withFiles(message.text, files);
  const isWeb = isWebLink(url);
  const kept = tags.filter(
    (tag) => Buffer.byteLength(tag) <= MAX_TAG_BYTES && !/[\p{Cc}\p{Cs}\u2028\u2029,]/u.test(tag),
  );
  return {
    title: cutText(title.trim(), MAX_TITLE_UNITS),
    text: isWeb || url === '' ? text : [text, url].filter((part) => part !== '').join('\n\n'),
    tags: [...new Set(kept.map((tag) => tag.trim()))].filter((tag) => tag !== '').slice(0, MAX_TAGS),
    url: isWeb ? url : undefined,
    format,
    priority,
    channels,
  };
}

/** Text of which nothing is a mark, in Markdown. */
export function codeBlock(text: string): string {
  const fence = text.includes('```') ? '````' : '```';
  return `${fence}\n${text}\n${fence}`;
}

/** For APIs in which a line break is one, where Markdown would join the lines. */
export function withLineBreaks(markdown: string): string {
  return markdown.replace(/([^\n])\n(?!\n)/g, '$1  \n');
}

/** Whether validation accepts it as the URL of a message. */
export function isWebLink(url: string): boolean {
  if (!/^https?:\/\/[^\s\p{Cc}\p{Cs}]+$/iu.test(url)) return false;
  const href = URL.parse(url)?.href;
  return (
    href !== undefined && Buffer.byteLength(href) <= MAX_URL_BYTES && Buffer.byteLength(url) <= MAX_URL_BYTES
  );
}

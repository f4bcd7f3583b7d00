/** Request bodies of every form, and the body of `POST /notify`. Pure. */
import type { RequestFacts } from '../../http/types.ts';
import { type Result, success } from '../../util/result.ts';
import { cutText } from '../channels/text/split.ts';
import { bodyText, type FieldMap, formFields, jsonFields, mediaTypeOf, readRequestFields } from './fields.ts';
import { TEXT_NAMES } from './input.ts';
import { MULTIPART_TYPE, type MultipartForm, readMultipart } from './multipart.ts';
import type { NotifyProblem } from './problem.ts';

const emptyForm: MultipartForm = { fields: new Map(), files: [] };
/** File names in the note about them. */
const MAX_FILES = 8;
const MAX_FILE_NAME_UNITS = 100;

/** A body in JSON, or a form of either encoding. Without a body there are no fields. */
export function readForm(facts: RequestFacts): Result<MultipartForm, NotifyProblem> {
  const { headers, body } = facts;
  if (!body || body.length === 0) return success(emptyForm);
  if (mediaTypeOf(headers) === MULTIPART_TYPE) return readMultipart(body, headers['content-type'] ?? '');
  const fields = readRequestFields(facts, 'body');
  return fields.ok ? success({ fields: fields.value, files: [] }) : fields;
}

/** An untyped body is taken for a form only if it begins with a known field: other text may have a `=` too. */
const formStart = /^(?:title|text|message|body|format|url|priority|channels|tags|idempotencyKey|token)=/;

/** The fields of `POST /notify`: JSON, a form of either encoding, or plain text. */
export function readOwnBody(facts: RequestFacts): Result<FieldMap, NotifyProblem> {
  const type = mediaTypeOf(facts.headers);
  if (type.startsWith('multipart/')) return readOwnForm(facts);
  if (type !== '' && type !== 'text/plain') return readRequestFields(facts, 'body');
  const text = bodyText(facts.body);
  if (!text.ok) return text;
  if (type === '' && /^\s*\{/.test(text.value)) return jsonFields(text.value);
  if (type === '' && formStart.test(text.value)) return formFields(text.value);
  return success(new Map([['text', text.value]]));
}

function readOwnForm(facts: RequestFacts): Result<FieldMap, NotifyProblem> {
  const form = readForm(facts);
  if (!form.ok) return form;
  const { fields, files } = form.value;
  if (files.length === 0) return success(fields);
  const name = TEXT_NAMES.find((one) => fields.has(one)) ?? 'text';
  return success(new Map([...fields, [name, withFiles(String(fields.get(name) ?? ''), files)]]));
}

/** Files are not forwarded, but the receivers should know that there were some. */
export function withFiles(text: string, files: readonly string[]): string {
  if (files.length === 0) return text;
  const named = files.slice(0, MAX_FILES).map((name) => cutText(name, MAX_FILE_NAME_UNITS));
  const more = files.length > MAX_FILES ? [`${files.length - MAX_FILES} more`] : [];
  const note = `(not sent along: ${[...named, ...more].join(', ')})`;
  return text.trim() === '' ? note : `${text}\n\n${note}`;
}

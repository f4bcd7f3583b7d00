/** The fields of `POST /notify`, however the body comes: JSON, a form of either encoding, or a text. Pure. */
import type { RequestFacts } from '../../http/types.ts';
import { filesOf, readBody, withFiles } from '../dialects/reading.ts';
import { problem, type Refused } from './refusal.ts';
import {
  decodeUtf8,
  type Fields,
  formFields,
  jsonFields,
  mediaTypeOf,
  NOT_UTF8,
  readFields,
} from './request.ts';

/** How a form begins that says not that it is one. */
const formStart = /^(?:title|text|message|body|format|url|priority|channels|tags|idempotencyKey|token)=/;

export function readOwnBody(facts: RequestFacts): Fields | Refused {
  const type = mediaTypeOf(facts.headers);
  if (type.startsWith('multipart/')) return withAttachments(readBody(facts));
  if (type !== '' && type !== 'text/plain') return readFields(facts, 'body');
  const text = decodeUtf8(facts.body ?? new Uint8Array());
  if (text === undefined) return problem('bad_body', NOT_UTF8);
  if (type === '' && /^\s*\{/.test(text)) return jsonFields(text);
  if (type === '' && formStart.test(text)) return formFields(text);
  return new Map([['text', text]]);
}

/** The text, and of the files their names. */
function withAttachments(given: Fields | Refused): Fields | Refused {
  if ('kind' in given) return given;
  const files = filesOf(given);
  const fields = new Map([...given].filter(([name]) => !name.startsWith('\u0000')));
  if (files.length === 0) return fields;
  const name = ['text', 'message', 'body'].find((one) => fields.has(one)) ?? 'text';
  return fields.set(name, withFiles(String(fields.get(name) ?? ''), files));
}

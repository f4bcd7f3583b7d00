/**
 * The API of Apprise: `POST /notify/{KEY}` with JSON or a form, where the key is the token. apprise itself accepts no
 * keys of more than 32 characters, so where `Authorization` has a valid token, or the key is too short to be one, the key
 * is only a name. Title, type, format and tags are read from the query where the body has none.
 *
 * The stateless form (`POST /notify` with the URLs of services) is not supported: that path is mote's own, and the
 * operator decides where messages go. A tag, or such a name, that is the name of a channel of the user selects it.
 */

import { jsonPlan } from '../../http/reply.ts';
import type { RequestFacts } from '../../http/types.ts';
import { failure, type Result, success } from '../../util/result.ts';
import { readForm } from '../api/body.ts';
import type { MessageInput } from '../api/draft.ts';
import type { FieldMap } from '../api/fields.ts';
import type { MultipartForm } from '../api/multipart.ts';
import { type NotifyProblem, notifyProblem } from '../api/problem.ts';
import { tokenOfAuthorization } from '../auth/credentials.ts';
import { MIN_TOKEN_CHARACTERS } from '../auth/token.ts';
import type { Priority } from '../message.ts';
import { type DialectContext, type DialectRequest, decodeSegment, type SendFailure } from './dialect.ts';
import { htmlToText } from './html-text.ts';
import { formFieldsOrNone, inputOf, namesOf, readQuery, textOf } from './message-input.ts';

export const APPRISE_PATH = /^\/notify\/([^/]+)\/?$/;
/** Other paths below `/notify`, so never keys. */
export const RESERVED_KEYS: ReadonlySet<string> = new Set([
  'alertmanager',
  'grafana',
  'channels',
  'messages',
  'openapi.json',
]);

export function apprise(facts: RequestFacts, context: DialectContext): DialectRequest | undefined {
  const segment = APPRISE_PATH.exec(facts.path)?.[1];
  if (facts.method !== 'POST' || segment === undefined || RESERVED_KEYS.has(segment)) return undefined;
  const key = decodeSegment(segment);
  const authorized = tokenOfAuthorization(facts.headers.authorization);
  const isName =
    key.length < MIN_TOKEN_CHARACTERS || (authorized !== undefined && context.isToken(authorized));
  const given = readGiven(facts);
  const fields = formFieldsOrNone(given);
  return {
    tokens: [isName ? authorized : key],
    input: given.ok ? translate(given.value) : given,
    channelHints: [...namesOf(fields.get('tag') ?? fields.get('tags'), /[\s,;|]+/), ...(isName ? [key] : [])],
    respond: ([result]) =>
      result.ok ? jsonPlan(200, { error: null, id: result.value.id }) : failurePlan(result.error),
  };
}

const queryNames = ['title', 'type', 'format', 'tag', 'tags'];

/** The fields of the body, and those of the query that the body does not have. */
function readGiven(facts: RequestFacts): Result<MultipartForm, NotifyProblem> {
  const form = readForm(facts);
  if (!form.ok) return form;
  const query = readQuery(facts);
  if (!query.ok) return query;
  const body = form.value.fields;
  const fields = new Map(body);
  const hasTags = body.has('tag') || body.has('tags');
  for (const name of queryNames) {
    const isInBody = name.startsWith('tag') ? hasTags : textOf(body, name) !== '';
    if (!isInBody && query.value.has(name)) fields.set(name, query.value.get(name));
  }
  return success({ fields, files: form.value.files });
}

/** The names of attachments that JSON names by URL or has inside in base64. */
function attachmentsOf(given: FieldMap): readonly string[] {
  const value = given.get('attach') ?? given.get('attachment') ?? given.get('attachments') ?? [];
  const all: readonly unknown[] = Array.isArray(value) ? value : [value];
  const names = all.map((one) => {
    if (typeof one === 'string') return one;
    const name = typeof one === 'object' && one !== null && 'filename' in one ? one.filename : undefined;
    return typeof name === 'string' ? name : 'file';
  });
  return names.filter((name) => name.trim() !== '');
}

const priorities: ReadonlyMap<string, Priority> = new Map([
  ['info', 3],
  ['success', 3],
  ['warning', 4],
  ['failure', 5],
]);
const formats: ReadonlySet<string> = new Set(['', 'text', 'markdown', 'html']);

function translate({ fields: given, files }: MultipartForm): Result<MessageInput, NotifyProblem> {
  const type = textOf(given, 'type').toLowerCase() || 'info';
  const format = textOf(given, 'format').toLowerCase();
  if (!priorities.has(type) || !formats.has(format)) {
    const detail = 'type: must be info, success, warning or failure; format: text, markdown or html';
    return failure(notifyProblem('unprocessable_content', detail));
  }
  const body = textOf(given, 'body');
  const input = inputOf({
    title: textOf(given, 'title'),
    text: format === 'html' ? htmlToText(body) : body,
    format: format === 'markdown' ? 'markdown' : 'text',
    priority: priorities.get(type),
    files: [...files, ...attachmentsOf(given)],
  });
  return success(input);
}

/** In this API 424 means that none of the services accepted the message. */
function failurePlan({ code, status, detail, headers }: SendFailure) {
  const theirs = code === 'undelivered' ? 424 : status === 415 || status === 422 ? 400 : status;
  return jsonPlan(theirs, { error: detail }, headers);
}

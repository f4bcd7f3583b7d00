/**
 * ntfy: `PUT`/`POST /` with JSON, `PUT`/`POST /{topic}` with the text as the body and the rest in the header or query,
 * and `GET /{topic}/publish` (or `send`, `trigger`). The token as Bearer, as the password of Basic, or in `?auth=`.
 *
 * A topic that is the name of a channel of the user selects it, any other topic means all channels. What only ntfy can
 * do is ignored (icons, actions, e-mail, calls), but a delay and a template are refused, because sending at once, or the
 * raw text, would be wrong. The message mentions an attachment by name: a body with a file name, one that is not text, or
 * a part of a form.
 *
 * A GET could be for a file. With Bearer or `?auth=` it is certainly ntfy's; Basic may be for the site, so then it is
 * ntfy's only if the credentials are a valid token.
 */
import type { ErrorCode } from '../../http/errors.ts';
import { jsonPlan } from '../../http/reply.ts';
import type { RequestFacts } from '../../http/types.ts';
import { failure, type Result, success } from '../../util/result.ts';
import { readForm } from '../api/body.ts';
import type { MessageInput } from '../api/draft.ts';
import { decodeUtf8, type FieldMap, mediaTypeOf } from '../api/fields.ts';
import { MULTIPART_TYPE } from '../api/multipart.ts';
import { type NotifyProblem, notifyProblem } from '../api/problem.ts';
import { bearerTokenOf, tokenOfAuthorization } from '../auth/credentials.ts';
import { cutText } from '../channels/text/split.ts';
import type { Priority } from '../message.ts';
import {
  type DialectContext,
  type DialectRequest,
  isGetToken,
  type SendFailure,
  type SentMessage,
  sendFailureOf,
} from './dialect.ts';
import { fieldText, foreignCharset } from './field-text.ts';
import { fieldsOrNone, inputOf, namesOf, readJson, readQuery, textOf } from './message-input.ts';

const TOPIC = /^\/([-_A-Za-z0-9]{1,64})$/;
const TRIGGER = /^\/([-_A-Za-z0-9]{1,64})\/(?:publish|send|trigger)$/;
/** A topic's path by its form, but mote's own. */
const NOTIFY = '/notify';
/** ntfy's text for a message without any. */
const TRIGGERED = 'triggered';
/** ntfy's text for a message that is only a file. */
const fileReceived = (name: string) => `You received a file: ${name}`;
const UNNAMED_FILE = 'attachment';
/** As in ntfy, a longer text with a file name is an attachment, not the message. */
const MAX_TEXT_FILE_BYTES = 4096;
/** How long ntfy keeps messages; acme.sh takes a response without `expires` for a failure. */
const EXPIRY_SECONDS = 12 * 3600;
/** Of the message in the response. */
const MAX_RETURNED_UNITS = 4096;

/** A request to publish; its fields have the names of the JSON form. */
interface Publication {
  readonly topic: string;
  readonly fields: Result<FieldMap, NotifyProblem>;
}

export function ntfy(facts: RequestFacts, context: DialectContext): DialectRequest | undefined {
  const publication = readPublication(facts, context);
  if (!publication) return undefined;
  const { topic, fields } = publication;
  return {
    tokens: [ntfyTokenOf(facts)],
    tokenPlace: 'as Authorization: Bearer TOKEN, or as the password of any user',
    input: fields.ok ? translate(fields.value) : fields,
    channelHints: [topic],
    respond: ([result]) =>
      result.ok ? sentPlan(result.value, topic, fieldsOrNone(fields)) : failurePlan(result.error),
  };
}

function readPublication(facts: RequestFacts, context: DialectContext): Publication | undefined {
  const { method, path } = facts;
  if (method === 'GET') {
    const topic = TRIGGER.exec(path)?.[1];
    return topic !== undefined && isForNtfy(facts, context)
      ? { topic, fields: withParameters(facts, new Map()) }
      : undefined;
  }
  if (method !== 'POST' && method !== 'PUT') return undefined;
  if (path === '/') return readJsonPublication(facts);
  const topic = TOPIC.exec(path)?.[1];
  if (topic === undefined || path === NOTIFY || isForBark(facts, context)) return undefined;
  return { topic, fields: readTextPublication(facts) };
}

/** Of a GET. */
function isForNtfy(facts: RequestFacts, context: DialectContext): boolean {
  return isOpenlyForNtfy(facts) || isGetToken(ntfyTokenOf(facts) ?? '', context);
}

/** Whether a GET has a token where no request for a file has one. */
export function isOpenlyForNtfy(facts: RequestFacts): boolean {
  return authOfQuery(facts) !== undefined || bearerTokenOf(facts.headers.authorization) !== undefined;
}

/** With both dialects on, `POST /{word}` is ntfy's if it has a token where ntfy has it, and Bark's otherwise. */
function isForBark(facts: RequestFacts, { active }: DialectContext): boolean {
  const { method, path } = facts;
  return active.has('bark') && method === 'POST' && (path === '/push' || ntfyTokenOf(facts) === undefined);
}

export function ntfyTokenOf(facts: RequestFacts): string | undefined {
  return tokenOfAuthorization(facts.headers.authorization ?? authOfQuery(facts));
}

/** `?auth=` is a whole `Authorization` field in base64url without padding. */
function authOfQuery(facts: RequestFacts): string | undefined {
  const auth = textOf(fieldsOrNone(readQuery(facts)), 'auth', 'authorization');
  return auth === '' ? undefined : Buffer.from(auth, 'base64url').toString('utf8');
}

function readJsonPublication(facts: RequestFacts): Publication {
  const json = readJson(facts);
  if (!json.ok) return { topic: '', fields: json };
  const topic = textOf(json.value, 'topic');
  if (!TOPIC.test(`/${topic}`)) return { topic: '', fields: unprocessable(BAD_TOPIC) };
  // As in ntfy, header fields take precedence over the JSON.
  return { topic, fields: withParameters(facts, json.value) };
}

function readTextPublication(facts: RequestFacts): Result<FieldMap, NotifyProblem> {
  const { headers, body } = facts;
  const type = mediaTypeOf(headers);
  if (type === MULTIPART_TYPE) return readFormPublication(facts);
  const parameters = withParameters(facts, new Map());
  if (!parameters.ok) return parameters;
  const text = decodeUtf8(body ?? new Uint8Array());
  const name = textOf(parameters.value, 'filename');
  const isText = text !== undefined && (name === '' || (body?.length ?? 0) <= MAX_TEXT_FILE_BYTES);
  const fields = new Map<string, unknown>(isText ? [['message', text]] : []);
  if (type === 'text/markdown') fields.set('markdown', true);
  for (const [key, value] of parameters.value) fields.set(key, value);
  return success(isText && name === '' ? fields : withFile(fields, name || UNNAMED_FILE));
}

/** A file as a part of a form, with its text in the query, as apprise sends it. */
function readFormPublication(facts: RequestFacts): Result<FieldMap, NotifyProblem> {
  const form = readForm(facts);
  if (!form.ok) return form;
  const fields = withParameters(facts, form.value.fields);
  if (!fields.ok) return fields;
  const name = textOf(fields.value, 'filename') || form.value.files[0];
  return name === undefined ? fields : success(withFile(fields.value, name));
}

function withFile(fields: FieldMap, name: string): FieldMap {
  const message = textOf(fields, 'message') || fileReceived(name);
  return new Map([...fields, ['file', name], ['message', message]]);
}

/** All names of a parameter, in the header and, in lower case, in the query; in ntfy's order. */
const parameterNames: readonly (readonly [name: string, ...aliases: string[]])[] = [
  ['message', 'x-message', 'message', 'm'],
  ['title', 'x-title', 'title', 't'],
  ['priority', 'x-priority', 'priority', 'prio', 'p'],
  ['tags', 'x-tags', 'tags', 'tag', 'ta'],
  ['click', 'x-click', 'click'],
  ['attach', 'x-attach', 'attach', 'a'],
  ['filename', 'x-filename', 'filename', 'file', 'f'],
  ['markdown', 'x-markdown', 'markdown', 'md'],
  ['template', 'x-template', 'template', 'tpl'],
  ['delay', 'x-delay', 'delay', 'x-at', 'at', 'x-in', 'in'],
];

/** `given`, overridden by the parameters of the query, and those by the parameters of the header. */
function withParameters(facts: RequestFacts, given: FieldMap): Result<FieldMap, NotifyProblem> {
  const query = readQuery(facts);
  if (!query.ok) return query;
  const fields = new Map(given);
  for (const [name, ...aliases] of parameterNames) {
    const header = aliases.map((alias) => facts.headers[alias]).find((value) => value);
    const foreign = foreignCharset(header ?? '');
    if (foreign !== undefined) return unprocessable(`${name}: ${noCharset(foreign)}`);
    const value = header === undefined ? textOf(query.value, ...aliases) : fieldText(header);
    // HTTP has a `Priority` of its own (RFC 9218), which browsers and proxies send.
    const isForeign = name === 'priority' && /^(?:u=\d|i)\b/.test(value);
    if (value === '' || isForeign) continue;
    fields.set(name, name === 'message' ? value.replaceAll('\\n', '\n') : value);
  }
  return success(fields);
}

const BAD_TOPIC = 'topic: must be 1 to 64 letters, digits, - and _';
const BAD_PRIORITY = 'priority: must be 1 to 5, min, low, default, high, max or urgent';
const NO_DELAY = 'delay: is not supported; messages are sent at once';
const NO_TEMPLATE = 'template: is not supported; send the final text';

const noCharset = (name: string) => `the charset ${name} is not in this build; send UTF-8`;

function unprocessable(detail: string): Result<never, NotifyProblem> {
  return failure(notifyProblem('unprocessable_content', detail));
}

function translate(given: FieldMap): Result<MessageInput, NotifyProblem> {
  if (textOf(given, 'delay') !== '') return unprocessable(NO_DELAY);
  if (!/^(?:|0|no|false)$/i.test(textOf(given, 'template'))) return unprocessable(NO_TEMPLATE);
  const priority = parsePriority(given);
  if (!priority.ok) return priority;
  const file = textOf(given, 'file');
  const isMarkdown = given.get('markdown') === true || /^(?:1|yes|true)$/i.test(textOf(given, 'markdown'));
  const input = inputOf({
    files: file === '' ? [] : [file],
    title: textOf(given, 'title'),
    text: textOf(given, 'message') || TRIGGERED,
    format: isMarkdown ? 'markdown' : 'text',
    url: textOf(given, 'click', 'attach'),
    priority: priority.value,
    tags: namesOf(given.get('tags'), /,/),
  });
  return success(input);
}

const priorities: ReadonlyMap<string, Priority> = new Map([
  ['1', 1],
  ['2', 2],
  ['3', 3],
  ['4', 4],
  ['5', 5],
  ['min', 1],
  ['low', 2],
  ['default', 3],
  ['high', 4],
  ['max', 5],
  ['urgent', 5],
]);

function parsePriority(given: FieldMap): Result<Priority | undefined, NotifyProblem> {
  const text = textOf(given, 'priority').trim().toLowerCase();
  // In ntfy's JSON 0 means none.
  if (text === '' || text === '0') return success(undefined);
  const priority = priorities.get(text);
  return priority === undefined ? unprocessable(BAD_PRIORITY) : success(priority);
}

/** The message as ntfy would have published it. */
function sentPlan({ id, atMs }: SentMessage, topic: string, given: FieldMap) {
  const title = textOf(given, 'title');
  const tags = namesOf(given.get('tags'), /,/);
  const priority = parsePriority(given);
  const click = textOf(given, 'click');
  const time = Math.floor(atMs / 1000);
  return jsonPlan(200, {
    id,
    time,
    expires: time + EXPIRY_SECONDS,
    event: 'message',
    topic,
    ...(title !== '' && { title }),
    message: cutText(textOf(given, 'message'), MAX_RETURNED_UNITS) || TRIGGERED,
    ...(priority.ok && { priority: priority.value }),
    ...(tags.length > 0 && { tags }),
    ...(click !== '' && { click }),
  });
}

/** ntfy's own codes, for the errors that it knows too. */
const codes: Partial<Record<ErrorCode | 'undelivered', number>> = {
  bad_body: 40017,
  unauthorized: 40101,
  forbidden: 40301,
  not_found: 40401,
  field_too_large: 41303,
  content_too_large: 41303,
  too_many_requests: 42901,
};
const detailCodes: ReadonlyMap<string, number> = new Map([
  [NO_DELAY, 40004],
  [BAD_PRIORITY, 40007],
  [BAD_TOPIC, 40009],
  [NO_TEMPLATE, 40043],
]);
/** ntfy's «invalid request». */
const OTHER_BAD_REQUEST = 40000;

export function ntfyProblemPlan(problem: NotifyProblem, atMs: number) {
  return failurePlan(sendFailureOf(problem, atMs));
}

function failurePlan({ code: ours, status, detail, headers }: SendFailure) {
  const http = status === 415 || status === 422 ? 400 : status;
  const code = detailCodes.get(detail) ?? codes[ours] ?? (http === 400 ? OTHER_BAD_REQUEST : http * 100 + 1);
  return jsonPlan(http, { code, http, error: detail }, headers);
}

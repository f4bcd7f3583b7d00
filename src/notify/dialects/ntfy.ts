/**
 * ntfy: `PUT`/`POST /` with JSON, `PUT`/`POST /{topic}` with the text as the body and the rest in the header or query,
 * and `GET /{topic}/publish` (or `send`, `trigger`). The token as Bearer, as the password of Basic, or in `?auth=`.
 *
 * A topic that is called like one of the user's channels means this channel, any other topic means all of them.
 * What can only be done by ntfy is left out (icons, actions, e-mail, calls), but a delay and a template are refused: sent
 * at once, or as it came, would be wrong. Of an attachment the name is told: one that is named, that is no text, or that
 * comes as a part of a form.
 *
 * A GET could ask for a file. It is taken where a Bearer or `?auth=` shows what is meant; Basic may be meant for the
 * site, so then it is taken only if it carries a token.
 */
import type { ErrorCode } from '../../http/errors.ts';
import type { RequestFacts } from '../../http/types.ts';
import { problem, type Refused } from '../api/refusal.ts';
import { bearerOf, decodeUtf8, type Fields, mediaTypeOf } from '../api/request.ts';
import { cutText } from '../channels/text/split.ts';
import type { Priority } from '../message.ts';
import { tokenOfAuthorization } from './credentials.ts';
import {
  type Call,
  type Circumstances,
  type Fault,
  faultOf,
  isGetToken,
  replyJson,
  type Sent,
} from './dialect.ts';
import { fieldText } from './field-text.ts';
import { MULTIPART_TYPE } from './multipart.ts';
import {
  fieldsOf,
  fieldsOrNone,
  filesOf,
  namesOf,
  readBody,
  readJson,
  readQuery,
  textOf,
} from './reading.ts';

const TOPIC = /^\/([-_A-Za-z0-9]{1,64})$/;
const TRIGGER = /^\/([-_A-Za-z0-9]{1,64})\/(?:publish|send|trigger)$/;
/** These are mote's, or another dialect's where it is on. */
const NOTIFY = '/notify';
/** What ntfy says where there is no text. */
const TRIGGERED = 'triggered';
/** What it says where there is only a file. */
const fileReceived = (name: string) => `You received a file: ${name}`;
const UNNAMED_FILE = 'attachment';
/** Longer than this, a file that is text is a file all the same, as in ntfy. */
const MAX_TEXT_FILE_BYTES = 4096;
/** How long ntfy keeps messages; acme.sh takes an answer without `expires` for a failure. */
const EXPIRY_SECONDS = 12 * 3600;
/** Of a message that comes back in the answer. */
const MAX_TOLD_UNITS = 4096;

/** What was asked, by the names of the JSON form. */
interface Asked {
  readonly topic: string;
  readonly fields: Fields | Refused;
}

export function ntfy(facts: RequestFacts, circumstances: Circumstances): Call | undefined {
  const asked = readAsked(facts, circumstances);
  if (!asked) return undefined;
  const { topic, fields } = asked;
  return {
    tokens: [tokenOf(facts)],
    fields: 'kind' in fields ? fields : translate(fields),
    channelHints: [topic],
    reply: ([result]) => (result.kind === 'sent' ? sent(result, topic, fieldsOrNone(fields)) : fault(result)),
  };
}

function readAsked(facts: RequestFacts, circumstances: Circumstances): Asked | undefined {
  const { method, path } = facts;
  if (method === 'GET') {
    const topic = TRIGGER.exec(path)?.[1];
    return topic !== undefined && isMeant(facts, circumstances)
      ? { topic, fields: withParameters(facts, new Map()) }
      : undefined;
  }
  if (method !== 'POST' && method !== 'PUT') return undefined;
  if (path === '/') return askedByJson(facts);
  const topic = TOPIC.exec(path)?.[1];
  if (topic === undefined || path === NOTIFY || isBark(facts, circumstances)) return undefined;
  return { topic, fields: askedByText(facts) };
}

function isMeant(facts: RequestFacts, circumstances: Circumstances): boolean {
  const isPlain = authOfQuery(facts) !== undefined || bearerOf(facts.headers.authorization) !== undefined;
  return isPlain || isGetToken(tokenOf(facts) ?? '', circumstances);
}

/** With both dialects, `POST /{word}` is ntfy's if it brings a token in ntfy's places, and Bark's otherwise. */
function isBark(facts: RequestFacts, { active }: Circumstances): boolean {
  const { method, path } = facts;
  return active.has('bark') && method === 'POST' && (path === '/push' || tokenOf(facts) === undefined);
}

export function tokenOf(facts: RequestFacts): string | undefined {
  return tokenOfAuthorization(facts.headers.authorization ?? authOfQuery(facts));
}

/** `?auth=` is a whole `Authorization` field in base64url without padding. */
function authOfQuery(facts: RequestFacts): string | undefined {
  const auth = textOf(fieldsOrNone(readQuery(facts)), 'auth', 'authorization');
  return auth === '' ? undefined : Buffer.from(auth, 'base64url').toString('utf8');
}

function askedByJson(facts: RequestFacts): Asked {
  const json = readJson(facts);
  if ('kind' in json) return { topic: '', fields: json };
  const topic = textOf(json, 'topic');
  if (!TOPIC.test(`/${topic}`)) {
    return { topic: '', fields: problem('unprocessable_content', BAD_TOPIC) };
  }
  // As ntfy does it: the body is said in header fields, which are there already where the client set them too.
  return { topic, fields: withParameters(facts, json) };
}

function askedByText(facts: RequestFacts): Fields | Refused {
  const { headers, body } = facts;
  const type = mediaTypeOf(headers);
  if (type === MULTIPART_TYPE) return askedByForm(facts);
  const given = withParameters(facts, new Map());
  if ('kind' in given) return given;
  const text = decodeUtf8(body ?? new Uint8Array());
  const name = textOf(given, 'filename');
  const isText = text !== undefined && (name === '' || (body?.length ?? 0) <= MAX_TEXT_FILE_BYTES);
  const asked = new Map<string, unknown>(isText ? [['message', text]] : []);
  if (type === 'text/markdown') asked.set('markdown', true);
  for (const [key, value] of given) asked.set(key, value);
  return isText && name === '' ? asked : withFile(asked, name || UNNAMED_FILE);
}

/** A file as a part of a form, as apprise sends it, and its text in the query. */
function askedByForm(facts: RequestFacts): Fields | Refused {
  const form = readBody(facts);
  if ('kind' in form) return form;
  const asked = withParameters(facts, form);
  if ('kind' in asked) return asked;
  const name = textOf(asked, 'filename') || filesOf(form)[0];
  return name === undefined ? asked : withFile(asked, name);
}

function withFile(asked: Fields, name: string): Fields {
  const isAlone = textOf(asked, 'message') === '';
  return new Map([
    ...asked,
    ['file', name],
    ...(isAlone ? ([['message', fileReceived(name)]] as const) : []),
  ]);
}

/** All the names that a parameter has, in the header and, in lower case, in the query; ntfy's order. */
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

/** `given`, and over it the parameters of the header and of the query, the header first. */
function withParameters(facts: RequestFacts, given: Fields): Fields | Refused {
  const query = readQuery(facts);
  if ('kind' in query) return query;
  const fields = new Map(given);
  for (const [name, ...aliases] of parameterNames) {
    const header = aliases.map((alias) => facts.headers[alias]).find((value) => value);
    const value = header === undefined ? textOf(query, ...aliases) : fieldText(header);
    // HTTP has a `Priority` of its own (RFC 9218), which browsers and proxies send.
    const isForeign = name === 'priority' && /^(?:u=\d|i)\b/.test(value);
    if (value !== '' && !isForeign)
      fields.set(name, name === 'message' ? value.replaceAll('\\n', '\n') : value);
  }
  return fields;
}

const BAD_TOPIC = 'topic: must have 1 to 64 letters, digits, - and _';
const BAD_PRIORITY = 'priority: must be 1 to 5, min, low, default, high, max or urgent';
const NO_DELAY = 'delay: messages are sent at once; leave it out';
const NO_TEMPLATE = 'template: there are none here; send the finished text';

function translate(given: Fields): Fields | Refused {
  if (textOf(given, 'delay') !== '') return problem('unprocessable_content', NO_DELAY);
  if (!/^(?:|0|no|false)$/i.test(textOf(given, 'template'))) {
    return problem('unprocessable_content', NO_TEMPLATE);
  }
  const priority = priorityOf(given);
  if (priority === 'invalid') return problem('unprocessable_content', BAD_PRIORITY);
  const file = textOf(given, 'file');
  const isMarkdown = given.get('markdown') === true || /^(?:1|yes|true)$/i.test(textOf(given, 'markdown'));
  return fieldsOf({
    files: file === '' ? [] : [file],
    title: textOf(given, 'title'),
    text: textOf(given, 'message') || TRIGGERED,
    format: isMarkdown ? 'markdown' : 'text',
    url: textOf(given, 'click', 'attach'),
    priority,
    tags: namesOf(given.get('tags'), /,/),
  });
}

const priorities: ReadonlyMap<string, Priority> = new Map([
  ...([1, 2, 3, 4, 5] as const).map((priority): [string, Priority] => [String(priority), priority]),
  ...([
    ['min', 1],
    ['low', 2],
    ['default', 3],
    ['high', 4],
    ['max', 5],
    ['urgent', 5],
  ] as const),
]);

function priorityOf(given: Fields): Priority | undefined | 'invalid' {
  const text = textOf(given, 'priority').trim().toLowerCase();
  // 0 is what ntfy's JSON says for none.
  return text === '' || text === '0' ? undefined : (priorities.get(text) ?? 'invalid');
}

/** The message as ntfy would have published it. */
function sent({ id, atMs }: Sent, topic: string, given: Fields) {
  const title = textOf(given, 'title');
  const tags = namesOf(given.get('tags'), /,/);
  const priority = priorityOf(given);
  const click = textOf(given, 'click');
  const time = Math.floor(atMs / 1000);
  return replyJson(200, {
    id,
    time,
    expires: time + EXPIRY_SECONDS,
    event: 'message',
    topic,
    ...(title !== '' && { title }),
    message: cutText(textOf(given, 'message'), MAX_TOLD_UNITS) || TRIGGERED,
    ...(priority !== undefined && { priority }),
    ...(tags.length > 0 && { tags }),
    ...(click !== '' && { click }),
  });
}

/** ntfy's own numbers, for the errors that it has too. */
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
/** «invalid request». */
const OTHER_BAD_REQUEST = 40000;

export function ntfyFault(refused: Refused, atMs: number) {
  return fault(faultOf(refused, atMs));
}

function fault({ code: ours, status, detail, headers }: Fault) {
  const http = status === 415 || status === 422 ? 400 : status;
  const code = detailCodes.get(detail) ?? codes[ours] ?? (http === 400 ? OTHER_BAD_REQUEST : undefined);
  return replyJson(http, { ...(code !== undefined && { code }), http, error: detail }, headers);
}

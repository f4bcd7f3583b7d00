/**
 * ntfy: `PUT`/`POST /` with JSON, `PUT`/`POST /{topic}` with the text as the body and the rest in the header or query,
 * and `GET /{topic}/publish` (or `send`, `trigger`). The token as Bearer, as the password of Basic, or in `?auth=`.
 *
 * A topic that is called like one of the user's channels means this channel, any other topic means all of them.
 * What can only be done by ntfy is left out (icons, actions, e-mail, calls), but a delay is refused: sent at once
 * would be wrong.
 *
 * A GET could ask for a file. It is taken where a Bearer or `?auth=` shows what is meant; Basic may be meant for the
 * site, so then it is taken only if it carries a token.
 */
import type { ErrorCode } from '../../http/errors.ts';
import type { RequestFacts } from '../../http/types.ts';
import type { Priority } from '../message.ts';
import { problem, type Refused } from '../refusal.ts';
import { bearerOf, decodeUtf8, type Fields, mediaTypeOf, NOT_UTF8 } from '../request.ts';
import { tokenOfAuthorization } from './credentials.ts';
import { type Call, type Circumstances, type Fault, isGetToken, replyJson, type Sent } from './dialect.ts';
import { fieldText } from './field-text.ts';
import { MULTIPART_TYPE } from './multipart.ts';
import { fieldsOf, fieldsOrNone, namesOf, readJson, readQuery, textOf } from './reading.ts';

const TOPIC = /^\/([-_A-Za-z0-9]{1,64})$/;
const TRIGGER = /^\/([-_A-Za-z0-9]{1,64})\/(?:publish|send|trigger)$/;
/** These are mote's, or another dialect's where it is on. */
const NOTIFY = '/notify';
/** What ntfy says where there is no text. */
const TRIGGERED = 'triggered';

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

function tokenOf(facts: RequestFacts): string | undefined {
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
    const detail = 'topic: must have 1 to 64 letters, digits, - and _';
    return { topic: '', fields: problem('unprocessable_content', detail) };
  }
  // As ntfy does it: the body is said in header fields, which are there already where the client set them too.
  return { topic, fields: withParameters(facts, json) };
}

function askedByText(facts: RequestFacts): Fields | Refused {
  const { headers, body } = facts;
  const type = mediaTypeOf(headers);
  if (type === MULTIPART_TYPE) {
    return problem('unsupported_media_type', 'Attachments are not taken: send the text as the body.');
  }
  const text = decodeUtf8(body ?? new Uint8Array());
  if (text === undefined) return problem('bad_body', NOT_UTF8);
  const given = new Map<string, unknown>([['message', text]]);
  if (type === 'text/markdown') given.set('markdown', true);
  return withParameters(facts, given);
}

/** All the names that a parameter has, in the header and, in lower case, in the query; ntfy's order. */
const parameterNames: readonly (readonly [name: string, ...aliases: string[]])[] = [
  ['message', 'x-message', 'message', 'm'],
  ['title', 'x-title', 'title', 't'],
  ['priority', 'x-priority', 'priority', 'prio', 'p'],
  ['tags', 'x-tags', 'tags', 'tag', 'ta'],
  ['click', 'x-click', 'click'],
  ['attach', 'x-attach', 'attach', 'a'],
  ['markdown', 'x-markdown', 'markdown', 'md'],
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

function translate(given: Fields): Fields | Refused {
  if (textOf(given, 'delay') !== '') {
    return problem('unprocessable_content', 'delay: messages are sent at once; leave it out');
  }
  const priority = priorityOf(given);
  if (priority === 'invalid') {
    return problem(
      'unprocessable_content',
      'priority: must be 1 to 5, min, low, default, high, max or urgent',
    );
  }
  const markdown = given.get('markdown');
  const isMarkdown = markdown === true || /^(?:1|yes|true)$/i.test(String(markdown));
  return fieldsOf({
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
  return replyJson(200, {
    ...{ id, time: Math.floor(atMs / 1000), event: 'message', topic },
    ...(title !== '' && { title }),
    message: textOf(given, 'message') || TRIGGERED,
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
  field_too_large: 41303,
  too_many_requests: 42901,
};

function fault({ code: ours, status, detail, headers }: Fault) {
  const http = status === 415 || status === 422 ? 400 : status;
  const code = codes[ours];
  return replyJson(http, { ...(code !== undefined && { code }), http, error: detail }, headers);
}

/**
 * The API of Apprise: `POST /notify/{KEY}` with JSON or a form, where the key is the token. apprise itself takes no keys
 * of more than 32 characters, so where `Authorization` has somebody's token, or the key is too short for one, the key is
 * only a name. Title, type, format and tags may stand in the query, where the body has none.
 *
 * Its stateless form (`POST /notify` with the URLs of services) is not taken: that path is mote's own, and where
 * messages go is for the operator to say. A tag, or such a name, that is called like one of the user's channels means
 * this channel.
 */
import type { RequestFacts } from '../../http/types.ts';
import { problem, type Refused } from '../api/refusal.ts';
import type { Fields } from '../api/request.ts';
import { MIN_TOKEN_CHARACTERS } from '../auth/token.ts';
import type { Priority } from '../message.ts';
import { tokenOfAuthorization } from './credentials.ts';
import { type Call, type Circumstances, decodeSegment, type Fault, replyJson } from './dialect.ts';
import { htmlToText } from './html-text.ts';
import { fieldsOf, fieldsOrNone, filesOf, namesOf, readBody, readQuery, textOf } from './reading.ts';

export const APPRISE_PATH = /^\/notify\/([^/]+)\/?$/;
/** Below `/notify` too, and never a key. */
export const RESERVED: ReadonlySet<string> = new Set(['alertmanager', 'grafana', 'channels']);

export function apprise(facts: RequestFacts, circumstances: Circumstances): Call | undefined {
  const segment = APPRISE_PATH.exec(facts.path)?.[1];
  if (facts.method !== 'POST' || segment === undefined || RESERVED.has(segment)) return undefined;
  const key = decodeSegment(segment);
  const authorized = tokenOfAuthorization(facts.headers.authorization);
  const isName =
    key.length < MIN_TOKEN_CHARACTERS || (authorized !== undefined && circumstances.isToken(authorized));
  const given = readGiven(facts);
  const tags = fieldsOrNone(given);
  return {
    tokens: [isName ? authorized : key],
    fields: 'kind' in given ? given : translate(given),
    channelHints: [...namesOf(tags.get('tag') ?? tags.get('tags'), /[\s,;|]+/), ...(isName ? [key] : [])],
    reply: ([result]) =>
      result.kind === 'sent' ? replyJson(200, { error: null, id: result.id }) : fault(result),
  };
}

const queryNames = ['title', 'type', 'format', 'tag', 'tags'];

/** The fields of the body, and of the query those that it has not. */
function readGiven(facts: RequestFacts): Fields | Refused {
  const body = readBody(facts);
  if ('kind' in body) return body;
  const query = readQuery(facts);
  if ('kind' in query) return query;
  const given = new Map(body);
  const hasTags = body.has('tag') || body.has('tags');
  for (const name of queryNames) {
    const isTold = name.startsWith('tag') ? hasTags : textOf(body, name) !== '';
    if (!isTold && query.has(name)) given.set(name, query.get(name));
  }
  return given;
}

/** Of files in a form, and of what JSON names by URL or brings along in base64. */
function attachmentsOf(given: Fields): readonly string[] {
  const value = given.get('attach') ?? given.get('attachment') ?? given.get('attachments') ?? [];
  const all: readonly unknown[] = Array.isArray(value) ? value : [value];
  const names = all.map((one) => {
    if (typeof one === 'string') return one;
    const name = typeof one === 'object' && one !== null && 'filename' in one ? one.filename : undefined;
    return typeof name === 'string' ? name : 'file';
  });
  return [...filesOf(given), ...names.filter((name) => name.trim() !== '')];
}

const priorities: ReadonlyMap<string, Priority> = new Map([
  ['info', 3],
  ['success', 3],
  ['warning', 4],
  ['failure', 5],
]);
const formats: ReadonlySet<string> = new Set(['', 'text', 'markdown', 'html']);

function translate(given: Fields): Fields | Refused {
  const type = textOf(given, 'type').toLowerCase() || 'info';
  const format = textOf(given, 'format').toLowerCase();
  if (!priorities.has(type) || !formats.has(format)) {
    const detail = 'type: must be info, success, warning or failure; format: text, markdown or html';
    return problem('unprocessable_content', detail);
  }
  const body = textOf(given, 'body');
  return fieldsOf({
    title: textOf(given, 'title'),
    text: format === 'html' ? htmlToText(body) : body,
    format: format === 'markdown' ? 'markdown' : 'text',
    priority: priorities.get(type),
    files: attachmentsOf(given),
  });
}

/** 424 is what this API says where none of the services took the message. */
function fault({ code, status, detail, headers }: Fault) {
  const told = code === 'undelivered' ? 424 : status === 415 || status === 422 ? 400 : status;
  return replyJson(told, { error: detail }, headers);
}

/**
 * Gotify: `POST /message`, the token in `X-Gotify-Key`, `?token=` or as Bearer, in JSON or a form of either encoding.
 *
 * Of `extras` the content type of the display and the URL of a click count. Its priorities go from 0 to 10, where its
 * app is silent at 0, without a sound up to 3, and loud from 8.
 */
import { reasonPhrase } from '../../http/errors.ts';
import type { RequestFacts } from '../../http/types.ts';
import { fieldProblems, type Refused } from '../api/refusal.ts';
import { bearerOf, type Fields } from '../api/request.ts';
import type { Priority } from '../message.ts';
import { type Call, type Fault, replyJson, type Sent } from './dialect.ts';
import { fieldsOf, fieldsOrNone, filesOf, readBody, readQuery, textOf } from './reading.ts';

const PATH = '/message';
/** The one application that all messages seem to come from. */
const APP_ID = 1;
/** Deeper ones are not repeated in the answer. */
const MAX_EXTRAS_DEPTH = 16;

export function gotify(facts: RequestFacts): Call | undefined {
  const { method, path, headers } = facts;
  if (method !== 'POST' || path !== PATH) return undefined;
  const given = readBody(facts);
  const token = textOf(fieldsOrNone(readQuery(facts)), 'token') || headers['x-gotify-key']?.trim();
  return {
    tokens: [token || bearerOf(headers.authorization)],
    fields: 'kind' in given ? given : translate(given),
    reply: ([result]) => (result.kind === 'sent' ? sent(result, fieldsOrNone(given)) : fault(result)),
  };
}

function translate(given: Fields): Fields | Refused {
  const priority = priorityOf(given.get('priority'));
  if (priority === 'invalid') {
    return fieldProblems('bad_body', [{ field: 'priority', detail: 'must be a whole number' }]);
  }
  const extras = given.get('extras');
  const isMarkdown = dig(extras, 'client::display', 'contentType') === 'text/markdown';
  return fieldsOf({
    title: textOf(given, 'title'),
    text: textOf(given, 'message'),
    format: isMarkdown ? 'markdown' : 'text',
    url: dig(extras, 'client::notification', 'click', 'url'),
    priority,
    files: filesOf(given),
  });
}

function priorityOf(value: unknown): Priority | undefined | 'invalid' {
  if (value === undefined || value === '') return undefined;
  const text = typeof value === 'number' || typeof value === 'string' ? String(value) : '';
  if (!/^-?\d{1,9}$/.test(text)) return 'invalid';
  const number = Number(text);
  if (number <= 0) return 1;
  if (number <= 3) return 2;
  if (number <= 7) return 3;
  return number <= 9 ? 4 : 5;
}

/** The text at the end of `path`, or the empty one. */
function dig(value: unknown, ...path: readonly string[]): string {
  let here = value;
  for (const name of path) {
    if (typeof here !== 'object' || here === null || !Object.hasOwn(here, name)) return '';
    here = (here as Record<string, unknown>)[name];
  }
  return typeof here === 'string' ? here : '';
}

/** The message as Gotify would have kept it. */
function sent({ id, atMs }: Sent, given: Fields) {
  const extras = given.get('extras');
  return replyJson(200, {
    id: numberOf(id),
    appid: APP_ID,
    message: textOf(given, 'message'),
    title: textOf(given, 'title'),
    priority: Number(textOf(given, 'priority')),
    ...(extras !== undefined && isShallow(extras, MAX_EXTRAS_DEPTH) && { extras }),
    date: new Date(atMs).toISOString(),
  });
}

/** Whether it can be written as JSON again; what is nested by thousands cannot. */
function isShallow(value: unknown, depth: number): boolean {
  if (typeof value !== 'object' || value === null) return true;
  return depth > 0 && Object.values(value).every((member) => isShallow(member, depth - 1));
}

/** Ids are numbers there. Of ours: the time (9 digits to the base 36) and 10 of the random bits, below 2^53. */
function numberOf(id: string): number {
  return Number.parseInt(id.slice(0, 9), 36) * 1024 + (Number.parseInt(id.slice(9, 12), 16) % 1024);
}

function fault({ status, detail, headers }: Fault) {
  const error = reasonPhrase(status) || 'Bad Gateway';
  return replyJson(status, { error, errorCode: status, errorDescription: detail }, headers);
}

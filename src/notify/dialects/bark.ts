/**
 * Bark: `POST /push` with JSON or a form, and GET and POST of `/{key}`, `/{key}/{body}`, `/{key}/{title}/{body}` and
 * `/{key}/{title}/{subtitle}/{body}`, with more parameters in the query or a form.
 *
 * As in Bark, names of parameters are case-insensitive, and a push without any text is valid.
 *
 * A POST to such a path is always Bark's, since files take no POST. A GET is Bark's only if its first segment is a valid
 * token and too long to be guessed (`MIN_GET_TOKEN_CHARACTERS`); every other GET is left to the files.
 */

import { jsonPlan } from '../../http/reply.ts';
import type { RequestFacts } from '../../http/types.ts';
import { failure, type Result, success } from '../../util/result.ts';
import type { MessageInput } from '../api/draft.ts';
import type { MultipartForm } from '../api/multipart.ts';
import { type NotifyProblem, notifyProblem } from '../api/problem.ts';
import type { Priority } from '../message.ts';
import {
  type DialectContext,
  type DialectRequest,
  decodeSegment,
  isGetToken,
  type SendResult,
} from './dialect.ts';
import { formFieldsOrNone, inputOf, namesOf, readQueryAndForm, textOf } from './message-input.ts';

const PUSH = '/push';
/** mote's own, whatever the method. */
const NOTIFY = /^\/notify(?:\/|$)/;
const MAX_SEGMENTS = 4;
/** For a push without any text. */
const EMPTY = 'Empty message';
/** Receivers of one request. */
export const MAX_DEVICE_KEYS = 16;

export function bark(facts: RequestFacts, context: DialectContext): DialectRequest | undefined {
  const { method, path } = facts;
  if (method === 'POST' && path === PUSH) return pushRequest(facts);
  if ((method !== 'GET' && method !== 'POST') || NOTIFY.test(path)) return undefined;
  const segments = path.slice(1).replace(/\/$/, '').split('/');
  const [key = '', ...words] = segments.map(decodeWord);
  if (key === '' || segments.length > MAX_SEGMENTS) return undefined;
  if (method === 'GET' && !isGetToken(key, context)) return undefined;
  const given = readGiven(facts);
  const input = given.ok ? success(translate(withWords(given.value, words))) : given;
  return requestOf([key], input, given);
}

function readGiven(facts: RequestFacts): Result<MultipartForm, NotifyProblem> {
  const given = readQueryAndForm(facts);
  if (!given.ok) return given;
  const { fields, files } = given.value;
  return success({ fields: new Map([...fields].map(([name, value]) => [name.toLowerCase(), value])), files });
}

/** A plus sign is a space in Bark's paths too. */
function decodeWord(segment: string, index: number): string {
  return decodeSegment(index === 0 ? segment : segment.replaceAll('+', ' '));
}

/** The segments behind the key take precedence. */
function withWords({ fields, files }: MultipartForm, words: readonly string[]): MultipartForm {
  const names = [[], ['body'], ['title', 'body'], ['title', 'subtitle', 'body']][words.length] ?? [];
  const named = names.map((name, index): [string, string] => [name, words[index] ?? '']);
  return { fields: new Map([...fields, ...named]), files };
}

function pushRequest(facts: RequestFacts): DialectRequest {
  const given = readGiven(facts);
  const fields = formFieldsOrNone(given);
  const keys = new Set(namesOf(fields.get('device_keys'), /,/));
  const single = textOf(fields, 'device_key');
  if (single !== '') keys.add(single);
  const [first, ...others] = keys;
  if (keys.size > MAX_DEVICE_KEYS) {
    const detail = `device_keys: has ${keys.size} keys, the maximum is ${MAX_DEVICE_KEYS}`;
    return requestOf([first], failure(notifyProblem('unprocessable_content', detail)), given);
  }
  return requestOf([first, ...others], given.ok ? success(translate(given.value)) : given, given);
}

function requestOf(
  tokens: DialectRequest['tokens'],
  input: DialectRequest['input'],
  given: Result<MultipartForm, NotifyProblem>,
): DialectRequest {
  const channelHints = namesOf(formFieldsOrNone(given).get('group'), /,/);
  return {
    tokens,
    tokenPlace: 'as device_key, or in the path',
    input,
    channelHints,
    respond: (results) => responsePlan(tokens, results),
  };
}

const levels: ReadonlyMap<string, Priority> = new Map([
  ['critical', 5],
  ['timesensitive', 4],
  ['active', 3],
  ['passive', 2],
]);

function translate({ fields: given, files }: MultipartForm): MessageInput {
  const markdown = textOf(given, 'markdown');
  const paragraphs = [textOf(given, 'subtitle'), markdown || textOf(given, 'body')];
  const title = textOf(given, 'title');
  const text = paragraphs.filter((paragraph) => paragraph !== '').join('\n\n');
  return inputOf({
    title,
    text: `${title}${text}`.trim() === '' && files.length === 0 ? EMPTY : text,
    files,
    format: markdown === '' ? 'text' : 'markdown',
    url: textOf(given, 'url'),
    priority: levels.get(textOf(given, 'level').toLowerCase()),
    tags: namesOf(given.get('group'), /,/),
  });
}

/** For one key its result; for several keys all results, and success if at least one succeeded. */
function responsePlan(
  tokens: DialectRequest['tokens'],
  results: readonly [SendResult, ...(readonly SendResult[])],
) {
  const [first, ...others] = results;
  if (others.length === 0) {
    const body = bodyOf(first);
    return jsonPlan(body.code, body, first.ok ? [] : first.error.headers);
  }
  const best = bodyOf(results.find(({ ok }) => ok) ?? first);
  const data = results.map((result, index) => ({ ...bodyOf(result), device_key: tokens[index] }));
  return jsonPlan(best.code, { ...best, data });
}

function bodyOf(result: SendResult) {
  const { atMs } = result.ok ? result.value : result.error;
  const timestamp = Math.floor(atMs / 1000);
  if (result.ok) return { code: 200, message: 'success', timestamp };
  return { code: result.error.status, message: result.error.detail, timestamp };
}

/**
 * Bark: `POST /push` with JSON or a form, and GET and POST of `/{key}`, `/{key}/{body}`, `/{key}/{title}/{body}` and
 * `/{key}/{title}/{subtitle}/{body}`, with more parameters in the query or a form.
 *
 * Names of parameters count in any case, as Bark takes them, and a push without any text is one.
 *
 * A POST of such a path is Bark's: files are not posted to. A GET is Bark's only if its first segment is somebody's
 * token, and long enough not to be guessed ({@link MIN_GET_TOKEN_CHARACTERS}); every other GET goes on to the files.
 */
import type { RequestFacts } from '../../http/types.ts';
import { problem, type Refused } from '../api/refusal.ts';
import type { Fields } from '../api/request.ts';
import type { Priority } from '../message.ts';
import {
  type Call,
  type Circumstances,
  decodeSegment,
  isGetToken,
  type Result,
  replyJson,
} from './dialect.ts';
import { fieldsOf, fieldsOrNone, filesOf, namesOf, readBoth, textOf } from './reading.ts';

const PUSH = '/push';
/** mote's own, in whatever method. */
const NOTIFY = /^\/notify(?:\/|$)/;
const MAX_SEGMENTS = 4;
/** Somebody rings without saying why. */
const EMPTY = 'Empty message';
/** Receivers of one request. */
export const MAX_DEVICE_KEYS = 16;

export function bark(facts: RequestFacts, circumstances: Circumstances): Call | undefined {
  const { method, path } = facts;
  if (method === 'POST' && path === PUSH) return pushed(facts);
  if ((method !== 'GET' && method !== 'POST') || NOTIFY.test(path)) return undefined;
  const segments = path.slice(1).replace(/\/$/, '').split('/');
  const [key = '', ...words] = segments.map(decodeWord);
  if (key === '' || segments.length > MAX_SEGMENTS) return undefined;
  if (method === 'GET' && !isGetToken(key, circumstances)) return undefined;
  const given = readGiven(facts);
  if ('kind' in given) return callOf([key], given, given);
  return callOf([key], translate(new Map([...given, ...named(words)])), given);
}

function readGiven(facts: RequestFacts): Fields | Refused {
  const given = readBoth(facts);
  return 'kind' in given ? given : new Map([...given].map(([name, value]) => [name.toLowerCase(), value]));
}

/** A plus sign is a space in Bark's paths too. */
function decodeWord(segment: string, index: number): string {
  return decodeSegment(index === 0 ? segment : segment.replaceAll('+', ' '));
}

function named(words: readonly string[]): [string, string][] {
  const names = [[], ['body'], ['title', 'body'], ['title', 'subtitle', 'body']][words.length] ?? [];
  return names.map((name, index): [string, string] => [name, words[index] ?? '']);
}

function pushed(facts: RequestFacts): Call {
  const given = readGiven(facts);
  const readable = fieldsOrNone(given);
  const keys = new Set(namesOf(readable.get('device_keys'), /,/));
  const single = textOf(readable, 'device_key');
  if (single !== '') keys.add(single);
  const [first, ...others] = keys;
  if (keys.size > MAX_DEVICE_KEYS) {
    const detail = `device_keys: are ${keys.size}, at most ${MAX_DEVICE_KEYS} are taken`;
    return callOf([first], problem('unprocessable_content', detail), given);
  }
  return callOf([first, ...others], 'kind' in given ? given : translate(given), given);
}

function callOf(tokens: Call['tokens'], fields: Fields | Refused, given: Fields | Refused): Call {
  const hints = namesOf(fieldsOrNone(given).get('group'), /,/);
  return { tokens, fields, channelHints: hints, reply: (results) => reply(tokens, results) };
}

const levels: ReadonlyMap<string, Priority> = new Map([
  ['critical', 5],
  ['timesensitive', 4],
  ['active', 3],
  ['passive', 2],
]);

function translate(given: Fields): Fields {
  const markdown = textOf(given, 'markdown');
  const paragraphs = [textOf(given, 'subtitle'), markdown || textOf(given, 'body')];
  const title = textOf(given, 'title');
  const text = paragraphs.filter((paragraph) => paragraph !== '').join('\n\n');
  const files = filesOf(given);
  return fieldsOf({
    title,
    text: `${title}${text}`.trim() === '' && files.length === 0 ? EMPTY : text,
    files,
    format: markdown === '' ? 'text' : 'markdown',
    url: textOf(given, 'url'),
    priority: levels.get(textOf(given, 'level').toLowerCase()),
    tags: namesOf(given.get('group'), /,/),
  });
}

/** One result as it is; for several keys each with its own, and success if any was. */
function reply(tokens: Call['tokens'], results: readonly [Result, ...(readonly Result[])]) {
  const [first, ...others] = results;
  if (others.length === 0) {
    const headers = first.kind === 'fault' ? first.headers : [];
    return replyJson(statusOf(first), bodyOf(first), headers);
  }
  const best = results.find(({ kind }) => kind === 'sent') ?? first;
  const data = results.map((result, index) => ({ ...bodyOf(result), device_key: tokens[index] }));
  return replyJson(statusOf(best), { ...bodyOf(best), data });
}

function statusOf(result: Result): number {
  return result.kind === 'sent' ? 200 : result.status;
}

function bodyOf(result: Result) {
  const message = result.kind === 'sent' ? 'success' : result.detail;
  return { code: statusOf(result), message, timestamp: Math.floor(result.atMs / 1000) };
}

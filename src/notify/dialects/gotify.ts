/**
 * Gotify: `POST /message` with the token in `X-Gotify-Key`, in `?token=` or as Bearer, in JSON or a form of either encoding.
 *
 * Of `extras` only the content type of the display and the URL of a click are used. Gotify's priorities go from 0 to 10;
 * its app is silent at 0, makes no sound up to 3, and is loud from 8.
 */
import { reasonPhrase } from '../../http/errors.ts';
import { jsonPlan } from '../../http/reply.ts';
import type { RequestFacts } from '../../http/types.ts';
import { failure, type Result, success } from '../../util/result.ts';
import { readForm } from '../api/body.ts';
import type { MessageInput } from '../api/draft.ts';
import type { FieldMap } from '../api/fields.ts';
import type { MultipartForm } from '../api/multipart.ts';
import { fieldProblem, type NotifyProblem } from '../api/problem.ts';
import { bearerTokenOf } from '../auth/credentials.ts';
import type { Priority } from '../message.ts';
import type { DialectRequest, SendFailure, SentMessage } from './dialect.ts';
import { fieldsOrNone, formFieldsOrNone, inputOf, readQuery, textOf } from './message-input.ts';

const PATH = '/message';
/** All messages seem to come from this application. */
const APP_ID = 1;
/** Deeper ones are not repeated in the response. */
const MAX_EXTRAS_DEPTH = 16;

export function gotify(facts: RequestFacts): DialectRequest | undefined {
  const { method, path, headers } = facts;
  if (method !== 'POST' || path !== PATH) return undefined;
  const given = readForm(facts);
  const token = textOf(fieldsOrNone(readQuery(facts)), 'token') || headers['x-gotify-key']?.trim();
  return {
    tokens: [token || bearerTokenOf(headers.authorization)],
    tokenPlace: 'as X-Gotify-Key: TOKEN, as Authorization: Bearer TOKEN, or as token in the URL',
    input: given.ok ? translate(given.value) : given,
    respond: ([result]) =>
      result.ok ? sentPlan(result.value, formFieldsOrNone(given)) : failurePlan(result.error),
  };
}

function translate({ fields: given, files }: MultipartForm): Result<MessageInput, NotifyProblem> {
  const priority = parsePriority(given.get('priority'));
  if (!priority.ok) return priority;
  const extras = given.get('extras');
  const isMarkdown = dig(extras, 'client::display', 'contentType') === 'text/markdown';
  const input = inputOf({
    title: textOf(given, 'title'),
    text: textOf(given, 'message'),
    format: isMarkdown ? 'markdown' : 'text',
    url: dig(extras, 'client::notification', 'click', 'url'),
    priority: priority.value,
    files,
  });
  return success(input);
}

/** A number, or its digits, as forms have it. */
function parsePriority(value: unknown): Result<Priority | undefined, NotifyProblem> {
  if (value === undefined || value === '') return success(undefined);
  const number = typeof value === 'string' && /^-?\d{1,15}$/.test(value) ? Number(value) : value;
  if (typeof number === 'number' && Number.isSafeInteger(number)) return success(priorityOf(number));
  return failure(fieldProblem('bad_body', [{ field: 'priority', detail: 'must be an integer' }]));
}

function priorityOf(number: number): Priority {
  if (number <= 0) return 1;
  if (number <= 3) return 2;
  if (number <= 7) return 3;
  return number <= 9 ? 4 : 5;
}

/** The text at the end of `path`, or an empty one. */
function dig(value: unknown, ...path: readonly string[]): string {
  let here = value;
  for (const name of path) {
    if (typeof here !== 'object' || here === null || !Object.hasOwn(here, name)) return '';
    here = (here as Record<string, unknown>)[name];
  }
  return typeof here === 'string' ? here : '';
}

/** The message as Gotify would have kept it. */
function sentPlan({ id, atMs }: SentMessage, given: FieldMap) {
  const extras = given.get('extras');
  return jsonPlan(200, {
    id: numberOf(id),
    appid: APP_ID,
    message: textOf(given, 'message'),
    title: textOf(given, 'title'),
    priority: Number(textOf(given, 'priority')),
    ...(extras !== undefined && isShallow(extras, MAX_EXTRAS_DEPTH) && { extras }),
    date: new Date(atMs).toISOString(),
  });
}

/** `JSON.stringify` cannot write values with thousands of levels. */
function isShallow(value: unknown, depth: number): boolean {
  if (typeof value !== 'object' || value === null) return true;
  return depth > 0 && Object.values(value).every((member) => isShallow(member, depth - 1));
}

/** Gotify's ids are numbers: the time (9 digits to the base 36) and 10 of the random bits of ours, below 2^53. */
function numberOf(id: string): number {
  return Number.parseInt(id.slice(0, 9), 36) * 1024 + (Number.parseInt(id.slice(9, 12), 16) % 1024);
}

function failurePlan({ status, detail, headers }: SendFailure) {
  const error = reasonPhrase(status) || 'Bad Gateway';
  return jsonPlan(status, { error, errorCode: status, errorDescription: detail }, headers);
}

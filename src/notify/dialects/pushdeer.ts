/**
 * PushDeer: GET and POST of `/message/push` with `pushkey`, `text`, `desp` and `type` in the query, a form or JSON. Both
 * methods are accepted, since hardly any file has such a name.
 *
 * Several keys, with commas between them, are several receivers. Of a picture (`type=image`) the link is sent.
 */
import { jsonPlan } from '../../http/reply.ts';
import type { Plan, RequestFacts } from '../../http/types.ts';
import { failure, type Result, success } from '../../util/result.ts';
import type { MessageInput } from '../api/draft.ts';
import type { MultipartForm } from '../api/multipart.ts';
import { type NotifyProblem, notifyProblem } from '../api/problem.ts';
import type { DialectRequest, SendResult } from './dialect.ts';
import { fieldsOrNone, inputOf, namesOf, readQuery, readQueryAndForm, textOf } from './message-input.ts';

const PUSH = /^\/message\/push\/?$/;
/** Receivers of one request. */
export const MAX_PUSHKEYS = 10;
/** PushDeer's codes: a wrong key, and any other argument. */
const BAD_KEY = 80403;
const BAD_ARGUMENT = 80501;

export function pushdeer(facts: RequestFacts): DialectRequest | undefined {
  const { method, path } = facts;
  if ((method !== 'GET' && method !== 'POST') || !PUSH.test(path)) return undefined;
  const given = readQueryAndForm(facts);
  const fields = given.ok ? given.value.fields : fieldsOrNone(readQuery(facts));
  const keys = new Set(namesOf(fields.get('pushkey'), /,/));
  const [first, ...others] = keys;
  const tooMany = keys.size > MAX_PUSHKEYS;
  return {
    tokens: tooMany ? [first] : [first, ...others],
    tokenPlace: 'as pushkey',
    input: readInput(given, keys.size),
    respond,
  };
}

function readInput(
  given: Result<MultipartForm, NotifyProblem>,
  keys: number,
): Result<MessageInput, NotifyProblem> {
  if (!given.ok) return given;
  if (keys > MAX_PUSHKEYS) {
    const detail = `pushkey: has ${keys} keys, the maximum is ${MAX_PUSHKEYS}`;
    return failure(notifyProblem('unprocessable_content', detail));
  }
  return success(translate(given.value));
}

/** Its `text` is a title only where `desp` follows. */
function translate({ fields, files }: MultipartForm): MessageInput {
  const [text, desp, type] = [textOf(fields, 'text'), textOf(fields, 'desp'), textOf(fields, 'type')];
  // Also of the title it renders Markdown, and Uptime Kuma makes it a heading.
  const title = type === 'text' ? text : text.replace(/^ {0,3}#{1,6} +/, '');
  return inputOf({
    title: desp === '' ? '' : title,
    text: desp || text,
    format: type === 'text' || type === 'image' ? 'text' : 'markdown',
    url: type === 'image' ? text : undefined,
    files,
  });
}

/** As in PushDeer, an entry for each receiver that got it is JSON as a string. */
function respond(results: readonly [SendResult, ...(readonly SendResult[])]): Plan {
  const failed = results.find((result) => !result.ok);
  if (!failed) {
    const result = results.map(() => JSON.stringify({ counts: 1, logs: [], success: 'ok' }));
    return jsonPlan(200, { code: 0, content: { result } });
  }
  const { status, detail, headers } = failed.error;
  return jsonPlan(status, { code: status === 401 ? BAD_KEY : BAD_ARGUMENT, error: detail }, headers);
}

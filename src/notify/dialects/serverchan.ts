/**
 * ServerChan (Server酱, sct.ftqq.com and sc3.ft07.com): GET and POST of `/{KEY}.send` and `/send/{KEY}.send`. Both methods
 * are accepted, since hardly any file has such a name.
 *
 * Its limits (32 characters for a title, 32 KB for a text) do not apply, mote's do. Its `channel` holds numbers; here one
 * that is the name of a channel of the user selects it. `openid` and `noip` are ignored.
 */

import { jsonPlan } from '../../http/reply.ts';
import type { RequestFacts } from '../../http/types.ts';
import { success } from '../../util/result.ts';
import type { MessageInput } from '../api/draft.ts';
import type { MultipartForm } from '../api/multipart.ts';
import { type DialectRequest, decodeSegment, type SendFailure, type SentMessage } from './dialect.ts';
import { formFieldsOrNone, inputOf, namesOf, readQueryAndForm, textOf } from './message-input.ts';

export const SERVERCHAN_PATH = /^\/(?:send\/)?([^/]+)\.send$/;
/** ServerChan's code for a wrong key. */
const BAD_KEY = 40001;

export function serverchan(facts: RequestFacts): DialectRequest | undefined {
  const { method, path } = facts;
  const key = SERVERCHAN_PATH.exec(path)?.[1];
  if (key === undefined || (method !== 'GET' && method !== 'POST')) return undefined;
  const given = readQueryAndForm(facts);
  return {
    tokens: [decodeSegment(key)],
    input: given.ok ? success(translate(given.value)) : given,
    channelHints: namesOf(formFieldsOrNone(given).get('channel'), /[|,]/),
    respond: ([result]) => (result.ok ? sentPlan(result.value) : failurePlan(result.error)),
  };
}

/** `short` is only a summary of `desp`, for the card in the app. */
function translate({ fields: given, files }: MultipartForm): MessageInput {
  return inputOf({
    title: textOf(given, 'title', 'text'),
    text: textOf(given, 'desp', 'short'),
    format: 'markdown',
    tags: namesOf(given.get('tags'), /[|,]/),
    files,
  });
}

function sentPlan({ id }: SentMessage) {
  const data = { pushid: id, readkey: '', error: 'SUCCESS', errno: 0 };
  return jsonPlan(200, { code: 0, message: '', data });
}

function failurePlan({ status, detail, headers }: SendFailure) {
  const code = status === 401 ? BAD_KEY : status;
  return jsonPlan(status, { code, message: detail, data: null }, headers);
}

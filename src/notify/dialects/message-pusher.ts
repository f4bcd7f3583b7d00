/**
 * message-pusher (songquanpeng): GET and POST of `/push/{user}` with `title`, `description`, `content`, `url`, `channel`
 * and `token` in the query, a form or JSON; the names of ServerChan mean the same. The token alone says who sends, so
 * any user name is good.
 *
 * A GET could be for a file: it is message-pusher's only with a token.
 */
import { jsonPlan } from '../../http/reply.ts';
import type { Plan, RequestFacts } from '../../http/types.ts';
import { success } from '../../util/result.ts';
import type { MessageInput } from '../api/draft.ts';
import type { MultipartForm } from '../api/multipart.ts';
import type { DialectRequest, SendFailure } from './dialect.ts';
import {
  codeBlock,
  fieldsOrNone,
  inputOf,
  namesOf,
  readQuery,
  readQueryAndForm,
  textOf,
} from './message-input.ts';

const PUSH = /^\/push\/[^/]+\/?$/;

export function messagePusher(facts: RequestFacts): DialectRequest | undefined {
  const { method, path, headers } = facts;
  if ((method !== 'GET' && method !== 'POST') || !PUSH.test(path)) return undefined;
  const given = readQueryAndForm(facts);
  const fields = given.ok ? given.value.fields : fieldsOrNone(readQuery(facts));
  // It takes the token with and without the scheme.
  const token = textOf(fields, 'token') || headers.authorization?.replace(/^Bearer +/i, '').trim();
  if (method === 'GET' && !token) return undefined;
  return {
    tokens: [token],
    tokenPlace: 'as token, or as Authorization: TOKEN',
    input: given.ok ? success(translate(given.value)) : given,
    channelHints: namesOf(fields.get('channel'), /[|,]/),
    respond: ([result]) =>
      result.ok
        ? jsonPlan(200, { success: true, message: '', uuid: result.value.id })
        : failurePlan(result.error),
  };
}

/**
 * `content` is the article, `description` what its card says; channels show the first of them. `render_mode` says what it
 * is: Markdown, `code`, or `raw`.
 */
function translate({ fields, files }: MultipartForm): MessageInput {
  const mode = textOf(fields, 'render_mode');
  const content = textOf(fields, 'content', 'desp');
  const isCode = mode === 'code' && content !== '';
  return inputOf({
    title: textOf(fields, 'title'),
    text: isCode ? codeBlock(content) : content || textOf(fields, 'description', 'short'),
    format: mode === 'raw' ? 'text' : 'markdown',
    url: textOf(fields, 'url'),
    files,
  });
}

function failurePlan({ status, detail, headers }: SendFailure): Plan {
  return jsonPlan(status, { success: false, message: detail }, headers);
}

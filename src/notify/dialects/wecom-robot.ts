/**
 * The robot of a WeCom group: `POST /cgi-bin/webhook/send?key=TOKEN` with `text`, `markdown`, `markdown_v2`, `news` or
 * `template_card`. Pictures, files and voices are refused: there is nothing to read in them. Mentions are ignored.
 *
 * As with WeCom, every response is 200, and `errcode` says what happened.
 */
import type { ErrorCode } from '../../http/errors.ts';
import { jsonPlan } from '../../http/reply.ts';
import type { Plan, RequestFacts } from '../../http/types.ts';
import { isObject, type JsonObject } from '../../util/json.ts';
import { failure, type Result, success } from '../../util/result.ts';
import type { MessageInput } from '../api/draft.ts';
import type { FieldMap } from '../api/fields.ts';
import { type NotifyProblem, notifyProblem } from '../api/problem.ts';
import type { DialectRequest, SendFailure } from './dialect.ts';
import { fieldsOrNone, inputOf, readJson, readQuery, textOf, withLineBreaks } from './message-input.ts';

const SEND = '/cgi-bin/webhook/send';
/** Before a file is sent. Not taken: see `translate`. */
const UPLOAD = '/cgi-bin/webhook/upload_media';
/** Articles of one message. */
const MAX_ARTICLES = 8;

export function wecomRobot(facts: RequestFacts): DialectRequest | undefined {
  const { method, path } = facts;
  if (method !== 'POST' || (path !== SEND && path !== UPLOAD)) return undefined;
  const json = path === UPLOAD ? failure(notifyProblem('unsupported_media_type', NO_FILES)) : readJson(facts);
  return {
    tokens: [textOf(fieldsOrNone(readQuery(facts)), 'key')],
    tokenPlace: 'as key in the URL',
    input: json.ok ? translate(json.value) : json,
    respond: ([result]) =>
      result.ok ? jsonPlan(200, { errcode: 0, errmsg: 'ok' }) : failurePlan(result.error),
  };
}

function translate(given: FieldMap): Result<MessageInput, NotifyProblem> {
  const type = textOf(given, 'msgtype');
  const value = given.get(type);
  const content = isObject(value) ? value : {};
  switch (type) {
    case 'text':
      return success(inputOf({ title: '', text: member(content, 'content'), format: 'text' }));
    case 'markdown':
    case 'markdown_v2':
      return success(
        inputOf({ title: '', text: textOfMarkdown(member(content, 'content')), format: 'markdown' }),
      );
    case 'news':
      return success(newsInput(content));
    case 'template_card':
      return success(cardInput(content));
    default:
      return failure(notifyProblem('unsupported_media_type', BAD_TYPE));
  }
}

const BAD_TYPE = 'msgtype: must be text, markdown, markdown_v2, news or template_card';
const NO_FILES = 'files are not sent along: send a message of one of the types text, markdown, news';

/** Without colours, and the brackets around mentions. */
function textOfMarkdown(markdown: string): string {
  const text = markdown.replace(/<\/?font\b[^<>]*>/gi, '').replace(/<(@[^<>\s]+)>/g, '$1');
  return withLineBreaks(text.replace(/\r\n?/g, '\n'));
}

/** The first article has its title and link as those of the message. */
function newsInput({ articles }: JsonObject): MessageInput {
  const given = Array.isArray(articles) ? articles.filter(isObject).slice(0, MAX_ARTICLES) : [];
  const [first = {}, ...others] = given;
  const more = others.map((one) => {
    const line = `[${member(one, 'title')}](${member(one, 'url')})`;
    return [line, member(one, 'description')].filter((part) => part !== '').join('  \n');
  });
  return inputOf({
    title: member(first, 'title'),
    text: [member(first, 'description'), ...more].filter((part) => part !== '').join('\n\n'),
    format: 'markdown',
    url: member(first, 'url'),
  });
}

/** In the order in which WeCom shows the parts of a card; pictures and the name of the sender are left out. */
function cardInput(card: JsonObject): MessageInput {
  const { main_title: main, image_text_area: pictured, quote_area: quote, card_action: action } = card;
  const parts = [
    member(main, 'desc'),
    members(' ', card.emphasis_content, 'title', 'desc'),
    members('\n', pictured, 'title', 'desc'),
    members('\n', quote, 'title', 'quote_text'),
    member(card, 'sub_title_text'),
    rowsOf(card.vertical_content_list, 'title', 'desc'),
    rowsOf(card.horizontal_content_list, 'keyname', 'value', 'url'),
    rowsOf(card.jump_list, 'title', 'url'),
  ];
  return inputOf({
    title: member(main, 'title'),
    text: parts.filter((part) => part !== '').join('\n\n'),
    format: 'text',
    url: member(action, 'url'),
  });
}

function rowsOf(list: unknown, name: string, ...values: readonly string[]): string {
  const rows = (Array.isArray(list) ? list : []).map((row) => {
    return [member(row, name), members(' ', row, ...values)].filter((part) => part !== '').join(': ');
  });
  return rows.filter((row) => row !== '').join('\n');
}

function members(separator: string, value: unknown, ...names: readonly string[]): string {
  const found = names.map((name) => member(value, name));
  return found.filter((one) => one !== '').join(separator);
}

function member(value: unknown, name: string): string {
  const one = isObject(value) ? value[name] : undefined;
  return typeof one === 'string' || typeof one === 'number' ? String(one) : '';
}

/** WeCom's own codes. */
const codes: Partial<Record<ErrorCode | 'undelivered', number>> = {
  unauthorized: 93000,
  bad_body: 47001,
  unsupported_media_type: 40008,
  unprocessable_content: 44004,
  content_too_large: 45002,
  too_many_requests: 45009,
};
/** WeCom's «system busy», which clients may try again. */
const BUSY = -1;

function failurePlan({ code, detail }: SendFailure): Plan {
  return jsonPlan(200, { errcode: codes[code] ?? BUSY, errmsg: detail });
}

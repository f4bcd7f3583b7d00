/**
 * ServerChan (Server酱, sct.ftqq.com and sc3.ft07.com): GET and POST of `/{KEY}.send` and `/send/{KEY}.send`. No file
 * is expected to be called so, therefore both methods are taken.
 *
 * Its limits (32 characters for a title, 32 KB for a text) are not kept: the title is as long as mote's may be.
 * `channel` names channels by number there; here it counts where a channel has that name. `openid` and `noip` have
 * no meaning here.
 */
import type { RequestFacts } from '../../http/types.ts';
import type { Refused } from '../api/refusal.ts';
import type { Fields } from '../api/request.ts';
import { type Call, decodeSegment, type Fault, replyJson, type Sent } from './dialect.ts';
import { fieldsOf, fieldsOrNone, filesOf, namesOf, readBoth, textOf } from './reading.ts';

export const SERVERCHAN_PATH = /^\/(?:send\/)?([^/]+)\.send$/;
/** What scripts know as "wrong key". */
const BAD_KEY = 40001;

export function serverchan(facts: RequestFacts): Call | undefined {
  const { method, path } = facts;
  const key = SERVERCHAN_PATH.exec(path)?.[1];
  if (key === undefined || (method !== 'GET' && method !== 'POST')) return undefined;
  const given = readBoth(facts);
  return {
    tokens: [decodeSegment(key)],
    fields: 'kind' in given ? given : translate(given),
    channelHints: namesOf(fieldsOrNone(given).get('channel'), /[|,]/),
    reply: ([result]) => (result.kind === 'sent' ? sent(result) : fault(result)),
  };
}

/** `short` is what the card shows of a `desp`, which says it all. */
function translate(given: Fields): Fields | Refused {
  return fieldsOf({
    title: textOf(given, 'title', 'text'),
    text: textOf(given, 'desp', 'short'),
    format: 'markdown',
    tags: namesOf(given.get('tags'), /[|,]/),
    files: filesOf(given),
  });
}

function sent({ id }: Sent) {
  const data = { pushid: id, readkey: '', error: 'SUCCESS', errno: 0 };
  return replyJson(200, { code: 0, message: '', data });
}

function fault({ status, detail, headers }: Fault) {
  const code = status === 401 ? BAD_KEY : status;
  return replyJson(status, { code, message: detail, data: null }, headers);
}

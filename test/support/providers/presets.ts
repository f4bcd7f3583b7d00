/** Stand in for the providers of presets: each checks what it receives, and refuses it, as the provider documents. */
import { createHmac } from 'node:crypto';
import { json, type Received, type Reply, type StandIn, startStandIn } from '../stand-in.ts';
import { Script } from './script.ts';

export const SECRET = 'SEC0123456789abcdef';
/** The clock of the providers whose signatures have a time. */
export const NOW_MS = 1_700_000_000_002;
const HOUR_MS = 3_600_000;

/** Read from JSON. */
// biome-ignore lint/suspicious/noExplicitAny: the providers look at fields of any shape
type Fields = any;
type Check = (body: Fields, received: Received, nowMs: number) => Reply;

export interface PresetStandIn extends StandIn {
  /** The body of each message that was taken. */
  readonly taken: Fields[];
  readonly script: Script;
}

export async function startProvider(
  name: keyof typeof checks,
  nowMs: () => number = () => NOW_MS,
): Promise<PresetStandIn> {
  const taken: Fields[] = [];
  const script = new Script();
  const respond = (received: Received) =>
    script.reply(() => {
      if (received.method !== 'POST') return json({ error: 'method' }, 405);
      if (!/^application\/json/.test(received.headers['content-type'] ?? '')) return json({}, 415);
      const body = JSON.parse(received.body.toString());
      const reply = (checks[name] as Check)(body, received, nowMs());
      if (typeof reply === 'object' && isSuccess(name, reply)) taken.push(body);
      return reply;
    });
  return { ...(await startStandIn(respond)), taken, script };
}

function isSuccess(name: string, { status = 200, body = '' }: Exclude<Reply, string>): boolean {
  if (status >= 300) return false;
  if (name === 'feishu' || name === 'serverchan') return String(body).includes('"code":0');
  if (name === 'pushplus' || name === 'bark') return String(body).includes('"code":200');
  return name !== 'dingtalk' || String(body).includes('"errcode":0');
}

const text = (body: string, status = 200): Reply => ({
  status,
  body,
  headers: { 'content-type': 'text/html' },
});
const isBlank = (value: unknown): boolean => typeof value !== 'string' || value.trim() === '';

export const checks = {
  slack(body, { target }) {
    if (target !== '/services/T0/B0/x%2Fy') return text('no_service', 404);
    if (isBlank(body.text)) return text('no_text', 400);
    // What is longer than this is split by the clients, or cut.
    if (body.text.length > 4000) return text('invalid_payload', 400);
    // Anything else in angle brackets is a link, a person, or a channel to notify.
    const brackets = body.text.replace(/<https?:[^<>|]*(\|[^<>|]*)?>/g, '');
    return /[<>]|&(?!amp;|lt;|gt;)/.test(brackets) ? text('invalid_payload', 400) : text('ok');
  },
  discord(body, { target }) {
    const refuse = (code: number, message: string, status = 400) => json({ code, message }, status);
    if (!target.startsWith('/api/webhooks/1/tok?')) return refuse(10015, 'Unknown Webhook', 404);
    if (isBlank(body.content)) return refuse(50006, 'Cannot send an empty message');
    if (body.content.length > 2000) return refuse(50035, 'Invalid Form Body');
    if (!target.includes('wait=true')) return { status: 204 };
    return json({ id: '1234567890123456789', content: body.content });
  },
  telegram(body, { target }) {
    const refuse = (code: number, description: string, more = {}) =>
      json({ ok: false, error_code: code, description, ...more }, code);
    if (target !== '/bot1:AAH/sendMessage') return refuse(404, 'Not Found');
    if (body.chat_id === '-1') {
      const parameters = { migrate_to_chat_id: -1001 };
      return refuse(400, 'Bad Request: group chat was upgraded to a supergroup chat', { parameters });
    }
    if (body.chat_id !== '42' && body.chat_id !== '-1001') return refuse(400, 'Bad Request: chat not found');
    const parsed = body.parse_mode === 'HTML' ? parseHtml(body.text) : body.text;
    if (parsed === undefined) return refuse(400, "Bad Request: can't parse entities: Unexpected end tag");
    if (isBlank(parsed)) return refuse(400, 'Bad Request: message text is empty');
    if (parsed.length > 4096) return refuse(400, 'Bad Request: message is too long');
    return json({ ok: true, result: { message_id: 7 } });
  },
  feishu(body, { target, body: bytes }, nowMs) {
    if (target !== '/open-apis/bot/v2/hook/h') return json({ code: 19001, msg: 'param invalid' });
    if (bytes.length > 20 * 1024) return json({ code: 9499, msg: 'Bad Request' }, 400);
    const key = `${body.timestamp}\n${SECRET}`;
    const sign = createHmac('sha256', key).update('').digest('base64');
    if (body.sign !== sign || !isNear(Number(body.timestamp) * 1000, nowMs)) {
      return json({
        code: 19021,
        msg: 'sign match fail or timestamp is not within one hour from current time',
      });
    }
    const content =
      body.msg_type === 'post'
        ? body.content.post.zh_cn.content[0][0].text
        : body.card?.body?.elements?.[0]?.content;
    if (isBlank(content)) return json({ code: 10002, msg: 'text is nil' });
    return json({ code: 0, StatusCode: 0, StatusMessage: 'success', msg: 'success', data: {} });
  },
  dingtalk(body, { target, body: bytes }, nowMs) {
    const query = new URL(target, 'http://d').searchParams;
    const refuse = (errcode: number, errmsg: string) => json({ errcode, errmsg });
    if (query.get('access_token') !== 'tok') return refuse(300005, 'token is not exist');
    const content = `${query.get('timestamp')}\n${SECRET}`;
    const sign = createHmac('sha256', SECRET).update(content).digest('base64');
    if (query.get('sign') !== sign || !isNear(Number(query.get('timestamp')), nowMs))
      return refuse(310000, 'sign not match');
    if (bytes.length > 20_000) return refuse(460101, 'message too long');
    const said = body.msgtype === 'text' ? body.text?.content : body.markdown?.text;
    if (isBlank(said) || (body.msgtype === 'markdown' && isBlank(body.markdown.title)))
      return refuse(40035, 'missing');
    return refuse(0, 'ok');
  },
  teams(body, { target, body: bytes }) {
    const refuse = (code: string, status: number) => json({ error: { code, message: `${code}.` } }, status);
    if (!target.endsWith('&sig=s3cr3t-signature')) return refuse('DirectApiAuthorizationRequired', 401);
    const [card] = body.attachments ?? [];
    // All of these are found by the flow only, after its response, so that the message would vanish.
    if (body.type !== 'message' || card?.contentType !== 'application/vnd.microsoft.card.adaptive')
      return refuse('form', 400);
    if (card.content.type !== 'AdaptiveCard' || bytes.length > 28 * 1024) return refuse('card', 400);
    if (card.content.body.some((block: Fields) => block.type !== 'TextBlock' || isBlank(block.text)))
      return refuse('block', 400);
    return { status: 202 };
  },
  mattermost(body, { target }) {
    const refuse = (id: string, status: number) => json({ id, message: 'No', status_code: status }, status);
    if (target !== '/hooks/h') return refuse('web.incoming_webhook.invalid.app_error', 400);
    if (isBlank(body.text)) return refuse('web.incoming_webhook.text.app_error', 400);
    if (body.text.length > 16_383) return refuse('model.post.is_valid.msg.app_error', 400);
    return /@(all|channel|here)\b|<!(channel|here|everyone)>/i.test(body.text)
      ? refuse('the whole channel would be notified', 400)
      : text('ok');
  },
  pushplus(body, { target }) {
    if (target !== '/send') return json({ code: 404 }, 404);
    if (body.token !== 'tok') return json({ code: 903, msg: '无效的用户令牌' });
    if (isBlank(body.content) || body.content.length > 20_000 || (body.title?.length ?? 0) > 100)
      return json({ code: 999, msg: '参数不合法' });
    return json({ code: 200, msg: '请求成功', data: 'a1b2' });
  },
  serverchan(body, { target }) {
    const refuse = (code: number, message: string) => json({ code, message }, 400);
    if (target !== '/SCT1key.send') return refuse(40001, '[AUTH]错误的Key');
    if (isBlank(body.title)) return refuse(20001, '[INPUT]title 不能为空');
    if (body.title.length > 32 || Buffer.byteLength(body.desp) > 32 * 1024) return refuse(20002, 'too long');
    return json({ code: 0, message: '', data: { pushid: '77', error: 'SUCCESS' } });
  },
  bark(body, { target }) {
    const respond = (code: number, message: string) => json({ code, message, timestamp: 1 }, code);
    if (target !== '/push') return respond(404, 'Cannot POST');
    if (isBlank(body.device_key)) return respond(400, 'device key is empty');
    if (body.device_key !== 'devkey') return respond(400, 'failed to get device token: key not found');
    const { device_key: _, title, body: said, ...rest } = body;
    const aps = { alert: { title, body: said }, sound: '1107', category: 'myNotificationCategory' };
    const payload = JSON.stringify({ aps: { ...aps, 'mutable-content': 1, 'thread-id': '' }, ...rest });
    const bytes = Buffer.byteLength(payload.replace(/[<>&]/g, '\\u003c'));
    return bytes > 4096
      ? respond(500, 'push failed: APNS push failed: PayloadTooLarge')
      : respond(200, 'success');
  },
  gotify(body, { target, headers }) {
    const refuse = (errorCode: number, errorDescription: string) =>
      json({ error: 'no', errorCode, errorDescription }, errorCode);
    if (target !== '/sub/message') return refuse(404, 'page not found');
    if (headers['x-gotify-key'] !== 'Atok') return refuse(401, 'you need to provide a valid access token');
    if (isBlank(body.message) || typeof body.priority !== 'number') return refuse(400, 'Field is required');
    return json({ id: 5, appid: 1, ...body });
  },
  ntfy(body, { target, headers, body: bytes }) {
    const refuse = (code: number, error: string) => {
      const http = Number(String(code).slice(0, 3));
      return json({ code, http, error, link: 'https://ntfy.sh/docs' }, http);
    };
    if (headers.authorization !== 'Bearer tk_1') return refuse(40101, 'unauthorized');
    if (target !== '/' || body.topic !== 'alerts') return refuse(40009, 'invalid request: topic invalid');
    if (bytes.length > 2 * 4096) return refuse(41303, 'JSON body too large');
    if (Buffer.byteLength(body.message) >= 4096) return refuse(41301, 'attachment too large');
    if (![1, 2, 3, 4, 5].includes(body.priority)) return refuse(40007, 'invalid priority');
    return json({ id: 'abcDEF123', time: 1, event: 'message', topic: 'alerts', message: body.message });
  },
} as const satisfies Readonly<Record<string, Check>>;

function isNear(timeMs: number, nowMs: number): boolean {
  return Math.abs(timeMs - nowMs) <= HOUR_MS;
}

/** The text without tags, or `undefined` where Telegram would find them wrong. */
export function parseHtml(html: string): string | undefined {
  const open: string[] = [];
  let isGood = true;
  const parsed = html.replace(/<([^<>]*)>/g, (_, tag: string) => {
    const [, name = ''] = /^\/?(b|i|s|code|pre|a)(?: href="[^"]*")?$/.exec(tag) ?? [];
    if (name === '') isGood = false;
    else if (!tag.startsWith('/')) open.push(name);
    else if (open.pop() !== name) isGood = false;
    return '';
  });
  if (!isGood || open.length > 0 || /[<>]|&(?!amp;|lt;|gt;|quot;)/.test(parsed)) return undefined;
  const entities: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"' };
  return parsed.replace(/&(\w+);/g, (_, name: string) => entities[name] ?? '');
}

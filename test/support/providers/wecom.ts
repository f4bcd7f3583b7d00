/**
 * Stands in for WeCom's API: one corporation with one application and one group robot. It responds as the
 * provider's pages say, including what is unpleasant: status 200 on failure, tokens that end early, texts that
 * are cut without a word, blocks for calling too often.
 */
import {
  json,
  type Received,
  type Reply,
  type StandIn,
  type StandInOptions,
  startStandIn,
} from '../stand-in.ts';

export interface WecomWorld {
  readonly corpId: string;
  readonly secret: string;
  readonly agentId: number;
  readonly users: readonly string[];
  readonly robotKey: string;
  /** Milliseconds since the epoch, for the life of tokens and the duplicate check. */
  nowMs(): number;
}

export interface Delivered {
  readonly type: string;
  readonly content: string;
  readonly users: readonly string[];
}

/** A reply, an `errcode`, the right response, or none although the request was acted upon. */
export type Scripted = Reply | number | 'as usual' | 'answer lost';

export interface WecomStandIn extends StandIn {
  /** What members really got, after cutting and the duplicate check. */
  readonly delivered: Delivered[];
  /** Calls of gettoken. */
  readonly tokenCalls: () => number;
  /** Ends all tokens before their time. */
  endTokens(): void;
  /** For the next requests by the end of the path, such as `gettoken` or `message/send`. */
  readonly scripted: Map<string, Scripted[]>;
  /** What gettoken waits for. */
  tokenGate: Promise<void>;
}

// biome-ignore lint/suspicious/noExplicitAny: what a client sends may be anything.
type Fields = Record<string, any>;

const TOKEN_LIFE_SECONDS = 7200;
const TEXT_BYTES = 2048;
const ROBOT_MARKDOWN_BYTES = 4096;

interface TokenState {
  readonly endsMs: number;
  ended: boolean;
}

export async function startWecom(world: WecomWorld, options: StandInOptions = {}): Promise<WecomStandIn> {
  const api = new WecomApi(world);
  const standIn = await startStandIn((received) => api.reply(received), options);
  return Object.assign(api, standIn, { tokenCalls: () => api.calls, endTokens: () => api.end() });
}

class WecomApi {
  readonly delivered: Delivered[] = [];
  readonly scripted = new Map<string, Scripted[]>();
  tokenGate: Promise<void> = Promise.resolve();
  calls = 0;
  readonly #world: WecomWorld;
  readonly #tokens = new Map<string, TokenState>();
  /** When bodies were taken that asked for the duplicate check. */
  readonly #taken = new Map<string, number>();

  constructor(world: WecomWorld) {
    this.#world = world;
  }

  end(): void {
    for (const token of this.#tokens.values()) token.ended = true;
  }

  async reply(received: Received): Promise<Reply> {
    const { pathname, searchParams: query } = new URL(received.target, 'http://stand.in');
    const path = /\/cgi-bin\/(.*)$/.exec(pathname)?.[1] ?? '';
    if (path === 'gettoken') {
      this.calls++;
      await this.tokenGate;
    }
    const scripted = this.scripted.get(path)?.shift();
    if (typeof scripted === 'number')
      return json({ errcode: scripted, errmsg: `not ok, ${received.target}` });
    if (scripted === 'answer lost') {
      this.#act(received, path, query);
      return 'hang up';
    }
    return scripted === undefined || scripted === 'as usual' ? this.#act(received, path, query) : scripted;
  }

  #act(received: Received, path: string, query: URLSearchParams): Reply {
    if (path === 'gettoken' && received.method === 'GET') return this.#issue(query);
    if (received.method === 'POST' && path === 'message/send')
      return this.#message(query, received.body.toString());
    if (received.method === 'POST' && path === 'webhook/send')
      return this.#robot(query, received.body.toString());
    return { status: 404, body: 'no such path' };
  }

  #issue(query: URLSearchParams): Reply {
    if (query.get('corpid') !== this.#world.corpId) return failure(40013, 'invalid corpid');
    if (query.get('corpsecret') !== this.#world.secret) return failure(40001, 'invalid credential');
    // The characters of a token that have to be escaped in a query.
    const token = `access+/=${this.calls}&x`.padEnd(512, 'T');
    this.#tokens.set(token, { endsMs: this.#world.nowMs() + TOKEN_LIFE_SECONDS * 1000, ended: false });
    return json({ errcode: 0, errmsg: 'ok', access_token: token, expires_in: TOKEN_LIFE_SECONDS });
  }

  #message(query: URLSearchParams, text: string): Reply {
    const token = query.get('access_token');
    if (!token) return failure(41001, 'access_token missing');
    const state = this.#tokens.get(token);
    if (!state || state.ended) return failure(40014, 'invalid access_token');
    if (this.#world.nowMs() >= state.endsMs) return failure(42001, 'access_token expired');
    const body = JSON.parse(text);
    if (body.agentid !== this.#world.agentId) return failure(40056, 'invalid agentid');
    if (typeof body[body.msgtype] !== 'object') return failure(40058, 'invalid request parameter');
    return this.#deliver(body, text);
  }

  #deliver(body: Fields, text: string): Reply {
    const asked = String(body.touser ?? '').split('|');
    const known =
      asked[0] === '@all' ? this.#world.users : asked.filter((user) => this.#world.users.includes(user));
    const unknown = asked[0] === '@all' ? [] : asked.filter((user) => !known.includes(user));
    if (known.length === 0) return failure(81013, 'user & party & tag all invalid');
    if (!this.#isDuplicate(body, text)) {
      this.delivered.push({ type: body.msgtype, content: contentOf(body, TEXT_BYTES), users: known });
    }
    const msgid = `msg_${this.delivered.length}`;
    return json({
      errcode: 0,
      errmsg: 'ok',
      msgid,
      ...(unknown.length && { invaliduser: unknown.join('|') }),
    });
  }

  #isDuplicate(body: Record<string, unknown>, text: string): boolean {
    if (body.enable_duplicate_check !== 1) return false;
    const nowMs = this.#world.nowMs();
    const takenMs = this.#taken.get(text) ?? Number.NEGATIVE_INFINITY;
    this.#taken.set(text, nowMs);
    return nowMs - takenMs < Number(body.duplicate_check_interval ?? 1800) * 1000;
  }

  #robot(query: URLSearchParams, text: string): Reply {
    if (query.get('key') !== this.#world.robotKey) return failure(93000, 'invalid webhook url');
    const body = JSON.parse(text);
    const limit = body.msgtype === 'markdown' ? ROBOT_MARKDOWN_BYTES : TEXT_BYTES;
    const users = body.text?.mentioned_list ?? [];
    this.delivered.push({ type: body.msgtype, content: contentOf(body, limit), users });
    return json({ errcode: 0, errmsg: 'ok' });
  }
}

function failure(errcode: number, errmsg: string): Reply {
  return json({
    errcode,
    errmsg: `${errmsg}, hint: [1700000000_1_x], from ip: 192.0.2.7, more info at example`,
  });
}

function contentOf(body: Fields, limitBytes: number): string {
  const part: Record<string, string> = body[String(body.msgtype)] ?? {};
  if (body.msgtype === 'textcard') return [part.title, part.description, part.url].join('|');
  return Buffer.from(part.content ?? '')
    .subarray(0, limitBytes)
    .toString();
}

/** What the tests of the dialects share: requests as clients send them, a notifier behind, and what arrived. */
import assert from 'node:assert/strict';
import type { Plan, RequestFacts } from '../../http/types.ts';
import { Access } from '../auth/access.ts';
import { hashToken } from '../auth/token.ts';
import { FakeChannel, FakeClock, queueOptions } from '../fixtures.ts';
import type { Message } from '../message.ts';
import { Notifier } from '../notifier.ts';
import { Queue, type QueueOptions } from '../queue/queue.ts';
import type { DialectName } from './dialect.ts';
import { createDialects } from './stage.ts';

export const ANN = 'Atoken-of-ann-with-27-chars';
/** May be used everywhere but in paths of GETs that could be files. */
export const BOB = 'Abob45678901234';
export const NOBODY = 'mote_token-of-nobody-at-all';

export const JSON_TYPE = { 'content-type': 'application/json' };
export const FORM_TYPE = { 'content-type': 'application/x-www-form-urlencoded' };

export interface Asked {
  readonly headers?: Record<string, string>;
  readonly body?: string | Uint8Array;
  readonly client?: string;
  readonly isGone?: () => boolean;
}

export interface Answered {
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
  // biome-ignore lint/suspicious/noExplicitAny: answers are looked at member by member
  readonly json: any;
  readonly close: boolean;
}

/** Ann has the channels mail and sms, or those that are given; Bob only broken, which never delivers. */
export function openDialects(
  names: readonly DialectName[],
  {
    waitMs = 1000,
    channels: ofAnn = ['mail', 'sms'],
    ...over
  }: Partial<Omit<QueueOptions, 'channels'>> & {
    readonly waitMs?: number;
    readonly channels?: string[];
  } = {},
) {
  const clock = new FakeClock();
  const sent: { readonly channel: string; readonly message: Message }[] = [];
  const channels = ofAnn.map((name) => {
    return new FakeChannel(name, (_, message) => {
      sent.push({ channel: name, message });
      return { kind: 'delivered' };
    });
  });
  channels.push(new FakeChannel('broken', () => ({ kind: 'rejected', reason: 'no such number' })));
  const queue = new Queue(queueOptions(channels, { clock, ...over }));
  const limit = { burst: 20, perMinute: 60 };
  const users = [
    { name: 'ann', tokenHashes: [hashToken(ANN)], channels: ofAnn, limit },
    { name: 'bob', tokenHashes: [hashToken(BOB)], channels: ['broken'], limit },
  ];
  const access = new Access(users, () => clock.now());
  const notifier = new Notifier({ access, queue, waitMs, now: () => clock.now() });
  const { stage } = createDialects(names, notifier, { now: () => clock.now() });

  /** `undefined` where the request goes on to the next stage. */
  const ask = async (method: string, target: string, asked: Asked = {}): Promise<Answered | undefined> => {
    const plan = stage(factsOf(method, target, asked));
    if (plan === undefined) return undefined;
    await clock.pass(0);
    return answeredOf((await plan) ?? assert.fail('a promise of nothing'));
  };
  /** The one message that was sent, without what the server adds. */
  const theMessage = () => {
    const [first, ...others] = new Set(sent.map(({ message }) => message));
    assert.ok(first && others.length === 0, `${others.length} messages too many`);
    const { id, acceptedMs, ...content } = first;
    return content;
  };
  return { ask, sent, theMessage, clock, queue };
}

export function factsOf(
  method: string,
  target: string,
  { headers = {}, body, client, isGone = () => false }: Asked,
): RequestFacts {
  const [path = '', query = ''] = target.split(/(?=\?)/);
  const bytes = typeof body === 'string' ? Buffer.from(body) : body;
  return {
    method,
    target,
    path,
    query,
    headers,
    client: client ?? '192.0.2.1',
    isGone,
    ...(bytes && { body: bytes }),
  };
}

function answeredOf({ status, headers, body, close = false }: Plan): Answered {
  const names = headers.flatMap((name, index): [string, string][] =>
    index % 2 === 0 ? [[name.toLowerCase(), headers[index + 1] as string]] : [],
  );
  assert.ok(body.kind === 'bytes' || body.kind === 'text');
  const text = body.kind === 'text' ? body.text : Buffer.from(body.bytes).toString();
  const isJson = headers.includes('application/json');
  return { status, headers: new Map(names), json: isJson ? JSON.parse(text) : text, close };
}

/** A form as curl -F writes it. */
export function multipart(
  fields: Record<string, string>,
  boundary = '------------------------d74496d66958873e',
) {
  const parts = Object.entries(fields).map(
    ([name, value]) => `--${boundary}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`,
  );
  return {
    headers: { 'content-type': `multipart/form-data; boundary=${boundary}` },
    body: `${parts.join('')}--${boundary}--\r\n`,
  };
}

export function basic(user: string, password: string): Record<string, string> {
  return { authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}` };
}

export function bearer(token: string): Record<string, string> {
  return { authorization: `Bearer ${token}` };
}

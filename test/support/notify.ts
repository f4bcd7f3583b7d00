/** What the black-box tests of notify share: a configuration in a file, and requests to send messages. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { addTo, makeFolder } from './folder.ts';
import { type Address, connect } from './raw.ts';

/** Ann's. */
export const TOKEN = 'ann-has-this-token';

export function hashOf(token: string): string {
  return `sha256:${createHash('sha256').update(token).digest('hex')}`;
}

export interface User {
  readonly tokens: readonly string[];
  readonly channels?: readonly string[];
  readonly burst?: number;
  readonly perMinute?: number;
}

/** Enough for every test but the one of the limit. */
export const ann: User = { tokens: [hashOf(TOKEN)], burst: 10_000, perMinute: 1_000_000 };

/** Writes a notify file; gives its path. `more` are its other sections. */
export function notifyFile(
  channels: object,
  users: Readonly<Record<string, User>> = { ann },
  more: object = {},
): string {
  const folder = makeFolder();
  addTo(folder, { 'notify.json': JSON.stringify({ users, channels, ...more }) });
  return join(folder, 'notify.json');
}

export interface Channel {
  readonly channel: string;
  readonly status: 'delivered' | 'retrying' | 'waiting' | 'failed';
  readonly attempts: number;
  readonly reason?: string;
  readonly providerId?: string;
  readonly note?: string;
}

export interface NotifyResult {
  readonly http: number;
  readonly header: (name: string) => string | undefined;
  readonly text: string;
  readonly id: string;
  readonly status: string;
  readonly repeated?: true;
  /** By name. */
  readonly channels: Readonly<Record<string, Channel>>;
  /** Of a problem document. */
  readonly code?: string;
  readonly detail?: string;
}

export interface Request {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** One request on its own connection, with Ann's token unless `headers` has another `Authorization`. */
export async function ask(server: Address, asked: Request = {}): Promise<NotifyResult> {
  const { method = 'POST', path = '/notify', headers = {}, body = '' } = asked;
  const bytes = Buffer.from(body);
  const fields: Record<string, string> = {
    Host: 'localhost',
    Connection: 'close',
    Authorization: `Bearer ${TOKEN}`,
    ...(method === 'POST' && { 'Content-Length': String(bytes.length) }),
    ...headers,
  };
  const lines = Object.entries(fields).map(([name, value]) => (value === '' ? '' : `${name}: ${value}\r\n`));
  const client = await connect(server);
  client.write(Buffer.concat([Buffer.from(`${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n`), bytes]));
  const { status: http, header, text } = await client.response(method);
  client.destroy();
  const { channels = [], ...result } = text.startsWith('{') ? JSON.parse(text) : {};
  const byName = channels.map((one: Channel) => [one.channel, one] as const);
  return { http, header, text, ...result, channels: Object.fromEntries(byName) };
}

/** Sends a message as JSON. */
export function send(
  server: Address,
  message: object,
  headers: Readonly<Record<string, string>> = {},
): Promise<NotifyResult> {
  const body = JSON.stringify(message);
  return ask(server, { body, headers: { 'Content-Type': 'application/json', ...headers } });
}

/** Asks for the status until `done`; at most `withinMs`. */
export async function untilStatus(
  server: Address,
  id: string,
  done: (result: NotifyResult) => boolean,
  withinMs = 20_000,
): Promise<NotifyResult> {
  const deadlineMs = performance.now() + withinMs;
  for (;;) {
    const result = await ask(server, { method: 'GET', path: `/notify/${id}` });
    if (done(result)) return result;
    assert.ok(performance.now() < deadlineMs, `not within ${withinMs} ms: ${result.text}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** mote with hooks, and what it delivers of what senders send. */
import { createHmac } from 'node:crypto';
import type { TestContext } from 'node:test';
import { makeFolder } from './folder.ts';
import { ann, ask, type NotifyResult, notifyFile, type User } from './notify.ts';
import { startStandIn } from './stand-in.ts';
import { type Server, start } from './target.ts';

export const SECRET = "It's a Secret to Everybody";

/** As templates of the channel see it. */
export interface Delivered {
  readonly title: string;
  readonly text: string;
  readonly url: string;
}

export interface Posted {
  readonly headers?: Readonly<Record<string, string>>;
  readonly method?: string;
}

export interface Hooked {
  readonly server: Server;
  readonly delivered: readonly Delivered[];
  /** Posts, in Ann's name unless there is another `Authorization`. */
  post(path: string, body: string, posted?: Posted): Promise<NotifyResult>;
}

export interface HookedOptions {
  readonly args?: readonly string[];
  readonly users?: Readonly<Record<string, User>>;
  /** Sections of the notify file. */
  readonly sections?: object;
}

/** Stops when the test, or the file, ends. */
export async function startHooked(
  scope: Pick<TestContext, 'after'> | { after(end: () => Promise<unknown>): void },
  hooks: object,
  { args = [], users = { ann }, sections = {} }: HookedOptions = {},
): Promise<Hooked> {
  const delivered: Delivered[] = [];
  const hook = await startStandIn(({ body }) => {
    delivered.push(JSON.parse(String(body)));
    return { status: 204 };
  });
  scope.after(() => hook.close());
  const json = { title: '{{title}}', text: '{{text}}', url: '{{url}}' };
  const channel = { kind: 'webhook', allowAddresses: ['127.0.0.1'], url: `${hook.origin}/`, json };
  const file = notifyFile({ kept: channel, other: channel }, users, { hooks, ...sections });
  const server = await start({
    root: makeFolder({ 'index.html': 'the site' }),
    args: ['--notify', file, ...args],
    env: { GITHUB_SECRET: SECRET, GITEA_SECRET: SECRET, SENTRY_SECRET: SECRET },
  });
  scope.after(() => server.stop());
  return {
    server,
    delivered,
    post: (path, body, { headers = {}, method = 'POST' } = {}) =>
      ask(server, {
        path,
        method,
        body,
        headers: {
          'Content-Type': 'application/json',
          'Content-Length': String(Buffer.byteLength(body)),
          ...headers,
        },
      }),
  };
}

export function signed(body: string, secret = SECRET): string {
  return createHmac('sha256', secret).update(body).digest('hex');
}

/** Instead of Ann's token none. */
export const anonymous = { Authorization: '' };

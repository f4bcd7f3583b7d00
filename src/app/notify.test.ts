import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { json, type Reply, startStandIn } from '../../test/support/stand-in.ts';
import type { ChannelConfig } from '../config/notify/kinds.ts';
import { type Config, defaults } from '../config/options.ts';
import type { Plan, RequestFacts } from '../http/types.ts';
import { hashToken } from '../notify/auth/token.ts';
import { makeFolder } from '../notify/fixtures.ts';
import type { ConfigurationError } from './configuration-error.ts';
import { type NotifyService, openNotify } from './notify.ts';

const TOKEN = 'a-token-of-mine';
const limit = { burst: 100, perMinute: 100 };

function webhook(name: string, url: string): ChannelConfig {
  return { kind: 'webhook', name, values: { url, allowAddresses: ['127.0.0.1'] } };
}

/** What `openNotify` makes of these channels and options, and the lines that it logged. */
async function open(channels: readonly ChannelConfig[], options: Partial<Config> = {}) {
  const lines: string[] = [];
  const names = channels.map(({ name }) => name);
  const user = { name: 'ann', tokenHashes: [hashToken(TOKEN)], channels: names, limit };
  const service = await openNotify(
    { ...defaults, notifyWaitMs: 2000, ...options },
    { users: [user], channels },
    {
      caFile: '',
      event: (level, message, fields = {}) => {
        lines.push([level, message, ...Object.entries(fields).map((pair) => pair.join('='))].join(' '));
      },
    },
  );
  return { service, lines };
}

async function ask({ stages }: NotifyService, over: Partial<RequestFacts>): Promise<Plan | undefined> {
  const target = over.path ?? '/notify';
  const facts = { method: 'GET', target, path: target, query: '', headers: {}, client: '192.0.2.1', ...over };
  for (const stage of stages) {
    const plan = await stage(facts as RequestFacts);
    if (plan) return plan;
  }
  return undefined;
}

function post(service: NotifyService, message: object): Promise<Plan | undefined> {
  const headers = { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' };
  return ask(service, { method: 'POST', headers, body: Buffer.from(JSON.stringify(message)) });
}

async function hook(t: TestContext, reply: Reply = json({})) {
  const standIn = await startStandIn(() => reply);
  t.after(() => standIn.close());
  return standIn;
}

test('what is wrong with channels is told of all of them at once, each by name', async () => {
  const robot = { kind: 'wecom-robot', name: 'chat', values: { key: 'k', base: 'ftp://h' } } as const;
  await assert.rejects(open([webhook('a', 'no URL'), webhook('b', 'https://h'), robot]), (error) => {
    const { code, problems } = error as ConfigurationError;
    assert.equal(code, 'channel_unusable');
    assert.deepEqual(problems, [
      'channel a: url: not a URL',
      'channel chat: base: neither an http: nor an https: URL',
    ]);
    return true;
  });
});

describe('the summary says where messages go and how safe they are', () => {
  test('in memory', async () => {
    const { service } = await open([webhook('a', 'https://h'), webhook('b', 'https://h')]);
    assert.match(service.summary, /^mote notifies by a, b at POST \/notify; the queue is in memory/);
    await service.stop(0);
  });

  test('in a spool', async (t) => {
    const spool = makeFolder(t);
    const { service } = await open([webhook('a', 'https://h')], { spool });
    assert.ok(service.summary.endsWith(`; the queue is kept in ${spool}`), service.summary);
    await service.stop(0);
  });
});

test('the spool is let go on stop, and is one server’s until then', async (t) => {
  const spool = makeFolder(t);
  const { service } = await open([webhook('a', 'https://h')], { spool });
  await assert.rejects(open([webhook('a', 'https://h')], { spool }), {
    name: 'StartError',
    code: 'spool_unusable',
  });
  await service.stop(0);
  await (await open([webhook('a', 'https://h')], { spool })).service.stop(0);
});

test('attempts are logged with what an operator needs, and counted', async (t) => {
  const good = await hook(t);
  const gone = await hook(t, { status: 410 });
  const busy = await hook(t, { status: 503 });
  const { service, lines } = await open([
    webhook('good', good.origin),
    webhook('gone', gone.origin),
    webhook('busy', busy.origin),
  ]);
  await service.start();
  const plan = await post(service, { text: 'x' });
  assert.equal(plan?.status, 202);
  const { id } = JSON.parse(plan?.body.kind === 'bytes' ? String(Buffer.from(plan.body.bytes)) : '{}');
  assert.deepEqual(lines.toSorted(), [
    `error not delivered id=${id} channel=gone attempts=1 reason=HTTP 410`,
    `info delivered id=${id} channel=good attempts=1`,
    `warn will be retried id=${id} channel=busy attempts=1 reason=HTTP 503`,
  ]);
  const metrics = service.renderMetrics();
  for (const [channel, result] of [
    ['good', 'delivered'],
    ['gone', 'failed'],
    ['busy', 'retry'],
  ]) {
    assert.ok(metrics.includes(`{channel="${channel}",result="${result}"} 1\n`), metrics);
  }
  assert.match(metrics, /^mote_notify_messages 1$/m);
  await service.stop(0);
  assert.equal(
    lines.at(-1),
    'warn messages were not delivered and are lost; --spool DIR keeps them messages=1',
  );
});

test('what waits in a spool at the end is said, and taken up by the next', async (t) => {
  const spool = makeFolder(t);
  const busy = await hook(t, { status: 503 });
  const first = await open([webhook('a', busy.origin)], { spool });
  await first.service.start();
  assert.equal((await post(first.service, { text: 'x' }))?.status, 202);
  await first.service.stop(0);
  assert.equal(first.lines.at(-1), 'info messages wait in the spool for the next start messages=1');
  const second = await open([webhook('b', busy.origin)], { spool });
  await second.service.start();
  assert.match(second.service.renderMetrics(), /^mote_notify_messages 1$/m);
  await second.service.stop(0);
});

test('a file in the spool that is not ours is left alone and told of', async (t) => {
  const spool = makeFolder(t);
  const { service } = await open([webhook('a', 'https://h')], { spool });
  await service.stop(0);
  mkdirSync(join(spool, 'new', 'folder.json'));
  writeFileSync(join(spool, 'new', 'note.txt'), 'x');
  const { service: next, lines } = await open([webhook('a', 'https://h')], { spool });
  await next.start();
  assert.equal(lines.length, 2, lines.join('\n'));
  for (const line of lines)
    assert.match(line, /^warn spool: .*; left alone path=.*(folder\.json|note\.txt)$/);
  await next.stop(0);
});

test('stages in order: dialects, notify, and the page for what is left', async (t) => {
  const { origin } = await hook(t);
  const { service } = await open([webhook('a', origin)], { notifyDialects: ['serverchan'] });
  await service.start();
  assert.equal((await ask(service, { path: `/${TOKEN}.send`, query: '?title=x' }))?.status, 200);
  assert.equal((await ask(service, { path: '/notify/nothing' }))?.status, 401);
  assert.ok((await ask(service, {}))?.headers.includes('text/html; charset=utf-8'));
  assert.equal(await ask(service, { path: '/index.html' }), undefined);
  assert.equal(service.redact(`/${TOKEN}.send?x=${TOKEN}`, 'GET'), '/***.send?x=***');
  await service.stop(0);
});

test('a body that is not read is refused in words, if it is for notify', async () => {
  const { service } = await open([webhook('a', 'https://h')], { maxBodyBytes: 77 });
  const refused = (path: string) =>
    service.roomFor({ path, query: '', headers: {} } as unknown as RequestFacts)?.refuse();
  assert.equal(refused('/notify')?.status, 413);
  const { body } = refused('/notify/all') ?? {};
  assert.match(body?.kind === 'bytes' ? String(Buffer.from(body.bytes)) : '', /more than 77 bytes/);
  assert.equal(refused('/notifying'), undefined);
  await service.stop(0);
});

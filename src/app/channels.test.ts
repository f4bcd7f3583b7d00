import assert from 'node:assert/strict';
import { once } from 'node:events';
import { rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { authority } from '../../test/support/certificates.ts';
import { makeFolder } from '../../test/support/folder.ts';
import { type Answerer, json, startStandIn } from '../../test/support/stand-in.ts';
import { startTunnels } from '../../test/support/tunnel.ts';
import { type ChannelConfig, kinds } from '../config/notify/kinds.ts';
import type { Kind } from '../config/notify/variables.ts';
import type { Channel } from '../notify/channels/channel.ts';
import { deliver, errorOf, messageOf, successOf } from '../notify/channels/fixtures.ts';
import { createChannel, lazyTrust } from './channels.ts';

type Values = Readonly<Record<string, unknown>>;

/** Of each kind the least that works, except for where it goes. */
const least: Readonly<Record<Kind, Values>> = {
  wecom: { corpId: 'c', secret: 's', agentId: 1, users: ['@all'] },
  'wecom-robot': { key: 'k' },
  smtp: { url: 'smtps://h', from: 'a@b.c', to: ['d@e.f'] },
  aliyun: {
    keyId: 'i',
    keySecret: 's',
    signName: 'n',
    templateCode: 't',
    variables: { a: '{{text}}' },
    to: ['+8613800000000'],
  },
  tencent: {
    secretId: 'i',
    secretKey: 'k',
    region: 'r',
    appId: 'a',
    templateId: 't',
    variables: ['{{text}}'],
    to: ['+8613800000000'],
  },
  twilio: { accountSid: 'AC1', authToken: 't', from: '+15550100', to: ['+15550101'] },
  webhook: { url: 'https://h' },
  slack: { url: 'https://h' },
  discord: { url: 'https://h' },
  telegram: { token: '1:t', chat: '1' },
  feishu: { url: 'https://h' },
  dingtalk: { url: 'https://h' },
  teams: { url: 'https://h' },
  mattermost: { url: 'https://h' },
  pushplus: { token: 't' },
  serverchan: { key: 'SCT1' },
  bark: { key: 'k' },
  gotify: { base: 'https://h', token: 't' },
  ntfy: { topic: 't' },
};
const noTrust = () => {
  throw new Error('nobody is trusted');
};

async function make(...settings: Parameters<typeof attempt>): Promise<Channel> {
  return successOf(await attempt(...settings));
}

function attempt(kind: Kind, values: Values = {}, trust: Parameters<typeof createChannel>[1] = noTrust) {
  const config = { kind, name: 'one', values: { ...least[kind], ...values } };
  return createChannel(config as unknown as ChannelConfig, trust);
}

async function standIn(t: TestContext, answer: Answerer, options?: Parameters<typeof startStandIn>[1]) {
  const server = await startStandIn(answer, options);
  t.after(() => server.close());
  return server;
}

describe('every kind', () => {
  for (const kind of Object.keys(kinds) as Kind[]) {
    test(`${kind} is made, without a look at the CA bundle`, async () => {
      assert.equal((await make(kind)).name, 'one');
    });
  }

  const posting = (Object.keys(kinds) as Kind[]).filter((kind) => 'base' in kinds[kind].keys);
  for (const kind of posting) {
    test(`${kind} goes to its base, by its proxy`, async (t) => {
      const provider = await standIn(t, () => ({ status: 503 }));
      const proxy = await startTunnels(provider.port, `Basic ${btoa('us er:p@ss')}`);
      t.after(() => proxy.close());
      const by = { base: 'http://provider.example', proxy: `http://us%20er:p%40ss@127.0.0.1:${proxy.port}` };
      await deliver(await make(kind, by), messageOf({ text: 'x' }));
      assert.match(proxy.asked[0] ?? '', /^provider\.example:80 /);
      assert.equal(provider.received[0]?.headers.host, 'provider.example');
    });
  }
});

describe('settings that cannot work', () => {
  const proxied = { url: 'https://h', proxy: 'http://p:1' };
  const cases: readonly [name: string, kind: Kind, values: Values, line: RegExp][] = [
    ['nobody to send to', 'wecom', { users: undefined }, /^users, parties, tags: one of them is needed/],
    ['no base', 'wecom', { base: 'u:S3CRET@h' }, /^base: neither an http: nor an https: URL$/],
    ['a base that is no URL', 'aliyun', { base: 'http://u:S3CRET@h:x' }, /^base: not a URL$/],
    [
      'the URL as key',
      'wecom-robot',
      { key: 'https://h/send?key=S3CRET' },
      /^key: only what stands after key=/,
    ],
    ['a number', 'twilio', { to: ['555'] }, /^to: not a telephone number .*: 555$/],
    ['no sender', 'twilio', { from: undefined }, /^from, messagingServiceSid: one of the two/],
    ['two senders', 'twilio', { messagingServiceSid: 'MG1' }, /^from, messagingServiceSid: one of the two/],
    ['no URL', 'webhook', { url: 'https://h:S3CRET' }, /^url: not a URL$/],
    ['another scheme', 'webhook', { url: 'ftp://u:S3CRET@h' }, /^url: neither/],
    [
      'a bad password',
      'webhook',
      { url: 'https://u:S3%CRET@h' },
      /^url: user or password .* percent-encoded/,
    ],
    [
      'a bad proxy password',
      'tencent',
      { proxy: 'http://u:S3%CRET@h' },
      /^proxy: user or password .*; write/,
    ],
    [
      'a proxy of another kind',
      'wecom-robot',
      { proxy: 'socks5://u:S3CRET@h' },
      /^proxy: it must be an http:/,
    ],
    ['no proxy', 'webhook', { proxy: 'S3CRET h' }, /^proxy: not a URL; write/],
    ['a proxy that hides addresses', 'webhook', { ...proxied, allowAddresses: ['::1'] }, /^allowAddresses: /],
    ['no address', 'webhook', { allowAddresses: ['localhost'] }, /^allowAddresses: .*: localhost$/],
    [
      'a private address',
      'webhook',
      { url: 'http://u:S3CRET@10.0.0.5/{{title}}?k=S3CRET' },
      /^allowAddresses: the host of the url has a private or special address, 10\.0\.0\.5; allow it \(WEBHOOK_ALLOW_ADDRESSES=10\.0\.0\.5\), or/,
    ],
    [
      'one that others are allowed for',
      'webhook',
      { url: 'http://[fd00::1]:81/', allowAddresses: ['10.0.0.0/8'] },
      /address, fd00::1; allow/,
    ],
    ['one in disguise', 'webhook', { url: 'http://2130706433/' }, /address, 127\.0\.0\.1; allow/],
    [
      'this machine by name',
      'webhook',
      { url: 'http://app.localhost:3000/' },
      /address, 127\.0\.0\.1; allow/,
    ],
    ['half of a match', 'webhook', { successPointer: '/a' }, /^successPointer, successEquals: /],
    ['the other half', 'webhook', { successEquals: null }, /^successPointer, successEquals: /],
    ['a signature without a secret', 'webhook', { signHeader: 'X-Sign' }, /^signSecret: missing; /],
    ['a signature of nothing', 'webhook', { signSecret: 's', signContent: 'x' }, /^signContent: allowed: /],
    [
      'the URL of another product',
      'slack',
      { url: 'https://hooks.slack.com/workflows/x' },
      /^url: belongs to/,
    ],
    ['no pointer', 'webhook', { successPointer: 'a', successEquals: 0 }, /^successPointer: .*: a$/],
    ['a body of GET', 'webhook', { method: 'GET', json: {} }, /^json: GET has no body/],
    ['a header as it is sent', 'webhook', { headers: { 'A: S3CRET': 'x' } }, /^headers: .*: a…$/],
    ['a header of ours', 'webhook', { headers: { Host: 'x' } }, /^headers: host cannot be set$/],
    ['a secret in two lines', 'webhook', { headers: { a: 'S3CRET\n' } }, /^headers: a holds control/],
    ['no field', 'webhook', { json: { a: '{{body}}' } }, /^\{\{body\}\} is not a field/],
    ['no mail server', 'smtp', { url: 'https://u:S3CRET@h' }, /^not the URL of an SMTP server: write/],
    ['a password alone', 'smtp', { password: 'S3CRET' }, /^SMTP needs both a user and a password/],
    [
      'the user here, the password there',
      'smtp',
      { url: 'smtps://u@h', password: 'S3CRET' },
      /both in the url/,
    ],
    [
      'two passwords',
      'smtp',
      { url: 'smtps://u:S3CRET@h', user: 'u', password: 'S3CRET' },
      /^user, password: the url contains them already/,
    ],
  ];
  for (const [name, kind, values, line] of cases) {
    test(`${kind}: ${name}`, async () => {
      const error = errorOf(await attempt(kind, values));
      assert.match(error, line);
      assert.doesNotMatch(error, /s3%?cret/i);
    });
  }
});

describe('a webhook', () => {
  test('reaches a private address only where it is allowed', async (t) => {
    const hook = await standIn(t, () => json({}));
    const message = messageOf({ text: 'x' });
    const proxied = { url: hook.origin, proxy: 'http://proxy.example:1' };
    assert.equal((await make('webhook', proxied)).name, 'one', 'it is the proxy that connects');
    const allowed = { url: hook.origin, allowAddresses: ['127.0.0.0/8'] };
    assert.deepEqual(await deliver(await make('webhook', allowed), message), { kind: 'delivered' });
  });

  test('succeeds by status and by what the answer holds', async (t) => {
    const answers = [json({ code: 1 }, 201), json({ code: 0 }, 201), json({ code: 0 })];
    const hook = await standIn(t, () => answers.shift() ?? 'hang up');
    const channel = await make('webhook', {
      url: hook.origin,
      allowAddresses: ['127.0.0.1'],
      successStatuses: [201],
      successPointer: '/code',
      successEquals: 0,
    });
    const results: string[] = [];
    for (let sent = 0; sent < 3; sent++)
      results.push((await deliver(channel, messageOf({ text: 'x' }))).kind);
    assert.deepEqual(results, ['retry', 'delivered', 'rejected']);
  });
});

describe('connections', () => {
  const allowed = { allowAddresses: ['127.0.0.1'] };
  const cases: readonly (readonly [name: string, kind: Kind, values: Values, of: number])[] = [
    ['a webhook, which has a key', 'webhook', allowed, 1],
    [
      'a webhook with a key of its own',
      'webhook',
      { ...allowed, headers: { 'Idempotency-Key': 'k-{{ id }}' } },
      1,
    ],
    [
      'a webhook whose key is always the same',
      'webhook',
      { ...allowed, headers: { 'IDEMPOTENCY-KEY': 'k' } },
      3,
    ],
    ['WeCom, which knows a message again', 'wecom', {}, 1],
    ['a WeCom robot, which does not', 'wecom-robot', {}, 3],
    ['Alibaba', 'aliyun', {}, 3],
    ['Tencent', 'tencent', {}, 3],
    ['Twilio', 'twilio', {}, 3],
  ];
  for (const [name, kind, values, connections] of cases) {
    test(`${name}: ${connections} for three messages`, async (t) => {
      const provider = await standIn(t, () =>
        json({ errcode: 0, access_token: 't', expires_in: 7200, Code: 'OK', sid: 's' }),
      );
      const to = kind === 'webhook' ? { url: provider.origin } : { base: provider.origin };
      const channel = await make(kind, { ...to, ...values });
      t.after(() => channel.close?.());
      for (let i = 0; i < 3; i++) await deliver(channel, messageOf({ id: `m-${i}` }));
      assert.equal(provider.connections(), connections);
    });
  }

  test('end with the channel', async (t) => {
    const closed = Promise.withResolvers<void>();
    const server = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.on('data', () => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'));
      socket.once('close', () => closed.resolve());
    });
    server.listen(0, '127.0.0.1');
    t.after(() => server.close());
    await once(server, 'listening');
    const { port } = server.address() as { port: number };
    const channel = await make('webhook', { url: `http://127.0.0.1:${port}`, ...allowed });
    assert.deepEqual(await deliver(channel), { kind: 'delivered' });
    await channel.close?.();
    await closed.promise;
  });
});

describe('mail', () => {
  test('takes user and password from beside the URL', async () => {
    const channel = await make('smtp', { user: 'me@b.c', password: 'p/w' });
    assert.equal(channel.name, 'one');
    await channel.close?.();
  });

  test('asks the CA bundle before anything is sent, and says why there is none', async (t) => {
    let connections = 0;
    const server = createServer(() => connections++).listen(0, '127.0.0.1');
    await once(server, 'listening');
    t.after(() => server.close());
    const { port } = server.address() as { port: number };
    const channel = await make('smtp', { url: `smtps://127.0.0.1:${port}` });
    const delivery = await deliver(channel, messageOf({ text: 'x' }));
    assert.deepEqual(
      [delivery.kind, delivery.kind === 'retry' && delivery.reason],
      ['retry', 'nobody is trusted'],
    );
    assert.equal(connections, 0);
  });
});

describe('trust', () => {
  test('is read when it is needed, again while it cannot be, and then kept', async () => {
    const caFile = join(makeFolder(), 'ca.pem');
    const trust = lazyTrust(caFile);
    assert.throws(trust, /ca\.pem, which does not exist/);
    writeFileSync(caFile, authority);
    const first = trust();
    rmSync(caFile);
    assert.equal(trust(), first);
  });

  test('is what a channel verifies its provider by', async (t) => {
    const provider = await standIn(t, () => json({ errcode: 0, errmsg: 'ok' }), { tls: true });
    const folder = makeFolder({ 'ca.pem': authority });
    const trust = lazyTrust(join(folder, 'ca.pem'));
    const message = messageOf({ text: 'x' });
    const trusting = await make('wecom-robot', { base: provider.origin }, trust);
    assert.equal((await deliver(trusting, message)).kind, 'delivered');
    const wary = await deliver(await make('wecom-robot', { base: provider.origin }), message);
    assert.deepEqual(wary, { kind: 'retry', reason: 'nobody is trusted', done: [] });
    assert.equal(provider.received.length, 1);
  });
});

/** Notify as senders and operators meet it: one request in, a message out by each kind of channel. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { authority } from '../support/certificates.ts';
import { makeFolder } from '../support/folder.ts';
import { ann, ask, hashOf, notifyFile, send, TOKEN } from '../support/notify.ts';
import { startAliyun } from '../support/providers/aliyun.ts';
import { startTencent } from '../support/providers/tencent.ts';
import { startTwilio } from '../support/providers/twilio.ts';
import { startWecom } from '../support/providers/wecom.ts';
import { request } from '../support/raw.ts';
import { json, type StandIn, startStandIn } from '../support/stand-in.ts';
import { run, startForFile, startForTest, without } from '../support/target.ts';

const root = makeFolder({ 'index.html': 'index', 'notify.txt': 'a file', 'ca.pem': authority });
const nowMs = Date.now;
const secrets = {
  wecom: 'wecom-secret-1',
  robot: 'robot-key-2',
  aliyun: 'aliyun-secret-3',
  tencent: 'tencent-secret-4',
  twilio: 'twilio-token-5',
  webhook: 'webhook-path-6',
};

async function forFile<S extends StandIn>(starting: Promise<S>): Promise<S> {
  const standIn = await starting;
  after(() => standIn.close());
  return standIn;
}

const wecom = await forFile(
  startWecom(
    {
      corpId: 'corp',
      secret: secrets.wecom,
      agentId: 1000002,
      users: ['zhang'],
      nowMs,
      robotKey: secrets.robot,
    },
    { tls: true },
  ),
);
const aliyun = await forFile(startAliyun({ keyId: 'LTAI', keySecret: secrets.aliyun, nowMs }));
const tencent = await forFile(startTencent({ secretId: 'AKID', secretKey: secrets.tencent, nowMs }));
const twilio = await forFile(startTwilio({ accountSid: 'AC1', authToken: secrets.twilio }));
const hook = await forFile(startStandIn(() => json({ ok: true })));

const channels = {
  wecom: {
    kind: 'wecom',
    corpId: 'corp',
    secret: secrets.wecom,
    agentId: 1000002,
    users: ['zhang', 'nobody'],
    base: wecom.origin,
  },
  robot: { kind: 'wecom-robot', key: secrets.robot, base: wecom.origin },
  aliyun: {
    kind: 'aliyun',
    keyId: 'LTAI',
    keySecret: secrets.aliyun,
    signName: 'mote',
    templateCode: 'SMS_1',
    variables: { content: '{{title}} {{text}}' },
    to: ['+8613800000000'],
    base: aliyun.origin,
  },
  tencent: {
    kind: 'tencent',
    secretId: 'AKID',
    secretKey: secrets.tencent,
    region: 'ap-guangzhou',
    appId: '1400',
    templateId: '7',
    variables: ['{{title}}', '{{text}}'],
    to: ['+8613800000000'],
    base: tencent.origin,
  },
  twilio: {
    kind: 'twilio',
    accountSid: 'AC1',
    authToken: secrets.twilio,
    from: '+15550100',
    to: ['+15550101'],
    base: twilio.origin,
  },
  webhook: {
    kind: 'webhook',
    url: `${hook.origin}/${secrets.webhook}?t={{title}}`,
    allowAddresses: ['127.0.0.1'],
    json: { text: '{{text}}', id: '{{id}}' },
  },
};
const users = {
  ann,
  bob: { tokens: [hashOf('bob-has-this-token')], channels: ['webhook'], burst: 2, perMinute: 1 },
};
const env = { SSL_CERT_FILE: join(root, 'ca.pem') };
const server = await startForFile({
  root,
  env,
  args: ['--notify', notifyFile(channels, users), '--metrics-path', '/metrics', '--auth', await basicUser()],
});

async function basicUser(): Promise<string> {
  return (await run(['hash-password', 'reader'], { input: 'reads-the-site' })).stdout.trim();
}

describe('a message', () => {
  test('goes out by every channel of its user', async () => {
    const result = await send(server, { title: 'Disk 满', text: 'on web1' });
    assert.equal(result.http, 200, result.text);
    assert.equal(result.status, 'delivered');
    assert.deepEqual(Object.keys(result.channels).sort(), Object.keys(channels).sort());
    assert.match(result.channels.wecom?.providerId ?? '', /^msg_/);
    assert.match(result.channels.wecom?.note ?? '', /nobody/, 'who did not get it is told');
    assert.deepEqual(
      wecom.delivered.map(({ content }) => content),
      ['Disk 满\n\non web1', 'Disk 满\n\non web1'],
    );
    assert.deepEqual(JSON.parse(aliyun.taken[0]?.TemplateParam ?? ''), { content: 'Disk 满 on web1' });
    assert.deepEqual(tencent.taken[0]?.TemplateParamSet, ['Disk 满', 'on web1']);
    assert.equal(twilio.taken[0]?.Body, 'Disk 满\n\non web1');
    const [posted] = hook.received;
    assert.equal(posted?.target, `/${secrets.webhook}?t=Disk%20%E6%BB%A1`);
    assert.deepEqual(JSON.parse(String(posted?.body)), { text: 'on web1', id: result.id });
    const { pathname } = new URL(result.header('location') ?? '', 'http://mote.example/notify');
    const later = await ask(server, { method: 'GET', path: pathname });
    assert.equal(later.http, 200);
    assert.equal(later.status, 'delivered');
  });

  const ways: readonly [name: string, headers: Readonly<Record<string, string>>, body: string][] = [
    ['Bearer', {}, 'text=by+bearer'],
    ['X-Token', { Authorization: '', 'X-Token': TOKEN }, 'text=by+header'],
    ['the body', { Authorization: '' }, `text=by+body&token=${TOKEN}`],
  ];
  for (const [name, headers, body] of ways) {
    test(`as a form, with the token by ${name}`, async () => {
      const type = { 'Content-Type': 'application/x-www-form-urlencoded' };
      const result = await ask(server, {
        headers: { ...type, ...headers },
        body: `${body}&channels=webhook`,
      });
      assert.equal(result.http, 200, result.text);
    });
  }

  test('with an idempotency key is sent once', async () => {
    const before = hook.received.length;
    const message = { text: 'once', channels: ['webhook'] };
    const first = await send(server, message, { 'Idempotency-Key': 'key-1' });
    const second = await send(server, message, { 'Idempotency-Key': 'key-1' });
    assert.deepEqual([first.http, second.http, second.repeated], [200, 200, true]);
    assert.equal(second.id, first.id);
    assert.equal(hook.received.length, before + 1);
    const other = await send(server, { ...message, text: 'twice' }, { 'Idempotency-Key': 'key-1' });
    assert.deepEqual([other.http, other.code], [409, 'conflict']);
  });

  test('is for its user alone', async () => {
    const { id } = await send(server, { text: 'x', channels: ['webhook'] });
    const bob = { Authorization: 'Bearer bob-has-this-token' };
    const result = await ask(server, { method: 'GET', path: `/notify/${id}`, headers: bob });
    assert.deepEqual([result.http, result.code], [404, 'not_found']);
    const stranger = await send(server, { text: 'x', channels: ['wecom'] }, bob);
    assert.deepEqual([stranger.http, stranger.code], [403, 'forbidden']);
  });

  test('of a token that sends too fast is refused with the time to wait', async () => {
    const bob = { Authorization: 'Bearer bob-has-this-token' };
    const statuses: number[] = [];
    let wait: string | undefined;
    for (let sent = 0; sent < 3; sent++) {
      const result = await send(server, { text: 'x' }, bob);
      statuses.push(result.http);
      wait = result.header('retry-after');
    }
    // One of the two went in the test before: a refusal for the channel counts as well.
    assert.equal(statuses.at(-1), 429, String(statuses));
    assert.ok(Number(wait) > 30 && Number(wait) <= 60, wait);
  });
});

describe('refusals', () => {
  const json = { 'Content-Type': 'application/json' };
  const cases: readonly [name: string, asked: Parameters<typeof ask>[1], status: number, code: string][] = [
    ['no token', { headers: { ...json, Authorization: '' }, body: '{"text":"x"}' }, 401, 'unauthorized'],
    ['broken JSON', { headers: json, body: '{"text":' }, 400, 'bad_body'],
    ['no body', { headers: json }, 400, 'bad_body'],
    ['another type', { headers: { 'Content-Type': 'text/xml' }, body: 'x' }, 415, 'unsupported_media_type'],
    ['no text', { headers: json, body: '{}' }, 422, 'unprocessable_content'],
    ['an unknown field', { headers: json, body: '{"text":"x","colour":1}' }, 422, 'unprocessable_content'],
    [
      'a long link',
      { headers: json, body: JSON.stringify({ text: 'x', url: `https://x/${'x'.repeat(2048)}` }) },
      413,
      'field_too_large',
    ],
    ['another method', { method: 'DELETE' }, 405, 'method_not_allowed'],
    [
      'a token in the URL',
      { path: `/notify?token=${TOKEN}`, headers: json, body: '{"text":"x"}' },
      403,
      'forbidden',
    ],
    ['an id of nobody', { method: 'GET', path: '/notify/nothing' }, 404, 'not_found'],
  ];
  for (const [name, asked, status, code] of cases) {
    test(name, async () => {
      const result = await ask(server, asked);
      assert.deepEqual([result.http, result.code], [status, code], result.text);
      assert.match(result.header('content-type') ?? '', /^application\/problem\+json/);
      assert.match(result.detail ?? '', /\w/, 'says what to do');
    });
  }

  test('a body over the limit', async () => {
    const mostBytes = without('largeMessages') ? 256 * 1024 : 4 * 1024 * 1024;
    const body = (bytes: number) => JSON.stringify({ text: 'x'.repeat(bytes), token: TOKEN });
    const result = await ask(server, { headers: { ...json, Authorization: '' }, body: body(70_000) });
    assert.deepEqual([result.http, result.code], [413, 'content_too_large']);
    assert.match(result.detail ?? '', /more than 65536 bytes: send less; with the token in a header field/);
    const larger = await ask(server, { headers: json, body: body(mostBytes) });
    assert.deepEqual([larger.http, larger.code], [413, 'content_too_large']);
    assert.ok(larger.detail?.includes(`more than ${mostBytes} bytes: send less`), larger.detail);
  });

  test('wrong tokens are slowed down, good ones are not', async () => {
    const statuses: number[] = [];
    for (let tries = 0; tries < 8; tries++) {
      const result = await send(server, { text: 'x' }, { Authorization: `Bearer not-a-token-${tries}` });
      statuses.push(result.http);
    }
    assert.equal(statuses[0], 401);
    assert.equal(statuses.at(-1), 429);
    assert.equal((await send(server, { text: 'x', channels: ['webhook'] })).http, 200);
  });
});

describe('beside the site', () => {
  test('Basic authentication guards the site and not notify', async () => {
    assert.equal((await request(server, '/')).status, 401);
    assert.equal((await request(server, '/notify.txt')).status, 401);
    assert.equal((await send(server, { text: 'x', channels: ['webhook'] })).http, 200);
  });

  test('metrics count attempts by channel', async () => {
    const credentials = Buffer.from('reader:reads-the-site').toString('base64');
    const { text } = await request(server, '/metrics', {
      headers: { Authorization: `Basic ${credentials}` },
    });
    assert.match(text, /^mote_notify_attempts_total\{channel="twilio",result="delivered"\} 1$/m);
    assert.match(text, /^mote_notify_messages 0$/m);
    assert.doesNotMatch(text, new RegExp(Object.values(secrets).join('|')));
  });

  test('it is off unless it is configured', async (t) => {
    const plain = await startForTest(t, { root });
    assert.equal((await send(plain, { text: 'x' })).http, 405);
    assert.equal((await ask(plain, { method: 'GET' })).http, 404);
  });
});

test('nothing that the program prints holds a secret', async () => {
  const result = await Promise.all([
    ask(server, { path: `/notify?token=${TOKEN}`, headers: { Referer: `http://h/notify?token=${TOKEN}` } }),
    ask(server, { method: 'GET', path: `/notify/${TOKEN}x?token=${TOKEN}` }),
    // As clients of dialects do that are not switched on.
    ask(server, { path: `/${TOKEN}.send?title=x` }),
    ask(server, { method: 'GET', path: `/notify/${TOKEN}` }),
    ask(server, { method: 'GET', path: `/x?apikey=${TOKEN}`, headers: { Referer: `http://h/${TOKEN}/x` } }),
    send(server, { text: 'x', token: 'a-token-in-the-body' }),
  ]);
  wecom.scripted.set('message/send', [45009, 60020]);
  wecom.scripted.set('gettoken', [40001]);
  wecom.endTokens();
  const failed = await send(server, { text: 'x', channels: ['wecom', 'robot'] });
  await server.logged(/not delivered|will be retried/);
  const lines = [...server.stdout.all, ...server.stderr.all, ...result.map(({ text }) => text), failed.text];
  assert.ok(lines.length > 20);
  const words = [
    ...Object.values(secrets),
    TOKEN,
    'bob-has-this-token',
    'not-a-token',
    'a-token-in-the-body',
    'TTTTTTTT',
  ];
  for (const word of words) {
    const found = lines.filter((line) => line.includes(word));
    // What is nobody's token cannot be told from a path.
    assert.deepEqual(
      found.filter((line) => !line.includes(`/notify/${TOKEN}x`)),
      [],
      word,
    );
  }
});

describe('the environment alone', () => {
  test('is enough for one user', async (t) => {
    const standIn = await startTwilio({ accountSid: 'AC2', authToken: 'auth-token-7' });
    t.after(() => standIn.close());
    const folder = makeFolder({ token: `${TOKEN}\n`, auth: 'auth-token-7\n' });
    const env = {
      MOTE_NOTIFY_TOKEN_FILE: join(folder, 'token'),
      TWILIO_ACCOUNT_SID: 'AC2',
      TWILIO_AUTH_TOKEN_FILE: join(folder, 'auth'),
      TWILIO_FROM: '+15550100',
      TWILIO_TO: '+15550101,+15550102',
      TWILIO_BASE: standIn.origin,
    };
    const own = await startForTest(t, { root, env });
    const summary = await own.logged(/mote notifies/);
    assert.match(summary, /^mote notifies by twilio at POST \/notify; the queue is in memory/);
    assert.equal((await send(own, { text: 'x' })).http, 200);
    assert.deepEqual(
      standIn.taken.map(({ To }) => To),
      ['+15550101', '+15550102'],
    );
  });

  test('lets GET send where the operator allows it', async (t) => {
    const env = { MOTE_NOTIFY_TOKEN: TOKEN, WEBHOOK_URL: hook.origin, WEBHOOK_ALLOW_ADDRESSES: '127.0.0.1' };
    const own = await startForTest(t, { root, env, args: ['--notify-query'] });
    const path = `/notify?token=${TOKEN}&text=by%20GET`;
    const result = await ask(own, { method: 'GET', path, headers: { Authorization: '' } });
    assert.equal(result.http, 200, result.text);
    assert.match(hook.received.at(-1)?.body.toString() ?? '', /by GET/);
    assert.doesNotMatch(await own.logged(/GET \/notify/), new RegExp(TOKEN));
  });

  const wrong: readonly [name: string, env: Readonly<Record<string, string>>, line: RegExp][] = [
    [
      'half of a channel',
      { TWILIO_ACCOUNT_SID: 'AC2' },
      /^mote: TWILIO_AUTH_TOKEN: missing; channel twilio needs it/,
    ],
    ['what the channel refuses', { WEBHOOK_URL: 'ftp://h' }, /^mote: channel webhook: /],
  ];
  for (const [name, env, line] of wrong) {
    test(`refused with code 2 and a line: ${name}`, async () => {
      const { code, stderr } = await run([root, '0'], { env: { MOTE_NOTIFY_TOKEN: TOKEN, ...env } });
      assert.equal(code, 2);
      assert.match(stderr, line);
      assert.doesNotMatch(stderr, /\n {4}at /);
    });
  }
});

test('the token commands', async () => {
  const made = await run(['token']);
  const [, token = '', hash] = /^token, .*: (\S+)\nhash, .*: (\S+)\n$/.exec(made.stdout) ?? [];
  assert.equal(hashOf(token), hash);
  assert.equal(
    (await run(['hash-token'], { input: 'a-chosen-token\n' })).stdout,
    `${hashOf('a-chosen-token')}\n`,
  );
  const short = await run(['hash-token'], { input: 'short' });
  assert.deepEqual([short.code, short.stderr], [2, 'mote: hash-token: a token has at least 12 characters\n']);
});

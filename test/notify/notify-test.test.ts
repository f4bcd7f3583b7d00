/** `mote notify-test`: one message by each channel, without a server. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { kindNames } from '../../src/config/notify/variables.ts';
import { advisedKinds } from '../../src/notify/channels/advice.ts';
import { authority } from '../support/certificates.ts';
import { makeFolder } from '../support/folder.ts';
import { freePort } from '../support/free-port.ts';
import { notifyFile, TOKEN } from '../support/notify.ts';
import { startScriptedSmtp, usual } from '../support/providers/smtp-scripted.ts';
import { json, type Reply, startStandIn } from '../support/stand-in.ts';
import { run } from '../support/target.ts';

const trusted = { SSL_CERT_FILE: join(makeFolder({ 'ca.pem': authority }), 'ca.pem') };
const SECRET = 's3cr3t-0123456789-do-not-show';

async function standIn(t: TestContext, reply: Reply, tls = false) {
  const provider = await startStandIn(() => reply, { tls });
  t.after(() => provider.close());
  return provider;
}

const hook = (origin: string) => ({
  kind: 'webhook',
  url: `${origin}/hook/${SECRET}`,
  allowAddresses: ['127.0.0.1'],
});

async function notifyTest(channels: object, { args = [] as string[], env = {} } = {}) {
  const result = await run(['notify-test', ...args, '--notify', notifyFile(channels)], { env });
  assert.equal(result.stderr.includes(SECRET) || result.stdout.includes(SECRET), false, 'no secret is shown');
  return { code: result.code, lines: result.stdout.split('\n').slice(0, -1), stderr: result.stderr };
}

test('all channels, one after the other in the order of the file', async (t) => {
  const good = await standIn(t, { status: 200 });
  const bad = await standIn(t, { status: 401, body: `who is ${SECRET}\x1b[2J` });
  const { code, lines, stderr } = await notifyTest({ ok: hook(good.origin), closed: hook(bad.origin) });
  assert.deepEqual([code, stderr], [1, '']);
  assert.match(lines[0] ?? '', /^ok \(webhook\): delivered in \d+ ms$/);
  assert.match(lines[1] ?? '', /^closed \(webhook\): refused: HTTP 401: [ -~*…]*$/);
  assert.match(lines[2] ?? '', /^ {2}What to do: the receiver wants other credentials/);
  assert.equal(lines.length, 3);
  assert.match(good.received[0]?.body.toString() ?? '', /Test of mote/);
  assert.equal(good.received.length, 1);
});

test('one channel by its name: the others get nothing', async (t) => {
  const good = await standIn(t, { status: 200 });
  const other = await standIn(t, { status: 200 });
  const channels = { a: hook(good.origin), b: hook(other.origin) };
  const { code, lines } = await notifyTest(channels, { args: ['a'] });
  assert.deepEqual([code, lines.length, good.received.length, other.received.length], [0, 1, 1, 0]);
  const unknown = await notifyTest(channels, { args: ['c'] });
  assert.deepEqual(
    [unknown.code, unknown.lines, unknown.stderr],
    [2, [], 'mote: notify-test: received "c"; allowed: a, b\n'],
  );
});

test('by the environment; WeCom says which address it does not trust', async (t) => {
  const wecom = await standIn(
    t,
    json({ errcode: 60020, errmsg: 'not allow to access from your ip, hint: [1], from ip: 203.0.113.9' }),
  );
  const env = {
    MOTE_NOTIFY_TOKEN: TOKEN,
    WECOM_CORP_ID: 'ww1',
    WECOM_SECRET: SECRET,
    WECOM_AGENT_ID: '1',
    WECOM_USERS: 'ann',
    WECOM_BASE: wecom.origin,
  };
  const { code, stdout, stderr } = await run(['notify-test'], { env });
  assert.deepEqual([code, stderr], [1, '']);
  assert.match(stdout, /^wecom: refused: WeCom 60020: .*\(203\.0\.113\.9\)\n {2}What to do: .*企业可信IP/);
  assert.equal(stdout.includes(SECRET), false);
});

/** Each kind that speaks HTTP, with its secrets, at a provider that is somewhere else. */
const everyKind: Readonly<Record<string, (origin: string) => object>> = {
  wecom: (base) => ({ corpId: 'ww1', secret: SECRET, agentId: 1, users: ['ann'], base }),
  'wecom-robot': (base) => ({ key: SECRET, base }),
  aliyun: (base) => ({
    keyId: 'LTAI1',
    keySecret: SECRET,
    signName: 'mote',
    templateCode: 'SMS_1',
    to: ['+8613800000000'],
    variables: { text: '{{text}}' },
    base,
  }),
  tencent: (base) => ({
    secretId: 'A1',
    secretKey: SECRET,
    appId: '1400',
    region: 'ap-guangzhou',
    signName: 'mote',
    templateId: '1',
    to: ['+8613800000000'],
    variables: ['{{text}}'],
    base,
  }),
  twilio: (base) => ({
    accountSid: `AC${'0'.repeat(32)}`,
    authToken: SECRET,
    from: '+15005550006',
    to: ['+15005550007'],
    base,
  }),
  webhook: (origin) => hook(origin),
  slack: (origin) => ({ url: `${origin}/services/T0/B0/${SECRET}` }),
  discord: (origin) => ({ url: `${origin}/api/webhooks/1/${SECRET}` }),
  telegram: (base) => ({ base, token: `1:${SECRET}`, chat: '42' }),
  feishu: (origin) => ({ url: `${origin}/open-apis/bot/v2/hook/${SECRET}`, secret: SECRET }),
  dingtalk: (origin) => ({ url: `${origin}/robot/send?access_token=${SECRET}`, secret: `SEC${SECRET}` }),
  teams: (origin) => ({ url: `${origin}/workflows/w?api-version=1&sig=${SECRET}` }),
  mattermost: (origin) => ({ url: `${origin}/hooks/${SECRET}` }),
  pushplus: (base) => ({ base, token: SECRET }),
  serverchan: (base) => ({ base, key: `SCT1${SECRET}` }),
  bark: (base) => ({ base, key: SECRET }),
  gotify: (base) => ({ base, token: SECRET }),
  ntfy: (base) => ({ base, topic: 'alerts', token: SECRET }),
};

describe('every kind says what to do, and no secret', () => {
  const replies: readonly (readonly [what: string, reply: Reply, advice: RegExp])[] = [
    ['wrong credentials', { status: 401, body: `no ${SECRET}\x1b[2J\r\n` }, /./],
    ['a login page', { status: 302, headers: { Location: `https://a.example/${SECRET}` } }, /final address/],
    ['a fault', { status: 500, body: '<h1>Oops</h1>' }, /status page/],
  ];
  for (const [what, reply, advice] of replies) {
    test(what, async (t) => {
      const { origin } = await standIn(t, reply);
      const kinds = kindNames.filter((kind) => kind !== 'smtp');
      const channels = kinds.map((kind) => [kind, { kind, ...everyKind[kind]?.(origin) }]);
      const { code, lines, stderr } = await notifyTest(Object.fromEntries(channels));
      assert.deepEqual([code, stderr, lines.length], [1, '', 2 * kinds.length]);
      for (const [index, kind] of kinds.entries()) {
        assert.match(
          lines[2 * index] ?? '',
          new RegExp(`^${kind}: (refused|not delivered)[^:]*: .*HTTP \\d+`),
        );
        assert.match(lines[2 * index + 1] ?? '', advice, kind);
        assert.match(lines[2 * index + 1] ?? '', /^ {2}What to do: /, kind);
      }
      assert.doesNotMatch(lines.join(''), /\p{Cc}/u);
    });
  }

  test('WeCom, whose fresh access token is refused', async (t) => {
    const wecom = await startStandIn(({ target }) =>
      target.includes('gettoken')
        ? json({ errcode: 0, access_token: `T${SECRET}`, expires_in: 7200 })
        : json({ errcode: 40014, errmsg: `invalid access_token ${SECRET}` }),
    );
    t.after(() => wecom.close());
    const { lines } = await notifyTest({ app: { kind: 'wecom', ...everyKind.wecom?.(wecom.origin) } });
    assert.match(
      lines[0] ?? '',
      /^app \(wecom\): not delivered .*WeCom 40014: the fresh access token is refused$/,
    );
    assert.match(lines[1] ?? '', /What to do: .*WECOM_BASE/);
  });
});

describe('what a network does', () => {
  test('nobody listens, no such host, a certificate that nobody knows', async (t) => {
    const tls = await standIn(t, { status: 200 }, true);
    const { code, lines } = await notifyTest({
      closed: hook(`http://127.0.0.1:${await freePort()}`),
      unknown: { kind: 'webhook', url: 'http://mote.invalid/' },
      tls: hook(tls.origin),
    });
    assert.equal(code, 1);
    assert.match(
      lines[0] ?? '',
      /^closed .*not delivered \(a server would try again\): the connection was refused$/,
    );
    assert.match(lines[1] ?? '', /What to do: nothing listens there/);
    assert.match(lines[2] ?? '', /^unknown .*the host name/);
    assert.match(lines[3] ?? '', /What to do: .*(DNS)/);
    assert.match(lines[5] ?? lines[4] ?? '', /SSL_CERT_FILE|self-signed/);
    const known = await notifyTest({ tls: hook(tls.origin) }, { env: trusted });
    assert.deepEqual([known.code, known.stderr], [0, '']);
  });

  test('a mail server that refuses the login', async (t) => {
    const say = (line: string) => (line.startsWith('AUTH') ? '535 5.7.8 Error: no' : usual(line));
    const server = await startScriptedSmtp(say, { tls: true });
    t.after(() => server.close());
    const mail = {
      kind: 'smtp',
      url: `smtps://ann:${SECRET}@localhost:${server.port}`,
      from: 'a@b.test',
      to: ['c@d.test'],
    };
    const { code, lines } = await notifyTest({ mail }, { env: trusted });
    assert.equal(code, 1);
    assert.match(lines[0] ?? '', /^mail \(smtp\): refused: the login was refused: SMTP 535 5\.7\.8/);
    assert.match(lines[1] ?? '', /What to do: .*app password/);
  });
});

test('nothing is configured, or not rightly', async () => {
  const none = await run(['notify-test']);
  assert.equal(none.code, 2);
  assert.match(
    none.stderr,
    /^mote: notify-test: no channel is configured; give --notify FILE, or MOTE_NOTIFY_TOKEN/,
  );
  const half = await run(['notify-test'], { env: { SMTP_URL: 'smtps://a.example' } });
  assert.equal(half.code, 2);
  assert.match(half.stderr, /SMTP_URL: set, but notify is off/);
  const unusable = await notifyTest({
    mail: { kind: 'smtp', url: 'http://a', from: 'a@b.c', to: ['a@b.c'] },
  });
  assert.equal(unusable.code, 1);
  assert.match(unusable.lines[0] ?? '', /^mail \(smtp\): not usable: /);
});

test('advice is only for kinds that there are', () => {
  assert.deepEqual(
    advisedKinds.filter((kind) => !kindNames.some((name) => name === kind)),
    [],
  );
});

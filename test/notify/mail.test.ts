/** Mail as the program sends it, over TLS from the start and by STARTTLS; secrets stay out of what it prints. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { authority, certificateForOther } from '../support/certificates.ts';
import { makeFolder } from '../support/folder.ts';
import { notifyFile, send, untilStatus } from '../support/notify.ts';
import { account, type SmtpStandInOptions, startSmtp } from '../support/providers/smtp.ts';
import { start } from '../support/target.ts';

const root = makeFolder({ 'index.html': 'index', 'ca.pem': authority });
const secrets = makeFolder({ password: `${account.password}\n` });
const env = { SSL_CERT_FILE: join(root, 'ca.pem') };

async function mailing(t: TestContext, options: SmtpStandInOptions, more: object = {}) {
  const standIn = await startSmtp(options);
  const scheme = options.security === 'tls' ? 'smtps' : 'smtp';
  const mail = {
    kind: 'smtp',
    url: `${scheme}://localhost:${standIn.port}`,
    from: 'mote <m@mote.example>',
    to: ['you@mote.example', 'she@mote.example'],
    user: account.user,
    password: { file: join(secrets, 'password') },
    ...more,
  };
  const server = await start({ root, env, args: ['--notify', notifyFile({ mail })] });
  // In this order: the one waits for the connections that the other keeps.
  t.after(() => server.stop().then(() => standIn.close()));
  return { standIn, server };
}

describe('mail goes out', () => {
  for (const security of ['tls', 'starttls'] as const) {
    test(`by ${security}, with login, to all recipients`, async (t) => {
      const { standIn, server } = await mailing(t, { security });
      const result = await send(server, {
        title: 'Disk 满',
        text: '# web1\n\nis *full*',
        format: 'markdown',
      });
      assert.equal(result.http, 200, result.text);
      assert.match(result.channels.mail?.providerId ?? '', /Q1/);
      const [mail] = standIn.taken;
      assert.deepEqual([mail?.isSecure, mail?.user], [true, account.user]);
      assert.deepEqual(mail?.to, ['you@mote.example', 'she@mote.example']);
      assert.match(mail?.content ?? '', /^Subject: =\?UTF-8\?/m);
      assert.match(mail?.content ?? '', /<em>full<\/em>/);
    });
  }

  test('again after a temporary refusal, to those who did not get it', async (t) => {
    const { standIn, server } = await mailing(t, { security: 'tls' });
    standIn.recipients.set('she@mote.example', '450 4.2.1 Later');
    const result = await send(server, { text: 'x' });
    assert.equal(result.http, 202);
    standIn.recipients.clear();
    const ended = await untilStatus(server, result.id, ({ status }) => status !== 'pending');
    assert.equal(ended.status, 'delivered');
    assert.deepEqual(
      standIn.taken.map(({ to }) => to),
      [['you@mote.example'], ['she@mote.example']],
    );
  });
});

describe('mail stays', () => {
  const cases: readonly [
    name: string,
    options: SmtpStandInOptions,
    more: object,
    http: number,
    reason: RegExp,
  ][] = [
    ['without STARTTLS', { security: 'none' }, {}, 502, /STARTTLS.*\?security=none/],
    [
      'for another certificate',
      { security: 'tls', certificate: certificateForOther },
      {},
      202,
      /another host/,
    ],
    ['with a wrong password', { security: 'starttls' }, { password: 's3cret' }, 502, /535/],
  ];
  for (const [name, options, more, http, reason] of cases) {
    test(name, async (t) => {
      const { standIn, server } = await mailing(t, options, more);
      const result = await send(server, { text: 'x' });
      assert.equal(result.http, http, result.text);
      assert.match(result.channels.mail?.reason ?? '', reason);
      assert.equal(standIn.taken.length, 0);
      await server.logged(/not delivered|will be retried/);
      const printed = [...server.stdout.all, ...server.stderr.all, result.text].join('\n');
      for (const secret of ['s3cret', account.password]) assert.ok(!printed.includes(secret));
    });
  }
});

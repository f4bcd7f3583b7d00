/** Mail to mail servers as operators run them. So far the channel is driven directly. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Channel } from '../../src/notify/channels/channel.ts';
import { deliver, messageOf, successOf } from '../../src/notify/channels/fixtures.ts';
import { createSmtpChannel, type SmtpSettings } from '../../src/notify/channels/smtp/channel.ts';
import { noExim, startExim } from '../support/exim.ts';
import type { MailServer } from '../support/mail-server.ts';
import { noPostfix, startPostfix } from '../support/postfix.ts';
import { account, trust } from '../support/providers/smtp.ts';
import { eventually } from '../support/raw.ts';

const PATIENCE_MS = 20_000;
const sender = { from: 'Wächter <mote@mote.example>', credentials: account };

interface Kind {
  readonly name: string;
  readonly skip: string | false;
  start(): Promise<MailServer>;
  /** How it logs a message with its login. */
  readonly taken: (id: string | undefined) => RegExp;
  readonly connected: RegExp;
  /** How it refuses a password. */
  readonly refusal: string;
}

const exim = {
  skip: noExim,
  taken: (id: string | undefined) => new RegExp(`${id} <= .* A=(?:plain|login):${account.user}`),
  connected: /SMTP connection from /g,
  refusal: 'SMTP 535',
};
const kinds: readonly Kind[] = [
  {
    name: 'postfix',
    skip: noPostfix,
    start: () => startPostfix(account),
    taken: (id) => new RegExp(`${id}: .*sasl_username=${account.user}`),
    connected: /smtps?d?\/smtpd\[\d+\]: connect from/g,
    refusal: 'SMTP 535 5.7.8, the user or the password is wrong',
  },
  { name: 'exim with PLAIN', ...exim, start: () => startExim(account, 'PLAIN') },
  { name: 'exim with LOGIN', ...exim, start: () => startExim(account, 'LOGIN') },
];

for (const { name, skip, start, taken, connected, refusal } of kinds)
  describe(name, { skip }, () => {
    let server: MailServer;
    before(async () => {
      server = await start();
    });
    after(() => server?.close());

    function channel(security: 'tls' | 'starttls', settings: Partial<SmtpSettings> = {}): Channel {
      const peer = { host: 'localhost', port: server.ports[security], security };
      return successOf(
        createSmtpChannel(
          { name: 'mail', ...peer, ...sender, to: ['ann@mote.example'], ...settings },
          { trust },
        ),
      );
    }

    /** The mails of this subject in a mailbox, once there are as many. */
    async function mailsOf(name: string, subject: string, count = 1): Promise<string[]> {
      const find = () => server.mailbox(name).filter((mail) => mail.includes(`\nSubject: ${subject}\n`));
      return (await eventually(PATIENCE_MS, find, (found) => found.length >= count)).value;
    }

    for (const security of ['tls', 'starttls'] as const) {
      test(`takes mail by ${security}, and it is in the mailbox`, async () => {
        const mail = channel(security);
        const message = messageOf({
          id: security,
          title: `磁盘 ${security}`,
          text: '.\n**ü**',
          format: 'markdown',
        });
        const delivery = await deliver(mail, message);
        await mail.close?.();
        assert.ok(delivery.kind === 'delivered', JSON.stringify(delivery));
        assert.match(delivery.providerId ?? '', /^[\dA-Za-z-]{6,}$/);
        assert.match(server.log(), taken(delivery.providerId));
        const words = Buffer.from(message.title).toString('base64');
        const found = await mailsOf('ann', `=?UTF-8?B?${words}?=`);
        assert.equal(found.length, 1);
        assert.match(found[0] ?? '', new RegExp(`\\nMessage-ID: <${security}@mote\\.example>\\n`));
        assert.match(found[0] ?? '', /\nFrom: =\?UTF-8\?B\?\S+\?= <mote@mote\.example>\n/);
        assert.match(found[0] ?? '', /\n\n\.\n\*\*=C3=BC\*\*\n\n?--/);
        assert.match(found[0] ?? '', /<strong>=C3=BC<\/strong>/);
      });
    }

    test('tells who there is from who there is not', async () => {
      const mail = channel('tls', { to: ['ann@mote.example', 'eve@mote.example', 'bob@mote.example'] });
      const delivery = await deliver(mail, messageOf({ title: 'for all' }));
      await mail.close?.();
      assert.ok(delivery.kind === 'delivered', JSON.stringify(delivery));
      const reason = 'the recipient was refused: SMTP 550 5.1.1, there is no such mailbox';
      assert.equal(delivery.note, `not sent to e…@mote.example (${reason})`);
      for (const name of ['ann', 'bob']) assert.equal((await mailsOf(name, 'for all')).length, 1);
    });

    test('refuses a wrong password', async () => {
      const mail = channel('starttls', { credentials: { ...account, password: 'wrong' } });
      assert.deepEqual(await deliver(mail), {
        kind: 'rejected',
        reason: `the login was refused: ${refusal}`,
      });
      await mail.close?.();
    });

    test('takes many over few connections', async () => {
      const mail = channel('tls');
      const deliveries = await Promise.all(
        Array.from({ length: 20 }, (_, i) => deliver(mail, messageOf({ id: `many-${i}`, title: 'many' }))),
      );
      await mail.close?.();
      assert.ok(deliveries.every(({ kind }) => kind === 'delivered'));
      assert.equal((await mailsOf('ann', 'many', 20)).length, 20);
      const connections = server.log().match(connected) ?? [];
      assert.ok(connections.length < 20);
    });
  });

/** Mail to a mail server as operators run it. So far the channel is driven directly. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Channel } from '../../src/notify/channels/channel.ts';
import { deliver, messageOf, successOf } from '../../src/notify/channels/fixtures.ts';
import { createSmtpChannel, type SmtpSettings } from '../../src/notify/channels/smtp/channel.ts';
import { noPostfix, type Postfix, startPostfix } from '../support/postfix.ts';
import { account, trust } from '../support/providers/smtp.ts';
import { eventually } from '../support/raw.ts';

const PATIENCE_MS = 20_000;
const sender = { from: 'Wächter <mote@mote.example>', credentials: account };

describe('postfix', { skip: noPostfix }, () => {
  let postfix: Postfix;
  before(async () => {
    postfix = await startPostfix(account);
  });
  after(() => postfix?.close());

  function channel(security: 'tls' | 'starttls', settings: Partial<SmtpSettings> = {}): Channel {
    const server = { host: 'localhost', port: postfix.ports[security], security };
    return successOf(
      createSmtpChannel(
        { name: 'mail', ...server, ...sender, to: ['ann@mote.example'], ...settings },
        { trust },
      ),
    );
  }

  /** The mails of this subject in a mailbox, once there are as many. */
  async function mailsOf(name: string, subject: string, count = 1): Promise<string[]> {
    const find = () => postfix.mailbox(name).filter((mail) => mail.includes(`\nSubject: ${subject}\n`));
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
      assert.match(delivery.providerId ?? '', /^[\dA-Za-z]{6,}$/);
      assert.match(postfix.log(), new RegExp(`${delivery.providerId}: .*sasl_username=${account.user}`));
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
      reason: 'the login was refused: SMTP 535 5.7.8, the user or the password is wrong',
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
    const connections = postfix.log().match(/smtps?d?\/smtpd\[\d+\]: connect from/g) ?? [];
    assert.ok(connections.length < 20);
  });
});

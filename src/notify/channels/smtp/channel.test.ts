import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { inspect } from 'node:util';
import { account, trust } from '../../../../test/support/providers/smtp.ts';
import {
  END_OF_CONTENT,
  GREETING,
  type Say,
  usual,
} from '../../../../test/support/providers/smtp-scripted.ts';
import type { Delivery, EndedPart } from '../channel.ts';
import { deliver, deliverUntilEnd, errorOf, messageOf } from '../fixtures.ts';
import { deliveredPart, givenUpPart } from '../partial-delivery.ts';
import { createSmtpChannel, MAX_RECIPIENTS, type SmtpSettings } from './channel.ts';
import { ANN, later, never, scene, scripted, usualSettings } from './fixtures.ts';

const BOB = 'bob@b.example';
const EVE = 'eve@e.example';

describe('a message', () => {
  for (const security of ['tls', 'starttls'] as const) {
    test(`over ${security}, after login`, async (t) => {
      const { smtp, channel } = await scene(t, { security });
      assert.deepEqual(await deliver(channel), { kind: 'delivered', providerId: 'Q1' });
      const [mail] = smtp.taken;
      assert.deepEqual([mail?.from, mail?.to], ['mote@mote.example', [ANN]]);
      assert.deepEqual([mail?.isSecure, mail?.user], [true, account.user]);
      assert.match(mail?.content ?? '', /^From: mote <mote@mote\.example>\r\n/);
      assert.match(mail?.content ?? '', /\r\nSubject: Disk full\r\n/);
      assert.match(mail?.content ?? '', /\r\n\r\non web1\r\n$/);
    });
  }

  test('without TLS and login, where the settings say so', async (t) => {
    const { smtp, channel } = await scripted(t, usual);
    assert.deepEqual(await deliver(channel), { kind: 'delivered' });
    assert.ok(!smtp.heard.some((line) => /^(STARTTLS|AUTH)/.test(line)));
  });

  test('without TLS even where it is offered, since nobody would verify it', async (t) => {
    const say: Say = (line) => (line.startsWith('EHLO') ? '250-scripted\r\n250 STARTTLS' : usual(line));
    const { smtp, channel } = await scripted(t, say);
    assert.deepEqual(await deliver(channel), { kind: 'delivered' });
    assert.ok(!smtp.heard.includes('STARTTLS'));
  });

  test('lines of dots arrive as they were', async (t) => {
    const { smtp, channel } = await scene(t);
    await deliver(channel, messageOf({ text: '.\n..\n.a\nb\n.' }));
    assert.match(smtp.taken[0]?.content ?? '', /\r\n\r\n\.\r\n\.\.\r\n\.a\r\nb\r\n\.\r\n$/);
  });

  test('is the same on every attempt', async (t) => {
    const { smtp, channel } = await scene(t);
    await deliver(channel);
    await deliver(channel);
    assert.equal(smtp.taken[0]?.content, smtp.taken[1]?.content);
  });
});

describe('a refusal', () => {
  const AUTH = 'AUTH';
  const cases: readonly [name: string, stage: string, reply: string, delivery: Partial<Delivery>][] = [
    [
      'of the connection',
      GREETING,
      '554 5.7.1 Not you',
      later('the server is not available: SMTP 554 5.7.1, the server does not allow it'),
    ],
    [
      'of the sender',
      'MAIL',
      '550 5.1.8 Who?',
      never('the sender was refused: SMTP 550 5.1.8, the host of the sender cannot be found'),
    ],
    [
      'of the sender, for now',
      'MAIL',
      '451 4.7.1 Later',
      later('the sender was refused: SMTP 451 4.7.1, the server does not allow it'),
    ],
    [
      'by the limit of a day, which is for now',
      'MAIL',
      '550 5.4.5 Daily user sending limit exceeded',
      later('the sender was refused: SMTP 550 5.4.5, too many messages for now'),
    ],
    [
      'by a rate, which is for now',
      END_OF_CONTENT,
      '550 5.7.28 Unusual rate',
      later('the message was refused: SMTP 550 5.7.28, too many messages for now'),
    ],
    ['by a server that ends', 'MAIL', '554 5.3.2 Bye', later('the sender was refused: SMTP 554 5.3.2')],
    ['of the recipient', 'RCPT', '550 No', never('the recipient was refused: SMTP 550')],
    [
      'of the recipient, for now',
      'RCPT',
      '450-4.2.2 Full\r\n450 4.2.2 Really',
      later('the recipient was refused: SMTP 450 4.2.2, the mailbox is full'),
    ],
    [
      'of the content',
      END_OF_CONTENT,
      '554 5.3.4 Big',
      never('the message was refused: SMTP 554 5.3.4, the message is too large'),
    ],
    [
      'of the content, for now',
      END_OF_CONTENT,
      '452 4.3.1 Disk',
      later('the message was refused: SMTP 452 4.3.1'),
    ],
    ['of DATA', 'DATA', '554 No', never('the message was refused: SMTP 554')],
    ['by a wrong order', 'MAIL', '503 5.5.1 EHLO first', later('the sender was refused: SMTP 503 5.5.1')],
    ['by shutting down', 'MAIL', '421 4.3.2 Bye', later('the sender was refused: SMTP 421 4.3.2')],
    [
      'of the login',
      AUTH,
      '535 5.7.8 No',
      never('the login was refused: SMTP 535 5.7.8, the user or the password is wrong'),
    ],
    ['of the login, for now', AUTH, '454 4.7.0 Later', later('the login was refused: SMTP 454 4.7.0')],
  ];
  for (const [name, stage, reply, delivery] of cases) {
    test(name, async (t) => {
      const say: Say = (line) => (line.startsWith(stage) ? reply : usual(line));
      const { channel } = await scripted(t, say, stage === AUTH ? { security: 'tls' } : {});
      assert.deepEqual(await deliver(channel), delivery);
    });
  }

  test('a wrong password', async (t) => {
    const { channel } = await scene(t, { credentials: { ...account, password: 'S3cret' } });
    assert.deepEqual(
      await deliver(channel),
      never('the login was refused: SMTP 535 5.7.8, the user or the password is wrong'),
    );
  });

  test('a server that knows no login is not handed the message without one', async (t) => {
    const say: Say = (line) => {
      if (line.startsWith('EHLO')) return '250 scripted';
      return line.startsWith('AUTH') ? '502 5.5.1 What?' : usual(line);
    };
    const { smtp, channel } = await scripted(t, say, { security: 'tls' });
    assert.deepEqual(await deliver(channel), never('the login was refused: SMTP 502 5.5.1'));
    assert.ok(!smtp.heard.some((line) => line.startsWith('MAIL')));
  });

  test('for now, then success', async (t) => {
    const { smtp, channel } = await scene(t);
    smtp.contents.push('451 4.3.0 Later', '452 4.3.1 Later');
    assert.deepEqual(await deliverUntilEnd(channel, messageOf()), { kind: 'delivered', providerId: 'Q1' });
    assert.equal(smtp.taken.length, 1);
  });
});

describe('several recipients', () => {
  const to = [ANN, BOB, EVE];

  test('get one message, and see each other', async (t) => {
    const { smtp, channel } = await scene(t, { to: [...to, ANN] });
    await deliver(channel);
    assert.deepEqual(
      smtp.taken.map((mail) => mail.to),
      [to],
    );
    assert.match(smtp.taken[0]?.content ?? '', /^To: ann@a\.example, bob@b\.example, eve@e\.example\r$/m);
  });

  test('those who were taken are not sent it again', async (t) => {
    const { smtp, channel } = await scene(t, { to });
    smtp.recipients.set(BOB, '450 4.2.1 Later').set(EVE, '550 5.1.1 Who?');
    const first = await deliver(channel);
    assert.deepEqual(first, {
      kind: 'retry',
      reason:
        'the recipient was refused: SMTP 450 4.2.1, the mailbox is switched off (for 1 of 3 recipients)',
      done: [
        deliveredPart(ANN),
        givenUpPart(EVE, 'the recipient was refused: SMTP 550 5.1.1, there is no such mailbox'),
      ],
    });
    smtp.recipients.delete(BOB);
    const { done } = first as { done: EndedPart[] };
    assert.deepEqual(await deliver(channel, messageOf(), { number: 2, done }), {
      kind: 'delivered',
      providerId: 'Q2',
      note: 'not sent to e…@e.example (the recipient was refused: SMTP 550 5.1.1, there is no such mailbox)',
    });
    assert.deepEqual(
      smtp.taken.map((mail) => mail.to),
      [[ANN], [BOB]],
    );
    const ids = smtp.taken.map(({ content }) => /^Message-ID: .*$/m.exec(content)?.[0]);
    assert.equal(ids[0], ids[1]);
  });

  test('all refused for good', async (t) => {
    const { smtp, channel } = await scene(t, { to: [ANN, BOB] });
    smtp.recipients.set(ANN, '550 5.1.1 Who?').set(BOB, '550 5.2.1 Off');
    assert.deepEqual(
      await deliver(channel),
      never(
        'a…@a.example (the recipient was refused: SMTP 550 5.1.1, there is no such mailbox), ' +
          'b…@b.example (the recipient was refused: SMTP 550 5.2.1, the mailbox is switched off)',
      ),
    );
  });

  test('all refused, one of them for now', async (t) => {
    const { smtp, channel } = await scene(t, { to: [ANN, BOB] });
    smtp.recipients.set(ANN, '451 4.3.0 Later').set(BOB, '550 5.1.1 Who?');
    const first = await deliver(channel);
    assert.ok(first.kind === 'retry');
    smtp.recipients.delete(ANN);
    assert.equal((await deliver(channel, messageOf(), { done: first.done ?? [] })).kind, 'delivered');
    assert.deepEqual(
      smtp.taken.map((mail) => mail.to),
      [[ANN]],
    );
  });

  test('the content refused for those who are left', async (t) => {
    const { smtp, channel } = await scene(t, { to: [ANN, BOB] });
    smtp.contents.push('554 5.7.1 Spam');
    assert.deepEqual(await deliver(channel, messageOf(), { done: [deliveredPart(ANN)] }), {
      kind: 'delivered',
      note: 'not sent to b…@b.example (the message was refused: SMTP 554 5.7.1, the server does not allow it)',
    });
  });

  test('nobody left', async (t) => {
    const { smtp, channel } = await scene(t);
    assert.deepEqual(await deliver(channel, messageOf(), { done: [deliveredPart(ANN)] }), {
      kind: 'delivered',
    });
    assert.equal(smtp.connections(), 0);
  });
});

describe('settings that cannot work', () => {
  const many = Array.from({ length: MAX_RECIPIENTS + 1 }, (_, i) => `a${i}@a.example`);
  const cases: readonly [name: string, settings: Partial<SmtpSettings>, message: RegExp][] = [
    ['a login in the clear', { security: 'none' }, /not sent without TLS/],
    ['nobody to send to', { to: [] }, /no address/],
    ['too many', { to: many }, /more than 100 addresses/],
    ['two lines in a recipient', { to: [`${ANN}\r\nBcc: ${EVE}`] }, /not a mail address/],
    ['two recipients in one', { to: [`${ANN},${EVE}`] }, /not a mail address/],
    ['two lines in the sender', { from: `mote@mote.example\r\nBcc: ${EVE}` }, /not a mail address/],
    ['two lines in its name', { from: `mote\r\nBcc: ${EVE} <mote@mote.example>` }, /control characters/],
    ['two lines in the host', { host: 'localhost\r\nQUIT' }, /host/],
    ['a port beyond all', { port: 65_536 }, /port/],
  ];
  for (const [name, settings, message] of cases) {
    test(name, () => {
      assert.match(errorOf(createSmtpChannel({ ...usualSettings, ...settings }, { trust })), message);
    });
  }
});

describe('secrets', () => {
  const secret = account.password;
  const forms = [
    secret,
    encodeURIComponent(secret),
    JSON.stringify(secret).slice(1, -1),
    Buffer.from(secret).toString('base64'),
    Buffer.from(`\0${account.user}\0${secret}`).toString('base64'),
  ];
  const stages = [GREETING, 'EHLO', 'AUTH', 'MAIL', 'RCPT', 'DATA', END_OF_CONTENT];
  for (const stage of stages) {
    for (const code of [250, 450, 550]) {
      test(`stay here when the server says them with ${code} at ${stage}`, async (t) => {
        const words = forms.map((form) => `queued as ${form}`).join(' ');
        const say: Say = (line) => (line.startsWith(stage) ? `${code} 2.0.0 ${words}` : usual(line));
        const { channel } = await scripted(t, say, { security: 'tls' }, { silenceTimeoutMs: 300 });
        const seen = inspect([await deliver(channel), channel], { depth: 20 });
        for (const form of forms) assert.ok(!seen.includes(form), `${form} in ${seen}`);
      });
    }
  }
});

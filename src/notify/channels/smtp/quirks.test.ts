/** What servers are known to do to a message, by their public bug reports, over real sockets. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  END_OF_CONTENT,
  GREETING,
  type Line,
  type Say,
  usual,
} from '../../../../test/support/providers/smtp-scripted.ts';
import type { Delivery } from '../channel.ts';
import { deliver, messageOf } from '../fixtures.ts';
import { but, DELIVERED, later, never, offering, PIPELINING, pieces, scripted } from './fixtures.ts';

describe('a server that takes the message', () => {
  const cases: readonly [name: string, say: Say][] = [
    [
      'with a greeting of several lines, slowly',
      but({ [GREETING]: pieces('220-mail\r\n', '220', ' ESM', 'TP\r\n') }),
    ],
    ['with a greeting beyond ASCII', but({ [GREETING]: '220 \xd0\x9f\xd1\xff' })],
    ['with a greeting without text', but({ [GREETING]: '220' })],
    ['with NUL in its replies', but({ MAIL: '250 O\0k' })],
    ['with empty lines', but({ MAIL: '250 Ok\r\n', RCPT: '\r\n250 Ok' })],
    ['with lines that end with LF', but({ MAIL: pieces('250-a\n250 Ok\n') })],
    ['with lines without text', but({ EHLO: '250-\r\n250-\r\n250' })],
    ['with a reply byte by byte', but({ EHLO: pieces(...`${PIPELINING}\r\n`) })],
    ['with very long lines', but({ MAIL: `250-${'a'.repeat(30_000)}\r\n250 ${'b'.repeat(30_000)}` })],
    ['knowing no EHLO', but({ EHLO: '502 5.5.1 What?' })],
    ['forwarding the recipient', but({ RCPT: '251 2.1.5 Will forward' })],
    [
      'ending without the end of the line',
      but({ [END_OF_CONTENT]: { pieces: ['250 2.0.0 Ok'], end: true } }),
    ],
    ['hanging up behind its reply', but({ [END_OF_CONTENT]: { pieces: ['250 2.0.0 Ok\r\n'], end: true } })],
    ['hanging up instead of saying goodbye', but({ QUIT: 'hang up' })],
    ['saying nothing to goodbye', but({ QUIT: 'silence' })],
    ['saying it twice', but({ [END_OF_CONTENT]: '250 2.0.0 Ok\r\n250 2.0.0 Ok' })],
  ];
  for (const [name, say] of cases) {
    test(name, async (t) => {
      const { smtp, channel } = await scripted(t, say);
      assert.deepEqual(await deliver(channel), DELIVERED);
      // The next message is not confused by what came with the last one.
      assert.deepEqual(await deliver(channel), DELIVERED);
      assert.equal(smtp.heard.filter((line) => line === END_OF_CONTENT).length, 2);
    });
  }

  test('with replies to a whole envelope at once, in any pieces', async (t) => {
    for (const length of [1, 2, 7, 1000]) {
      const { smtp, channel } = await scripted(
        t,
        but({ EHLO: PIPELINING, DATA: pieces(...slices('354 Go\r\n', length)) }),
        {
          to: ['a@a.example', 'b@b.example'],
        },
      );
      assert.deepEqual(await deliver(channel), DELIVERED);
      assert.deepEqual(
        smtp.heard.slice(2).map((line) => line.replace(/SIZE=\d+/, 'SIZE=n')),
        [
          'MAIL FROM:<mote@mote.example> SIZE=n',
          'RCPT TO:<a@a.example>',
          'RCPT TO:<b@b.example>',
          'DATA',
          END_OF_CONTENT,
        ],
      );
    }
  });
});

function slices(text: string, length: number): string[] {
  return Array.from({ length: Math.ceil(text.length / length) }, (_, i) =>
    text.slice(i * length, (i + 1) * length),
  );
}

describe('what comes unasked', () => {
  const cases: readonly [name: string, changes: Record<string, Line>][] = [
    ['behind the greeting', { [GREETING]: '220 a\r\n250 b' }],
    ['behind the reply to EHLO', { EHLO: '250 a\r\n250 b' }],
    ['behind the last reply before the content', { DATA: '354 a\r\n250 b' }],
    ['that is none to DATA', { DATA: '250 a' }],
    ['before the greeting', { [GREETING]: '250 a\r\n220 b' }],
  ];
  for (const [name, changes] of cases) {
    test(`${name} is never taken for a consent`, async (t) => {
      const { smtp, channel } = await scripted(t, but(changes));
      const delivery = await deliver(channel);
      assert.deepEqual(delivery, later('the server does not speak SMTP'));
      assert.ok(!smtp.heard.includes(END_OF_CONTENT));
    });
  }

  test('a reply for no command, which shifts all others, is not taken for one to the content', async (t) => {
    // The late second reply to RCPT is there before the one to DATA.
    const { channel } = await scripted(
      t,
      but({ EHLO: PIPELINING, RCPT: '250 a\r\n250 b', DATA: 'silence' }),
      {},
      { silenceTimeoutMs: 300 },
    );
    const delivery = await deliver(channel);
    assert.equal(delivery.kind, 'retry', JSON.stringify(delivery));
  });
});

describe('421', () => {
  const cases: readonly [stage: string, reason: string][] = [
    [GREETING, 'the server is not available: SMTP 421 4.3.2'],
    ['MAIL', 'the sender was refused: SMTP 421 4.3.2'],
    ['RCPT', 'the recipient was refused: SMTP 421 4.3.2'],
    ['DATA', 'the message was refused: SMTP 421 4.3.2'],
    [END_OF_CONTENT, 'the message was refused: SMTP 421 4.3.2'],
  ];
  for (const pipelining of [false, true]) {
    for (const [stage, reason] of cases) {
      test(`at ${stage}${pipelining ? ', pipelined' : ''}`, async (t) => {
        const say = but({ [stage]: '421 4.3.2 Shutting down', ...(pipelining && { EHLO: PIPELINING }) });
        const { channel } = await scripted(t, say);
        assert.deepEqual(await deliver(channel), later(reason));
      });
    }
  }

  test('to one of several recipients is for now to all', async (t) => {
    const say = but({ RCPT: ['421 4.3.2 Shutting down', '250 Ok'] });
    const { channel } = await scripted(t, say, { to: ['a@a.example', 'b@b.example'] });
    assert.deepEqual(await deliver(channel), later('the recipient was refused: SMTP 421 4.3.2'));
  });

  test('while idle, or to the next message, is not an attempt', async (t) => {
    const { smtp, channel } = await scripted(t, but({ MAIL: ['250 Ok', '421 4.4.2 Timeout', '250 Ok'] }));
    assert.deepEqual(await deliver(channel), DELIVERED);
    assert.deepEqual(await deliver(channel), DELIVERED);
    assert.equal(smtp.connections(), 2);
    assert.equal(smtp.heard.filter((line) => line === END_OF_CONTENT).length, 2);
  });

  test('behind the consent, as where messages are counted', async (t) => {
    const { smtp, channel } = await scripted(t, but({ [END_OF_CONTENT]: '250 Ok\r\n421 4.7.0 Enough' }));
    for (let i = 1; i <= 3; i++) {
      assert.deepEqual(await deliver(channel), DELIVERED);
      assert.equal(smtp.connections(), i);
    }
  });
});

describe('a refused message', () => {
  test('leaves the connection for the next one', async (t) => {
    for (const stage of ['MAIL', 'RCPT', 'DATA', END_OF_CONTENT]) {
      for (const hello of [offering(), PIPELINING]) {
        const say = but({
          [stage]: ['450 4.2.0 Greylisted', usual(stage === 'DATA' ? 'DATA' : 'MAIL')],
          EHLO: hello,
        });
        const { smtp, channel } = await scripted(t, say);
        const first = await deliver(channel);
        assert.equal(first.kind, 'retry');
        assert.deepEqual(await deliver(channel), DELIVERED);
        // Where the server wants a content although it has refused the recipient, the connection is given up.
        const isLeft = stage !== END_OF_CONTENT && stage !== 'DATA' && hello === PIPELINING;
        assert.equal(smtp.connections(), isLeft ? 2 : 1, stage);
        assert.equal(smtp.heard.includes('RSET'), !isLeft && stage !== END_OF_CONTENT, stage);
      }
    }
  });

  test('by a server that knows no RSET costs a connection, and no attempt', async (t) => {
    const say = but({ RCPT: ['450 4.2.0 Greylisted', '250 Ok'], RSET: '502 What?' });
    const { smtp, channel } = await scripted(t, say);
    assert.equal((await deliver(channel)).kind, 'retry');
    assert.deepEqual(await deliver(channel), DELIVERED);
    assert.equal(smtp.connections(), 2);
  });

  test('by all of a pipelined envelope is told by its first reason', async (t) => {
    const say = but({
      EHLO: PIPELINING,
      MAIL: '550 5.1.8 Who?',
      RCPT: '503 MAIL first',
      DATA: '503 RCPT first',
    });
    const { smtp, channel } = await scripted(t, say);
    const refused = never('the sender was refused: SMTP 550 5.1.8, the host of the sender cannot be found');
    assert.deepEqual(await deliver(channel), refused);
    assert.deepEqual(await deliver(channel), refused);
    assert.equal(smtp.connections(), 1);
  });

  test('is told by its reason though the server hangs up', async (t) => {
    for (const hello of [offering(), PIPELINING]) {
      const { channel } = await scripted(
        t,
        but({ EHLO: hello, RCPT: { pieces: ['550 5.1.1 Who?\r\n'], end: true } }),
      );
      assert.deepEqual(
        await deliver(channel),
        never('the recipient was refused: SMTP 550 5.1.1, there is no such mailbox'),
      );
    }
  });

  test('by its size is told before it is sent', async (t) => {
    const say = but({ EHLO: offering('SIZE 100'), MAIL: '552 5.3.4 Message size exceeds fixed limit' });
    const { smtp, channel } = await scripted(t, say);
    const delivery = await deliver(channel, messageOf({ text: 'a'.repeat(1000) }));
    assert.deepEqual(delivery, never('the message was refused: SMTP 552 5.3.4, the message is too large'));
    const [, size] = /SIZE=(\d+)$/.exec(smtp.heard.find((line) => line.startsWith('MAIL')) ?? '') ?? [];
    assert.ok(Number(size) > 1000);
  });

  test('without a size where none is offered', async (t) => {
    const { smtp, channel } = await scripted(t, but({ EHLO: offering() }));
    await deliver(channel);
    assert.ok(smtp.heard.includes('MAIL FROM:<mote@mote.example>'));
  });
});

describe('a proxy in front of a server', () => {
  test('that loses a command of several is given one at a time from then on', async (t) => {
    let isSameRead = false;
    const say: Say = (line) => {
      if (line.startsWith('EHLO')) return PIPELINING;
      if (smtp.connections() === 1) {
        if (line.startsWith('MAIL')) return 'silence';
        return line === GREETING ? usual(line) : '503 5.5.1 Need MAIL before RCPT';
      }
      if (line.startsWith('MAIL')) {
        isSameRead = true;
        setImmediate(() => {
          isSameRead = false;
        });
        return usual(line);
      }
      return isSameRead ? 'hang up' : usual(line);
    };
    const { smtp, channel } = await scripted(t, say, {}, { silenceTimeoutMs: 300 });
    assert.deepEqual(await deliver(channel), later('the sender was refused: SMTP 503 5.5.1'));
    assert.deepEqual(await deliver(channel), DELIVERED);
  });

  test('that garbles a command is no reason to give up', async (t) => {
    const { channel } = await scripted(t, but({ RCPT: '502 5.5.2 Error: command not recognized' }));
    assert.deepEqual(await deliver(channel), later('the recipient was refused: SMTP 502 5.5.2'));
  });
});

describe('the end of the content', () => {
  test('and no reply, on a kept connection too, is not sent again at once', async (t) => {
    const say = but({ [END_OF_CONTENT]: ['250 Ok', 'hang up', '250 Ok'] });
    const { smtp, channel } = await scripted(t, say);
    assert.deepEqual(await deliver(channel), DELIVERED);
    assert.deepEqual(await deliver(channel), later('the server closed the connection'));
    assert.equal(smtp.heard.filter((line) => line === END_OF_CONTENT).length, 2);
  });

  const cases: readonly [name: string, reply: Line, delivery: Delivery][] = [
    ['a consent cut off', { pieces: ['25'], end: true }, later('the server closed the connection')],
    [
      'a refusal cut off',
      { pieces: ['554 5.7.1 Spa'], end: true },
      never('the message was refused: SMTP 554 5.7.1, the server does not allow it'),
    ],
    ['more is wanted', '354 Go on', later('the server does not speak SMTP')],
    ['garbage', 'Ok', later('the server does not speak SMTP')],
    [
      'a reply without end',
      pieces(...Array.from({ length: 70 }, () => `250-${'a'.repeat(1000)}\r\n`)),
      later('the server said too much'),
    ],
  ];
  for (const [name, reply, delivery] of cases) {
    test(`${name}: ${delivery.kind}`, async (t) => {
      const { smtp, channel } = await scripted(t, but({ [END_OF_CONTENT]: reply }));
      assert.deepEqual(await deliver(channel), delivery);
      assert.equal(smtp.heard.filter((line) => line === END_OF_CONTENT).length, 1);
    });
  }

  test('a refusal before it, of a content that is still being sent', async (t) => {
    const say: Say = (line) => (line === 'DATA' ? '354 Go\r\n552 5.3.4 Too big' : usual(line));
    const { channel } = await scripted(t, say);
    const delivery = await deliver(channel, messageOf({ text: 'a'.repeat(100_000) }));
    assert.notEqual(delivery.kind, 'delivered');
  });
});

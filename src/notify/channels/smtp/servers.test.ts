/** What servers are known to do, by their public bug reports, over real sockets. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { account } from '../../../../test/support/providers/smtp.ts';
import {
  END_OF_CONTENT,
  GREETING,
  type Line,
  type Say,
  usual,
} from '../../../../test/support/providers/smtp-scripted.ts';
import type { Delivery } from '../channel.ts';
import { deliver, messageOf } from '../fixtures.ts';
import { scripted } from './fixtures.ts';

const DELIVERED: Delivery = { kind: 'delivered' };
const later = (reason: string): Delivery => ({ kind: 'retry', reason, done: [] });
const never = (reason: string): Delivery => ({ kind: 'rejected', reason });
const base64 = (text: string) => Buffer.from(text).toString('base64');
const ehlo = (...lines: string[]) =>
  ['mail.example', ...lines]
    .map((line, i, all) => `250${i < all.length - 1 ? '-' : ' '}${line}`)
    .join('\r\n');
const pieces = (...all: string[]): Line => ({ pieces: all });
const PIPELINING = ehlo('PIPELINING', 'SIZE 1000000');

/** The usual replies but for some commands; each may be said once or for each time in turn. */
function but(changes: Readonly<Record<string, Line | readonly Line[]>>): Say {
  const used = new Map<string, number>();
  return (line) => {
    const found = Object.entries(changes).find(([start]) => line.startsWith(start));
    if (!found) return usual(line);
    const [start, replies] = found;
    if (!Array.isArray(replies)) return replies as Line;
    const count = used.get(start) ?? 0;
    used.set(start, count + 1);
    return replies[Math.min(count, replies.length - 1)] as Line;
  };
}

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

describe('the name that is said', () => {
  test('is a full one or an address', async (t) => {
    const { smtp, channel } = await scripted(t, but({ EHLO: '502 What?' }));
    await deliver(channel);
    const [, first = '', second] = smtp.heard;
    assert.match(first, /^EHLO (?:\[127\.0\.0\.1\]|[a-z\d-]+(?:\.[a-z\d-]+)+)$/i);
    assert.equal(second, first.replace('EHLO', 'HELO'));
  });

  const reasonFor = (command: string, codes: string) =>
    later(
      `${command} was refused: SMTP ${codes}; some servers want a full name of this host: give it one, for example by ` +
        'docker run --hostname',
    );
  test('may be refused, as by the relay of Google', async (t) => {
    const { smtp, channel } = await scripted(
      t,
      but({ EHLO: '421 4.7.0 Try again later, closing connection. (EHLO)' }),
    );
    assert.deepEqual(await deliver(channel), reasonFor('EHLO', '421 4.7.0'));
    assert.ok(!smtp.heard.some((line) => line.startsWith('HELO')));
  });
  test('may be refused by any means', async (t) => {
    const say = but({
      EHLO: '501 Syntactically invalid EHLO argument(s)',
      HELO: '501 Syntactically invalid HELO argument(s)',
    });
    const { channel } = await scripted(t, say);
    assert.deepEqual(await deliver(channel), reasonFor('HELO', '501'));
  });
});

describe('a login', () => {
  const { user, password } = account;
  const plain = `AUTH PLAIN ${base64(`\0${user}\0${password}`)}`;
  const [userWord, passwordWord] = [base64(user), base64(password)];
  const login: Say = (line) => {
    if (line === 'AUTH LOGIN') return '334 VXNlcm5hbWU6';
    if (line === userWord) return '334 UGFzc3dvcmQ6';
    return line === passwordWord ? '235 2.7.0 Ok' : usual(line);
  };
  const withLogin = (changes: Record<string, Line>): Say => {
    const changed = but(changes);
    return (line) =>
      Object.keys(changes).some((start) => line.startsWith(start)) ? changed(line) : login(line);
  };
  const wrong = 'the login was refused: SMTP 535 5.7.8, the user or the password is wrong';
  const cases: readonly [name: string, say: Say, delivery: Delivery, said: readonly string[]][] = [
    ['by PLAIN', but({}), DELIVERED, [plain]],
    [
      'by PLAIN where the server does not expect more than the command',
      but({ AUTH: '334', [base64(`\0${user}\0${password}`)]: '235 Ok' }),
      DELIVERED,
      [plain, base64(`\0${user}\0${password}`)],
    ],
    [
      'by LOGIN, the only one of Exchange',
      withLogin({ EHLO: ehlo('AUTH NTLM LOGIN') }),
      DELIVERED,
      ['AUTH LOGIN', userWord, passwordWord],
    ],
    [
      'by LOGIN, offered as before the standard',
      withLogin({ EHLO: ehlo('AUTH=LOGIN') }),
      DELIVERED,
      ['AUTH LOGIN', userWord, passwordWord],
    ],
    [
      'by LOGIN with questions that say nothing',
      (line) =>
        line === 'AUTH LOGIN' || line === userWord ? '334' : withLogin({ EHLO: ehlo('AUTH LOGIN') })(line),
      DELIVERED,
      ['AUTH LOGIN', userWord, passwordWord],
    ],
    [
      'by LOGIN where PLAIN is offered and refused, as by QQ',
      withLogin({ EHLO: ehlo('AUTH LOGIN PLAIN'), 'AUTH PLAIN': '535 Login fail' }),
      DELIVERED,
      [plain, 'AUTH LOGIN', userWord, passwordWord],
    ],
    [
      'by LOGIN where PLAIN is offered and unknown',
      withLogin({ EHLO: ehlo('AUTH LOGIN PLAIN'), 'AUTH PLAIN': '504 5.7.4 Unrecognized' }),
      DELIVERED,
      [plain, 'AUTH LOGIN', userWord, passwordWord],
    ],
    [
      'that is wrong is not tried twice',
      withLogin({ EHLO: ehlo('AUTH LOGIN PLAIN'), 'AUTH PLAIN': '535 5.7.8 Error: authentication failed' }),
      never(wrong),
      [plain],
    ],
    [
      'that is refused with a connection that is closed then',
      withLogin({
        EHLO: ehlo('AUTH LOGIN PLAIN'),
        'AUTH PLAIN': { pieces: ['535 Login fail\r\n'], end: true },
      }),
      never('the login was refused: SMTP 535'),
      [plain],
    ],
    [
      'that is refused, and a second one for the moment',
      withLogin({
        EHLO: ehlo('AUTH LOGIN PLAIN'),
        'AUTH PLAIN': '535 Error',
        'AUTH LOGIN': '454 4.7.0 Slow down',
      }),
      never('the login was refused: SMTP 535'),
      [plain, 'AUTH LOGIN'],
    ],
    [
      'by nothing but tokens',
      but({ EHLO: ehlo('AUTH XOAUTH2 NTLM') }),
      never(
        'the server offers no login by user and password (PLAIN, LOGIN, CRAM-MD5); allow it for this account, or name ' +
          'another server',
      ),
      [],
    ],
    [
      'that is not offered, as on port 25',
      but({ EHLO: ehlo('SIZE 100'), AUTH: '503 AUTH command used when not advertised' }),
      never(
        'the server offers no login: SMTP 503; name its port for submission (465 or 587), or leave user and password out',
      ),
      [plain],
    ],
    [
      'that asks on and on',
      but({ AUTH: '334', [base64(`\0${user}`).slice(0, 8)]: '334' }),
      later('the server does not speak SMTP'),
      [plain, base64(`\0${user}\0${password}`)],
    ],
  ];
  for (const [name, say, delivery, said] of cases) {
    test(name, async (t) => {
      const { smtp, channel } = await scripted(t, say, { security: 'tls' });
      assert.deepEqual(await deliver(channel), delivery);
      const exchange = smtp.heard.filter((line) => !/^(\(|EHLO|MAIL|RCPT|DATA|QUIT)/.test(line));
      assert.deepEqual(exchange, said);
    });
  }
});

describe('STARTTLS', () => {
  const cases: readonly [name: string, reply: Line][] = [
    ['with a reply to the next command in the same piece', '220 Go\r\n250 injected'],
    ['with the beginning of a reply in the same piece', pieces('220 Go\r\n250-inj')],
    ['with a reply in the next piece', pieces('220 Go\r\n', '250 injected\r\n')],
    ['with a reply and no TLS', { pieces: ['220 Go\r\n'], end: true }],
  ];
  for (const [name, reply] of cases) {
    test(`${name} leads to nothing`, async (t) => {
      const { smtp, channel } = await scripted(t, but({ STARTTLS: reply }), {
        security: 'starttls',
        credentials: account,
      });
      const delivery = await deliver(channel);
      assert.equal(delivery.kind, 'retry', JSON.stringify(delivery));
      assert.ok(!smtp.heard.some((line) => /^(AUTH|MAIL)/.test(line)), String(smtp.heard));
    });
  }

  test('is not done without, whatever is refused', async (t) => {
    const { smtp, channel } = await scripted(t, but({ EHLO: '502 What?' }), { security: 'starttls' });
    assert.equal((await deliver(channel)).kind, 'retry');
    assert.ok(!smtp.heard.some((line) => /^(HELO|MAIL)/.test(line)), String(smtp.heard));
  });
});

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
      for (const hello of [ehlo(), PIPELINING]) {
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
    for (const hello of [ehlo(), PIPELINING]) {
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
    const say = but({ EHLO: ehlo('SIZE 100'), MAIL: '552 5.3.4 Message size exceeds fixed limit' });
    const { smtp, channel } = await scripted(t, say);
    const delivery = await deliver(channel, messageOf({ text: 'a'.repeat(1000) }));
    assert.deepEqual(delivery, never('the message was refused: SMTP 552 5.3.4, the message is too large'));
    const [, size] = /SIZE=(\d+)$/.exec(smtp.heard.find((line) => line.startsWith('MAIL')) ?? '') ?? [];
    assert.ok(Number(size) > 1000);
  });

  test('without a size where none is offered', async (t) => {
    const { smtp, channel } = await scripted(t, but({ EHLO: ehlo() }));
    await deliver(channel);
    assert.ok(smtp.heard.includes('MAIL FROM:<mote@mote.example>'));
  });
});

describe('a proxy in front of a server', () => {
  test('that loses a command of several is given one at a time from then on', async (t) => {
    let isLost = false;
    const say: Say = (line) => {
      if (line.startsWith('EHLO')) return PIPELINING;
      if (line.startsWith('MAIL') && !isLost) {
        isLost = true;
        return 'silence';
      }
      const isFirst = smtp.connections() === 1;
      if (isFirst && line.startsWith('RCPT')) return '503 5.5.1 Need MAIL before RCPT';
      return isFirst && line === 'DATA' ? '503 5.5.1 Need RCPT' : usual(line);
    };
    const { smtp, channel } = await scripted(t, say, {}, { silenceTimeoutMs: 300 });
    assert.deepEqual(await deliver(channel), later('the sender was refused: SMTP 503 5.5.1'));
    const heardBefore = smtp.heard.length;
    assert.deepEqual(await deliver(channel), DELIVERED);
    assert.equal(smtp.heard[heardBefore], GREETING);
  });

  test('that garbles a command is no reason to give up', async (t) => {
    const { channel } = await scripted(t, but({ RCPT: '502 5.5.2 Error: command not recognized' }));
    assert.deepEqual(await deliver(channel), later('the recipient was refused: SMTP 502 5.5.2'));
  });
});

describe('the end of the content', () => {
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

/** How sessions begin with servers as they are known from public bug reports, over real sockets. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { account } from '../../../../test/support/providers/smtp.ts';
import { type Line, type Say, usual } from '../../../../test/support/providers/smtp-scripted.ts';
import type { Delivery } from '../channel.ts';
import { deliver } from '../fixtures.ts';
import { but, DELIVERED, later, never, offering, pieces, scripted } from './fixtures.ts';

const base64 = (text: string) => Buffer.from(text).toString('base64');

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
      withLogin({ EHLO: offering('AUTH NTLM LOGIN') }),
      DELIVERED,
      ['AUTH LOGIN', userWord, passwordWord],
    ],
    [
      'by LOGIN, offered as before the standard',
      withLogin({ EHLO: offering('AUTH=LOGIN') }),
      DELIVERED,
      ['AUTH LOGIN', userWord, passwordWord],
    ],
    [
      'by LOGIN with questions that say nothing',
      (line) =>
        line === 'AUTH LOGIN' || line === userWord
          ? '334'
          : withLogin({ EHLO: offering('AUTH LOGIN') })(line),
      DELIVERED,
      ['AUTH LOGIN', userWord, passwordWord],
    ],
    [
      'by LOGIN where PLAIN is offered and refused, as by QQ',
      withLogin({ EHLO: offering('AUTH LOGIN PLAIN'), 'AUTH PLAIN': '535 Login fail' }),
      DELIVERED,
      [plain, 'AUTH LOGIN', userWord, passwordWord],
    ],
    [
      'by LOGIN where PLAIN is offered and unknown',
      withLogin({ EHLO: offering('AUTH LOGIN PLAIN'), 'AUTH PLAIN': '504 5.7.4 Unrecognized' }),
      DELIVERED,
      [plain, 'AUTH LOGIN', userWord, passwordWord],
    ],
    [
      'that is wrong is not tried twice',
      withLogin({
        EHLO: offering('AUTH LOGIN PLAIN'),
        'AUTH PLAIN': '535 5.7.8 Error: authentication failed',
      }),
      never(wrong),
      [plain],
    ],
    [
      'that is refused with a connection that is closed then',
      withLogin({
        EHLO: offering('AUTH LOGIN PLAIN'),
        'AUTH PLAIN': { pieces: ['535 Login fail\r\n'], end: true },
      }),
      never('the login was refused: SMTP 535'),
      [plain],
    ],
    [
      'that is refused, and a second one for the moment',
      withLogin({
        EHLO: offering('AUTH LOGIN PLAIN'),
        'AUTH PLAIN': '535 Error',
        'AUTH LOGIN': '454 4.7.0 Slow down',
      }),
      never('the login was refused: SMTP 535'),
      [plain, 'AUTH LOGIN'],
    ],
    [
      'by nothing but tokens',
      but({ EHLO: offering('AUTH XOAUTH2 NTLM') }),
      never(
        'the server offers no login by user and password (PLAIN, LOGIN, CRAM-MD5); allow it for this account, or name ' +
          'another server',
      ),
      [],
    ],
    [
      'that is not offered, as on port 25',
      but({ EHLO: offering('SIZE 100'), AUTH: '503 AUTH command used when not advertised' }),
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
  const cases: readonly [name: string, reply: Line, reason: RegExp][] = [
    ['with another reply in the same piece', '220 Go\r\n250 injected', /does not speak SMTP/],
    [
      'with the beginning of a reply in the same piece',
      pieces('220 Go\r\n250-inj'),
      /something was said between STARTTLS and TLS/,
    ],
    // Which it is depends on whether the system has put the pieces together.
    [
      'with a reply in the next piece',
      pieces('220 Go\r\n', '250 injected\r\n'),
      /does not speak SMTP|something was said|TLS could not be agreed on/,
    ],
    ['with a reply and no TLS', { pieces: ['220 Go\r\n'], end: true }, /the connection was reset/],
  ];
  for (const [name, reply, reason] of cases) {
    test(`${name} leads to nothing`, async (t) => {
      const settings = { security: 'starttls', credentials: account } as const;
      const { smtp, channel } = await scripted(t, but({ STARTTLS: reply }), settings);
      const delivery = await deliver(channel);
      assert.match(delivery.kind === 'retry' ? delivery.reason : '', reason);
      assert.ok(!smtp.heard.some((line) => /^(AUTH|MAIL)/.test(line)), String(smtp.heard));
    });
  }

  test('is not done without, whatever is refused', async (t) => {
    const { smtp, channel } = await scripted(t, but({ EHLO: '502 What?' }), { security: 'starttls' });
    assert.equal((await deliver(channel)).kind, 'retry');
    assert.ok(!smtp.heard.some((line) => /^(HELO|MAIL)/.test(line)), String(smtp.heard));
  });
});

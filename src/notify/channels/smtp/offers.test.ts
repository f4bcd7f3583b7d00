import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Offers, offersIn } from './offers.ts';

interface Expected {
  readonly pipelining?: boolean;
  readonly size?: boolean;
  readonly logins?: readonly string[];
}

describe('what a server offers', () => {
  const cases: readonly [name: string, lines: readonly string[], expected: Expected][] = [
    ['nothing', ['mail.example'], {}],
    [
      'Postfix',
      [
        'mail.example',
        'PIPELINING',
        'SIZE 10240000',
        'ETRN',
        'AUTH PLAIN LOGIN',
        'ENHANCEDSTATUSCODES',
        '8BITMIME',
      ],
      { pipelining: true, size: true, logins: ['PLAIN', 'LOGIN'] },
    ],
    [
      'Exchange',
      ['EX1 Hello [10.0.0.1]', 'SIZE', 'AUTH NTLM LOGIN', 'X-EXPS GSSAPI NTLM'],
      { size: true, logins: ['NTLM', 'LOGIN'] },
    ],
    [
      'in small letters',
      ['mail.example', 'pipelining', 'auth plain'],
      { pipelining: true, logins: ['PLAIN'] },
    ],
    ['AUTH as before the standard', ['mail.example', 'AUTH=LOGIN PLAIN'], { logins: ['LOGIN', 'PLAIN'] }],
    ['both ways', ['qq.example', 'AUTH LOGIN PLAIN', 'AUTH=LOGIN'], { logins: ['LOGIN', 'PLAIN'] }],
    ['AUTH of nothing', ['mail.example', 'AUTH'], { logins: [] }],
    ['empty lines', ['mail.example', '', 'SIZE 1', ''], { size: true }],
    ['many blanks', ['mail.example', 'AUTH   PLAIN  LOGIN '], { logins: ['PLAIN', 'LOGIN'] }],
    [
      'words that only look so',
      ['pipelining.example PIPELINING', 'XPIPELINING', 'NOAUTH PLAIN', 'SIZED'],
      {},
    ],
    ['what a firewall crossed out', ['mail.example', 'XXXXXXXA', 'XXXB'], {}],
  ];
  for (const [name, lines, { pipelining = false, size = false, logins }] of cases) {
    test(name, () => {
      const text = lines
        .map((line, i) => `250${i < lines.length - 1 ? '-' : ' '}${line}`.trimEnd())
        .join('\n');
      const offers: Offers = offersIn({ code: 250, text });
      assert.deepEqual(
        { ...offers, logins: offers.logins && [...offers.logins].filter((word) => word !== '') },
        { pipelining, size, logins },
      );
    });
  }
});

test('a line of blanks takes no time', () => {
  const startMs = performance.now();
  offersIn({ code: 250, text: `250-a\n250 AUTH${' '.repeat(60_000)}X` });
  assert.ok(performance.now() - startMs < 1000);
});

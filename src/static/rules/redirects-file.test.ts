import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { resultOf } from '../../util/turns.ts';
import { parseRedirects as parseRedirectsSteps } from './redirects-file.ts';

const parseRedirects = (...texts: Parameters<typeof parseRedirectsSteps>) =>
  resultOf(parseRedirectsSteps(...texts));

const bad: readonly (readonly [line: string, reason: RegExp])[] = [
  ['/a', /^no target$/],
  ['/a # /b', /^no target$/],
  ['/a b', /neither \/ nor https/],
  ['/x ftp://e.test/', /no https:\/\/ or http:\/\//],
  ['/x javascript:alert(1)', /no https:/],
  ['/x mailto:a@b.test', /no https:/],
  ['/x //evil.test', /begins with \/\//],
  ['/x https://user:pass@e.test/', /plain host name/],
  ['/x https://:name.test/', /plain host name/],
  ['/x/* https://e.test:splat', /plain host name/],
  ['/x/* https://e.test.:splat/', /plain host name/],
  ['/x https://exämple.test/', /plain host name/],
  ['/x /\\evil.test', /backslash/],
  ['/x /a/../b', /leads up/],
  ['/x /a%2fb', /encoded slash/],
  ['/x /%zz%0a', /malformed|control/],
  ['/a /b 418', /^status 418; allowed: 200, 301, 302, 303, 307, 308, 404, each also with !$/],
  ['/a /b 410', /^status 410;/],
  ['/a /b 301 junk', /junk behind the target/],
  ['/a /b junk', /junk behind the target/],
  ['/ /anz 302 Country=au,nz', /condition Country=au,nz/],
  ['/ /de Language=de', /condition Language=de/],
  ['/admin/* 200! Role=admin', /condition Role=admin/],
  ['/* /preview/:splat 302 Cookie=preview', /condition Cookie=preview/],
  ['/api/* https://api.test/:splat 200', /no proxy/],
  ['/api/* https://api.test/404.html 404', /no proxy/],
  ['http://blog.test/* https://www.test/blog/:splat 301!', /one host/],
  ['/s/*/t/* /z', /more than one \*/],
  [`/${'a'.repeat(2000)} /b`, /2000 characters/],
  ['/caf\ufffd /b', /not UTF-8/],
];

describe('bad lines', () => {
  for (const [line, reason] of bad)
    test(line.slice(0, 60), () => {
      const { rules, badLines } = parseRedirects(`# first\r\n/ok /b\r\n${line}\r\n/ok2 /c\r\n`);
      assert.equal(rules.length, 2, 'the lines around it count');
      assert.deepEqual(
        badLines.map(({ line: number }) => number),
        [3],
      );
      assert.match(badLines[0]?.reason ?? '', reason);
    });
});

test('blanks, tabs, comments, a byte order mark and every end of a line', () => {
  const { rules, badLines } = parseRedirects(
    '\ufeff/a\t \t/b\u00a0301 # why\n\n  # no\n/c /d\r/e /f 302!\r\n   /g   /h',
  );
  assert.deepEqual(badLines, []);
  assert.deepEqual(
    rules.map(({ line, status, isForced }) => [line, status, isForced]),
    [
      [1, 301, false],
      [4, 301, false],
      [5, 302, true],
      [6, 301, false],
    ],
  );
});

test('2,000 static rules and 100 dynamic ones', () => {
  const lines = [
    ...Array.from({ length: 2001 }, (_, at) => `/s${at} /x`),
    ...Array.from({ length: 101 }, (_, at) => `/d${at}/* /x`),
  ];
  const { rules, badLines } = parseRedirects(lines.join('\n'));
  assert.equal(rules.length, 2100);
  assert.deepEqual(badLines, [
    { line: 2001, reason: 'more than 2000 rules without * or a placeholder' },
    { line: 2102, reason: 'more than 100 rules with * or a placeholder' },
  ]);
});

test('any text is either rules or lines with a reason', () => {
  const words = fc.constantFrom(
    '/a',
    '/*',
    '/:x',
    '/b/:splat',
    'https://e.test/',
    'a=:b',
    'c=d',
    '301',
    '200!',
    '#',
    '\n',
    '!',
    '://',
    '%',
    '\r',
    'Country=x',
  );
  fc.assert(
    fc.property(
      fc.array(words).map((list) => list.join(' ')),
      fc.string(),
      (one, other) => {
        for (const text of [one, other, one + other]) {
          const { rules, badLines } = parseRedirects(text);
          const lines = text
            .split(/\r\n?|\n/)
            .filter((line) => line.trim() !== '' && !/^\s*(\ufeff)?#/.test(line));
          assert.ok(rules.length + badLines.length <= lines.length + 1);
        }
      },
    ),
  );
});

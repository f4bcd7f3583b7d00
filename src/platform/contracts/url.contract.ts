/** URL and URLSearchParams: hosts, paths, percent-encoding, relative references, setters. */
import { domainToASCII } from 'node:url';
import { attempt, line, numbersFrom, pick } from './fixtures.ts';

const whole = [
  'http://0x7f.1/',
  'http://127.1',
  'http://2130706433',
  'http://0177.0.0.01/',
  'http://0x7f000001',
  'http://127.0.0.1.',
  'http://127.0.0.1..',
  'http://256.1.1.1',
  'http://1.2.3.4.5',
  'http://0x',
  'http://0x.0x.0',
  'http://4294967296',
  'http://4294967295',
  'http://1.2.65536',
  'http://1.2.65535',
  'http://08.1',
  'http://1e2',
  'http://foo.0x4',
  'http://foo.09',
  'http://１２７.0.0.1',
  'http://127。0。0。1',
  'http://%31%32%37.1',
  'http://[::ffff:127.0.0.1]',
  'http://[::1]',
  'http://[1::2::3]',
  'http://[::127.0.0.1.]',
  'http://[::1%25eth0]',
  'http://[0:0:0:0:0:0:0:0]',
  'http://[1:0:0:2:0:0:0:3]',
  'http://[1:2:3:4:5:6:7::]',
  'http://[::01.2.3.4]',
  'http://[fe80::1',
  'http://[]',
  'http://a b',
  'http://a%20b',
  'http://a%00',
  'http://a<b',
  'http://a_b',
  'http://user:pa:ss@h',
  'http://user@@h',
  'http://:@h',
  'http://@h',
  'http://u%40:p%3A@h',
  'http://h:',
  'http://h:0',
  'http://h:00080',
  'http://h:80',
  'https://h:443',
  'http://h:65536',
  'http://h:8a',
  'http://h:-1',
  'http:h',
  'http:/h',
  'http:///h',
  'http:\\\\h\\p',
  'https:h/p',
  'HTTP://EXAMPLE.com/A%2fB/../c',
  'http://h/a/./b/../../..',
  'http://h/%2e%2E/x',
  'http://h/.%2e',
  'http://h/a//b///',
  'http://h?q#f',
  'http://h#f?q',
  'http://h/p?a\'b"c<d>e f',
  'http://h/p#a\'b"c<d>e` f',
  'http://h/{a}|b^c`d"e<f>',
  'http://h/é?é#é',
  'http://h/\ud800?\udfff',
  'http://h/a\tb\nc',
  '  http://h  ',
  '\0http://h',
  'http://h/%',
  'http://h/%zz',
  'http://h/a?b?c',
  'http://',
  'http:',
  'http://?',
  'http://#',
  '',
  '//h',
  '/p',
  'p',
  'mailto:a@b',
  'mailto:a b?c d#e f',
  'data:text/plain,  a  ',
  'x:/a/../b',
  'x://h',
  'x://h/..',
  'x://',
  'x:///p',
  'x:',
  'x:a/../b',
  'x://H%41:80/',
  'x://u:p@h:1/p',
  'ws://h:80',
  'wss://h:443/',
  'ftp://h:21/',
  'javascript:alert(1)',
  '1x://h',
  'a+b-c.d://h',
  'http://xn--a',
  'http://xn--nxasmq6b',
  'http://bücher.de',
  'http://BÜCHER.de',
  'http://faß.de',
  'http://ｅｘａｍｐｌｅ.com',
  'http://a\u00adb.de',
  'http://日本語。jp',
  'http://I̶.de',
  'http://😀.de',
  'http://a\u200db.de',
  'http://ΒΌΛΟΣ.gr',
  'http://βόλος.gr',
  'http://xn--bcher-kva.de',
  'http://-a.de',
  'http://a..b',
  'http://a.b..',
  `http://${'a'.repeat(64)}.de`,
  'http://h/~a!$&()*+,;=:@',
  'http://h/?!$&()*+,;=:@/?',
  'http://h:080/',
  'http://a@b@c/',
  'http://a/b@c',
  'http://a\\@b',
  'http://a%2fb',
  'http://a#@b',
  'http://a?@b',
  'http://a:b@c:1',
  'http://1%2e2',
  'http://h/a;b=c/d',
  'http:// h',
  'http://h\u3000',
  'http://h/\u{10ffff}',
  'http://0',
  'http://00',
  'http://0.0',
  'http://0x0',
  'http://0xg',
  'http://1..2',
];
const relative = [
  '',
  '/',
  '//h2',
  '///h2',
  '\\\\h2\\p',
  '/a/../b',
  '../../x',
  './',
  '..',
  '.',
  '?q',
  '#f',
  '?',
  '#',
  'x:y',
  'http:x',
  'http:/x',
  'http://x',
  'https:x',
  '%2e%2e/x',
  'a b',
  'a/b/c',
  ';x',
  '@',
  ':',
  'a:',
];
const bases = ['http://u:p@h:8080/a/b/c?q#f', 'https://h', 'http://h/a/', 'https://h/a;b/c?d'];
const pieces = [
  'http',
  'https',
  'x',
  ':',
  '/',
  '//',
  '\\',
  '?',
  '#',
  '@',
  '[',
  ']',
  '::',
  '.',
  '..',
  '%2e',
  '%',
  '%41',
  '%00',
  '0x7f',
  '127',
  '1',
  '0',
  '08',
  '256',
  'a',
  'B',
  'é',
  ' ',
  '\t',
  '&',
  '=',
  '+',
  "'",
  '"',
  '<',
  '|',
  '^',
  '`',
  '{',
  '\u{1f600}',
  '\ud800',
  'xn',
  '-',
  '_',
  '~',
  ';',
  ',',
  '80',
  '443',
  '99999',
];

function shown(url: URL): readonly unknown[] {
  const { href, origin, protocol, username, password, host, hostname, port, pathname, search, hash } = url;
  return [href, origin, protocol, username, password, host, hostname, port, pathname, search, hash];
}

const parts = ['pathname', 'search'] as const;

function* setters(): Generator<string> {
  const values = [
    '',
    'a',
    'a b',
    'é',
    '/x/../y',
    '?a=b',
    '#c',
    '%41%zz',
    '1.2',
    '[::1]',
    'h:81',
    '0x7f.1',
    'https',
    'x',
    'a@b',
    'a/b',
    'a\\b',
    'a?b',
    'a#b',
    '8080',
    '65536',
    '80',
    '8a',
    'http://n/',
  ];
  for (const base of ['http://u:p@h:8080/a?q#f', 'https://h/']) {
    for (const part of parts) {
      for (const value of values) {
        const url = new URL(base);
        const result = attempt(() => {
          url[part] = value;
          return 'set';
        });
        yield line(base, part, value, result, shown(url));
      }
    }
  }
}

function* parameters(): Generator<string> {
  for (const text of [
    '',
    '?',
    'a=b&c',
    'a=b=c&&=d&e=',
    '?a=%41%zz+%2B',
    'é=\u{1f600}',
    'a=\ud800',
    'a=1&a=2',
    '%ff=%c3%28',
    '??a',
    'a&b&a',
    "a=!'()*-._~ +&=%é",
  ]) {
    const list = new URLSearchParams(text);
    yield line(text, [...list], list.toString(), list.get('a'));
  }
  yield line(`${new URLSearchParams({ a: '1', b: "!'()*-._~ +&=%é" })}`);
}

export function* contract(): Generator<string> {
  for (const text of whole)
    yield line(
      text,
      URL.canParse(text),
      attempt(() => shown(new URL(text))),
    );
  for (const base of bases)
    for (const text of relative)
      yield line(
        base,
        text,
        attempt(() => shown(new URL(text, base))),
      );
  yield* setters();
  yield* parameters();
  const next = numbersFrom(1);
  for (let i = 0; i < 20_000; i += 1) {
    const text = Array.from({ length: 1 + next(8) }, () => pick(next, pieces)).join('');
    const prefix = pick(next, ['', 'http://', 'https://', 'http://h/', 'x://', 'http://h/p?', 'http://u@']);
    const base = next(3) === 0 ? pick(next, bases) : undefined;
    yield line(
      prefix + text,
      base ?? null,
      attempt(() => shown(new URL(prefix + text, base))),
    );
  }
  for (const name of [
    'bücher.de',
    'BÜCHER.DE',
    'xn--bcher-kva.de',
    'faß.de',
    '日本語.jp',
    'a b.de',
    'é..é',
    'ＡＢＣ.de',
    '',
    '１.2',
    'a\u200db',
    '☃.net',
    'ǅ.de',
    'Ⅷ.de',
    'é_é.de',
    'é-.de',
    `${'é'.repeat(70)}.de`,
    'مثال.إختبار',
    'παράδειγμα.δοκιμή',
    'пример.испытание',
    '예.kr',
    'é@x',
    'é:1',
  ])
    yield line(name, domainToASCII(name));
  // Characters that become ASCII could name another host: all of them, but for one of a newer Unicode.
  for (let code = 0x80; code < 0x1_1000; code += 1) {
    const name = `a${String.fromCodePoint(code)}1.b`;
    const domain = domainToASCII(name);
    if (domain !== '' && !domain.includes('xn--') && code !== 0xa7f1) yield line(code, domain);
  }
}

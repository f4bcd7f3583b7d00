/** What has a syntax of the web: header fields, media types, addresses, users. */
import assert from 'node:assert/strict';
import net from 'node:net';
import { test } from 'node:test';
import fc from 'fast-check';
import { testParsers } from './fixtures.ts';
import {
  emptyOr,
  ipVersion,
  parseBasicUser,
  parseCharset,
  parseFieldValue,
  parseHeader,
  parseHost,
  parseHsts,
  parseMediaType,
  parseOrigin,
  parseProbeUrl,
  parseTrustedProxy,
} from './parse.ts';

const SALT = 'AAECAwQFBgc'; // 8 bytes
const HASH = 'A'.repeat(43); // 32 bytes

testParsers([
  [
    'optional field values',
    emptyOr(parseFieldValue),
    [
      ['', ''],
      ["default-src 'self'", "default-src 'self'"],
      ['a\tb', 'a\tb'],
    ],
    [' a', 'a ', 'a\r\nb', 'a\nb', 'a\0b', 'a\u007Fb', 'naïve'],
  ],
  [
    'headers',
    parseHeader,
    [
      ['X-A: b', ['X-A', 'b']],
      ['X-A:b:c', ['X-A', 'b:c']],
      ['X-A: \t b c ', ['X-A', 'b c']],
      ["!#$%&'*+-.^_`|~09az: x", ["!#$%&'*+-.^_`|~09az", 'x']],
    ],
    [
      '',
      'X-A',
      ': b',
      'X-A:',
      'X A: b',
      'X-A : b',
      'X(A): b',
      'Ä: b',
      'X-A: b\r\nSet-Cookie: c',
      'X-A: b\n',
      'X-A: b\0',
      'X-A: \u00A0b',
      'Content-Length: 3',
      'transfer-encoding: chunked',
      'Cache-Control: no-store',
    ],
  ],
  [
    'media types',
    parseMediaType,
    [
      ['ts=text/javascript', { extension: 'ts', type: 'text/javascript' }],
      ['.TS=Text/JavaScript', { extension: 'ts', type: 'text/javascript' }],
      ['data.gz=application/gzip', { extension: 'data.gz', type: 'application/gzip' }],
      ['txt=text/plain;charset=GBK', { extension: 'txt', type: 'text/plain;charset=GBK' }],
      ['a=x/y; b="c, d"; e=f', { extension: 'a', type: 'x/y; b="c, d"; e=f' }],
      ['日本=application/vnd.x+xml', { extension: '日本', type: 'application/vnd.x+xml' }],
    ],
    [
      '',
      'ts',
      'ts=',
      '=text/plain',
      '.=text/plain',
      'ts=text',
      'ts=/plain',
      'ts=text/',
      'a..b=x/y',
      'a/b=x/y',
      'a b=x/y',
      'ts=x/y\r\nSet-Cookie: a',
      'ts=x/y;',
      'ts=x/y; a',
      'ts=x/ä',
      'ts = x/y',
    ],
  ],
  [
    'encodings',
    emptyOr(parseCharset),
    [
      ['', ''],
      ['utf-8', 'utf-8'],
      ['windows-1251', 'windows-1251'],
      ['GB18030', 'GB18030'],
      ['ISO_8859-1:1987', 'ISO_8859-1:1987'],
    ],
    [' ', 'utf 8', 'utf-8;', '"utf-8"', 'utf-8\n', '-', 'ä'],
  ],
  [
    'origins',
    parseOrigin,
    [
      ['*', '*'],
      ['https://example.org', 'https://example.org'],
      ['https://Example.org:443/', 'https://example.org'],
      ['http://[::1]:8080', 'http://[::1]:8080'],
      ['https://bücher.example', 'https://xn--bcher-kva.example'],
      ['capacitor://localhost', 'capacitor://localhost'],
      ['chrome-extension://abcdefghijklmnop', 'chrome-extension://abcdefghijklmnop'],
      ['http://my_host.local:8080', 'http://my_host.local:8080'],
    ],
    [
      '',
      'null',
      'example.org',
      '//example.org',
      'https://',
      'https://a/b',
      'https://a?b',
      'https://u@a',
      'https://a:99999',
      'https://*.example',
      'https://a.*',
      '*://a.example',
      'https://a.example:*',
      'https://(a|b).example',
      'capacitor://*',
      'https://{a,b}.example',
    ],
  ],
  [
    'URLs to probe',
    parseProbeUrl,
    [
      ['http://localhost:8080', new URL('http://localhost:8080/')],
      ['https://example.org/health?full', new URL('https://example.org/health?full')],
      ['HTTPS://[::1]/', new URL('https://[::1]/')],
    ],
    ['', 'localhost', 'localhost:8080', '/healthz', 'ftp://a/', 'https://', 'http://u@a/', 'http://u:p@a/'],
  ],
  [
    'proxies',
    parseTrustedProxy,
    [
      ['10.0.0.1', '10.0.0.1'],
      ['10.0.0.0/8', '10.0.0.0/8'],
      ['0.0.0.0/0', '0.0.0.0/0'],
      ['::1', '::1'],
      ['fd00::/128', 'fd00::/128'],
      ['unix', 'unix'],
    ],
    [
      '',
      '10.0.0.0/33',
      'fd00::/129',
      '10.0.0.0/',
      '10.0.0.0/8/8',
      '10.0.0.0/-1',
      '10.0.0',
      'proxy.example',
      '[::1]',
    ],
  ],
  [
    'hosts',
    parseHost,
    [
      ['', ''],
      ['127.0.0.1', '127.0.0.1'],
      ['::', '::'],
      ['[::1]', '::1'],
      ['fe80::1%eth0', 'fe80::1%eth0'],
      ['localhost', 'localhost'],
      ['web_1.internal.', 'web_1.internal.'],
      ['./mote.sock', './mote.sock'],
      ['/run/mote.sock', '/run/mote.sock'],
    ],
    [
      '127.0.0.256',
      '1.2.3',
      '127.1',
      '[127.0.0.1]',
      '::1]',
      'a..b',
      '-a',
      'a-',
      'a b',
      'a:80',
      '*',
      'é',
      '.',
      `/${'x'.repeat(103)}`,
      '/a\0b',
      'x'.repeat(64),
      `${'x.'.repeat(127)}x`,
    ],
  ],
  [
    'users',
    parseBasicUser,
    [
      [
        `ann:pbkdf2-sha256:600000:${SALT}:${HASH}`,
        { user: 'ann', iterations: 600_000, salt: Buffer.from(SALT, 'base64url'), hash: Buffer.alloc(32) },
      ],
    ],
    [
      '',
      'ann:secret',
      `:pbkdf2-sha256:1000:${SALT}:${HASH}`,
      `a\n:pbkdf2-sha256:1000:${SALT}:${HASH}`,
      `ann:pbkdf2-sha1:1000:${SALT}:${HASH}`,
      `ann:pbkdf2-sha256:999:${SALT}:${HASH}`,
      `ann:pbkdf2-sha256:10000001:${SALT}:${HASH}`,
      `ann:pbkdf2-sha256:1000:AAAA:${HASH}`,
      `ann:pbkdf2-sha256:1000:${SALT}:${HASH}=`,
      `ann:pbkdf2-sha256:1000:${SALT}:${HASH}A`,
      `ann:pbkdf2-sha256:1000:${SALT}:${HASH}:x`,
      `ann:pbkdf2-sha256:1000:${SALT}:${HASH.slice(1)}B`,
    ],
  ],
]);

test('an accepted header cannot end its line', () => {
  const hostile = fc.string({ unit: fc.constantFrom('a', ':', ' ', '\t', '\r', '\n', '\0', '\u0085', 'é') });
  fc.assert(
    fc.property(hostile, (text) => {
      const parsed = parseHeader(text);
      if (parsed.ok) assert.match(parsed.value.join(': '), /^[\x20-\x7E\t]+$/);
    }),
  );
});

test('HSTS: seconds, or a value that browsers understand', () => {
  for (const [text, value] of [
    ['0', 'max-age=0'],
    ['31536000', 'max-age=31536000'],
    ['max-age=1; includeSubDomains; preload', 'max-age=1; includeSubDomains; preload'],
    ['max-age=1;includeSubDomains', 'max-age=1;includeSubDomains'],
    ['on', undefined],
    ['1y', undefined],
    ['includeSubDomains', undefined],
    ['max-age=1, preload', undefined],
    ['max-age=1\r\nX: y', undefined],
  ] as const) {
    const parsed = parseHsts(text);
    assert.equal(parsed.ok ? parsed.value : undefined, value, text);
  }
});

test('ipVersion agrees with net.isIP', () => {
  const pieces = fc.constantFrom('0', '1', '25', '255', '256', 'f', 'ffff', ':', '::', '.');
  const almost = fc.string({ unit: pieces });
  const addresses = fc.oneof(fc.ipV4(), fc.ipV6(), almost, fc.string());
  fc.assert(
    fc.property(addresses, (text) => assert.equal(ipVersion(text), net.isIP(text))),
    { numRuns: 2000 },
  );
});

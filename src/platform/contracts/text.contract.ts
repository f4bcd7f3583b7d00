/** Buffer and path: conversions of broken input, and the edges of every function that the product calls. */
import { Buffer } from 'node:buffer';
import { basename, dirname, isAbsolute, join, normalize, resolve } from 'node:path';
import { attempt, line, numbersFrom, pick } from './fixtures.ts';

const encodings = ['utf8', 'latin1', 'hex', 'base64', 'base64url'] as const;
const texts = [
  '',
  'a',
  'é',
  '€',
  '\u{1f600}',
  '\ud800',
  '\udc00',
  'a\ud800b',
  '\udc00\ud800',
  'abc',
  'abcd',
  '0g',
  '0aF',
  'zz',
  'YQ==',
  'YQ',
  'YW\nJj',
  'YW-_',
  'YW+/',
  '=YQ',
  'Y=Q',
  'YQ==YQ==',
  ' Y Q ',
  'Y',
  '\0',
  'ÿ',
  'Ā',
  '\u{10ffff}',
  '\ufeffx',
  'a€\ud83d',
];
const codes = [
  0x00, 0x41, 0x7f, 0x80, 0xbf, 0xc0, 0xc2, 0xc3, 0xa9, 0xe0, 0xa0, 0xe2, 0x82, 0xac, 0xed, 0xef, 0xbb, 0xf0,
  0x9f, 0x98, 0xf4, 0x8f, 0x90, 0xf5, 0xff,
];

function* conversions(): Generator<string> {
  const next = numbersFrom(2);
  const alphabet = [
    'a',
    'Z',
    '0',
    '9',
    '+',
    '/',
    '-',
    '_',
    '=',
    ' ',
    '\n',
    'é',
    '€',
    '\ud83d',
    '\ude00',
    '\u{1f600}',
    'g',
    '\0',
  ];
  const random = Array.from({ length: 2000 }, () =>
    Array.from({ length: next(9) }, () => pick(next, alphabet)).join(''),
  );
  for (const text of [...texts, ...random]) {
    // Node reads a text with units beyond Latin-1 as Base64 in another, undocumented way: nothing relies on it.
    for (const encoding of /[^\0-\xff]/.test(text) ? encodings.slice(0, 3) : encodings)
      yield line(text, encoding, Buffer.from(text, encoding).toString('hex'), Buffer.byteLength(text));
  }
  for (let i = 0; i < 3000; i += 1) {
    const bytes = Buffer.from(Array.from({ length: next(8) }, () => pick(next, codes)));
    yield line(bytes.toString('hex'), ...encodings.map((encoding) => bytes.toString(encoding)));
  }
}

function* buffers(): Generator<string> {
  const bytes = Buffer.from('hello wörld');
  for (const [start, end] of [
    [0, 5],
    [-3, 99],
    [3, 2],
    [-99, -1],
    [5, undefined],
    [0, 0],
    [20, 30],
  ] as const) {
    yield line(start, end, bytes.subarray(start, end).toString(), bytes.toString('latin1', start, end));
  }
  for (const wanted of ['o', 'wö', '', 'x', 0x6c, 0x16c, -148])
    for (const from of [0, 4, -3, 99, -99])
      yield line(wanted, from, bytes.indexOf(wanted, from), bytes.includes(wanted, from));
  yield line(
    Buffer.concat([Buffer.from('ab'), new Uint8Array([1])]).toString('hex'),
    Buffer.concat([Buffer.from('abc')], 2).toString('hex'),
    Buffer.concat([Buffer.from('a')], 3).toString('hex'),
    Buffer.concat([]).length,
  );
  yield line(
    Buffer.alloc(3, 7).toString('hex'),
    Buffer.from([256, -1, 1.5]).toString('hex'),
    Buffer.from(new Uint16Array([1, 258])).toString('hex'),
  );
  yield line(
    bytes.equals(Buffer.from('hello wörld')),
    bytes.equals(Buffer.from('hello wörle')),
    bytes.equals(bytes.subarray(1)),
    Buffer.alloc(0).equals(new Uint8Array(0)),
  );
  const target = Buffer.alloc(6);
  yield line(
    target.write('€€€'),
    target.toString('hex'),
    target.write('zz', 5),
    target.toString('hex'),
    target.write('ab', 2, 'latin1'),
    target.toString('hex'),
  );
  yield line(target.readUInt32LE(1), target.readUInt32LE());
  yield line(
    attempt(() => Buffer.alloc(-1)),
    target.slice(1, 3).toString('hex'),
  );
  const shared = new Uint8Array([1, 2, 3]).buffer;
  yield line(Buffer.from(shared, 1, 2).toString('hex'), Buffer.from(shared).length);
}

function* paths(): Generator<string> {
  const next = numbersFrom(3);
  // What is nothing but slashes has no name; Node gives the slashes if a suffix is asked for.
  const pieces = [
    'a',
    'b.c',
    '.d',
    '..',
    '.',
    '/',
    '//',
    '',
    'e.',
    '...',
    'f/g',
    ' ',
    'é',
    '.e.f',
    '/..',
    './',
  ];
  for (let i = 0; i < 2000; i += 1) {
    const [one, two] = [0, 0].map(() =>
      Array.from({ length: next(6) }, () => pick(next, pieces)).join(''),
    ) as [string, string];
    yield line(
      one,
      two,
      basename(one),
      /^\/+$/.test(one) || basename(one, '.c'),
      dirname(one),
      isAbsolute(one),
      normalize(one),
      join(one, two),
      resolve('/r', one, two),
    );
  }
}

export function* contract(): Generator<string> {
  yield* conversions();
  yield* buffers();
  yield* paths();
}

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { MAX_REPLY_BYTES, type Reply, ReplyParser } from './reply-parser.ts';

function parse(...pieces: string[]): Reply[] {
  const parser = new ReplyParser();
  return pieces.flatMap((piece) => parser.feed(piece));
}

describe('replies', () => {
  const cases: readonly [name: string, text: string, replies: readonly [code: number, text: string][]][] = [
    ['a line', '250 2.0.0 Ok\r\n', [[250, '250 2.0.0 Ok']]],
    ['lines', '250-a\r\n250-b\r\n250 c\r\n', [[250, '250-a\n250-b\n250 c']]],
    [
      'several',
      '250 a\r\n354 b\r\n',
      [
        [250, '250 a'],
        [354, '354 b'],
      ],
    ],
    ['a code only', '250\r\n', [[250, '250']]],
    ['a code and a blank', '334 \r\n', [[334, '334']]],
    ['lines without text', '250-\r\n250-\r\n250\r\n', [[250, '250-\n250-\n250']]],
    ['LF alone', '220-a\n220 b\n', [[220, '220-a\n220 b']]],
    ['CR twice', '250 a\r\r\n', [[250, '250 a']]],
    [
      'empty lines between',
      '\r\n250 a\r\n\r\n250 b\r\n',
      [
        [250, '250 a'],
        [250, '250 b'],
      ],
    ],
    ['no blank behind the code', '220ESMTP\r\n', [[220, '220ESMTP']]],
    ['a tab behind the code', '220\tmail\r\n', [[220, '220\tmail']]],
    ['a banner beyond ASCII', '220 \xd0\x9f\xff\r\n', [[220, '220 \xd0\x9f\xff']]],
    ['NUL', '250 a\0b\r\n', [[250, '250 a\0b']]],
    ['codes that differ, of which the last counts', '250-a\r\n550 b\r\n', [[550, '250-a\n550 b']]],
    ['an unfinished one', '250-a\r\n250 b', []],
  ];
  for (const [name, text, expected] of cases) {
    test(`${name}, however it is split`, () => {
      const replies = expected.map(([code, whole]) => ({ code, text: whole }));
      assert.deepEqual(parse(text), replies);
      assert.deepEqual(parse(...text), replies);
      for (let at = 0; at <= text.length; at++) {
        assert.deepEqual(parse(text.slice(0, at), text.slice(at)), replies, `at ${at}`);
      }
    });
  }

  test('are the same in any pieces', () => {
    const line = fc.tuple(fc.constantFrom('220', '250', '354', '450', '550'), fc.constantFrom(' ', '-'));
    const text = fc
      .array(
        line.chain(([code, sign]) =>
          fc.string().map((words) => `${code}${sign}${words.replace(/\s/g, '')}\r\n`),
        ),
      )
      .map((lines) => lines.join(''));
    fc.assert(
      fc.property(text, fc.array(fc.nat(40)), (whole, lengths) => {
        const pieces: string[] = [];
        let rest = whole;
        for (const length of lengths) {
          pieces.push(rest.slice(0, length));
          rest = rest.slice(length);
        }
        assert.deepEqual(parse(...pieces, rest), parse(whole));
      }),
    );
  });
});

describe('what is no reply', () => {
  const cases = [
    'HTTP/1.1 400 Bad Request',
    'hello',
    '25 a',
    '2500 a',
    '199 a',
    '650 a',
    '-250 a',
    '\x16\x03\x01',
    '250-a\r\n',
  ];
  for (const text of cases) {
    test(JSON.stringify(text), () =>
      assert.throws(() => parse(`${text}\r\n`), /^Error: the server does not speak SMTP$/),
    );
  }
});

describe('without end', () => {
  test('a line', () => {
    const parser = new ReplyParser();
    assert.throws(() => {
      for (let i = 0; i <= MAX_REPLY_BYTES; i++) parser.feed('2');
    }, /said too much/);
  });

  test('lines', () => {
    const parser = new ReplyParser();
    assert.throws(() => {
      for (let i = 0; i <= MAX_REPLY_BYTES; i++) parser.feed('250-\r\n');
    }, /said too much/);
  });

  test('up to the limit is fine', () => {
    const [reply] = parse(`250 ${'a'.repeat(MAX_REPLY_BYTES - 4)}`, '\r\n');
    assert.equal(reply?.text.length, MAX_REPLY_BYTES);
  });
});

describe('at the end of the connection', () => {
  const cases: readonly [text: string, code: number | undefined][] = [
    ['454 4.3.0 Try again later', 454],
    ['250 2.0.0 O', 250],
    ['250 ', 250],
    ['250', undefined],
    ['250-a', undefined],
    ['25', undefined],
    ['250 a\r\n', undefined],
  ];
  for (const [text, code] of cases) {
    test(`${JSON.stringify(text)} is ${code ?? 'nothing'}`, () => {
      const parser = new ReplyParser();
      parser.feed(text);
      assert.equal(parser.end()?.code, code);
    });
  }
});

test('what is behind the last reply is known', () => {
  const parser = new ReplyParser();
  for (const [piece, isIdle] of [
    ['220 go\r\n', true],
    ['2', false],
    ['50-a\r\n', false],
    ['250 b\r\n', true],
  ] as const) {
    parser.feed(piece);
    assert.equal(parser.isIdle, isIdle);
  }
});

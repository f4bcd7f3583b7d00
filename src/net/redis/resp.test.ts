import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import {
  ProtocolFault,
  RedisError,
  type RedisOutput,
  type RedisReply,
  ReplyReader,
  renderCommand,
} from './resp.ts';

function read(text: string, cuts: readonly number[] = []): readonly RedisOutput[] {
  const bytes = Buffer.from(text);
  const reader = new ReplyReader();
  const ends = [...cuts.filter((cut) => cut < bytes.length).sort((a, b) => a - b), bytes.length];
  return ends.flatMap((end, i) => reader.take(bytes.subarray(ends[i - 1] ?? 0, end)));
}

describe('replies', () => {
  const cases: readonly (readonly [string, string, RedisReply])[] = [
    ['simple string', '+OK\r\n', 'OK'],
    ['number', ':-12\r\n', -12],
    ['double', ',1.5\r\n', 1.5],
    ['double with exponent', ',-1.5e-05\r\n', -1.5e-5],
    ['no number', ',nan\r\n', Number.NaN],
    ['infinity', ',-inf\r\n', Number.NEGATIVE_INFINITY],
    [
      'big number',
      '(3492890328409238509324850943850943825024385\r\n',
      '3492890328409238509324850943850943825024385',
    ],
    ['null', '_\r\n', null],
    ['null of RESP2', '$-1\r\n', null],
    ['null array of RESP2', '*-1\r\n', null],
    ['boolean', '#t\r\n', true],
    ['bulk string', '$4\r\n\u00e9\r\n\r\n', '\u00e9\r\n'],
    ['empty string', '$0\r\n\r\n', ''],
    ['verbatim string', '=8\r\ntxt:Some\r\n', 'Some'],
    ['array', '*3\r\n:1\r\n*0\r\n$1\r\nx\r\n', [1, [], 'x']],
    ['set', '~2\r\n+a\r\n+b\r\n', ['a', 'b']],
    ['map', '%1\r\n+a\r\n*1\r\n:1\r\n', ['a', [1]]],
    ['attribute before a reply', '|1\r\n+ttl\r\n:3\r\n*1\r\n|1\r\n+a\r\n:1\r\n:7\r\n', [7]],
  ];
  for (const [name, text, reply] of cases) {
    test(name, () => assert.deepEqual(read(text), [{ isPush: false, reply }]));
    test(`${name}, byte by byte`, () => {
      assert.deepEqual(
        read(
          text,
          [...text].map((_, i) => i + 1),
        ),
        [{ isPush: false, reply }],
      );
    });
  }

  test('errors have a code', () => {
    for (const text of ['-NOSCRIPT No matching script.\r\n', '!28\r\nNOSCRIPT No matching script.\r\n']) {
      const found = read(text)[0];
      assert.ok(found?.reply instanceof RedisError);
      assert.equal(found.reply.code, 'NOSCRIPT');
    }
  });

  test('a push between replies', () => {
    const found = read('+a\r\n>3\r\n+message\r\n+wake\r\n+x\r\n+b\r\n');
    assert.deepEqual(
      found.map(({ isPush, reply }) => [isPush, reply]),
      [
        [false, 'a'],
        [true, ['message', 'wake', 'x']],
        [false, 'b'],
      ],
    );
  });
});

describe('what is refused', () => {
  const cases: readonly (readonly [string, string])[] = [
    ['HTTP', 'HTTP/1.1 400 Bad Request\r\n'],
    ['an unknown type', '?1\r\n'],
    ['a line without CR', '+OK\n'],
    ['a size that is no number', '$x\r\n'],
    ['a negative size', '*-2\r\n'],
    ['a number that is none', ':0*1\r\n'],
    ['an empty number', ':\r\n'],
    ['a double that is none', ',0x10\r\n'],
    ['a string beyond the limit', '$99999999999\r\n'],
    ['an array beyond the limit', '*9999999\r\n'],
    ['a string without its end', '$1\r\nabc'],
    ['arrays in arrays', '*1\r\n'.repeat(9)],
    ['a line without end', '+'.repeat(70_000)],
    [
      'strings that are too long together',
      `*2\r\n$${60 * 1024 * 1024}\r\n${'x'.repeat(60 * 1024 * 1024)}\r\n$9999999\r\n`,
    ],
  ];
  for (const [name, text] of cases) test(name, () => assert.throws(() => read(text), ProtocolFault));
});

test('what was rendered is read as an array of strings, however it is cut', () => {
  const words = fc.array(fc.string({ unit: 'grapheme' }), { minLength: 1 });
  fc.assert(
    fc.property(words, fc.array(fc.nat({ max: 300 })), (list, cuts) => {
      assert.deepEqual(read(renderCommand(list), cuts), [{ isPush: false, reply: list }]);
    }),
  );
});

test('a long string in many pieces takes linear time', () => {
  const size = 32 * 1024 * 1024;
  const reader = new ReplyReader();
  reader.take(Buffer.from(`$${size}\r\n`));
  const piece = Buffer.alloc(4096, 'x');
  const before = process.cpuUsage();
  for (let sent = 0; sent < size; sent += piece.length) assert.deepEqual(reader.take(piece), []);
  const found = reader.take(Buffer.from('\r\n'));
  const { user, system } = process.cpuUsage(before);
  assert.equal(String(found[0]?.reply).length, size);
  assert.ok(user + system < 2_000_000, `${user + system} µs`);
});

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { BodyReader } from './body.ts';
import { chunkedText } from './fixtures.ts';
import type { Framing } from './head.ts';

const MAX_BYTES = 1000;
const chunked: Framing = { kind: 'chunked' };

interface Outcome {
  readonly state: string;
  /** How many bytes were consumed. */
  readonly taken: number;
  readonly content: string;
}

/** The outcome for a body that arrives in pieces. */
function read(text: string, framing = chunked, cuts: readonly number[] = [], maxBytes = MAX_BYTES): Outcome {
  const bytes = Buffer.from(text, 'latin1');
  const reader = new BodyReader(framing, maxBytes);
  let taken = 0;
  for (const cut of [...cuts, bytes.length]) {
    taken += reader.take(bytes.subarray(0, cut), taken) - taken;
    if (reader.refusal || reader.isComplete) break;
    assert.equal(taken, cut);
  }
  const content = Buffer.from(reader.content).toString('latin1');
  return { state: reader.refusal ?? (reader.isComplete ? 'complete' : 'incomplete'), taken, content };
}

function everyByte(text: string): number[] {
  return Array.from({ length: text.length }, (_, i) => i);
}

describe('a chunked body', () => {
  const good: readonly (readonly [name: string, text: string, content: string])[] = [
    ['one chunk', '2\r\nab\r\n0\r\n\r\n', 'ab'],
    ['nothing', '0\r\n\r\n', ''],
    ['many zeros', '00000\r\n\r\n', ''],
    [
      'digits of either case, with leading zeros',
      '0A\r\n0123456789\r\na\r\n0123456789\r\n0\r\n\r\n',
      '01234567890123456789',
    ],
    ['sixteen digits', '0000000000000002\r\nab\r\n0\r\n\r\n', 'ab'],
    ['content that looks like framing', '7\r\n\r\n0\r\n\r\n\r\n0\r\n\r\n', '\r\n0\r\n\r\n'],
    ['extensions', '2;a;b=c;d="e f\\"\xe9;"\r\nab\r\n0;x\r\n\r\n', 'ab'],
    ['trailers', '2\r\nab\r\n0\r\nX: a\r\nY:\r\n\r\n', 'ab'],
  ];
  for (const [name, text, content] of good) {
    test(name, () => {
      const expected = { state: 'complete', taken: text.length, content };
      assert.deepEqual(read(`${text}GET`), expected);
      assert.deepEqual(read(`${text}GET`, chunked, everyByte(text)), expected);
    });
  }

  const bad: readonly (readonly [name: string, text: string])[] = [
    ...[
      '+2',
      '-2',
      ' 2',
      '0x2',
      '2_',
      '2g',
      '',
      ';a',
      'x',
      '2 ',
      '2\t',
      '\xb2',
      '2 ;a',
      '2\t;a',
      '1'.repeat(17),
    ].map((size) => [`the size ${JSON.stringify(size)}`, `${size}\r\nab\r\n0\r\n\r\n`] as const),
    ...[
      ';',
      ';;a',
      ';a=',
      ';=a',
      ';a=b;',
      ';a b',
      ';a="b',
      ';a="b"c',
      ';a\0',
      ';a=\x01',
      ';a="\n"',
      ';a\r;b',
    ].map(
      (extension) =>
        [`the extension ${JSON.stringify(extension)}`, `2${extension}\r\nab\r\n0\r\n\r\n`] as const,
    ),
    ['LF after a size', '2\nab\r\n0\r\n\r\n'],
    ['LF after an extension', '2;a\nab\r\n0\r\n\r\n'],
    ['CR without LF after a size', '2\rab\r\n0\r\n\r\n'],
    ['LF after data', '2\r\nab\n0\r\n\r\n'],
    ['CR without LF after data', '2\r\nab\r0\r\n\r\n'],
    ['nothing after data', '2\r\nab0\r\n\r\n'],
    ['data that is longer', '2\r\nabc\r\n0\r\n\r\n'],
    ['LF as the last line', '0\r\n\n'],
    ['CR without LF as the last line', '0\r\n\rG'],
    ['a trailer without a colon', '0\r\nX\r\n\r\n'],
    ['a trailer with a space before the colon', '0\r\nX : a\r\n\r\n'],
    ['a trailer with LF', '0\r\nX: a\n\r\n'],
    ['a trailer with NUL', '0\r\nX: \0\r\n\r\n'],
    ['a folded trailer', '0\r\nX: a\r\n b\r\n\r\n'],
    ['a trailer that names a length', '0\r\nContent-Length: 1\r\n\r\n'],
    ['a trailer that names a coding', '0\r\ntransfer-encoding: chunked\r\n\r\n'],
  ];
  for (const [name, text] of bad) {
    test(`bad_request: ${name}`, () => {
      assert.equal(read(text).state, 'bad_request');
      assert.deepEqual(read(text, chunked, everyByte(text)), read(text));
    });
  }

  const large: readonly (readonly [name: string, text: string, code: string])[] = [
    ['a chunk', '3e9\r\n', 'content_too_large'],
    ['a chunk of almost 2^64', `${'f'.repeat(16)}\r\n`, 'content_too_large'],
    ['chunks together', `${`1f4\r\n${'x'.repeat(500)}\r\n`.repeat(2)}1\r\n`, 'content_too_large'],
    ['an extension', `2;${'x'.repeat(20_000)}`, 'content_too_large'],
    ['extensions together', `1;${'x'.repeat(5000)}\r\na\r\n`.repeat(4), 'content_too_large'],
    ['a trailer', `0\r\nX: ${'x'.repeat(20_000)}`, 'headers_too_large'],
    ['trailers together', `0\r\n${`X: ${'x'.repeat(1000)}\r\n`.repeat(20)}`, 'headers_too_large'],
    ['leading zeros of a size', '0'.repeat(17), 'bad_request'],
  ];
  for (const [name, text, code] of large) {
    test(`${code}: ${name}`, () => {
      assert.equal(read(text).state, code);
      assert.deepEqual(read(text, chunked, everyByte(text)), read(text));
    });
  }

  test('small chunks are accepted unless framing outweighs content', () => {
    const tiny = `${'1\r\nx\r\n'.repeat(6000)}0\r\n\r\n`;
    assert.equal(read(tiny, chunked, [], 10_000).state, 'content_too_large');
    const small = `${'a\r\n0123456789\r\n'.repeat(6000)}0\r\n\r\n`;
    assert.equal(read(small, chunked, [], 100_000).state, 'complete');
  });
});

describe('a body with a length', () => {
  test('the bytes after it are left unread', () => {
    const framing: Framing = { kind: 'length', bytes: 3 };
    for (const cuts of [[], [1], [1, 2, 3]]) {
      assert.deepEqual(read('abcGET', framing, cuts), { state: 'complete', taken: 3, content: 'abc' });
    }
    assert.deepEqual(read('ab', framing), { state: 'incomplete', taken: 2, content: 'ab' });
  });

  test('the largest allowed length, and one byte more', () => {
    const text = 'x'.repeat(MAX_BYTES + 1);
    assert.equal(read(text, { kind: 'length', bytes: MAX_BYTES }).state, 'complete');
    const outcome = read(text, { kind: 'length', bytes: MAX_BYTES + 1 });
    assert.deepEqual(outcome, { state: 'content_too_large', taken: 0, content: '' });
  });

  test('an announced length allocates no memory before the bytes arrive', () => {
    const reader = new BodyReader({ kind: 'length', bytes: 1e6 }, 1e6);
    reader.take(Buffer.from('x'), 0);
    assert.ok(reader.content.buffer.byteLength <= 1024);
  });
});

test('property: pieces make no difference', () => {
  fc.assert(
    fc.property(chunkedText, fc.array(fc.nat({ max: 200 }), { maxLength: 6 }), (text, positions) => {
      const cuts = positions.filter((cut) => cut < text.length).sort((a, b) => a - b);
      assert.deepEqual(read(text, chunked, cuts), read(text));
      assert.deepEqual(read(text, chunked, everyByte(text)), read(text));
    }),
    { numRuns: 3000 },
  );
});

test('property: the bytes consumed and the rest are the input; more input changes nothing', () => {
  fc.assert(
    fc.property(chunkedText, chunkedText, (text, more) => {
      const outcome = read(text);
      if (outcome.state === 'incomplete') assert.equal(outcome.taken, text.length);
      else assert.deepEqual(read(text + more), outcome);
    }),
  );
});

test('property: any content in any chunks comes out as it went in', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ minLength: 1, maxLength: 50 }), { maxLength: 10 }), (parts) => {
      const texts = parts.map((part) => Buffer.from(part).toString('latin1'));
      const body = texts.map((text) => `${text.length.toString(16)}\r\n${text}\r\n`).join('');
      assert.equal(read(`${body}0\r\n\r\n`).content, texts.join(''));
    }),
  );
});

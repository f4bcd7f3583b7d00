import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { confirmResponse, limits, readResponse, requestMethod, responseText } from './fixtures.ts';
import { ResponseReader } from './response.ts';

function everyByte(text: string): number[] {
  return Array.from({ length: text.length }, (_, i) => i);
}

/** `state status body`, the same in one piece and byte by byte. */
function read(text: string, method = 'POST', isClosed = true): string {
  const whole = readResponse(text, { method, isClosed });
  assert.deepEqual(readResponse(text, { method, isClosed, cuts: everyByte(text) }), whole);
  return `${whole.state} ${whole.status ?? '-'} ${whole.body}`.trim();
}

const chunked = (body: string) => `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${body}`;
const sized = (fields: string, body = 'ok') => `HTTP/1.1 200 OK\r\n${fields}\r\n\r\n${body}`;

type Case = readonly [name: string, text: string, expected: string, method?: string];

describe('what has one meaning is read', () => {
  const cases: readonly Case[] = [
    ['no words', sized('Content-Length: 2').replace(' OK', ''), 'complete 200 ok'],
    ['a blank instead of words', sized('Content-Length: 2').replace('OK', ''), 'complete 200 ok'],
    ['two spaces before the status', sized('Content-Length: 2').replace(' 200', '  200'), 'complete 200 ok'],
    ['words in Latin-1', sized('Content-Length: 2').replace('OK', 'Gr\xfc\xdfe'), 'complete 200 ok'],
    ['a version without a dot', sized('Content-Length: 2').replace('1.1', '2'), 'complete 200 ok'],
    ['lines that end with LF', 'HTTP/1.1 200 OK\nContent-Length: 2\n\nok', 'complete 200 ok'],
    [
      'lines that end with CR CR LF',
      'HTTP/1.1 200 OK\r\r\nContent-Length: 2\r\r\n\r\r\nok',
      'complete 200 ok',
    ],
    ['empty lines before it', `\r\n\n${sized('Content-Length: 2')}`, 'complete 200 ok'],
    ['a folded length', sized('Content-Length:\r\n 2'), 'complete 200 ok'],
    ['a first field behind a space', sized(' Content-Length: 2'), 'complete 200 ok'],
    ['a space before the colon', sized('Content-Length : 2'), 'complete 200 ok'],
    ['lines without a colon', sized('nonsense\r\nContent-Length: 2\r\n: x'), 'complete 200 ok'],
    ['a length twice', sized('Content-Length: 2\r\nContent-Length: 2'), 'complete 200 ok'],
    ['a list of one length', sized('Content-Length: 2, 2'), 'complete 200 ok'],
    ['a length with identity', sized('Transfer-Encoding: identity\r\nContent-Length: 2'), 'complete 200 ok'],
    [
      'a length and chunks',
      chunked('2\r\nok\r\n0\r\n\r\n').replace('\r\n', '\r\nContent-Length: 9\r\n'),
      'complete 200 ok',
    ],
    [
      'chunks after another coding',
      chunked('2\r\nok\r\n0\r\n\r\n').replace('chunked', 'gzip, Chunked ,'),
      'complete 200 ok',
    ],
    ['chunks in 1.0', chunked('2\r\nok\r\n0\r\n\r\n').replace('1.1', '1.0'), 'complete 200 ok'],
    [
      'interim responses',
      `HTTP/1.1 100\r\nContent-Length: 3\r\n\r\nHTTP/1.1 103 Early\n\n${sized('Content-Length: 2')}`,
      'complete 200 ok',
    ],
    ['another protocol', 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n\x01', 'complete 101'],
    ['a length of several zeros', 'HTTP/1.1 200 OK\r\nContent-Length: 00\r\n\r\n', 'complete 200'],
    ['a status of nobody', 'HTTP/1.1 999 x\r\nContent-Length: 0\r\n\r\n', 'complete 999'],
  ];
  for (const [name, text, expected] of cases) test(name, () => assert.equal(read(text), expected));
});

describe('where the body ends', () => {
  const cases: readonly Case[] = [
    ['no length', sized('X: y'), 'complete 200 ok'],
    ['1.0', 'HTTP/1.0 200 OK\r\n\r\nok', 'complete 200 ok'],
    [
      'lengths that contradict each other',
      sized('Content-Length: 1\r\nContent-Length: 2'),
      'complete 200 ok',
    ],
    ...['+2', '-2', '0x2', '2.0', '2e0', '2 2', '\xb2', '"2"', ''].map(
      (value): Case => [
        `the length ${JSON.stringify(value)}`,
        sized(`Content-Length: ${value}`, 'okay'),
        'complete 200 okay',
      ],
    ),
    ['a coding that is not chunked', chunked('okay').replace('chunked', 'gzip'), 'complete 200 okay'],
    ['chunked, but not last', chunked('okay').replace('chunked', 'chunked, gzip'), 'complete 200 okay'],
    ['more than its length', sized('Content-Length: 2', 'okmore'), 'complete 200 ok'],
    ['less than its length', sized('Content-Length: 3'), 'cut 200 ok'],
    ['a length of 30 digits', sized(`Content-Length: ${'9'.repeat(30)}`), 'cut 200 ok'],
    ['HEAD', sized('Content-Length: 2', ''), 'complete 200', 'HEAD'],
    ['204 with a length', sized('Content-Length: 2', '').replace('200', '204'), 'complete 204'],
    ['304 with a length', sized('Content-Length: 2', '').replace('200', '304'), 'complete 304'],
    ['204 with chunks', chunked('').replace('200', '204'), 'complete 204'],
    ['a tunnel', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n220 x', 'complete 200', 'CONNECT'],
    ['no tunnel', 'HTTP/1.1 407 No\r\nContent-Length: 2\r\n\r\nno', 'complete 407 no', 'CONNECT'],
    ['at the limit', sized('Content-Length: 100', 'x'.repeat(100)), `complete 200 ${'x'.repeat(100)}`],
    ['one byte beyond it', sized('Content-Length: 101', 'x'.repeat(101)), `cut 200 ${'x'.repeat(100)}`],
    ['beyond it without a length', sized('X: y', 'x'.repeat(101)), `cut 200 ${'x'.repeat(100)}`],
    ['beyond it in chunks', chunked(`40\r\n${'x'.repeat(64)}\r\n`.repeat(2)), `cut 200 ${'x'.repeat(100)}`],
  ];
  for (const [name, text, expected, method] of cases)
    test(name, () => assert.equal(read(text, method), expected));
});

describe('chunks', () => {
  const good: readonly (readonly [name: string, body: string])[] = [
    ['upper case and leading zeros', '0002\r\nok\r\n00\r\n\r\n'],
    ['sizes padded with spaces', '2  \r\nok\r\n0  \r\n\r\n'],
    ['sizes behind white space', '\t 2\r\nok\r\n 0\r\n\r\n'],
    ['extensions', '2;a="b;c"\r\nok\r\n0;x\r\n\r\n'],
    ['extensions behind a space', '2 ;a\r\nok\r\n0\r\n\r\n'],
    ['lines that end with LF', '2\nok\n0\n\n'],
    ['no line end after data', '2\r\nok0\r\n\r\n'],
    ['empty lines after data', '2\r\nok\r\n\r\n0\r\n\r\n'],
    ['trailers', '2\r\nok\r\n0\r\nX: y\r\nno colon\r\n\r\n'],
    ['trailers without an end', '2\r\nok\r\n0\r\nX: y'],
    ['the last chunk without its empty line', '2\r\nok\r\n0\r\n'],
  ];
  for (const [name, body] of good) {
    test(name, () => {
      assert.equal(read(chunked(body)), 'complete 200 ok');
      // Nobody waits for what comes after the content.
      assert.equal(read(chunked(body), 'POST', false), 'complete 200 ok');
    });
  }
  const broken: readonly (readonly [name: string, body: string])[] = [
    ['a size that is none', '2\r\nok\r\nx\r\n'],
    ['a size with a sign', '2\r\nok\r\n+1\r\n'],
    ['no size', '2\r\nok\r\n;a\r\n'],
    ['a size without an end', '2\r\nok\r\n0'],
    ['less data than the size', 'a\r\nok'],
    ['white space without end', `2\r\nok\r\n${' '.repeat(20_000)}0\r\n\r\n`],
    ['an extension without end', `2\r\nok\r\n0;${'x'.repeat(20_000)}\r\n\r\n`],
  ];
  for (const [name, body] of broken) {
    test(`cut: ${name}`, () => assert.equal(read(chunked(body)), 'cut 200 ok'));
  }
});

describe('no response', () => {
  const cases: readonly (readonly [name: string, text: string, fault: string | undefined])[] = [
    ['nothing', '', undefined],
    ['empty lines', '\r\n\r\n', undefined],
    ['half a status line', 'HTTP/1.1 2', undefined],
    ['half a head', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n', undefined],
    ['interim responses alone', 'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 102 x\r\n\r\n', undefined],
    ['another protocol', 'SSH-2.0-OpenSSH\r\n', 'not HTTP'],
    ['another protocol that says no line', '\x15\x03\x01', 'not HTTP'],
    ['a body without a head', '{"ok":true}', 'not HTTP'],
    ['a space before it', ' HTTP/1.1 200 OK\r\n\r\n', 'not HTTP'],
    ['a status of two digits', 'HTTP/1.1 20 OK\r\n\r\n', 'not HTTP'],
    ['a status of four digits', 'HTTP/1.1 2000 OK\r\n\r\n', 'not HTTP'],
    ['a status below 100', 'HTTP/1.1 099 OK\r\n\r\n', 'not HTTP'],
    ['a status line without end', `HTTP/1.1 200 ${'x'.repeat(3000)}`, 'too large'],
    ['a large head', sized(`X: ${'x'.repeat(3000)}`), 'too large'],
    ['empty lines without end', '\r\n'.repeat(2000), 'too large'],
    ['interim responses without end', 'HTTP/1.1 100 Continue\r\n\r\n'.repeat(200), 'too large'],
  ];
  for (const [name, text, fault] of cases) {
    test(name, () => {
      assert.equal(read(text), 'broken -');
      const reader = new ResponseReader('GET', limits);
      reader.push(Buffer.from(text, 'latin1'));
      assert.equal(reader.fault, fault);
      assert.equal(reader.state, fault === undefined ? 'head' : 'broken');
    });
  }

  test('more fields than a head has', () => {
    const reader = new ResponseReader('GET', { maxHeadBytes: 1e6, maxBodyBytes: 100 });
    reader.push(Buffer.from(sized('a:\r\n'.repeat(1001))));
    assert.equal(reader.fault, 'too large');
  });

  test('the limit of the head does not count the body', () => {
    const head = 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n';
    const text = `${head}X: ${'x'.repeat(limits.maxHeadBytes - head.length - 7)}\r\n\r\n${'y'.repeat(100)}`;
    assert.equal(read(text), `complete 200 ${'y'.repeat(100)}`);
    assert.equal(read(text.replace('X: ', 'X: x')), 'broken -');
  });
});

describe('fields', () => {
  test('repeated ones are lists, but for those of which the first counts', () => {
    const fields = 'Retry-After: 1\r\nretry-after: 2\r\nX: a\r\nx: b\r\nContent-Length: 0';
    const { headers } = readResponse(sized(fields, ''));
    assert.deepEqual(headers, { 'retry-after': '1', x: 'a, b', 'content-length': '0' });
  });
  test('names of all objects are names like others', () => {
    const { headers } = readResponse(sized('constructor: a\r\nContent-Length: 0', ''));
    assert.deepEqual(headers, { constructor: 'a', 'content-length': '0' });
  });
  test('folds become spaces', () => {
    assert.equal(readResponse(sized('X: a\r\n\t b \r\n c')).headers?.x, 'a b c');
  });
});

describe('whether the connection is kept', () => {
  const kept: readonly (readonly [name: string, text: string, method?: string])[] = [
    ['a length', sized('Content-Length: 2')],
    ['keep-alive', sized('Connection: Keep-Alive\r\nContent-Length: 2')],
    ['chunks', chunked('2\r\nok\r\n0\r\n\r\n')],
    ['204', 'HTTP/1.1 204 No Content\r\n\r\n'],
    ['HEAD', sized('Content-Length: 2', ''), 'HEAD'],
    ['after an interim response', `HTTP/1.1 100 Continue\r\n\r\n${sized('Content-Length: 2')}`],
  ];
  for (const [name, text, method] of kept) {
    test(name, () => assert.equal(readResponse(text, method ? { method } : {}).isPersistent, true));
  }
  const closed: readonly (readonly [name: string, text: string])[] = [
    ['close', sized('Connection: close\r\nContent-Length: 2')],
    ['close among others', sized('Connection: keep-alive, Close\r\nContent-Length: 2')],
    ['close in another field', sized('Connection: keep-alive\r\nConnection: close\r\nContent-Length: 2')],
    ['1.0', sized('Connection: keep-alive\r\nContent-Length: 2').replace('1.1', '1.0')],
    ['no length', sized('X: y')],
    ['less than its length', sized('Content-Length: 3')],
    ['more than its length', sized('Content-Length: 1')],
    ['another protocol', 'HTTP/1.1 101 x\r\nUpgrade: x\r\n\r\n'],
    ['LF in the status line', sized('Content-Length: 2').replace('\r', '')],
    ['LF in a field', 'HTTP/1.1 200 OK\r\nContent-Length: 2\n\r\nok'],
    ['LF for the empty line', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\nok'],
    ['a CR in a value', sized('X: a\rb\r\nContent-Length: 2')],
    ['an empty line before it', `\r\n${sized('Content-Length: 2')}`],
    ['no words', sized('Content-Length: 2').replace(' OK', '')],
    ['a fold', sized('X: a\r\n b\r\nContent-Length: 2')],
    ['a space before a colon', sized('Content-Length : 2')],
    ['a line without a colon', sized('X\r\nContent-Length: 2')],
    ['a length twice', sized('Content-Length: 2\r\nContent-Length: 2')],
    ['a length and chunks', chunked('2\r\nok\r\n0\r\n\r\n').replace('\r\n', '\r\nContent-Length: 2\r\n')],
    ['an extension', chunked('2;a\r\nok\r\n0\r\n\r\n')],
    ['a trailer', chunked('2\r\nok\r\n0\r\nX: y\r\n\r\n')],
    ['LF in a chunk', chunked('2\nok\r\n0\r\n\r\n')],
    ['no empty line after chunks', chunked('2\r\nok\r\n0\r\n')],
    ['more after chunks', chunked('2\r\nok\r\n0\r\n\r\nmore')],
    ['an empty line after chunks', chunked('2\r\nok\r\n0\r\n\r\n\r\n')],
  ];
  for (const [name, text] of closed) {
    test(`not: ${name}`, () => assert.equal(readResponse(text).isPersistent, false));
  }
});

test('memory grows with what comes, not with what is announced', () => {
  const reader = new ResponseReader('GET', { maxHeadBytes: 1000, maxBodyBytes: 1e9 });
  reader.push(Buffer.from(sized('Content-Length: 900000000')));
  assert.ok(reader.content.buffer.byteLength <= 1024);
});

test('property: pieces make no difference', () => {
  fc.assert(
    fc.property(
      responseText,
      requestMethod,
      fc.array(fc.nat({ max: 300 }), { maxLength: 6 }),
      (text, method, places) => {
        const cuts = places.filter((cut) => cut < text.length).sort((a, b) => a - b);
        assert.deepEqual(readResponse(text, { method, cuts }), readResponse(text, { method }));
        assert.deepEqual(
          readResponse(text, { method, cuts: everyByte(text) }),
          readResponse(text, { method }),
        );
      },
    ),
    { numRuns: 3000 },
  );
});

test('property: no stricter than a lenient node:http, and what keeps the connection is read by a strict one', async () => {
  let kept = 0;
  await fc.assert(
    fc.asyncProperty(responseText, requestMethod, async (text, method) => {
      if (await confirmResponse(text, method)) kept += 1;
    }),
    { numRuns: 3000 },
  );
  assert.ok(kept > 100, `only ${kept} responses kept the connection: too few for a meaningful comparison`);
});

test('linear time, whatever the bytes are and however they are split', () => {
  const large = { maxHeadBytes: 64 * 1024, maxBodyBytes: 64 * 1024 };
  const hostile = [
    `HTTP/1.1${' '.repeat(60_000)}200 OK\r\n\r\n`,
    `HTTP/1.1 200 ${'x'.repeat(60_000)}\r\n\r\n`,
    '\r'.repeat(65_000),
    sized(`X: a\r\n${' b\r\n'.repeat(15_000)}`),
    sized(`X:${' '.repeat(60_000)}x`),
    sized(`Transfer-Encoding: ${' ,'.repeat(30_000)}`),
    sized(`Content-Length: ${'2,'.repeat(30_000)}`),
    sized(`Connection: ${' c'.repeat(30_000)}`),
    'HTTP/1.1 100 Continue\r\n\r\n'.repeat(2600),
    chunked('1\r\nx\r\n'.repeat(65_000)),
    chunked(`${'0'.repeat(600_000)}\r\n`),
    chunked(`1\r\nx\r\n0\r\n${'x:\r\n'.repeat(100_000)}`),
  ];
  const before = process.threadCpuUsage();
  for (const text of hostile) {
    const bytes = Buffer.from(text, 'latin1');
    for (const step of [bytes.length, 7]) {
      const reader = new ResponseReader('GET', large);
      for (let at = 0; at < bytes.length; at += step) reader.push(bytes.subarray(at, at + step));
    }
  }
  const { user } = process.threadCpuUsage(before);
  const tookMs = user / 1000;
  assert.ok(tookMs < 5000, `${tookMs} ms`);
});

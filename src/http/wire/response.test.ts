import assert from 'node:assert/strict';
import { STATUS_CODES } from 'node:http';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { connectionLines, HttpClock, renderFields } from './response.ts';

const lineOf = (status: number) => `HTTP/1.1 ${status} ${STATUS_CODES[status]}`;

describe('the head of a response', () => {
  test('is the status line, the headers of the plan, and the common headers', () => {
    assert.equal(
      renderFields(200, ['ETag', '"a"', 'Content-Length', '5'], ['X-A', 'b'], 5),
      'HTTP/1.1 200 OK\r\nETag: "a"\r\nContent-Length: 5\r\nX-A: b\r\n',
    );
    assert.equal(renderFields(404, [], [], 0), 'HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n');
  });

  for (const status of [202, 207, 307, 424, 502])
    test(`has the phrase of ${status}`, () => {
      assert.equal(renderFields(status, ['Content-Length', '0'], [], 0).split('\r\n')[0], lineOf(status));
    });

  test('has exactly one length wherever a body is possible', () => {
    assert.match(renderFields(301, ['Location', './a/'], [], 0), /\r\nContent-Length: 0\r\n$/);
    assert.equal(renderFields(200, ['content-LENGTH', '5'], [], 5).match(/content-length/gi)?.length, 1);
    assert.doesNotMatch(renderFields(204, ['Allow', 'GET'], [], 0), /content-length/i);
    assert.doesNotMatch(renderFields(304, ['ETag', '"a"'], [], 0), /content-length/i);
  });

  for (const [name, value] of [
    ['X', 'a\r\nEvil: b'],
    ['X', 'a\nEvil: b'],
    ['X', 'a\r'],
    ['X', '\0'],
    ['X', 'a\u010d\u010aEvil: b'],
    ['X\r\nEvil', 'b'],
    ['X Y', 'a'],
    ['', 'a'],
    ['X:', 'a'],
    ['\u0130', 'a'],
  ] as const) {
    test(`nothing can split it: ${JSON.stringify([name, value])}`, () => {
      assert.throws(() => renderFields(200, [name, value], [], 0), TypeError);
      assert.throws(() => renderFields(200, [], [name, value], 0), TypeError);
    });
  }

  test('property: it has one line for each field, or is refused', () => {
    const text = fc.string({ unit: 'binary', maxLength: 6 });
    fc.assert(
      fc.property(fc.array(fc.tuple(text, text), { maxLength: 4 }), (fields) => {
        let head: string;
        try {
          head = renderFields(204, fields.flat(), [], 0);
        } catch (error) {
          return assert.ok(error instanceof TypeError);
        }
        assert.equal(head.split(/\r\n|\r|\n/).length, fields.length + 2);
        assert.ok(Buffer.from(head, 'latin1').toString('latin1') === head);
      }),
      { numRuns: 5000 },
    );
  });
});

test('the date is formatted once a second', () => {
  const clock = new HttpClock();
  const line = clock.dateLine(1_700_000_000_000);
  assert.equal(line, 'Date: Tue, 14 Nov 2023 22:13:20 GMT\r\n');
  assert.equal(clock.dateLine(1_700_000_000_999), line);
  assert.equal(clock.dateLine(1_700_000_001_000), 'Date: Tue, 14 Nov 2023 22:13:21 GMT\r\n');
  assert.equal(clock.dateLine(1_700_000_000_000), line, 'a clock may be set back');
});

test('the header lines about the connection', () => {
  assert.equal(connectionLines(true, 5000), 'Connection: close\r\n');
  assert.equal(connectionLines(false, 5900), 'Connection: keep-alive\r\nKeep-Alive: timeout=5\r\n');
});

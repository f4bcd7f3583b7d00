import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { headText } from './fixtures.ts';
import { type HeadResult, parseHead } from './head.ts';
import { HeadMemo } from './memo.ts';

const limits = { maxHeaderBytes: 8192, maxTargetBytes: 2048 };

function taken(text: string): Extract<HeadResult, { kind: 'head' }> {
  const result = parseHead(text, limits);
  assert.ok(result.kind === 'head');
  return result;
}

test('a head is remembered only for exactly the same text', () => {
  const memo = new HeadMemo();
  const text = 'GET /a HTTP/1.1\r\nHost: a\r\n\r\n';
  assert.equal(memo.get(text), undefined);
  memo.add(text, taken(text));
  assert.equal(memo.get(text)?.result.head.target, '/a');
  for (const other of [`${text} `, text.slice(0, -1), text.replace('Host: a', 'Host: b'), '', 'G']) {
    assert.equal(memo.get(other), undefined);
  }
});

test('a text that continues after its head is not remembered', () => {
  const memo = new HeadMemo();
  const text = 'GET /a HTTP/1.1\r\nHost: a\r\n\r\n';
  memo.add(text + text, taken(text + text));
  assert.equal(memo.get(text + text), undefined);
});

test('a long head is not remembered', () => {
  const memo = new HeadMemo();
  const text = `GET /a HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(2048)}\r\n\r\n`;
  memo.add(text, taken(text));
  assert.equal(memo.get(text), undefined);
});

test('property: the memo returns what the parser would', () => {
  const memo = new HeadMemo();
  fc.assert(
    fc.property(headText, (text) => {
      const result = parseHead(text, limits);
      const before = memo.get(text);
      if (before) assert.deepEqual(before.result, result);
      if (result.kind === 'head') memo.add(text, result);
    }),
    { numRuns: 3000 },
  );
});

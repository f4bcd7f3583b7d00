import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type OutgoingHead, renderRequestHead } from './request.ts';

const plain: OutgoingHead = {
  method: 'POST',
  target: '/a?b',
  defaults: { host: 'a', 'user-agent': 'mote' },
  headers: {},
  bodyBytes: 2,
  connection: 'close',
};

test('the lines of a request', () => {
  const headers = { 'User-Agent': 'x', 'x-a': 'gr\xfcn' };
  assert.equal(
    renderRequestHead({ ...plain, headers }),
    'POST /a?b HTTP/1.1\r\nhost: a\r\nUser-Agent: x\r\nx-a: gr\xfcn\r\ncontent-length: 2\r\nconnection: close\r\n\r\n',
  );
  assert.equal(
    renderRequestHead({ ...plain, bodyBytes: undefined, connection: undefined }),
    'POST /a?b HTTP/1.1\r\nhost: a\r\nuser-agent: mote\r\n\r\n',
  );
});

describe('refused', () => {
  const cases: readonly (readonly [name: string, head: Partial<OutgoingHead>])[] = [
    ['a method that is none', { method: 'GET /' }],
    ['an empty target', { target: '' }],
    ['a target with a space', { target: '/a b' }],
    ['a target with a line break', { target: '/a\r\n' }],
    ['a target with a fragment', { target: '/#a' }],
    ['a target beyond ASCII', { target: '/\xe9' }],
    ['a name that is none', { headers: { 'x a': 'b' } }],
    ['an empty name', { headers: { '': 'b' } }],
    ['a value with a line break', { headers: { x: 'a\r\nb: c' } }],
    ['a value with LF', { headers: { x: 'a\nb: c' } }],
    ['a value with NUL', { headers: { x: '\0' } }],
    ['a value that is not Latin-1', { headers: { x: '\u010d\u010a' } }],
    ['a length of the caller', { headers: { 'Content-Length': '1' } }],
    ['a coding of the caller', { headers: { 'transfer-encoding': 'chunked' } }],
    ['a connection of the caller', { headers: { Connection: 'close' } }],
  ];
  for (const [name, head] of cases) {
    test(name, () => assert.equal(renderRequestHead({ ...plain, ...head }), undefined));
  }
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FramedBody } from './body.ts';

test('a body is what its frames have', () => {
  const body = new FramedBody(6);
  assert.ok(body.take(Buffer.from('ab')) && body.take(Buffer.from('')) && body.take(Buffer.from('cdef')));
  assert.equal(Buffer.from(body.content).toString(), 'abcdef');
});

test('a byte more than allowed is too much', () => {
  const body = new FramedBody(3);
  assert.ok(body.take(Buffer.from('abc')));
  assert.ok(!body.take(Buffer.from('d')));
});

test('frames without content are bounded, in proportion to the content', () => {
  const few = new FramedBody(1_000_000);
  let frames = 0;
  while (few.take(Buffer.from('a'))) frames += 1;
  assert.ok(frames > 2000 && frames < 3000, String(frames));
  const many = new FramedBody(1_000_000);
  for (let i = 0; i < 100_000; i++) assert.ok(many.take(Buffer.from('12345')));
});

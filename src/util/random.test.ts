import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inStock } from './random.ts';

test('every byte is handed out once, in as few calls as possible', () => {
  let calls = 0;
  // Bytes that tell where they come from: the call, and the place in it.
  const source = (bytes: number) => {
    calls += 1;
    return Uint8Array.from({ length: bytes }, (_, i) => (calls * 37 + i) % 251);
  };
  const take = inStock(source);
  const seen = new Set<string>();
  for (let i = 0; i < 204; i++) {
    const bytes = take(10);
    assert.equal(bytes.length, 10);
    seen.add(`${Buffer.from(bytes.buffer).toString('hex', 0, 4)} ${bytes.byteOffset}`);
  }
  assert.deepEqual([calls, seen.size], [2, 204]);
});

test('what was handed out does not change later', () => {
  const shared = new Uint8Array(1024);
  const take = inStock(() => {
    shared[0] = (shared[0] ?? 0) + 1;
    return shared;
  });
  const first = take(1000);
  take(1000);
  assert.equal(first[0], 1);
});

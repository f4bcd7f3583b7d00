import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RequestFacts } from '../../http/types.ts';
import { createRooms, MAX_LARGE_BODIES_BYTES, MAX_MESSAGE_BODY_BYTES } from './room.ts';

const USUAL_BYTES = 64 * 1024;
const factsOf = (bytes: number | undefined) =>
  ({ headers: bytes === undefined ? {} : { 'content-length': String(bytes) } }) as unknown as RequestFacts;
const open = (isWelcome = true, usualBytes = USUAL_BYTES) =>
  createRooms({ usualBytes, isWelcome: () => isWelcome });

const cases: readonly [name: string, isWelcome: boolean, bytes: number | undefined, max?: number][] = [
  ['what is small needs none', true, USUAL_BYTES],
  ['what is large has it', true, USUAL_BYTES + 1, MAX_MESSAGE_BODY_BYTES],
  ['what says no length has it', true, undefined, MAX_MESSAGE_BODY_BYTES],
  ['what is too large is measured by it', true, 1e12, MAX_MESSAGE_BODY_BYTES],
  ['a stranger has none', false, USUAL_BYTES + 1],
  ['a stranger who says no length has none', false, undefined],
];
for (const [name, isWelcome, bytes, max] of cases) {
  test(name, () => assert.equal(open(isWelcome)(factsOf(bytes))?.maxBytes, max));
}

test('the operator may allow more to everybody', () => {
  assert.equal(open(true, 5 * MAX_LARGE_BODIES_BYTES)(factsOf(undefined)), undefined);
});

test('all together have so much, until they give it back, once', () => {
  const room = open();
  const rooms = Array.from({ length: 2 }, () => room(factsOf(undefined)));
  assert.equal(2 * MAX_MESSAGE_BODY_BYTES, MAX_LARGE_BODIES_BYTES);
  assert.throws(() => room(factsOf(USUAL_BYTES + 1)), { code: 'unavailable' });
  assert.equal(room(factsOf(USUAL_BYTES)), undefined);
  for (let i = 0; i < 3; i++) rooms[0]?.release();
  assert.ok(room(factsOf(MAX_MESSAGE_BODY_BYTES)));
  assert.throws(() => room(factsOf(USUAL_BYTES + 1)), { code: 'unavailable' });
});

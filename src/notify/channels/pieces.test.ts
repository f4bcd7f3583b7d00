import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Steps } from '../../util/turns.ts';
import type { Message } from '../message.ts';
import { messageOf } from './fixtures.ts';
import { PieceMaker } from './pieces.ts';

const { signal } = new AbortController();

function scene() {
  const made: string[] = [];
  const pieces = new PieceMaker(function* ({ title, text }: Message): Steps<{ key: string }[]> {
    made.push(title);
    yield;
    return Array.from({ length: Math.ceil(text.length / 1000) }, (_, i) => ({ key: `${i}` }));
  });
  const long = (title: string) => messageOf({ title, text: 'a'.repeat(4000) });
  return { made, pieces, long };
}

test('the pieces of a long text are made once for its count and its delivery', async () => {
  const { made, pieces, long } = scene();
  const message = long('a');
  const done = [{ part: '0', state: 'delivered' }] as const;
  assert.equal(await pieces.countRemaining(message, done), 3);
  assert.equal(await pieces.countRemaining(message, []), 4);
  assert.equal((await pieces.take(message, signal)).length, 4);
  assert.deepEqual(made, ['a']);
  await pieces.take(message, signal);
  assert.deepEqual(made, ['a', 'a'], 'nothing is kept behind a delivery');
});

test('and those of several messages, of which one begins while another is made', async () => {
  const { made, pieces, long } = scene();
  const [a, b] = [long('a'), messageOf({ title: 'b', text: 'b'.repeat(3000) })];
  await Promise.all([a, b].map((message) => pieces.countRemaining(message, [])));
  const counts = await Promise.all([a, b].map((message) => pieces.countRemaining(message, [])));
  const taken = await Promise.all([a, b].map((message) => pieces.take(message, signal)));
  assert.deepEqual(
    [counts, taken.map(({ length }) => length)],
    [
      [4, 3],
      [4, 3],
    ],
  );
  assert.deepEqual(made, ['a', 'b']);
});

test('a short text is counted at once, with one call at least', () => {
  const { pieces } = scene();
  assert.equal(pieces.countRemaining(messageOf({ text: 'a'.repeat(1500) }), []), 2);
  assert.equal(pieces.countRemaining(messageOf({ text: '' }), []), 1);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MAX_REMEMBERED, REPEAT_WINDOW_MS, Repeats } from './repeats.ts';

const START_MS = 10 * REPEAT_WINDOW_MS + REPEAT_WINDOW_MS / 2;

/** Asks and accepts, and gives the key. */
function say(repeats: Repeats, subject: string, nowMs: number): string {
  const occasion = repeats.keyFor(subject, nowMs);
  repeats.accept(occasion);
  return occasion.key;
}

test('a key holds for the window, counted from the first time', () => {
  const repeats = new Repeats();
  const first = say(repeats, 'a', START_MS);
  assert.equal(say(repeats, 'a', START_MS + REPEAT_WINDOW_MS - 1), first);
  const second = say(repeats, 'a', START_MS + REPEAT_WINDOW_MS);
  assert.notEqual(second, first);
  assert.equal(say(repeats, 'a', START_MS + 2 * REPEAT_WINDOW_MS - 1), second);
  assert.notEqual(say(repeats, 'b', START_MS), first);
});

test('what was not accepted is not remembered', () => {
  const repeats = new Repeats();
  const first = repeats.keyFor('a', START_MS);
  assert.notEqual(repeats.keyFor('a', START_MS + REPEAT_WINDOW_MS - 1).key, first.key);
});

test('after a restart the key is the same for the rest of the minute', () => {
  assert.equal(say(new Repeats(), 'a', START_MS), say(new Repeats(), 'a', START_MS + 1000));
});

test('a clock that is set back by hours holds nothing up', () => {
  const repeats = new Repeats();
  assert.notEqual(say(repeats, 'a', START_MS), say(repeats, 'a', START_MS - REPEAT_WINDOW_MS));
});

test('the oldest is forgotten first', () => {
  const repeats = new Repeats();
  const lateMs = START_MS + REPEAT_WINDOW_MS - 1;
  const keys = ['old', 'young'].map((subject) => say(repeats, subject, START_MS));
  for (let i = 0; i < MAX_REMEMBERED - 1; i++) say(repeats, `other ${i}`, START_MS);
  assert.notEqual(repeats.keyFor('old', lateMs).key, keys[0]);
  assert.equal(repeats.keyFor('young', lateMs).key, keys[1]);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Turns } from './turns.ts';

test('each turn is one of its own, in order', async () => {
  const turns = new Turns();
  const seen: string[] = [];
  const note = (name: string) => () => void seen.push(name);
  const taken = ['a', 'b', 'c'].map((name) => turns.take().then(note(name)));
  setImmediate(() => {
    note('other')();
    setImmediate(note('later'));
  });
  seen.push('now');
  await Promise.all(taken);
  assert.deepEqual(seen.slice(0, 3), ['now', 'other', 'a']);
  assert.ok(seen.indexOf('later') < seen.indexOf('c'), seen.join(' '));
});

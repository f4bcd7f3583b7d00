import assert from 'node:assert/strict';
import { test } from 'node:test';
import { resultOf, type Steps, Turns, Unfinished } from './turns.ts';

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

function* busySteps(count: number, ms: number): Steps<number> {
  for (let step = 0; step < count; step++) {
    const endMs = performance.now() + ms;
    while (performance.now() < endMs);
    yield;
  }
  return count;
}

test('long work leaves the others their turn, short work does not wait', async () => {
  const turns = new Turns();
  let seen = 0;
  const look = () => {
    seen += 1;
    timer = setImmediate(look);
  };
  let timer = setImmediate(look);
  assert.equal(await turns.run(busySteps(20, 3)), 20);
  assert.ok(seen >= 4, `${seen}`);
  seen = 0;
  assert.equal(await turns.run(busySteps(20, 0)), 20);
  assert.ok(seen <= 1, `${seen}`);
  clearImmediate(timer);
});

test('work that nobody wants any more ends between two steps', async () => {
  const controller = new AbortController();
  let steps = 0;
  function* work(): Steps<string> {
    // What goes on in spite of it ends, too.
    while (++steps < 1e7) yield;
    return 'done';
  }
  setImmediate(() => controller.abort());
  await assert.rejects(new Turns().run(work(), controller.signal), Unfinished);
  assert.ok(steps > 1);
});

test('work without interruption', () => assert.equal(resultOf(busySteps(3, 0)), 3));

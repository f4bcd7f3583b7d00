import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { FakeClock, START_MS, settle } from '../fixtures.ts';
import { ChannelLimiter, ChannelLimiters } from './limiter.ts';
import { Pace, WINDOW_SLACK_MS } from './pace.ts';

const HOLD_MS = 1000;

function scene(concurrency: number, rates: ConstructorParameters<typeof Pace>[0] = []) {
  const clock = new FakeClock();
  const limiter = new ChannelLimiter({ clock, concurrency, pace: new Pace(rates, HOLD_MS) });
  const begun: string[] = [];
  const ends = new Map<string, (wasCalled: boolean) => void>();
  const attempt = (id: string, calls = 1) => ({
    id,
    calls: () => calls,
    run: () => {
      begun.push(id);
      return new Promise<boolean>((resolve) => ends.set(id, resolve));
    },
  });
  const end = async (id: string, wasCalled = true): Promise<void> => {
    ends.get(id)?.(wasCalled);
    await settle();
  };
  return { clock, limiter, begun, attempt, end };
}

describe('attempts at a time', () => {
  const cases: readonly [concurrency: number, atOnce: string][] = [
    [1, 'a'],
    [2, 'a b'],
    [5, 'a b c'],
  ];
  for (const [concurrency, atOnce] of cases) {
    test(`${concurrency}: the rest waits in order`, async () => {
      const { limiter, begun, attempt, end } = scene(concurrency);
      for (const id of ['a', 'b', 'c']) limiter.push(attempt(id));
      assert.equal(begun.join(' '), atOnce);
      for (const id of ['a', 'b', 'c']) await end(id);
      assert.equal(begun.join(' '), 'a b c');
    });
  }

  test('what was put back goes first, the oldest before all', async () => {
    const { limiter, begun, attempt, end } = scene(1);
    limiter.push(attempt('a'));
    for (const id of ['x', 'y']) limiter.push(attempt(id));
    for (const id of ['c', 'b']) limiter.pushBack(attempt(id));
    for (const id of ['a', 'b', 'c', 'x']) await end(id);
    assert.equal(begun.join(' '), 'a b c x y');
  });

  test('how often the provider will be called is asked of the first one, and may be known later', async () => {
    const { limiter, begun, attempt, end } = scene(1);
    const asked: string[] = [];
    const answers = new Map<string, (calls: number) => void>();
    const slow = (id: string) => ({
      ...attempt(id),
      calls: () => {
        asked.push(id);
        return new Promise<number>((resolve) => answers.set(id, resolve));
      },
    });
    for (const id of ['a', 'b']) limiter.push(slow(id));
    assert.equal(asked.join(' '), 'a');
    answers.get('a')?.(1);
    await settle();
    assert.equal(begun.join(' '), 'a');
    await end('a');
    answers.get('b')?.(1);
    await settle();
    assert.deepEqual([asked.join(' '), begun.join(' ')], ['a b', 'a b']);
  });

  for (const [when, calls] of [
    ['later', () => Promise.reject(new Error('defect'))],
    [
      'at once',
      () => {
        throw new Error('defect');
      },
    ],
  ] as const) {
    test(`an attempt of which nobody can say how many calls it takes is made: known ${when}`, async () => {
      const { limiter, begun, attempt, end } = scene(1);
      limiter.push(attempt('a'));
      limiter.push({ ...attempt('b'), calls });
      await end('a');
      assert.equal(begun.join(' '), 'a b');
    });
  }

  test('a closed limiter begins nothing more', async () => {
    const { limiter, begun, attempt, end, clock } = scene(1);
    limiter.push(attempt('a'));
    limiter.push(attempt('b'));
    limiter.close();
    limiter.push(attempt('c'));
    limiter.pushBack(attempt('d'));
    await end('a');
    assert.deepEqual([begun.join(' '), clock.waiting], ['a', 0]);
  });
});

describe('the pace', () => {
  test('of a window keeps the rest waiting, and says until when', async () => {
    const { clock, limiter, begun, attempt, end } = scene(5, [{ calls: 2, windowMs: 60_000 }]);
    for (const id of ['a', 'b', 'c']) limiter.push(attempt(id));
    assert.equal(begun.join(' '), 'a b');
    assert.equal(limiter.opensMs, Number.POSITIVE_INFINITY, 'while calls are under way');
    await end('a');
    await end('b');
    assert.equal(limiter.opensMs, START_MS + 60_000 + WINDOW_SLACK_MS);
    await clock.pass(60_000 + WINDOW_SLACK_MS - 1);
    assert.equal(begun.length, 2);
    await clock.pass(1);
    assert.equal(begun.join(' '), 'a b c');
  });

  test('of a hold lets one attempt probe, then all go on', async () => {
    const { clock, limiter, begun, attempt, end } = scene(3);
    assert.equal(limiter.hold(undefined), HOLD_MS);
    for (const id of ['a', 'b', 'c']) limiter.push(attempt(id));
    assert.equal(begun.length, 0);
    await clock.pass(HOLD_MS);
    assert.equal(begun.join(' '), 'a');
    limiter.release();
    await end('a');
    assert.equal(begun.join(' '), 'a b c');
  });
});

test('each channel has a limiter of its own, which stays the same', () => {
  const limiters = new ChannelLimiters({ clock: new FakeClock(), concurrency: 1, firstHoldMs: HOLD_MS });
  const a = limiters.of({ name: 'a' });
  assert.equal(limiters.of({ name: 'a' }), a);
  assert.notEqual(limiters.of({ name: 'b' }), a);
  a.hold(undefined);
  assert.ok(a.opensMs > limiters.of({ name: 'b' }).opensMs);
});

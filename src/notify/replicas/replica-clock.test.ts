import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ReplicaClock } from './replica-clock.ts';

function clockAt(startMs: number) {
  const time = { nowMs: startMs };
  return { time, clock: new ReplicaClock(() => time.nowMs, 1000) };
}

test('a small difference is none, and a slow reply says nothing', () => {
  const { clock } = clockAt(10_000);
  const cases = [
    [9500, 5, 0],
    [4000, 5, 6000],
    [1000, 1500, 6000],
    [70_000, 5, -60_000],
    [10_900, 5, 0],
  ] as const;
  for (const [serverMs, tookMs, aheadMs] of cases) {
    clock.compare(serverMs, tookMs);
    assert.equal(clock.aheadMs, aheadMs, `${serverMs}`);
  }
});

test('a long halt is noticed, by whoever looks first; time that passes is none', () => {
  const { time, clock } = clockAt(0);
  for (; time.nowMs < 5000; time.nowMs += 900) clock.tick();
  assert.equal(clock.wasHaltedSince(0), false);
  time.nowMs += 2000;
  assert.equal(clock.wasHaltedSince(time.nowMs - 1), true);
  assert.equal(clock.wasHaltedSince(time.nowMs), false);
  time.nowMs -= 60_000;
  clock.tick();
  assert.equal(clock.wasHaltedSince(time.nowMs), true, 'a clock that is set back changes nothing of that');
});

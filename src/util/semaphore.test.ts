import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ConcurrencyLimiter, QueueFullError } from './semaphore.ts';

async function settled(): Promise<void> {
  for (let i = 0; i < 10; i++) await Promise.resolve();
}

/** What happened, one character each: `a` began, `A` ended, `!` was rejected because too many waited. */
async function play(concurrency: number, maxWaiting: number, script: string): Promise<string> {
  const limiter = new ConcurrencyLimiter({ concurrency, maxWaiting });
  const ends = new Map<string, () => void>();
  let log = '';
  for (const step of script) {
    const name = step.toLowerCase();
    if (step === name) {
      const operation = () => {
        log += name;
        return new Promise<void>((resolve) => ends.set(name, resolve));
      };
      limiter.run(operation).catch((error) => {
        assert.ok(error instanceof QueueFullError);
        log += '!';
      });
    } else {
      log += step;
      ends.get(name)?.();
    }
    await settled();
  }
  return log;
}

describe('the concurrency limiter (a small letter begins an operation, its capital ends it)', () => {
  const cases: readonly [
    name: string,
    concurrency: number,
    maxWaiting: number,
    script: string,
    log: string,
  ][] = [
    ['all at once within the limit', 2, 9, 'ab', 'ab'],
    ['the next when one ends', 2, 9, 'abcBA', 'abBcA'],
    ['in the order in which they came', 1, 9, 'abcdABCD', 'aAbBcCdD'],
    ['a permit is free again', 1, 9, 'aAbB', 'aAbB'],
    ['too many wait', 1, 1, 'abcA', 'a!Ab'],
    ['nobody may wait', 1, 0, 'abAc', 'a!Ac'],
    ['room in the queue again', 1, 1, 'abAcBC', 'aAbBcC'],
  ];
  for (const [name, concurrency, maxWaiting, script, log] of cases)
    test(`${name}: ${script}`, async () => assert.equal(await play(concurrency, maxWaiting, script), log));
});

test('an operation that fails releases its permit', async () => {
  const limiter = new ConcurrencyLimiter({ concurrency: 1, maxWaiting: 1 });
  const failure = new Error('EIO');
  await assert.rejects(
    limiter.run(() => Promise.reject(failure)),
    failure,
  );
  await assert.rejects(
    limiter.run(() => {
      throw failure;
    }),
    failure,
  );
  assert.equal(limiter.running, 0);
  assert.equal(await limiter.run(async () => 1), 1);
});

test('permits by hand: nobody overtakes who waits', async () => {
  const limiter = new ConcurrencyLimiter({ concurrency: 1, maxWaiting: 1 });
  assert.ok(limiter.tryAcquire());
  const waiting = limiter.acquire();
  limiter.release();
  assert.equal(limiter.tryAcquire(), false);
  await waiting;
  assert.equal(limiter.running, 1);
  limiter.release();
  assert.equal(limiter.running, 0);
  assert.ok(limiter.tryAcquire());
});

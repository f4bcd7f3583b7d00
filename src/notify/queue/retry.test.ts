import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import {
  type Decision,
  decideRetry,
  defaultRetryPolicy,
  type FailedAttempt,
  type RetryPolicy,
} from './retry.ts';

const policy: RetryPolicy = { firstDelayMs: 1000, maxDelayMs: 8000, maxAttempts: 10, maxAgeMs: 60_000 };
const HIGHEST = 1 - 2 ** -53;

describe('the delay', () => {
  const cases: readonly [name: string, failed: FailedAttempt, random: number, expected: number | string][] = [
    ['after the first attempt, at least', { attempts: 1, ageMs: 0 }, 0, 500],
    ['after the first attempt, at most', { attempts: 1, ageMs: 0 }, HIGHEST, 1000],
    ['doubles', { attempts: 3, ageMs: 0 }, HIGHEST, 4000],
    ['is capped', { attempts: 9, ageMs: 0 }, HIGHEST, 8000],
    ['heeds a longer wish', { attempts: 1, ageMs: 0, afterMs: 9000 }, 0, 9000],
    ['adds jitter to a wish', { attempts: 1, ageMs: 0, afterMs: 9000 }, 0.5, 9375],
    ['is not shortened by a wish', { attempts: 4, ageMs: 0, afterMs: 1 }, 0, 4000],
    ['takes a wish of nothing for none', { attempts: 1, ageMs: 0, afterMs: 0 }, 0, 500],
    ['takes a wish for the past for none', { attempts: 1, ageMs: 0, afterMs: -5 }, 0, 500],
    ['takes nonsense for none', { attempts: 1, ageMs: 0, afterMs: Number.NaN }, 0, 500],
    ['leads to a last attempt at the age limit', { attempts: 9, ageMs: 59_000 }, 0, 1000],
    ['does not grow by a clock that was set back', { attempts: 1, ageMs: -1e9, afterMs: 50_000 }, 0, 50_000],
    ['ends with the attempts', { attempts: 10, ageMs: 0 }, 0, 'given up after 10 attempts'],
    ['ends with the age', { attempts: 2, ageMs: 60_000 }, 0, 'given up after 1 min'],
    [
      'ends with a wish that is too long',
      { attempts: 1, ageMs: 1, afterMs: 60_000 },
      0,
      'the provider asks to wait for longer than messages are kept',
    ],
    [
      'ends with an endless wish',
      { attempts: 1, ageMs: 1, afterMs: Number.POSITIVE_INFINITY },
      0,
      'the provider asks to wait for longer than messages are kept',
    ],
  ];
  for (const [name, failed, random, expected] of cases) {
    test(name, () => {
      const wanted: Decision =
        typeof expected === 'number'
          ? { kind: 'again', delayMs: expected }
          : { kind: 'give-up', reason: expected };
      assert.deepEqual(
        decideRetry(policy, failed, () => random),
        wanted,
      );
    });
  }

  test('is whole, positive, within the age, and not before the wish', () => {
    const failed = fc.record({
      attempts: fc.integer({ min: 1, max: 2000 }),
      ageMs: fc.integer({ min: -1e6, max: 2e8 }),
      afterMs: fc.option(fc.double({ min: -1e9, max: 1e9, noNaN: false }), { nil: undefined }),
    });
    const random = fc.double({ min: 0, max: HIGHEST, noNaN: true });
    fc.assert(
      fc.property(failed, random, (given, share) => {
        const decision = decideRetry(defaultRetryPolicy, given, () => share);
        if (decision.kind === 'give-up') return;
        const { delayMs } = decision;
        assert.ok(Number.isSafeInteger(delayMs) && delayMs > 0);
        assert.ok(Math.max(0, given.ageMs) + delayMs <= defaultRetryPolicy.maxAgeMs);
        assert.ok(delayMs >= (given.afterMs || 0) || (given.afterMs ?? 0) <= 0);
      }),
    );
  });
});

test('by default a message is tried for a day, within the attempts', () => {
  for (const share of [0, 0.5, HIGHEST]) {
    let ageMs = 0;
    let attempts = 1;
    for (;;) {
      const decision = decideRetry(defaultRetryPolicy, { attempts, ageMs }, () => share);
      if (decision.kind === 'give-up') break;
      ageMs += decision.delayMs;
      attempts += 1;
    }
    assert.ok(ageMs > 20 * 3_600_000 && ageMs <= defaultRetryPolicy.maxAgeMs, `${ageMs} ms`);
    assert.ok(attempts > 50 && attempts <= defaultRetryPolicy.maxAttempts, `${attempts} attempts`);
  }
});

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { EndedPart } from '../channel.ts';
import type { FailedDelivery } from '../failure.ts';
import { concludeParts, deliveredPart, givenUpPart, remainingParts } from '../partial-delivery.ts';
import { mailSummaries, settleRecipients } from './recipients.ts';

const never: FailedDelivery = { kind: 'rejected', reason: 'no, never' };
const later: FailedDelivery = { kind: 'retry', reason: 'later' };

test('many who did not get it are counted', () => {
  const to = Array.from({ length: 9 }, (_, i) => `n${i}@a.example`);
  const delivery = settleRecipients(to, [], new Map(to.slice(1).map((address) => [address, never])));
  assert.ok(delivery.kind === 'delivered');
  const shown = Array.from({ length: 5 }, () => 'n…@a.example (no, never)').join(', ');
  assert.equal(delivery.note, `not sent to ${shown} and 3 more`);
});

describe('attempts', () => {
  const fate = fc.array(fc.constantFrom('ok', 'later', 'never'), { minLength: 1, maxLength: 5 });

  test('end every recipient once, and tell of each who did not get it', () => {
    fc.assert(
      fc.property(fc.array(fate, { minLength: 1, maxLength: 5 }), (fates) => {
        const to = fates.map((_, i) => `${i}@a.example`);
        const got: string[] = [];
        let done: readonly EndedPart[] = [];
        for (let attempt = 0; ; attempt++) {
          const rest = remainingParts(to, done);
          // At the end everybody who is still put off is taken.
          const fateOf = (address: string) => fates[to.indexOf(address)]?.[attempt] ?? 'ok';
          got.push(...rest.filter((address) => fateOf(address) === 'ok'));
          const failed = rest.filter((address) => fateOf(address) !== 'ok');
          const failures = failed.map(
            (address) => [address, fateOf(address) === 'never' ? never : later] as const,
          );
          const delivery = settleRecipients(rest, done, new Map(failures));
          if (delivery.kind !== 'retry') {
            assert.equal(delivery.kind, got.length > 0 ? 'delivered' : 'rejected');
            break;
          }
          done = delivery.done ?? [];
        }
        assert.equal(new Set(got).size, got.length);
        const expected = to.filter((_, i) => {
          const end = fates[i]?.find((word) => word !== 'later');
          return end !== 'never';
        });
        assert.deepEqual(got.toSorted(), expected);
      }),
    );
  });
});

test('settings that have lost a recipient', () => {
  const done = [givenUpPart('b@a.example', 'no'), deliveredPart('a@a.example')];
  assert.deepEqual(remainingParts(['a@a.example'], done), []);
  assert.deepEqual(concludeParts(done, mailSummaries), {
    kind: 'delivered',
    note: 'not sent to b…@a.example (no)',
  });
});

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Delivery, EndedPart } from './channel.ts';
import type { DeferredDelivery, FailedDelivery } from './failure.ts';
import {
  concludeParts,
  deliverEachPart,
  deliveredPart,
  givenUpPart,
  type PartSummaries,
  remainingParts,
  settleParts,
} from './partial-delivery.ts';

const summaries: PartSummaries = {
  ofSome: (givenUp) => givenUp.map(({ part, reason }) => `${part} (${reason})`).join(', '),
  ofAll: (givenUp) => `${givenUp.length} failed`,
};
const got = deliveredPart;
const lost = givenUpPart;
const later: DeferredDelivery = { kind: 'retry', reason: 'busy' };
const never: FailedDelivery = { kind: 'rejected', reason: 'unknown' };

describe('the parts that remain', () => {
  const cases: readonly [name: string, done: readonly EndedPart[], remaining: readonly string[]][] = [
    ['all before the first attempt', [], ['a', 'b', 'c']],
    ['without those delivered and given up', [got('a'), lost('c', 'unknown')], ['b']],
    ['whatever else has ended', [got('d'), got('a b')], ['a', 'b', 'c']],
    ['none at the end', [got('a'), got('b'), got('c')], []],
  ];
  for (const [name, done, remaining] of cases) {
    test(name, () => assert.deepEqual(remainingParts(['a', 'b', 'c'], done), remaining));
  }
});

describe('the conclusion', () => {
  const details = { providerId: 'p1', notes: ['cut'] };
  const cases: readonly [name: string, done: readonly EndedPart[], delivery: Delivery][] = [
    ['all delivered', [got('a'), got('b')], { kind: 'delivered', providerId: 'p1', note: 'cut' }],
    [
      'some given up',
      [got('a'), lost('b', 'unknown')],
      { kind: 'delivered', providerId: 'p1', note: 'cut; not sent to b (unknown)' },
    ],
    ['all given up', [lost('a', 'x'), lost('b', 'y')], { kind: 'rejected', reason: '2 failed' }],
  ];
  for (const [name, done, delivery] of cases) {
    test(name, () => assert.deepEqual(concludeParts(done, summaries, details), delivery));
  }
});

test('one request for several parts settles each of them', () => {
  const failures = new Map<string, FailedDelivery>([
    ['b', later],
    ['c', never],
    ['d', { ...later, reason: 'full' }],
  ]);
  assert.deepEqual(settleParts(['a', 'b', 'c', 'd'], [got('z')], failures), {
    done: [got('z'), got('a'), lost('c', 'unknown')],
    deferred: [later, { ...later, reason: 'full' }],
  });
});

describe('one request for each part', () => {
  const ok = (id: string): Delivery => ({ kind: 'delivered', providerId: id, note: 'cut' });
  type Case = readonly [
    name: string,
    onRejected: 'give up' | 'stop',
    before: readonly EndedPart[],
    deliveries: Readonly<Record<string, Delivery>>,
    expected: Delivery,
    reported: readonly (readonly EndedPart[])[],
  ];
  const cases: readonly Case[] = [
    [
      'joins ids, and tells the same note once',
      'stop',
      [],
      { a: ok('1'), b: ok('2') },
      { kind: 'delivered', providerId: '1 2', note: 'cut' },
      [[got('a')], [got('a'), got('b')]],
    ],
    [
      'sends only what remains',
      'stop',
      [got('a')],
      { b: ok('2') },
      { kind: 'delivered', providerId: '2', note: 'cut' },
      [[got('a'), got('b')]],
    ],
    [
      'ends at the first part that is deferred',
      'give up',
      [],
      { a: ok('1'), b: later },
      { ...later, done: [got('a')] },
      [[got('a')]],
    ],
    [
      'goes on after a recipient that was given up',
      'give up',
      [],
      { a: never, b: ok('2') },
      { kind: 'delivered', providerId: '2', note: 'cut; not sent to a (unknown)' },
      [[lost('a', 'unknown')], [lost('a', 'unknown'), got('b')]],
    ],
    [
      'stops at a rejected piece of a text',
      'stop',
      [],
      { a: ok('1'), b: never },
      { kind: 'rejected', reason: 'unknown (at part b)', done: [got('a')] },
      [[got('a')]],
    ],
  ];
  for (const [name, onRejected, done, deliveries, expected, reported] of cases) {
    test(name, async () => {
      const heard: (readonly EndedPart[])[] = [];
      const report = async (parts: readonly EndedPart[]) => void heard.push(parts);
      const deliver = async (part: string) => deliveries[part] ?? assert.fail(`${part} was sent again`);
      const delivery = await deliverEachPart(
        ['a', 'b'],
        { done, report },
        { deliver, onRejected, summaries },
      );
      assert.deepEqual(delivery, expected);
      assert.deepEqual(heard, reported);
    });
  }

  test('a message in one part needs no report, nor words about parts', async () => {
    const report = () => assert.fail('reported');
    const deliver = async () => never;
    const one = { deliver, onRejected: 'stop', summaries } as const;
    assert.deepEqual(await deliverEachPart(['a'], { done: [], report }, one), never);
  });
});

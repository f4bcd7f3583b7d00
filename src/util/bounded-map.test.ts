import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { BoundedMap } from './bounded-map.ts';

type Step = readonly [key: string, weight?: number];

/** The keys that remain, oldest first, and those that were evicted, in this order. */
function after(steps: readonly Step[], maxEntries: number, maxWeight?: number) {
  const evicted: string[] = [];
  const map = new BoundedMap<string, string>({
    maxEntries,
    ...(maxWeight !== undefined && { maxWeight }),
    onEvict: (key) => evicted.push(key),
  });
  for (const [key, weight] of steps) map.set(key, key, weight);
  return { left: [...map.values()].join(''), evicted: evicted.join(''), weight: map.weight, size: map.size };
}

describe('the bounds of the map', () => {
  const cases: readonly [
    name: string,
    steps: readonly Step[],
    bounds: readonly [maxEntries: number, maxWeight?: number],
    left: string,
    evicted: string,
  ][] = [
    ['room for all', [['a'], ['b']], [2], 'ab', ''],
    ['the oldest goes', [['a'], ['b'], ['c']], [2], 'bc', 'a'],
    ['to set again makes young', [['a'], ['b'], ['a'], ['c']], [2], 'ac', 'b'],
    ['to set again takes no second place', [['a'], ['a'], ['a']], [2], 'a', ''],
    [
      'exactly the weight',
      [
        ['a', 2],
        ['b', 3],
      ],
      [9, 5],
      'ab',
      '',
    ],
    [
      'more than the weight',
      [
        ['a', 2],
        ['b', 3],
        ['c', 1],
      ],
      [9, 5],
      'bc',
      'a',
    ],
    [
      'as many as the weight needs',
      [
        ['a', 2],
        ['b', 2],
        ['c', 5],
      ],
      [9, 5],
      'c',
      'ab',
    ],
    [
      'a new weight replaces the old one',
      [
        ['a', 4],
        ['a', 1],
        ['b', 4],
      ],
      [9, 5],
      'ab',
      '',
    ],
    [
      'too heavy by itself',
      [
        ['a', 1],
        ['b', 6],
      ],
      [9, 5],
      '',
      'ab',
    ],
    ['no room at all', [['a']], [0], '', 'a'],
  ];
  for (const [name, steps, [maxEntries, maxWeight], left, evicted] of cases) {
    test(name, () => {
      const found = after(steps, maxEntries, maxWeight);
      assert.deepEqual([found.left, found.evicted], [left, evicted]);
    });
  }
});

test('reading, deleting and counting', () => {
  const evicted: string[] = [];
  const map = new BoundedMap<string, number>({ maxEntries: 2, onEvict: (key) => evicted.push(key) });
  map.set('a', 1, 10);
  assert.deepEqual([map.get('a'), map.has('a'), map.size, map.weight], [1, true, 1, 10]);
  assert.deepEqual([map.get('b'), map.has('b')], [undefined, false]);
  map.delete('a');
  map.delete('b');
  assert.deepEqual([map.get('a'), map.size, map.weight, evicted], [undefined, 0, 0, []]);
});

test('an eviction may change the map', () => {
  const map: BoundedMap<string, number> = new BoundedMap({
    maxEntries: 2,
    onEvict: (key) => key === 'a' && map.delete('b'),
  });
  for (const key of ['a', 'b', 'c']) map.set(key, 0);
  assert.deepEqual([map.has('b'), map.has('c'), map.size], [false, true, 1]);
});

test('whatever is set, the bounds hold and the weight is the sum', () => {
  const steps = fc.array(fc.tuple(fc.constantFrom(...'abcdef'), fc.nat(9)));
  fc.assert(
    fc.property(steps, fc.nat(4), fc.nat(20), (all, maxEntries, maxWeight) => {
      const { left, weight, size } = after(all, maxEntries, maxWeight);
      assert.ok(size <= maxEntries && weight <= maxWeight);
      const latest = new Map(all);
      assert.equal(
        weight,
        [...left].reduce((sum, key) => sum + (latest.get(key) ?? 0), 0),
      );
    }),
  );
});

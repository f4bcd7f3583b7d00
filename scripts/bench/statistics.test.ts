import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { median, medianRatio } from './statistics.ts';

describe('median', () => {
  const cases: [name: string, values: number[], expected: number][] = [
    ['odd', [9, 1, 5], 5],
    ['even', [4, 1, 3, 2], 2.5],
    ['one', [7], 7],
    ['numbers are not compared as text', [10, 9, 100], 10],
    ['none', [], Number.NaN],
  ];
  for (const [name, values, expected] of cases) {
    test(name, () => assert.equal(median(values), expected));
  }
});

describe('medianRatio', () => {
  type Values = (number | undefined)[];
  const cases: [name: string, values: Values, bases: Values, expected: number][] = [
    ['a round in which all was slow changes nothing', [100, 10, 100], [50, 5, 50], 2],
    ['it is not the ratio of the medians', [1, 4, 9], [1, 2, 1], 2],
    ['a round without one of them is left out', [1, undefined, 30, 4], [1, 2, undefined, 4], 1],
    ['one has fewer rounds', [6, 100], [2], 3],
    ['no round has both', [1], [undefined], Number.NaN],
  ];
  for (const [name, values, bases, expected] of cases) {
    test(name, () => assert.equal(medianRatio(values, bases), expected));
  }
});

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { failure, type Result, success } from '../util/result.ts';
import { allOf, type Problems } from './problems.ts';

describe('several results become one', () => {
  const rows: readonly [
    name: string,
    results: readonly Result<number, Problems>[],
    expected: Result<number[], Problems>,
  ][] = [
    ['none', [], success([])],
    ['values in their order', [success(2), success(1)], success([2, 1])],
    ['one failure among values', [success(1), failure(['a'])], failure(['a'])],
    [
      'the problems of all failures',
      [failure(['a', 'b']), success(1), failure(['c'])],
      failure(['a', 'b', 'c']),
    ],
  ];
  for (const [name, results, expected] of rows) {
    test(name, () => assert.deepEqual(allOf(results), expected));
  }
});

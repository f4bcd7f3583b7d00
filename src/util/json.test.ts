import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isObject } from './json.ts';

describe('objects of JSON', () => {
  const cases: readonly [json: string, expected: boolean][] = [
    ['{}', true],
    ['{"a":1}', true],
    ['[]', false],
    ['[{}]', false],
    ['null', false],
    ['true', false],
    ['0', false],
    ['"{}"', false],
  ];
  for (const [json, expected] of cases)
    test(json, () => assert.equal(isObject(JSON.parse(json) as unknown), expected));

  test('nothing at all', () => assert.equal(isObject(undefined), false));
});

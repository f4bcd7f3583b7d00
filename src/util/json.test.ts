import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isObject, memberOf, pointerNames } from './json.ts';

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

test('what a pointer leads to (RFC 6901, section 5)', () => {
  const document = JSON.parse('{"foo":["bar","baz"],"":0,"a/b":1,"m~n":8," ":7,"~1":9}') as unknown;
  const values: Readonly<Record<string, unknown>> = {
    '': document,
    '/foo/0': 'bar',
    '/': 0,
    '/a~1b': 1,
    '/m~0n': 8,
    '/ ': 7,
    '/~01': 9,
    '/foo/2': undefined,
    '/toString': undefined,
    '/foo/0/length': undefined,
  };
  for (const [pointer, value] of Object.entries(values))
    assert.equal(pointerNames(pointer).reduce(memberOf, document), value, pointer);
});

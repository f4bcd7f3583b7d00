import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { jsonErrorOffset, lineAndColumn } from './json-syntax.ts';

const cases: readonly [name: string, text: string, offset: number | undefined][] = [
  ['an object', ' {"a": [1, -2.5e+3, "x\\u00e9\\n", true, null, {}, []]}\n', undefined],
  ['nothing', '', 0],
  ['only spaces', ' \n', 2],
  ['a comma before the closing brace', '{"a":1,}', 7],
  ['a missing comma', '{"a":1 "b":2}', 7],
  ['a missing colon', '{"a" 1}', 5],
  ['a missing end', '[1', 2],
  ['single quotes', "{'a':1}", 1],
  ['a comment', '// x\n{}', 0],
  ['an unterminated string', '{"a":"b', 5],
  ['a line break in a string', '["a\nb"]', 1],
  ['a wrong escape', '["\\x"]', 1],
  ['a leading zero', '[01]', 2],
  ['something after the end', '{} x', 3],
  ['a byte order mark', '\uFEFF{}', 0],
];

for (const [name, text, offset] of cases) {
  test(`the offset of the first error: ${name}`, () => assert.equal(jsonErrorOffset(text), offset));
}

test('agrees with JSON.parse on what is JSON', () => {
  const pieces = [
    '{',
    '}',
    '[',
    ']',
    ':',
    ',',
    '"a"',
    '"',
    '\\',
    'u0041',
    '1',
    '0',
    '-',
    '.',
    'e',
    'true',
    ' ',
    '\n',
  ];
  const nearly = fc.array(fc.constantFrom(...pieces), { maxLength: 12 }).map((parts) => parts.join(''));
  const damaged = fc
    .tuple(fc.json(), fc.nat(), fc.constantFrom('', ...pieces))
    .map(([text, at, piece]) => text.slice(0, at % text.length) + piece + text.slice((at % text.length) + 1));
  fc.assert(
    fc.property(fc.oneof(nearly, damaged, fc.json()), (text) => {
      const offset = jsonErrorOffset(text);
      assert.equal(offset === undefined, isJson(text));
      if (offset !== undefined) assert.ok(offset >= 0 && offset <= text.length);
    }),
    { numRuns: 3000 },
  );
});

test('lines and columns count from 1', () => {
  assert.deepEqual(lineAndColumn('ab', 0), { line: 1, column: 1 });
  assert.deepEqual(lineAndColumn('ab\ncd', 4), { line: 2, column: 2 });
  assert.deepEqual(lineAndColumn('ab\n', 3), { line: 2, column: 1 });
});

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { MAX_TAGS, validate } from '../api/draft.ts';
import { fieldText } from './field-text.ts';
import { inputOf, namesOf, textOf } from './message-input.ts';

const fieldTexts: readonly [name: string, value: string, expected: string][] = [
  ['ASCII', 'Disk full', 'Disk full'],
  ['raw UTF-8', Buffer.from('满').toString('latin1'), '满'],
  ['Latin-1 stays', 'caf\xe9', 'caf\xe9'],
  ['base64', '=?UTF-8?B?5ruh?=', '满'],
  ['quoted printable', 'a =?utf-8?Q?=E6=BB=A1=5F_b?= c', 'a 满_ b c'],
  ['space between words goes', '=?UTF-8?B?5ruh?= =?UTF-8?B?5LqG?=', '满了'],
  ['a language', '=?utf-8*en?q?a?=', 'a'],
  ['another encoding', '=?gbk?B?wvo=?=', '满'],
  ['an encoding that nobody knows stays', '=?x-none?B?wvo=?=', '=?x-none?B?wvo=?='],
  ['what is not UTF-8 stays', '=?utf-8?Q?=FF?=', '=?utf-8?Q?=FF?='],
  ['half a word stays', '=?utf-8?B?5ruh', '=?utf-8?B?5ruh'],
];
describe('text in header fields', () => {
  for (const [name, value, expected] of fieldTexts)
    test(name, () => assert.equal(fieldText(value), expected));
});

test('the first text that there is', () => {
  const fields = new Map<string, unknown>([
    ['a', ''],
    ['b', 5],
    ['c', ['x', 'y']],
    ['d', {}],
    ['e', true],
  ]);
  assert.deepEqual(
    [['a', 'b'], ['c'], ['d'], ['e', 'f']].map((names) => textOf(fields, ...names)),
    ['5', 'x', '', ''],
  );
});

test('names in lists of lists, and in texts', () => {
  assert.deepEqual(namesOf([['a', ' b|c '], 5, 'd'], /\|/), ['a', 'b', 'c', 'd']);
  assert.deepEqual(namesOf(undefined, /,/), []);
});

test('as many tags as there may be, each once', () => {
  const tags = Array.from({ length: MAX_TAGS + 1 }, (_, index) => `t${index}`);
  const { tags: kept } = inputOf({
    title: '',
    text: 'x',
    tags: ['t0', 'a,b', 'x'.repeat(65), '\n', ...tags],
  });
  assert.deepEqual(kept, tags.slice(0, MAX_TAGS));
});

test('an alarm is not lost for what decorates it', () => {
  const text = fc.oneof(fc.string({ unit: 'binary' }), fc.string({ minLength: 2000, maxLength: 3000 }));
  const link = text.map((rest) => `https://x.example/${rest}`);
  fc.assert(
    fc.property(text, fc.oneof(text, link), fc.array(text, { maxLength: 40 }), (title, url, tags) => {
      const draft = validate(inputOf({ title, text: 'x', url, tags }));
      assert.ok(draft.ok, JSON.stringify(draft));
      assert.ok(draft.value.content.text.startsWith('x'));
    }),
  );
});

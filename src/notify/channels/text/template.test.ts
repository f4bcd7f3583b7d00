import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { messageOf, successOf } from '../fixtures.ts';
import { compileTemplate } from './template.ts';

const message = messageOf({ title: '{{text}} $& \\', text: 'b', url: 'https://c.example/' });

describe('a template', () => {
  const cases: readonly [source: string, filled: string][] = [
    ['', ''],
    ['nothing', 'nothing'],
    ['{{id}}: {{text}}/{{ url }}', 'm-1: b/https://c.example/'],
    ['{{title}}', '{{text}} $& \\'],
    ['{text} {{{text}}}', '{text} {b}'],
  ];
  for (const [source, filled] of cases) {
    test(`"${source}"`, () => assert.equal(successOf(compileTemplate(source))(message), filled));
  }

  test('values are encoded, the rest is not', () => {
    const fill = successOf(compileTemplate('a b {{url}}', encodeURIComponent));
    assert.equal(fill(message), 'a b https%3A%2F%2Fc.example%2F');
  });
  test('a missing URL is empty', () =>
    assert.equal(successOf(compileTemplate('<{{url}}>'))(messageOf()), '<>'));
  test('a lone surrogate', () => {
    const fill = successOf(compileTemplate('{{text}}', encodeURIComponent));
    assert.equal(fill(messageOf({ text: 'a\ud83d' })), 'a%EF%BF%BD');
  });

  for (const source of ['{{body}}', '{{}}', '{{ti tle}}', '{{constructor}}', '{{Title}}']) {
    test(`"${source}" is refused`, () => assert.equal(compileTemplate(source).ok, false));
  }
});

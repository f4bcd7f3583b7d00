import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { leastCpuMs, MAX_TURN_MS } from '../../../test/support/cpu.ts';
import { MAX_LISTED, MAX_VALUE_UNITS } from './expression.ts';
import { compileHookTemplate, MAX_PLACEHOLDERS, MAX_TEMPLATE_UNITS } from './template.ts';

const document = {
  name: 'web-1',
  count: 0,
  ok: false,
  none: null,
  empty: '',
  lines: 'one\ntwo',
  'a/b': { '~c': 'escaped' },
  list: ['x', 'y'],
  alerts: [
    { labels: { alertname: 'A', instance: 'one' }, text: 'full\nagain' },
    { labels: { alertname: 'B' } },
    { labels: {} },
  ],
  many: Array.from({ length: MAX_LISTED + 3 }, (_, index) => index),
};
const headers = { 'x-github-event': 'push' };

function compiled(source: string) {
  const template = compileHookTemplate(source);
  assert.ok(template.ok, source);
  return template.value;
}
const filled = (source: string) => compiled(source).fill({ document, item: document, headers });

const texts: readonly [source: string, text: string, isFound?: boolean][] = [
  ['constant', 'constant', false],
  ['/name', 'web-1'],
  ['header:X-GitHub-Event', 'push'],
  ['{{/name}}: {{ /count }} {{/ok}}', 'web-1: 0 false'],
  ['{{/a~1b/~0c}}', 'escaped'],
  ['{{/list/1}} {{/list/length}}', 'y 2'],
  ['{{/list}} {{/list/*}}', '["x","y"] x, y'],
  ['{{/alerts/*/labels/alertname}}', 'A, B'],
  ['{{/many/*}}', '0, 1, 2, 3, 4, 5, 6, 7, 8, 9, and 3 more'],
  ['x{{/missing}}{{/none/deeper}}{{/empty}}y', '', false],
  ['{{/missing | /name}}', 'web-1'],
  ['{{/missing | "nothing"}}', 'nothing', false],
  ['{{/__proto__}}{{/constructor/name}}{{/name/length}}', '', false],
  ['Name: {{/name}}\nNone: {{/none}}\nalways', 'Name: web-1\nalways'],
  ['{{/lines}}', 'one\ntwo'],
  [
    '{{each /alerts}}- {{./labels/alertname}} {{./text}} of {{/name}}',
    '- A full again of web-1\n- B  of web-1\n-   of web-1',
  ],
  ['{{each /alerts}}- {{./labels/alertname}}\nend', '- A\n- B\nend'],
  ['{{each /many}}{{.}}', '0\n1\n2\n3\n4\n5\n6\n7\n8\n9\nand 3 more'],
  ['{{each /name}}- {{.}}', '- web-1'],
  ['{{each /missing}}- {{.}}', '', false],
];
describe('filled', () => {
  for (const [source, text, isFound = true] of texts)
    test(source, () => assert.deepEqual(filled(source), { text, isFound }));
});

const faults: readonly [source: string, message: RegExp][] = [
  ['{{name}}', /\{\{name\}\} is none; allowed: a JSON Pointer such as/],
  ['{{}}', /is none/],
  ['{{/a | b}}', /is none/],
  ['{{/a', /without its counterpart/],
  ['/a}}', /without its counterpart/],
  ['{{each x}}{{.}}', /is none/],
  ['{{/a}}{{each /b}}', /is none/],
  ['x'.repeat(MAX_TEMPLATE_UNITS + 1), /has 4097 characters, the maximum is 4096/],
  ['{{/a}}'.repeat(MAX_PLACEHOLDERS + 1), /has 65 placeholders, the maximum is 64/],
];
describe('refused', () => {
  for (const [source, message] of faults) {
    test(source.slice(0, 40), () => {
      const template = compileHookTemplate(source);
      assert.match(template.ok ? 'taken' : template.error, message);
    });
  }
});

test('bounded, however much it is', () => {
  const long = 'v'.repeat(1_000_000);
  const wide = { long, list: Array.from({ length: 20 }, () => long) };
  const text = '{{each /list}}- {{.}}\n'.repeat(MAX_PLACEHOLDERS / 2);
  const result = compiled(text).fill({ document: wide, item: wide, headers: {} });
  assert.ok(result.text.length < 6 * MAX_VALUE_UNITS, `${result.text.length}`);
  assert.ok(
    compiled('/list/*').fill({ document: wide, item: wide, headers: {} }).text.length < 11 * MAX_VALUE_UNITS,
  );
});

describe('a value with line breaks in a repeated line', () => {
  const shown = (value: string) =>
    compiled('{{each /list}}<{{.}}>').fill({ document: { list: [value] }, item: undefined, headers: {} })
      .text;

  test('is on one line', () => {
    const pieces = fc.array(fc.constantFrom('a', ' ', '\t', '\n', '\r\n', '\u2003'), { maxLength: 12 });
    fc.assert(
      fc.property(pieces, (chosen) => {
        const value = chosen.join('');
        const expected = `<${value}>`.replace(/\s*[\r\n]+\s*/g, ' ');
        if (value.trim() !== '') assert.equal(shown(value), expected);
      }),
    );
  });

  test('takes no longer for many blanks', () => {
    const tookMs = leastCpuMs(() => shown(`a${' '.repeat(MAX_VALUE_UNITS - 2)}b`));
    assert.ok(tookMs < MAX_TURN_MS / 5, `${tookMs} ms`);
  });
});

test('whatever is written and received, there is a text or a fault', () => {
  const piece = fc.constantFrom(
    '{{',
    '}}',
    '/',
    '*',
    '.',
    '|',
    '"',
    'each ',
    'header:a',
    'a',
    ' ',
    '\n',
    '~1',
    '0',
  );
  const source = fc.oneof(
    fc.string(),
    fc.array(piece, { maxLength: 30 }).map((pieces) => pieces.join('')),
  );
  fc.assert(
    fc.property(source, fc.jsonValue(), (text, value) => {
      const template = compileHookTemplate(text);
      if (!template.ok) return assert.match(template.error, /allowed: |maximum|counterpart/);
      const result = template.value.fill({ document: value, item: value, headers: { a: 'b' } });
      assert.equal(typeof result.text, 'string');
    }),
  );
});

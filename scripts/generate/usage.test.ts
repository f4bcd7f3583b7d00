import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { generated, withTable } from './usage.ts';

test('the table replaces what stands between the marks', () => {
  const text = 'a\n<!-- options -->\nold\n<!-- /options -->\nb\n';
  const updated = 'a\n<!-- options -->\nnew\n<!-- /options -->\nb\n';
  assert.equal(withTable(text, 'options', 'new'), updated);
  assert.equal(withTable(updated, 'options', 'new'), updated);
});

const unmarked: readonly [name: string, text: string][] = [
  ['no marks', 'a'],
  ['only the first mark', '<!-- options -->'],
  ['only the last mark', '<!-- /options -->'],
  ['marks in the wrong order', '<!-- /options --><!-- options -->'],
  ['marks twice', '<!-- options --><!-- /options -->'.repeat(2)],
];

for (const [name, text] of unmarked) {
  test(`a text with ${name} is refused`, () =>
    assert.throws(() => withTable(text, 'options', 'new'), /each once/));
}

for (const [path, generate] of Object.entries(generated)) {
  test(`${path} holds what the code says`, () => {
    const text = readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
    assert.ok(generate(text) === text, 'stale: run `npm run generate`');
  });
}

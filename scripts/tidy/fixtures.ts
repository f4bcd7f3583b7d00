/** Rules on made-up trees. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Rules } from './rule.ts';
import type { Texts } from './source-tree.ts';
import { treeOf } from './tidy.ts';

/** What the rule finds in the texts, as `path: subject`. */
type Case = readonly [name: string, texts: Texts, ...expected: string[]];

/** Every rule has cases, and at least one in which it finds something. */
export function testRules(rules: Rules, cases: Readonly<Record<string, readonly Case[]>>): void {
  for (const [rule, table] of Object.entries(cases)) {
    describe(`rule: ${rule}`, () => {
      for (const [name, texts, ...expected] of table) {
        test(name, async () => {
          const findings = rules[rule]?.(await treeOf(texts)) ?? [];
          const found = findings.map(({ path, subject }) => `${path}: ${subject}`);
          assert.deepEqual(found.sort(), expected.sort());
        });
      }
    });
  }

  test('every rule is shown to fail', () => {
    const failing = Object.entries(cases).filter(([, table]) =>
      table.some(([, , ...expected]) => expected.length),
    );
    assert.deepEqual(failing.map(([rule]) => rule).sort(), Object.keys(rules).sort());
  });
}

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Exception } from './exceptions.ts';
import { check, checkRepository, treeOf } from './tidy.ts';

test('the repository is tidy', async () => assert.deepEqual(await checkRepository(), []));

describe('exceptions', () => {
  const tree = treeOf({ 'src/app.ts': '\n\nprocess.exit();\n', 'package.json': 'src/app.ts' });
  const needed: Exception = {
    rule: 'process',
    path: 'src/app.ts',
    subject: 'process.exit',
    because: 'a made-up reason',
  };

  test('without one the rule holds, and the finding shows where', async () => {
    const [violation, ...others] = check(await tree, []);
    assert.equal(violation?.rule, 'process');
    assert.match(violation?.reason ?? '', /^line 3: /);
    assert.deepEqual(others, []);
  });
  test('with one it does not', async () => assert.deepEqual(check(await tree, [needed]), []));
  test('one that nothing needs is a failure', async () => {
    const stale: Exception = { ...needed, subject: 'process.env' };
    const violations = check(await tree, [needed, stale]);
    assert.deepEqual(
      violations.map(({ rule, subject }) => `${rule}: ${subject}`),
      ['exceptions: process.env'],
    );
  });
});

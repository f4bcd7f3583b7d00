import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { binding } from '../../src/platform/binding.ts';
import { REPOSITORY } from '../bundle/bundle.ts';
import { bindingHeader } from './binding-header.ts';

test('the header has each function with the number of its parameters', () => {
  const header = bindingHeader({ wait: [['number', 'words'], 'number'], now: [[], 'number'] });
  assert.ok(header.includes('#define BINDING(X) \\\n  X(wait, 2) \\\n  X(now, 0)\n#define DECLARE'), header);
});

test('the host has the functions of the table and no others', () => {
  const sources = globSync(join(REPOSITORY, 'src/platform/host/*.c')).map((path) =>
    readFileSync(path, 'utf8'),
  );
  const defined = sources.flatMap((text) =>
    [...text.matchAll(/^HOST\((\w+)\) \{/gm)].map(([, name]) => name),
  );
  assert.deepEqual(defined.toSorted(), Object.keys(binding).toSorted());
});

/** The product as modules for an engine that is not Node. */
import assert from 'node:assert/strict';
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { copyOfRepository, temporaryFolder } from '../bundle/fixtures.ts';
import { bundleModules } from './modules.ts';

const info = { base: 'tiny', embeddedSite: false } as const;

test('modules load one another by the host, and nothing of Node', async () => {
  const modules = await bundleModules(info);
  const names = modules.map(({ name }) => name);
  assert.ok(names.includes('main.js'));
  const loaded = modules.flatMap(({ code }) => [...code.matchAll(/__host\.loadModule\("\.\/(.*?)"\)/g)]);
  assert.ok(loaded.length > 10);
  for (const [, name = ''] of loaded) assert.ok(names.includes(name), name);
  for (const { name, code } of modules) assert.doesNotMatch(code, /\bimport\("|\bfrom"node:/, name);
});

test('what the platform lacks is one clear line', async () => {
  const root = copyOfRepository(temporaryFolder());
  appendFileSync(
    join(root, 'src/cli/version.ts'),
    "\nimport { copyFileSync } from 'node:fs';\nexport const copy = copyFileSync;\nprocess.stdout.write(String(copy));\n",
  );
  await assert.rejects(bundleModules(info, root), {
    name: 'TinyError',
    message:
      /^src\/platform does not have all that the product uses:\nsrc\/cli\/version\.ts:\d+: No matching export in "src\/platform\/fs\.ts" for import "copyFileSync"$/,
  });
});

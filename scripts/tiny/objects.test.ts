/** Objects are compiled when something of them has changed, and only then. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { temporaryFolder } from '../bundle/fixtures.ts';
import { compileAll, type Unit } from './objects.ts';

const DAY_SECONDS = 86_400;
const folder = temporaryFolder();
const cache = join(folder, 'cache');
const log = join(folder, 'log');
const command = join(folder, 'cc');
// The last four arguments are -o OBJECT -c SOURCE.
writeFileSync(
  command,
  `#!/bin/sh
echo "$*" >>${log}
while [ $# -gt 3 ]; do shift; done
cp "$3" "$1"
`,
  { mode: 0o755 },
);
writeFileSync(log, '');
const compiler = { command, flags: ['-x'], identity: 'cc 1', link: () => [] };
const unit = (name: string, text: string, headers = ''): Unit => {
  const path = join(folder, name);
  writeFileSync(path, text);
  return { path, flags: [], include: [], headers };
};

async function compiled(units: readonly Unit[], by = compiler): Promise<number> {
  const before = readFileSync(log, 'utf8').length;
  const percents: number[] = [];
  const objects = await compileAll(units, by, cache, (percent) => percents.push(percent));
  assert.deepEqual(
    objects.map((path) => readFileSync(path, 'utf8')),
    units.map(({ path }) => readFileSync(path, 'utf8')),
  );
  assert.equal(percents.at(-1), 100);
  return readFileSync(log, 'utf8').slice(before).split('\n').length - 1;
}

test('what has not changed is not compiled again', async () => {
  const [a, b] = [unit('a.c', 'a'), unit('b.c', 'b')];
  assert.equal(await compiled([a, b]), 2);
  assert.equal(await compiled([a, b]), 0);
  assert.equal(await compiled([unit('a.c', 'changed'), b]), 1, 'the source');
  assert.equal(await compiled([a, { ...b, headers: 'changed' }]), 1, 'a header');
  assert.equal(await compiled([a, { ...b, flags: ['-O2'] }]), 1, 'a flag');
  assert.equal(await compiled([a, b], { ...compiler, identity: 'cc 2' }), 2, 'the compiler');
});

test('an object that was not used for a month is removed', async () => {
  const a = unit('old.c', 'old');
  const [object = ''] = await compileAll([a], compiler, cache, () => undefined);
  const old = Date.now() / 1000 - 31 * DAY_SECONDS;
  utimesSync(object, old, old);
  await compiled([unit('other.c', 'other')]);
  assert.ok(!existsSync(object));
});

test('a failure leaves nothing', async () => {
  const a = unit('bad.c', 'bad');
  const before = readdirSync(join(cache, 'objects'));
  await assert.rejects(
    compileAll([a], { ...compiler, command: 'false' }, cache, () => undefined),
    {
      name: 'TinyError',
    },
  );
  assert.deepEqual(readdirSync(join(cache, 'objects')), before);
});

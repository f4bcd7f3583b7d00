import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { makeFolder } from '../fixtures.ts';
import { type LockResult, lockFolder } from './lock.ts';

async function release(result: LockResult): Promise<void> {
  if (result.kind === 'held') await result.release();
}

test('one holds it, and after its release the next', async (t) => {
  const folder = join(makeFolder(t), 'lock');
  const first = await lockFolder(folder);
  assert.equal(first.kind, 'held');
  assert.equal((await lockFolder(folder)).kind, 'taken');
  assert.equal(fs.readdirSync(folder).length, 1, 'who steps back leaves nothing');
  await release(first);
  assert.deepEqual(fs.readdirSync(folder), []);
  const next = await lockFolder(folder);
  assert.equal(next.kind, 'held');
  await release(next);
});

test('of many who start together at most one holds it', async (t) => {
  const folder = join(makeFolder(t), 'lock');
  const results = await Promise.all(Array.from({ length: 8 }, () => lockFolder(folder)));
  assert.ok(results.filter(({ kind }) => kind === 'held').length <= 1);
  await Promise.all(results.map(release));
  const after = await lockFolder(folder);
  assert.equal(after.kind, 'held');
  await release(after);
});

test('a holder that was killed holds nothing; strangers in the folder do not matter', async (t) => {
  const folder = join(makeFolder(t), 'lock');
  const script = `
    const { lockFolder } = await import(${JSON.stringify(join(import.meta.dirname, 'lock.ts'))});
    console.log((await lockFolder(process.argv[1])).kind);
    setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script, folder], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = await once(child.stdout, 'data');
  assert.equal(String(line), 'held\n');
  assert.equal((await lockFolder(folder)).kind, 'taken');
  child.kill('SIGKILL');
  await once(child, 'exit');
  fs.writeFileSync(join(folder, 'README'), 'not a socket');
  const next = await lockFolder(folder);
  assert.equal(next.kind, 'held');
  assert.equal(fs.readdirSync(folder).length, 2, 'the socket of the dead is gone');
  await release(next);
});

test('a path that no socket can have is refused, not cut', async (t) => {
  const folder = join(makeFolder(t), 'x'.repeat(100));
  await assert.rejects(lockFolder(folder), /longer than 107 bytes/);
});

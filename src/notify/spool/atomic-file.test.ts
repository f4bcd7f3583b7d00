import assert from 'node:assert/strict';
import fs from 'node:fs';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { makeFolder } from '../fixtures.ts';
import { AtomicFiles, FILE_MODE } from './atomic-file.ts';

function scene(t: TestContext) {
  const folder = makeFolder(t);
  for (const name of ['tmp', 'new']) fs.mkdirSync(join(folder, name));
  const path = join(folder, 'new', 'm1.json');
  const names = () => ['tmp', 'new'].map((name) => fs.readdirSync(join(folder, name)).join());
  return { folder, path, names, files: new AtomicFiles(join(folder, 'tmp')) };
}

/** Stands for a disk on which one step fails. */
async function failing(t: TestContext, folder: string, method: 'sync' | 'writeFile', code: string) {
  const handle = await fs.promises.open(folder, 'r');
  const prototype = Object.getPrototypeOf(handle);
  await handle.close();
  const error = Object.assign(new Error(code), { code });
  return t.mock.method(prototype, method, () => Promise.reject(error)).mock;
}

describe('a write', () => {
  const before: readonly [name: string, text: string | undefined][] = [
    ['makes a file', undefined],
    ['replaces a shorter one', 'x'],
    ['replaces a longer one whole', 'x'.repeat(10_000)],
  ];
  for (const [name, text] of before) {
    test(`${name}, for its owner only`, async (t) => {
      const { files, path, names } = scene(t);
      if (text !== undefined) fs.writeFileSync(path, text);
      await files.write(path, 'new text');
      assert.equal(fs.readFileSync(path, 'utf8'), 'new text');
      assert.equal(fs.statSync(path).mode & 0o777, FILE_MODE);
      assert.deepEqual(names(), ['', 'm1.json']);
    });
  }

  const steps = [
    ['writeFile', 'ENOSPC'],
    ['sync', 'EIO'],
  ] as const;
  for (const [method, code] of steps) {
    test(`that fails at ${method} leaves the old file, and nothing else`, async (t) => {
      const { folder, files, path, names } = scene(t);
      fs.writeFileSync(path, 'old');
      const mock = await failing(t, folder, method, code);
      await assert.rejects(files.write(path, 'new'), { code });
      mock.restore();
      assert.equal(fs.readFileSync(path, 'utf8'), 'old');
      assert.deepEqual(names(), ['', 'm1.json']);
      await files.write(path, 'new');
      assert.equal(fs.readFileSync(path, 'utf8'), 'new');
    });
  }

  test('that cannot take its place leaves nothing', async (t) => {
    const { folder, files, names } = scene(t);
    await assert.rejects(files.write(join(folder, 'none', 'm1.json'), 'new'), { code: 'ENOENT' });
    assert.deepEqual(names(), ['', '']);
  });

  test('of many at once to one name ends with one of them whole', async (t) => {
    const { files, path, names } = scene(t);
    const texts = Array.from({ length: 200 }, (_, n) => `${n} `.repeat(100));
    await Promise.all(texts.map((text) => files.write(path, text)));
    assert.ok(texts.includes(fs.readFileSync(path, 'utf8')));
    assert.deepEqual(names(), ['', 'm1.json']);
  });
});

describe('a removal', () => {
  test('takes the file away, and needs none', async (t) => {
    const { files, path, names } = scene(t);
    await files.write(path, 'text');
    await files.remove(path);
    await files.remove(path);
    assert.deepEqual(names(), ['', '']);
  });

  test('of what is no file fails', async (t) => {
    const { folder, files } = scene(t);
    await assert.rejects(files.remove(join(folder, 'new')));
  });
});

test('one sync of a folder serves all who wait for it', async (t) => {
  const { folder, files } = scene(t);
  const handle = await fs.promises.open(folder, 'r');
  const sync = t.mock.method(Object.getPrototypeOf(handle), 'sync');
  await handle.close();
  await Promise.all(Array.from({ length: 50 }, () => files.sync(folder)));
  assert.ok(sync.mock.callCount() <= 2, `${sync.mock.callCount()} syncs`);
});

test('a sync that failed is made again for the next who asks', async (t) => {
  const { folder, files } = scene(t);
  const mock = await failing(t, folder, 'sync', 'EIO');
  await assert.rejects(files.sync(folder), { code: 'EIO' });
  mock.restore();
  await files.sync(folder);
});

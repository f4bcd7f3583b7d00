/** What a listing of a folder on disk has, and what it says that it has not. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { type DiskRules, diskFolder } from './disk.ts';
import { makeTree, siteFiles, strict } from './fixtures.ts';

describe('listing', () => {
  async function list(t: TestContext, rules: DiskRules, segments: readonly string[] = []): Promise<string[]> {
    const base = makeTree(t, siteFiles);
    for (const target of ['index.html', '../outside/passwd', '.env', 'nothing', 'docs']) {
      fs.symlinkSync(target, join(base, 'site', `to-${target.replace(/\W/g, '')}`));
    }
    const { entries } = await diskFolder(join(base, 'site'), rules).list(segments);
    return entries.map(({ name, directory }) => (directory ? `${name}/` : name)).toSorted();
  }

  const shown = ['docs/', 'index.html', 'to-docs/', 'to-indexhtml'];
  test('has what a request would get', async (t) => {
    assert.deepEqual(await list(t, strict), ['.well-known/', ...shown]);
  });

  test('has hidden names where they are allowed', async (t) => {
    const hidden = ['...', '.env', '.git/', '.well-known/'];
    assert.deepEqual(
      await list(t, { ...strict, dotfiles: true }),
      [...hidden, ...shown, 'to-env'].toSorted(),
    );
  });

  test('has links that lead out where they are allowed', async (t) => {
    const names = await list(t, { ...strict, symlinks: true });
    assert.ok(names.includes('to-outsidepasswd'));
  });

  test('says what is known of a file', async (t) => {
    const base = makeTree(t, siteFiles);
    fs.utimesSync(join(base, 'site/docs/a.txt'), 1, 1_700_000_000);
    assert.deepEqual((await diskFolder(join(base, 'site'), strict).list(['docs'])).entries, [
      { name: 'a.txt', directory: false, size: 1, modifiedMs: 1_700_000_000_000 },
    ]);
  });

  test('counts names that are not UTF-8', async (t) => {
    const base = makeTree(t, { 'café.txt': 'é', 'plain.txt': 'p', 'really \ufffd.txt': 'r' });
    fs.writeFileSync(Buffer.from(join(base, 'caf\xe9.txt'), 'latin1'), 'latin1');
    for (const rules of [strict, { ...strict, symlinks: true }]) {
      const { entries, notUtf8, beyond } = await diskFolder(base, rules).list([]);
      const names = entries.map(({ name }) => name).toSorted();
      assert.deepEqual([names, notUtf8, beyond], [['café.txt', 'plain.txt', 'really \ufffd.txt'], 1, 0]);
    }
  });

  test('counts what is beyond 10,000 entries', async (t) => {
    const base = makeTree(t, {});
    for (let i = 0; i < 10_003; i++) fs.writeFileSync(join(base, `f${i}`), '');
    fs.writeFileSync(join(base, '.hidden'), '');
    const { entries, notUtf8, beyond } = await diskFolder(base, strict).list([]);
    assert.deepEqual([entries.length, notUtf8, beyond], [10_000, 0, 3]);
  });

  test('a folder that is swapped for the outside after it was found shows nothing of it', async (t) => {
    const base = makeTree(t, siteFiles);
    fs.rmSync(join(base, 'site/docs'), { recursive: true });
    fs.symlinkSync('../outside', join(base, 'site/docs'));
    assert.deepEqual((await diskFolder(join(base, 'site'), strict).list(['docs'])).entries, []);
  });
});

/** Strong ETags that depend on the content alone: reproducible builds set every mtime to the same moment. */
import assert from 'node:assert/strict';
import { utimesSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { makeFolder, pattern, type Tree } from '../support/folder.ts';
import { request } from '../support/raw.ts';
import { type Server, start, startForTest } from '../support/target.ts';

const EPOCH_BUILD = new Date('1980-01-01T00:00:01Z');
const SIZE_BYTES = 3_000_000;

function folderOf(tree: Tree, mtime: Date): string {
  const root = makeFolder(tree);
  for (const name of Object.keys(tree)) utimesSync(join(root, name), mtime, mtime);
  return root;
}

async function etagOf(server: Server, path: string): Promise<string> {
  const response = await request(server, path);
  assert.equal(response.status, 200);
  return response.header('etag') ?? '';
}

const first: Tree = { 'small.txt': 'aaaa', 'big.bin': pattern(SIZE_BYTES) };
const second: Tree = { 'small.txt': 'bbbb', 'big.bin': pattern(SIZE_BYTES, 1) };

test('the same mtime and size with other content gives another ETag', async (t) => {
  const one = await startForTest(t, { root: folderOf(first, EPOCH_BUILD) });
  const two = await startForTest(t, { root: folderOf(second, EPOCH_BUILD) });
  for (const path of ['/small.txt', '/big.bin']) {
    const [before, after] = [await etagOf(one, path), await etagOf(two, path)];
    assert.match(before, /^"[^"]+"$/);
    assert.notEqual(before, after, path);
    // What a client of the first build has cached must not survive into the second.
    assert.equal((await request(two, path, { headers: { 'If-None-Match': before } })).status, 200);
  }
});

test('two files of one folder with the same content and mtime differ in nothing but their name', async (t) => {
  const server = await startForTest(t, {
    root: folderOf({ 'a.txt': 'same', 'b.txt': 'same', 'c.txt': 'else' }, EPOCH_BUILD),
  });
  assert.equal(await etagOf(server, '/a.txt'), await etagOf(server, '/b.txt'));
  assert.notEqual(await etagOf(server, '/a.txt'), await etagOf(server, '/c.txt'));
});

test('the same content with another mtime, on another machine, keeps its ETag', async (t) => {
  const one = await startForTest(t, { root: folderOf(first, EPOCH_BUILD) });
  const two = await startForTest(t, { root: folderOf(first, new Date('2026-05-05T05:05:05Z')) });
  for (const path of ['/small.txt', '/big.bin'])
    assert.equal(await etagOf(one, path), await etagOf(two, path), path);
});

test('a restart keeps the ETags', async (t) => {
  const root = folderOf(first, EPOCH_BUILD);
  const before = await start({ root });
  const tags = [await etagOf(before, '/small.txt'), await etagOf(before, '/big.bin')];
  await before.stop();
  const after = await startForTest(t, { root });
  assert.deepEqual([await etagOf(after, '/small.txt'), await etagOf(after, '/big.bin')], tags);
});

test('the memory cache does not matter', async (t) => {
  const root = folderOf(first, EPOCH_BUILD);
  const cached = await startForTest(t, { root });
  const uncached = await startForTest(t, { root, args: ['--cache-bytes', '0'] });
  for (const path of ['/small.txt', '/big.bin', '/small.txt']) {
    assert.equal(await etagOf(cached, path), await etagOf(uncached, path));
  }
});

test('many first requests for one file agree', async (t) => {
  const server = await startForTest(t, { root: folderOf(first, EPOCH_BUILD), args: ['--cache-bytes', '0'] });
  const tags = await Promise.all(Array.from({ length: 20 }, () => etagOf(server, '/big.bin')));
  assert.equal(new Set(tags).size, 1);
});

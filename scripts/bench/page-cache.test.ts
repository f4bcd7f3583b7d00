import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { temporaryFolder } from '../bundle/fixtures.ts';
import { evict } from './page-cache.ts';

const folder = temporaryFolder();
/** Bytes of the file in the page cache; of util-linux. */
const cached = (file: string) =>
  Number(
    spawnSync('fincore', ['--bytes', '--noheadings', '--output', 'RES', file], { encoding: 'utf8' }).stdout,
  );

test('a file that was just written leaves the page cache', (context) => {
  const file = join(folder, 'file');
  writeFileSync(file, Buffer.alloc(1 << 20, 1));
  // A file system in memory has no other place for it, and other systems have no fincore.
  if (cached(file) === 0) return context.skip('the page cache cannot be looked at here');
  evict(file);
  if (
    spawnSync('stat', ['--file-system', '--format=%T', folder], { encoding: 'utf8' }).stdout.trim() ===
    'tmpfs'
  )
    return context.skip('the file system is in memory');
  assert.equal(cached(file), 0);
});

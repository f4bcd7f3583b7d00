/** `--clean-urls`, several index files, and relative redirects behind proxies that strip a prefix. */
import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { addTo, makeFolder } from '../support/folder.ts';
import { eventually, request } from '../support/raw.ts';
import { type Server, startForFile, startForTest } from '../support/target.ts';

const root = makeFolder({
  'index.html': 'root',
  'file.html': 'file',
  'file.html.gz': 'zip',
  'folder/index.html': 'folder',
  'folder/deep/page.html': 'deep',
  'both.html': 'page',
  'both/index.html': 'index',
  'bare.html': 'beside',
  'bare/a.txt': 'a',
  'v1.2.html': 'dots',
  x: 'exact',
  'x.html': 'not exact',
  'app.js': 'script',
  'a b.html': 'blank',
  'c:d.html': 'colon',
  'é.html': 'letter',
  '404.html': 'nothing',
  '..html': 'odd',
  '...html': 'odd',
  'hi/.html': 'hidden',
});
const server = await startForFile({ root, args: ['--clean-urls'] });

/** `→ /path` for a permanent redirect, which is resolved as a browser does below `prefix`. */
async function outcome(on: Server, path: string, prefix = ''): Promise<string> {
  const { status, text, header } = await request(on, path);
  const location = header('location');
  if (location === undefined) return status === 200 ? text : String(status);
  assert.equal(status, 301);
  const { pathname, search, host } = new URL(location, `http://site.test${prefix}${path}`);
  assert.equal(host, 'site.test');
  return `→ ${pathname.slice(prefix.length)}${search}`;
}

/** Every redirect leads to content at once. */
const table: readonly (readonly [path: string, outcome: string])[] = [
  ['/', 'root'],
  ['/index.html', '→ /'],
  ['/index', '→ /'],
  ['/file', 'file'],
  ['/file/', '→ /file'],
  ['/file.html', '→ /file'],
  ['/file.html?a=1&b', '→ /file?a=1&b'],
  ['/file/?a=1', '→ /file?a=1'],
  ['/file/index', '→ /file'],
  ['/file/index.html', '→ /file'],
  ['/file.html/', '404'],
  ['/folder', '→ /folder/'],
  ['/folder?a=1', '→ /folder/?a=1'],
  ['/folder/', 'folder'],
  ['/folder.html', '→ /folder/'],
  ['/folder/index.html', '→ /folder/'],
  ['/folder/index', '→ /folder/'],
  ['/folder/deep/page', 'deep'],
  ['/folder/deep/page.html', '→ /folder/deep/page'],
  ['/folder/deep/page/', '→ /folder/deep/page'],
  ['/both', 'page'],
  ['/both.html', '→ /both'],
  ['/both/', 'index'],
  ['/both/index.html', '→ /both/'],
  ['/bare', 'beside'],
  ['/bare/', '→ /bare'],
  ['/v1.2', 'dots'],
  ['/v1.2.html', '→ /v1.2'],
  ['/x', 'exact'],
  ['/x.html', 'not exact'],
  ['/x/', '404'],
  ['/app.js', 'script'],
  ['/app.js/', '404'],
  ['/app', '404'],
  ['/none', '404'],
  ['/none.html', '404'],
  ['/none/index.html', '404'],
  ['/a%20b', 'blank'],
  ['/a%20b.html', '→ /a%20b'],
  ['/c:d', 'colon'],
  ['/c:d.html', '→ /c:d'],
  ['/%C3%A9.html', '→ /%C3%A9'],
  ['//file.html', '→ //file'],
  ['/folder//deep/page.html', '→ /folder//deep/page'],
  ['/./file.html', '→ /file'],
  ['/folder/./deep/page.html', '→ /folder/deep/page'],
  ['/%66ile', 'file'],
  ['/%66ile.html', '→ /file'],
  ['/..html', '404'],
  ['/hi/.html', '404'],
];

describe('clean URLs', () => {
  for (const [path, expected] of table) {
    test(`${path} is ${expected}`, async () => {
      assert.equal(await outcome(server, path), expected);
      if (!expected.startsWith('→')) return;
      assert.equal(await outcome(server, path, '/sub'), expected, 'behind a proxy that strips a prefix');
      const next = await outcome(server, expected.slice(2));
      assert.doesNotMatch(next, /^→|^404/);
    });
  }

  test('a page has its own type, tag and precompressed form', async () => {
    const { header } = await request(server, '/file', { headers: { 'Accept-Encoding': 'gzip' } });
    assert.equal(header('content-type'), 'text/html; charset=utf-8');
    assert.equal(header('content-encoding'), 'gzip');
    assert.equal(header('cache-control'), 'no-cache');
  });

  test('the page for 404 is found, and is a page like any other', async () => {
    const { status, text } = await request(server, '/none');
    assert.deepEqual([status, text], [404, 'nothing']);
    assert.equal(await outcome(server, '/404.html'), '→ /404');
    assert.equal(await outcome(server, '/404'), 'nothing');
  });

  test('changes of what is there show within a second', async (t) => {
    const folder = makeFolder({ 'a.html': 'page' });
    const changing = await startForTest(t, { root: folder, args: ['--clean-urls'] });
    const becomes = (expected: string) =>
      eventually(
        2000,
        () => outcome(changing, '/a'),
        (one) => one === expected,
      );
    await becomes('page');
    addTo(folder, { a: 'exact' });
    await becomes('exact');
    rmSync(join(folder, 'a'));
    rmSync(join(folder, 'a.html'));
    addTo(folder, { 'a/index.html': 'index' });
    await becomes('→ /a/');
  });

  test('with --listing a folder stays a folder', async (t) => {
    const listing = await startForTest(t, { root, args: ['--clean-urls', '--listing'] });
    assert.equal(await outcome(listing, '/bare'), 'beside');
    assert.match(await outcome(listing, '/bare/'), /a\.txt/);
  });

  test('with --spa and --dotfiles', async (t) => {
    const spa = await startForTest(t, { root, args: ['--clean-urls', '--spa', '--dotfiles'] });
    assert.equal(await outcome(spa, '/none'), 'root');
    // A name that would be no name without its extension keeps it.
    assert.equal(await outcome(spa, '/..html'), 'odd');
    assert.equal(await outcome(spa, '/...html'), 'odd');
    assert.equal(await outcome(spa, '/hi/.html'), 'hidden');
  });

  test('of a single file', async (t) => {
    const single = await startForTest(t, { root: join(root, 'file.html'), args: ['--clean-urls'] });
    assert.equal(await outcome(single, '/'), 'file');
    assert.equal(await outcome(single, '/file'), 'file');
    assert.equal(await outcome(single, '/file.html'), '→ /file');
    assert.equal(await outcome(single, '/other'), '404');
  });
});

describe('several index files', () => {
  const indexes = makeFolder({
    'default.htm': 'old',
    'a/index.html': 'new',
    'a/default.htm': 'old',
    'b/c.txt': 'c',
  });

  test('the first that exists', async (t) => {
    const on = await startForTest(t, { root: indexes, args: ['--index', 'index.html, default.htm'] });
    assert.equal(await outcome(on, '/'), 'old');
    assert.equal(await outcome(on, '/a/'), 'new');
    assert.equal(await outcome(on, '/b/'), '404');
    addTo(indexes, { 'index.html': 'now' });
    await eventually(
      2000,
      () => outcome(on, '/'),
      (one) => one === 'now',
    );
    rmSync(join(indexes, 'index.html'));
    await eventually(
      2000,
      () => outcome(on, '/'),
      (one) => one === 'old',
    );
  });

  test('with clean URLs and --spa', async (t) => {
    const args = ['--index', 'index.html,default.htm', '--clean-urls', '--spa'];
    const on = await startForTest(t, { root: indexes, args });
    assert.equal(await outcome(on, '/default.htm'), '→ /');
    assert.equal(await outcome(on, '/a/index.html'), '→ /a/');
    assert.equal(await outcome(on, '/a/default.htm'), 'old', 'it is not what its folder shows');
    assert.equal(await outcome(on, '/route'), 'old');
  });
});

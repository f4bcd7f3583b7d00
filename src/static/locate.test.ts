/** Whatever a folder holds, each clean URL is one redirect away at most, and nothing becomes unreachable. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { MemorySource } from './fixtures.ts';
import { type Located, Locator, type NotLocated } from './locate.ts';
import type { ParsedPath } from './path.ts';

const names = [
  'a',
  'a.html',
  'index',
  'index.html',
  'home.htm',
  'b.txt',
  '.html',
  '..html',
  'index.html.html',
];
const segments = fc.array(fc.constantFrom(...names), { minLength: 1, maxLength: 3 });
const paths = fc.record({ segments, directory: fc.boolean() });

/** Where something is cannot be a folder for something else. */
function tree(files: readonly (readonly string[])[]): MemorySource {
  const kept = files.map((one) => one.join('/'));
  const valid = kept.filter((one) => !kept.some((other) => other.startsWith(`${one}/`)));
  return new MemorySource(Object.fromEntries(valid.map((one) => [one, one])));
}

async function locate(locator: Locator, path: ParsedPath): Promise<Located | NotLocated> {
  const found = await locator.locate(path, 'request');
  if (found.kind === 'located') await found.file.close();
  return found;
}

test('a redirect leads to a file at once, and every file has a path', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(segments, { maxLength: 6 }),
      paths,
      fc.boolean(),
      async (files, path, listing) => {
        const source = tree(files);
        const locator = new Locator(source, { index: 'index.html,home.htm', cleanUrls: true, listing });
        const found = await locate(locator, path);
        if (found.kind === 'redirect') {
          const next = await locate(locator, found.to);
          // A folder without an index, as without clean URLs.
          const isFolder = next.kind === 'folder' && !path.directory && found.to.directory;
          assert.ok(
            next.kind === 'located' || isFolder,
            `${path.segments} to ${found.to.segments}: ${next.kind}`,
          );
        }
        for (const file of files) {
          const own = { segments: file, directory: false };
          const first = await locate(locator, own);
          const last =
            first.kind === 'redirect' && (await source.open(file)).kind === 'file'
              ? await locate(locator, first.to)
              : first;
          if ((await source.open(file)).kind === 'file')
            assert.deepEqual(last.kind === 'located' && last.segments, file);
        }
        source.misuses.length = 0;
      },
    ),
    { numRuns: 500 },
  );
});

test('nothing stays open', async () => {
  const source = new MemorySource({
    'a.html': 'a',
    'a/index.html': 'i',
    b: 'b',
    'b.html': 'p',
    'c/index.html': 'c',
  });
  const locator = new Locator(source, { index: 'index.html', cleanUrls: true, listing: false });
  for (const name of ['a', 'a.html', 'b', 'b.html', 'c', 'c.html', 'd', 'index', 'index.html'])
    for (const directory of [false, true])
      for (const mode of ['request', 'exact', 'target'] as const) {
        const found = await locator.locate({ segments: [name], directory }, mode);
        if (found.kind === 'located') await found.file.close();
      }
  source.assertClosed();
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Listings } from './listings.ts';
import type { FolderEntry, FolderListing, Source } from './source.ts';

const entry = (name: string): FolderEntry => ({ name, directory: false, size: 1, modifiedMs: 0 });

/** A source whose listings are counted, and end when told to. */
function slowSource() {
  const waiting: {
    resolve: (entries: FolderEntry[], omitted?: Partial<FolderListing>) => void;
    reject: (error: Error) => void;
  }[] = [];
  const source: Source = {
    open: async () => ({ kind: 'missing' }),
    list: () =>
      new Promise((resolve, reject) => {
        waiting.push({
          resolve: (entries, omitted) => resolve({ entries, notUtf8: 0, beyond: 0, ...omitted }),
          reject,
        });
      }),
  };
  return { source, waiting };
}

async function textOf(listings: Listings, ...segments: string[]): Promise<string> {
  const { body } = await listings.answer(segments);
  return body.kind === 'bytes' ? Buffer.from(body.bytes).toString() : '';
}

test('all who ask while a page is made share it, and so do those right after', async () => {
  const { source, waiting } = slowSource();
  const listings = new Listings(source);
  const asked = [textOf(listings, 'a'), textOf(listings, 'a')];
  waiting[0]?.resolve([entry('x.txt')]);
  const [first, second] = await Promise.all(asked);
  assert.match(first ?? '', /x\.txt/);
  assert.equal(second, first);
  assert.equal(await textOf(listings, 'a'), first);
  assert.equal(waiting.length, 1);
});

test('an old page is made anew', async (t) => {
  const { source, waiting } = slowSource();
  const listings = new Listings(source);
  const first = textOf(listings);
  waiting[0]?.resolve([]);
  await first;
  const later = performance.now() + 600;
  t.mock.method(performance, 'now', () => later);
  const second = textOf(listings);
  waiting[1]?.resolve([entry('new.txt')]);
  assert.match(await second, /new\.txt/);
});

test('a failure is not kept', async () => {
  const { source, waiting } = slowSource();
  const listings = new Listings(source);
  const failed = listings.answer([]);
  waiting[0]?.reject(new Error('EIO'));
  await assert.rejects(failed, /EIO/);
  const again = textOf(listings);
  waiting[1]?.resolve([]);
  assert.match(await again, /<html/);
});

test('the pages kept are few', async () => {
  const { source, waiting } = slowSource();
  const listings = new Listings(source);
  for (let i = 0; i < 9; i++) {
    const page = textOf(listings, `folder${i}`);
    waiting[i]?.resolve([]);
    await page;
  }
  await textOf(listings, 'folder8');
  assert.equal(waiting.length, 9);
  const forgotten = textOf(listings, 'folder0');
  assert.equal(waiting.length, 10);
  waiting[9]?.resolve([]);
  await forgotten;
});

test('names that no path can ask for are left out, and the page says so', async () => {
  const { source, waiting } = slowSource();
  const page = textOf(new Listings(source));
  waiting[0]?.resolve([entry('a\\b'), entry('new\nline'), entry('fine name.txt')]);
  const text = await page;
  assert.match(text, /fine name\.txt/);
  assert.doesNotMatch(text, /a\\b|new/);
  assert.match(text, /2 entries are left out/);
});

test('what is left out is told once for each folder', async (t) => {
  const told: unknown[][] = [];
  const { source, waiting } = slowSource();
  const listings = new Listings(source, (...line) => told.push(line));
  let nowMs = performance.now();
  t.mock.method(performance, 'now', () => nowMs);
  for (const folder of ['whole', 'cut', 'cut', 'names', 'cut']) {
    nowMs += 1000;
    const page = textOf(listings, folder);
    const omitted = { whole: {}, cut: { beyond: 2000 }, names: { notUtf8: 1 } }[folder];
    waiting.at(-1)?.resolve([entry('a'), ...(folder === 'names' ? [entry('a\\b')] : [])], omitted);
    assert.equal(/left out/.test(await page), folder !== 'whole');
  }
  assert.deepEqual(
    told.map(([, fields]) => fields),
    [
      { folder: '/cut/', unnamable: 0, beyond: 2000 },
      { folder: '/names/', unnamable: 2, beyond: 0 },
    ],
  );
});

test('folders told of are few', async () => {
  let lines = 0;
  const source: Source = {
    open: async () => ({ kind: 'missing' }),
    list: async () => ({ entries: [], notUtf8: 1, beyond: 0 }),
  };
  const listings = new Listings(source, () => {
    lines += 1;
  });
  for (let i = 0; i < 300; i++) await listings.answer([`folder${i}`]);
  assert.equal(lines, 256);
});

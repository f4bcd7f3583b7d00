import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ListingCache } from './listing-cache.ts';
import type { FileSource, FolderEntry, FolderListing } from './source.ts';

const entry = (name: string): FolderEntry => ({ name, directory: false, size: 1, modifiedMs: 0 });

/** As many as a listing shows at most. */
function manyEntries(): FolderEntry[] {
  return Array.from({ length: 10_000 }, (_, i) => entry(`file number ${(i * 7919) % 10_000}.txt`));
}

/** A source whose listings are counted, and end when told to. */
function slowSource() {
  const waiting: {
    resolve: (entries: FolderEntry[], omitted?: Partial<FolderListing>) => void;
    reject: (error: Error) => void;
  }[] = [];
  const source: FileSource = {
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

async function textOf(listings: ListingCache, ...segments: string[]): Promise<string> {
  const { body } = await listings.planOf(segments);
  return body.kind === 'bytes' ? Buffer.from(body.bytes).toString() : '';
}

test('all who ask while a page is made share it, and so do those right after', async () => {
  const { source, waiting } = slowSource();
  const listings = new ListingCache(source);
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
  const listings = new ListingCache(source);
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
  const listings = new ListingCache(source);
  const failed = listings.planOf([]);
  waiting[0]?.reject(new Error('EIO'));
  await assert.rejects(failed, /EIO/);
  const again = textOf(listings);
  waiting[1]?.resolve([]);
  assert.match(await again, /<html/);
});

test('the pages kept are few', async (t) => {
  // On a busy machine pages could become old meanwhile.
  t.mock.method(performance, 'now', () => 0);
  const { source, waiting } = slowSource();
  const listings = new ListingCache(source);
  for (let i = 0; i < 65; i++) {
    const page = textOf(listings, `folder${i}`);
    waiting[i]?.resolve([]);
    await page;
  }
  await textOf(listings, 'folder64');
  assert.equal(waiting.length, 65);
  const forgotten = textOf(listings, 'folder0');
  assert.equal(waiting.length, 66);
  waiting[65]?.resolve([]);
  await forgotten;
});

test('large pages are kept as long as there is room for ten of the largest', async (t) => {
  // On a busy machine pages could become old meanwhile.
  t.mock.method(performance, 'now', () => 0);
  const { source, waiting } = slowSource();
  const listings = new ListingCache(source);
  const entries = manyEntries();
  const make = (folder: number, count: number) => {
    const page = textOf(listings, `folder${folder}`);
    waiting[count]?.resolve(entries);
    return page;
  };
  for (let i = 0; i < 10; i++) await make(i, i);
  for (let i = 0; i < 10; i++) await textOf(listings, `folder${i}`);
  assert.equal(waiting.length, 10);
  for (let i = 10; i < 20; i++) await make(i, i);
  void make(0, 20);
  assert.equal(waiting.length, 21, 'the oldest is forgotten');
});

test('what took long to make is shown for longer, but not for ever', async (t) => {
  const clock = { nowMs: 0 };
  t.mock.method(performance, 'now', () => clock.nowMs);
  const { source, waiting } = slowSource();
  const listings = new ListingCache(source);
  const makings = async () => {
    const page = textOf(listings);
    waiting.at(-1)?.resolve([]);
    await page;
    return waiting.length;
  };
  const first = textOf(listings);
  clock.nowMs += 200;
  waiting[0]?.resolve([]);
  await first;
  clock.nowMs += 3999;
  assert.equal(await makings(), 1);
  clock.nowMs += 1;
  assert.equal(await makings(), 2);
  clock.nowMs += 501;
  const slow = textOf(listings);
  clock.nowMs += 60_000;
  waiting[2]?.resolve([]);
  await slow;
  clock.nowMs += 9999;
  assert.equal(await makings(), 3);
  clock.nowMs += 1;
  assert.equal(await makings(), 4);
});

test('others have their turn while a large page is made', async () => {
  const { source, waiting } = slowSource();
  const page = textOf(new ListingCache(source));
  waiting[0]?.resolve(manyEntries());
  let isMade = false;
  void page.then(() => (isMade = true));
  // Processor time, since this machine may have others to serve.
  const spans: number[] = [];
  while (!isMade) {
    const before = process.cpuUsage();
    await new Promise((resolve) => setImmediate(resolve));
    spans.push(process.cpuUsage(before).user / 1000);
  }
  assert.ok(spans.length > 40, `${spans.length} turns`);
  assert.ok(Math.max(...spans) < 50, `${Math.max(...spans)} ms in one turn`);
});

test('names that no path can ask for are left out, and the page says so', async () => {
  const { source, waiting } = slowSource();
  const page = textOf(new ListingCache(source));
  waiting[0]?.resolve([entry('a\\b'), entry('new\nline'), entry('fine name.txt')]);
  const text = await page;
  assert.match(text, /fine name\.txt/);
  assert.doesNotMatch(text, /a\\b|new/);
  assert.match(text, /2 entries are left out/);
});

test('what is left out is told once for each folder', async (t) => {
  const told: unknown[][] = [];
  const { source, waiting } = slowSource();
  const listings = new ListingCache(source, (...line) => told.push(line));
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
  const source: FileSource = {
    open: async () => ({ kind: 'missing' }),
    list: async () => ({ entries: [], notUtf8: 1, beyond: 0 }),
  };
  const listings = new ListingCache(source, () => {
    lines += 1;
  });
  for (let i = 0; i < 300; i++) await listings.planOf([`folder${i}`]);
  assert.equal(lines, 256);
});

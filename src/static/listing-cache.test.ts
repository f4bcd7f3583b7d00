import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Plan } from '../http/types.ts';
import { sha256Of } from '../util/sha256.ts';
import { ListingCache } from './listing-cache.ts';
import type { FileSource, FolderEntry, FolderListing, SourceFile } from './source.ts';

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
  let nowMs = 0;
  t.mock.method(performance, 'now', () => nowMs);
  const { source, waiting } = slowSource();
  const listings = new ListingCache(source);
  const first = textOf(listings);
  waiting[0]?.resolve([]);
  await first;
  nowMs = 600;
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

describe('forms of one folder', () => {
  const textOfPlan = ({ body }: Plan) =>
    body.kind === 'none' || body.kind === 'source'
      ? ''
      : body.kind === 'text'
        ? body.text
        : Buffer.from(body.bytes).toString();
  const fieldOf = ({ headers }: Plan, name: string) => headers[headers.indexOf(name) + 1];

  function counting(entries: FolderEntry[], omitted: Partial<FolderListing> = {}) {
    const count = { lists: 0 };
    const source: FileSource = {
      open: async () => ({ kind: 'missing' }),
      list: async () => {
        count.lists += 1;
        return { entries, notUtf8: 0, beyond: 0, ...omitted };
      },
    };
    return { listings: new ListingCache(source), count };
  }

  test('share what is known of it', async (t) => {
    t.mock.method(performance, 'now', () => 0);
    const { listings, count } = counting([entry('a2'), entry('a10')]);
    const asked = ['', '?sort=size', '?sort=date&order=desc', '?nothing=1'];
    const plans = await Promise.all(asked.map((query) => listings.planOf([], { query })));
    await listings.planOf([], { accept: 'application/json' });
    assert.equal(count.lists, 1);
    assert.equal(plans[3], plans[0], 'what is not understood makes no other page');
    assert.notEqual(plans[1], plans[0]);
    assert.match(
      textOfPlan(plans[1] as Plan),
      /aria-sort="ascending"><form><input[^>]*><button name="sort" value="size"/,
    );
  });

  const accepts: readonly (readonly [accept: string | undefined, isJson: boolean])[] = [
    ['application/json', true],
    ['application/json, text/plain, */*', true],
    ['Application/JSON;q=0.9, text/html;q=0.8', true],
    [undefined, false],
    ['*/*', false],
    ['text/html, application/json', false],
    ['text/html;q=0.5, application/json;q=0.4', false],
    ['application/json;q=0', false],
    // pip, which wants HTML if there is no other of its types.
    [
      'application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html; q=0.1, text/html; q=0.01',
      false,
    ],
  ];
  for (const [accept, isJson] of accepts) {
    test(`for ${accept}`, async () => {
      const plan = await counting([entry('a')]).listings.planOf([], { accept });
      assert.equal(fieldOf(plan, 'Content-Type'), isJson ? 'application/json' : 'text/html; charset=utf-8');
      assert.equal(fieldOf(plan, 'Vary'), 'Accept');
      assert.equal(fieldOf(plan, 'Cache-Control'), 'no-cache');
      assert.equal(textOfPlan(plan).startsWith('['), isJson);
    });
  }

  test('JSON says how many entries are left out', async () => {
    const { listings } = counting([entry('a'), entry('b\\c')], { notUtf8: 1, beyond: 3 });
    const plan = await listings.planOf([], { accept: 'application/json' });
    assert.equal(fieldOf(plan, 'Omitted-Entries'), '5');
    const whole = await counting([entry('a')]).listings.planOf([], { accept: 'application/json' });
    assert.ok(!whole.headers.includes('Omitted-Entries'));
  });

  test('the page holds the style that its policy allows', async () => {
    const plan = await counting([entry('a')]).listings.planOf([]);
    const [, style = ''] = /<style>(.*?)<\/style>/s.exec(textOfPlan(plan)) ?? [];
    const digest = Buffer.from(sha256Of(Buffer.from(style))).toString('base64');
    assert.ok(
      fieldOf(plan, 'Content-Security-Policy')?.startsWith(
        `default-src 'none'; style-src 'sha256-${digest}';`,
      ),
    );
    assert.equal(plan.overridesDefaults, true);
  });
});

describe('a README', () => {
  async function page(content: string | Buffer, name = 'README.md', size?: number): Promise<string> {
    const bytes = Buffer.from(content);
    const state = { open: 0 };
    const file: SourceFile = {
      name,
      size: size ?? bytes.length,
      modifiedMs: 0,
      changedMs: undefined,
      version: '1',
      currentVersion: async () => '1',
      read: async (target, position) => {
        if (content === 'unreadable') throw new Error('EIO');
        // In small pieces, as from a pipe of a network.
        return bytes.copy(target, 0, position, position + 7);
      },
      close: async () => {
        state.open -= 1;
      },
    };
    const source: FileSource = {
      async open(segments) {
        assert.deepEqual(segments, ['sub', name]);
        state.open += 1;
        return { kind: 'file', file };
      },
      list: async () => ({ entries: [{ ...entry(name), size: file.size }], notUtf8: 0, beyond: 0 }),
    };
    const text = await textOf(new ListingCache(source), 'sub');
    assert.equal(state.open, 0, 'the file is closed');
    return text;
  }

  test('is shown', async () => {
    assert.match(
      await page('\ufeff# Title\n\n[x](y.md)'),
      /<h2 id="readme-title">Title<\/h2>\n<p><a href="y\.md">x/,
    );
    assert.match(await page('<b>&', 'readme'), /<pre>&lt;b&gt;&amp;<\/pre>/);
  });

  test('that is not UTF-8 is shown as far as it is', async () => {
    assert.match(await page(Buffer.from('caf\xe9 # a', 'latin1'), 'README.txt'), /<pre>caf\ufffd # a/);
  });

  test('that cannot be read, or is too long, is only listed', async () => {
    for (const text of [await page('unreadable'), await page('x', 'README.md', 64 * 1024 + 1)]) {
      assert.match(text, /href="\.\/README\.md"/);
      assert.doesNotMatch(text, /<section/);
    }
  });

  test('that shrank meanwhile is shown as it is now', async () => {
    assert.match(await page('short', 'README', 1000), /<pre>short<\/pre>/);
  });
});

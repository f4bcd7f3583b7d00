import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import fc from 'fast-check';
import { find, findResource, MemorySource, settle, staticOptions, textOf } from './fixtures.ts';
import { FileStore, type FileStoreOptions } from './store.ts';

const FRESH_MS = 500;
const STALE_MS = 900;

const options: FileStoreOptions = staticOptions;

class Clock {
  nowMs = 1000;

  constructor(t: TestContext) {
    t.mock.method(performance, 'now', () => this.nowMs);
  }
}

/** What the memory alone answers. */
function peekText(store: FileStore, path: string): string | undefined {
  const resource = store.peek(path);
  return resource && textOf(resource.identity);
}

describe('time', () => {
  async function warm(t: TestContext) {
    const clock = new Clock(t);
    const source = new MemorySource({ 'a.txt': 'old' });
    const store = new FileStore(source, options);
    await find(store, '/a.txt');
    source.looks.length = 0;
    return { clock, source, store };
  }

  test('nothing is known before the first look, or of what is no resource', async () => {
    const store = new FileStore(new MemorySource({ 'd/a.txt': 'a' }), options);
    assert.equal(store.peek('/d/a.txt'), undefined);
    await find(store, '/d');
    await find(store, '/nothing');
    assert.equal(store.peek('/d') ?? store.peek('/nothing'), undefined);
  });

  test('a fresh entry is used without a look', async (t) => {
    const { clock, source, store } = await warm(t);
    clock.nowMs += FRESH_MS - 1;
    assert.equal(peekText(store, '/a.txt'), 'old');
    await settle();
    assert.deepEqual(source.looks, []);
  });

  test('an ageing entry is used while it is checked behind the request', async (t) => {
    const { clock, source, store } = await warm(t);
    source.put('a.txt', 'new');
    clock.nowMs += FRESH_MS;
    assert.equal(peekText(store, '/a.txt'), 'old');
    await settle();
    assert.equal(peekText(store, '/a.txt'), 'new');
    source.assertClosed();
  });

  test('an old entry is not used', async (t) => {
    const { clock, store } = await warm(t);
    clock.nowMs += STALE_MS;
    assert.equal(store.peek('/a.txt'), undefined);
  });

  test('a check that finds no change keeps the very same resource, without a read', async (t) => {
    const { clock, source, store } = await warm(t);
    const before = store.peek('/a.txt');
    source.onRead = () => assert.fail('read');
    clock.nowMs += STALE_MS;
    assert.equal(await findResource(store, '/a.txt'), before);
    assert.equal(store.peek('/a.txt'), before);
  });

  const changes: Readonly<Record<string, (source: MemorySource) => void>> = {
    'replaced by another of the same size and time': (source) => source.put('a.txt', 'new'),
    'changed in place': (source) => source.edit('a.txt', 'new'),
    'given a sibling': (source) => source.put('a.txt.gz', 'new'),
  };
  for (const [name, change] of Object.entries(changes)) {
    test(`a file that is ${name} is loaded again`, async (t) => {
      const { clock, source, store } = await warm(t);
      change(source);
      clock.nowMs += STALE_MS;
      const { identity, coded } = await findResource(store, '/a.txt');
      assert.equal([identity, ...coded.values()].map(textOf).at(-1), 'new');
    });
  }

  test('a large file that grows is not read for its tag until it has been quiet for a minute', async (t) => {
    const clock = new Clock(t);
    let wallMs = Date.now();
    t.mock.method(Date, 'now', () => wallMs);
    const source = new MemorySource({ 'a.log': 'one' });
    const store = new FileStore(source, { ...options, cacheBytes: 0 });
    const look = async () => {
      clock.nowMs += STALE_MS;
      let reads = 0;
      source.onRead = () => {
        reads += 1;
      };
      const { identity } = await findResource(store, '/a.log');
      return { tag: identity.validators.etag, isRead: reads > 0 };
    };
    assert.equal((await look()).isRead, true);
    source.put('a.log', 'one two', { changedMs: wallMs });
    const growing = await look();
    assert.equal(growing.isRead, false);
    assert.deepEqual(await look(), growing);
    wallMs += 60_000;
    const quiet = await look();
    assert.equal(quiet.isRead, true);
    assert.notEqual(quiet.tag, growing.tag);
    assert.deepEqual(await look(), { tag: quiet.tag, isRead: false });
  });

  test('a sibling that goes is forgotten', async (t) => {
    const { clock, source, store } = await warm(t);
    source.put('a.txt.gz', 'GZ');
    clock.nowMs += STALE_MS;
    assert.deepEqual((await findResource(store, '/a.txt')).available, ['gzip']);
    source.remove('a.txt.gz');
    clock.nowMs += STALE_MS;
    assert.deepEqual((await findResource(store, '/a.txt')).available, []);
  });

  test('what a slow look found is as old as its beginning', async (t) => {
    const { clock, source, store } = await warm(t);
    clock.nowMs += STALE_MS;
    const release = source.hold();
    const look = find(store, '/a.txt');
    clock.nowMs += STALE_MS;
    release();
    await look;
    assert.equal(store.peek('/a.txt'), undefined);
  });

  test('a file that goes is forgotten at once', async (t) => {
    const { source, store } = await warm(t);
    source.remove('a.txt');
    assert.equal((await find(store, '/a.txt')).kind, 'missing');
    assert.equal(store.peek('/a.txt'), undefined);
  });

  test('however requests are spread, an answer is never older than a second', async (t) => {
    const steps = fc.array(fc.tuple(fc.integer({ min: 1, max: 1200 }), fc.boolean()), { maxLength: 30 });
    const property = fc.asyncProperty(steps, async (sequence) => {
      const source = new MemorySource({ 'a.txt': '0' });
      const store = new FileStore(source, options);
      let nowMs = 1000;
      const { mock } = t.mock.method(performance, 'now', () => nowMs);
      /** When each content was replaced. */
      const replacedMs = new Map<string, number>();
      let current = 0;
      for (const [waitMs, changes] of sequence) {
        nowMs += waitMs;
        const text = peekText(store, '/a.txt') ?? textOf((await findResource(store, '/a.txt')).identity);
        assert.ok(nowMs - (replacedMs.get(text ?? '') ?? nowMs) < 1000, `${text} at ${nowMs}`);
        await settle();
        if (!changes) continue;
        replacedMs.set(String(current), nowMs);
        source.put('a.txt', String(++current));
      }
      mock.restore();
      source.assertClosed();
    });
    await fc.assert(property, { numRuns: 50 });
  });
});

describe('one look at a time for one path', () => {
  test('all who ask at the same time share it', async () => {
    const source = new MemorySource({ 'a.txt': 'a' });
    const store = new FileStore(source, options);
    const release = source.hold();
    const asked = Array.from({ length: 20 }, () => findResource(store, '/a.txt'));
    await settle();
    assert.deepEqual(source.looks, ['a.txt']);
    release();
    assert.equal(new Set(await Promise.all(asked)).size, 1);
    assert.deepEqual(source.looks, ['a.txt', 'a.txt.br', 'a.txt.zst', 'a.txt.gz']);
  });

  test('also checks behind requests, however many', async (t) => {
    const clock = new Clock(t);
    const source = new MemorySource({ 'a.txt': 'a' });
    const store = new FileStore(source, options);
    await find(store, '/a.txt');
    const release = source.hold();
    source.looks.length = 0;
    clock.nowMs += FRESH_MS;
    for (let i = 0; i < 20; i++) assert.equal(peekText(store, '/a.txt'), 'a');
    await settle();
    assert.deepEqual(source.looks, ['a.txt']);
    release();
    await settle();
    source.assertClosed();
  });

  test('a failure is shared too, and the next look starts anew', async () => {
    const source = new MemorySource({ 'a.txt': 'a' });
    const store = new FileStore(source, options);
    const broken = new Error('EIO');
    source.failOpen('a.txt', broken);
    const outcomes = await Promise.allSettled([find(store, '/a.txt'), find(store, '/a.txt')]);
    for (const outcome of outcomes) assert.equal(outcome.status === 'rejected' && outcome.reason, broken);
    assert.deepEqual(source.looks, ['a.txt']);
    source.failOpen('a.txt');
    assert.equal((await find(store, '/a.txt')).kind, 'resource');
  });

  test('different paths do not wait for each other', async () => {
    const source = new MemorySource({ 'a.txt': 'a', 'b.txt': 'b' });
    const store = new FileStore(source, options);
    const release = source.hold();
    const slow = find(store, '/a.txt');
    source.gate = Promise.resolve();
    assert.equal((await find(store, '/b.txt')).kind, 'resource');
    release();
    assert.equal((await slow).kind, 'resource');
  });
});

describe('failures', () => {
  test('a check that fails behind a request takes nothing away, nor crashes', async (t) => {
    const clock = new Clock(t);
    const source = new MemorySource({ 'a.txt': 'a' });
    const store = new FileStore(source, options);
    await find(store, '/a.txt');
    source.failOpen('a.txt', new Error('EMFILE'));
    for (clock.nowMs += FRESH_MS; clock.nowMs < 1000 + STALE_MS; clock.nowMs += 100) {
      assert.equal(peekText(store, '/a.txt'), 'a');
      await settle();
    }
    assert.equal(store.peek('/a.txt'), undefined);
    await assert.rejects(find(store, '/a.txt'), /EMFILE/);
    source.failOpen('a.txt');
    await find(store, '/a.txt');
    assert.equal(peekText(store, '/a.txt'), 'a');
  });

  const files = { 'a.txt': 'plain text', 'a.txt.br': 'BR', 'a.txt.gz': 'GZ', 'd/index.html': 'index' };
  const paths = ['/a.txt', '/d/', '/a.txt/', '/d', '/nothing'];

  test('every file is closed, whatever fails and whenever', async () => {
    const failures = fc.record({
      path: fc.constantFrom(...paths),
      unopenable: fc.subarray([...Object.keys(files), 'd', 'a.txt.zst']),
      unreadable: fc.subarray(Object.keys(files)),
      cacheBytes: fc.constantFrom(0, 64, 1024 * 1024),
      maxReadBytes: fc.constantFrom(1, 1000),
    });
    const property = fc.asyncProperty(failures, async ({ path, unopenable, unreadable, ...rest }) => {
      const source = new MemorySource(files);
      source.maxReadBytes = rest.maxReadBytes;
      for (const name of unopenable) source.failOpen(name, new Error(`open ${name}`));
      source.onRead = (name) => {
        if (unreadable.includes(name)) throw new Error(`read ${name}`);
      };
      const store = new FileStore(source, { ...options, cacheBytes: rest.cacheBytes });
      await find(store, path).catch(() => undefined);
      assert.equal(source.openFiles, 0);
    });
    await fc.assert(property);
  });

  test('a sibling that cannot be read is as good as absent', async () => {
    const source = new MemorySource(files);
    source.onRead = (name) => {
      if (name === 'a.txt.br') throw new Error('EIO');
    };
    assert.deepEqual((await findResource(new FileStore(source, options), '/a.txt')).available, ['gzip']);
  });

  test('reading ends when one of the forms fails', async () => {
    const source = new MemorySource(files);
    source.maxReadBytes = 1;
    source.onRead = (name) => {
      if (name === 'a.txt.br') throw new Error('EIO');
    };
    await find(new FileStore(source, options), '/a.txt').catch(() => undefined);
    await settle();
    source.assertClosed();
  });
});

describe('memory', () => {
  const MIB = 1024 * 1024;
  const kept: readonly (readonly [name: string, size: number, cacheBytes: number, kept: boolean])[] = [
    ['an eighth of the cache', 1000, 8000, true],
    ['more than an eighth of the cache', 1001, 8000, false],
    ['one MiB', MIB, 64 * MIB, true],
    ['more than one MiB', MIB + 1, 64 * MIB, false],
    ['anything without a cache', 1, 0, false],
  ];
  for (const [name, size, cacheBytes, expected] of kept) {
    test(`a file of ${name} is ${expected ? 'kept' : 'remembered without its content'}`, async () => {
      const store = new FileStore(new MemorySource({ a: 'x'.repeat(size) }), { ...options, cacheBytes });
      const { identity } = await findResource(store, '/a');
      assert.equal(textOf(identity)?.length, expected ? size : undefined);
      assert.equal(store.peek('/a')?.identity, identity);
      assert.equal(identity.size, size);
    });
  }

  /** What all entries together keep, as far as the outside can tell. */
  function heldBytes(store: FileStore, paths: readonly string[]): number {
    const resources = paths.map((path) => store.peek(path)).filter((found) => found !== undefined);
    const forms = resources.flatMap(({ identity, coded }) => [identity, ...coded.values()]);
    return forms.reduce((sum, form) => sum + (textOf(form)?.length ?? 0), 0);
  }

  test('never more than the limit, whatever is asked for, changed and removed', async () => {
    const names = ['a', 'b', 'c', 'd', 'e', 'f'].map((name) => `${name}.css`);
    const paths = names.map((name) => `/${name}`);
    const step = fc.record({
      name: fc.constantFrom(...names),
      suffix: fc.constantFrom('', '.br', '.gz'),
      size: fc.option(fc.integer({ min: 0, max: 3000 })),
    });
    const limits = fc.integer({ min: 0, max: 12_000 });
    const steps = fc.array(step, { minLength: 20, maxLength: 60 });
    const property = fc.asyncProperty(limits, fc.boolean(), steps, async (cacheBytes, compression, all) => {
      const source = new MemorySource();
      const store = new FileStore(source, { ...options, cacheBytes, compression });
      for (const { name, suffix, size } of all) {
        if (size === null) source.remove(name + suffix);
        else source.put(name + suffix, 'y'.repeat(size));
        await find(store, `/${name}`);
        const held = heldBytes(store, paths);
        assert.ok(held <= cacheBytes, `${held} bytes held`);
      }
      // On a slow machine entries have aged, and are being checked behind the last request.
      for (let turn = 0; turn < 100 && source.openFiles > 0; turn += 1) await setImmediate();
      source.assertClosed();
    });
    await fc.assert(property, { numRuns: 40 });
  });

  test('room is made for new content, by what was checked longest ago', async () => {
    const source = new MemorySource(
      Object.fromEntries([...'abcdefghi'].map((name) => [name, 'x'.repeat(100)])),
    );
    const store = new FileStore(source, { ...options, cacheBytes: 800 });
    for (const name of 'abcdefgh') await find(store, `/${name}`);
    await find(store, '/a');
    assert.equal(
      heldBytes(
        store,
        [...'abcdefgh'].map((name) => `/${name}`),
      ),
      800,
    );
    await find(store, '/i');
    assert.deepEqual(
      [...'abcdefghi'].filter((name) => store.peek(`/${name}`)),
      [...'acdefghi'],
    );
  });

  test('content that is loaded anew does not count twice', async () => {
    const source = new MemorySource({ a: 'x'.repeat(100), b: 'x'.repeat(100) });
    const store = new FileStore(source, { ...options, cacheBytes: 800 });
    await find(store, '/b');
    for (let i = 0; i < 20; i++) {
      source.put('a', String(i % 10).repeat(100));
      await find(store, '/a');
    }
    assert.ok(store.peek('/b'), 'there was room enough for both');
  });

  test('a limited number of paths is remembered', async (t) => {
    new Clock(t);
    const MAX_ENTRIES = 4096;
    const store = new FileStore(new MemorySource({ a: '' }), options);
    const paths = Array.from({ length: MAX_ENTRIES + 2 }, (_, index) => `/${index}`);
    for (const path of paths) await store.find(path, { segments: ['a'], directory: false });
    const known = paths.filter((path) => store.peek(path));
    assert.equal(known.length, MAX_ENTRIES);
    assert.deepEqual(known[0], '/2');
  });
});

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { MAX_HASHED_BYTES, readContent, tagOf, versionTag } from './content.ts';
import { MemorySource, openFile } from './fixtures.ts';

/** The first 16 bytes of SHA-256, by other means than the code under test. */
const hashTag = (content: string | Uint8Array) =>
  createHash('sha256').update(content).digest().subarray(0, 16).toString('base64url');

const KEPT_BYTES = 100;
const small = 'a small file';
const large = 'x'.repeat(KEPT_BYTES + 1);

async function openOnly(content: string | Uint8Array, details = {}) {
  const source = new MemorySource();
  source.put('f', content, details);
  return { source, file: await openFile(source, 'f') };
}

describe('content that is kept', () => {
  const cases: readonly (readonly [name: string, content: string, limit: number])[] = [
    ['a small file', small, KEPT_BYTES],
    ['a file of exactly the limit', large, large.length],
    ['an empty file', '', KEPT_BYTES],
    ['an empty file without room for any other', '', 0],
  ];
  for (const [name, content, limit] of cases) {
    test(name, async () => {
      const { file } = await openOnly(content);
      const { bytes, size, tag } = await readContent(file, limit);
      assert.equal(bytes?.toString(), content);
      assert.equal(size, content.length);
      assert.equal(tag, hashTag(content));
    });
  }

  test('a file that is shorter than it says counts as what could be read', async () => {
    const { file } = await openOnly(small, { size: 50 });
    const { bytes, size, tag } = await readContent(file, KEPT_BYTES);
    assert.equal(bytes?.toString(), small);
    assert.equal(size, small.length);
    assert.equal(tag, hashTag(small));
  });

  test('a file that is longer than it says counts as what it said', async () => {
    const { file } = await openOnly(small, { size: 7 });
    const { bytes, size } = await readContent(file, KEPT_BYTES);
    assert.equal(bytes?.toString(), small.slice(0, 7));
    assert.equal(size, 7);
  });

  test('a file that ended early keeps no more memory than its content', async () => {
    // Larger than what Node puts together in one shared buffer.
    const content = 'x'.repeat(50_000);
    const { file } = await openOnly(content, { size: 100_000 });
    const { bytes } = await readContent(file, 100_000);
    assert.equal(bytes?.buffer.byteLength, content.length);
  });
});

describe('content that is not kept', () => {
  test('one byte over the limit: the same tag as if it were kept', async () => {
    const { file } = await openOnly(large);
    const content = await readContent(file, large.length - 1);
    assert.deepEqual(content, { bytes: undefined, size: large.length, tag: hashTag(large) });
  });

  test('the largest file that is hashed, and one byte more', async () => {
    const sizes = [MAX_HASHED_BYTES, MAX_HASHED_BYTES + 1];
    const reads = await Promise.all(
      sizes.map(async (size) => {
        const { source, file } = await openOnly(small, { size });
        let count = 0;
        source.onRead = () => {
          count += 1;
        };
        const { tag } = await readContent(file, KEPT_BYTES);
        // The content ends before its size, so that the first is tagged by version as well.
        assert.equal(tag, versionTag(file));
        return count;
      }),
    );
    assert.deepEqual(reads, [2, 0]);
  });

  const changes: Readonly<Record<string, string>> = {
    'changed in place, same length': large.replace(/./g, 'y'),
    shortened: large.slice(0, 10),
    emptied: '',
    lengthened: `${large}and more`,
  };
  for (const [name, after] of Object.entries(changes)) {
    test(`${name} while it is read: tagged by its version`, async () => {
      const { source, file } = await openOnly(large);
      source.maxReadBytes = 32;
      source.onRead = (_, position) => {
        if (position === 32) source.edit('f', after);
      };
      const { tag, size } = await readContent(file, KEPT_BYTES);
      assert.equal(tag, versionTag(file));
      assert.equal(size, large.length);
    });
  }
});

describe('tags', () => {
  test('do not depend on name, time and version', async () => {
    const source = new MemorySource();
    source.put('a', large, { modifiedMs: 1 });
    source.put('b', large, { modifiedMs: 2_000_000 });
    const [a, b] = [await openFile(source, 'a'), await openFile(source, 'b')];
    assert.notEqual(a.version, b.version);
    const tags = [await readContent(a, 0), await readContent(b, 0), await readContent(b, 999)];
    assert.equal(new Set(tags.map(({ tag }) => tag)).size, 1);
  });

  test('of a version differ between versions', async () => {
    const { source, file } = await openOnly(large);
    source.put('f', large);
    assert.notEqual(versionTag(file), versionTag(await openFile(source, 'f')));
  });

  test('are entity tags as they stand: base64url, 22 characters', async () => {
    const { file } = await openOnly(small);
    for (const tag of [tagOf(Buffer.from(small)), versionTag(file)]) assert.match(tag, /^[\w-]{22}$/);
  });

  test('are the same whether kept or not, in however many reads', async () => {
    const property = fc.asyncProperty(
      fc.uint8Array({ minLength: 1, maxLength: 200 }),
      fc.integer({ min: 1, max: 64 }),
      async (content, maxReadBytes) => {
        const { source, file } = await openOnly(content);
        source.maxReadBytes = maxReadBytes;
        const kept = await readContent(file, content.length);
        const hashed = await readContent(file, content.length - 1);
        assert.deepEqual(kept.bytes, Buffer.from(content));
        assert.equal(kept.tag, hashTag(content));
        assert.equal(hashed.tag, kept.tag);
      },
    );
    await fc.assert(property);
  });
});

describe('a file that cannot be read', () => {
  for (const [name, limit] of [
    ['to be kept', KEPT_BYTES],
    ['to be hashed', 1],
  ] as const) {
    test(`${name}: the error passes, and the file stays with its holder`, async () => {
      const { source, file } = await openOnly(small);
      const broken = new Error('EIO');
      source.onRead = () => {
        throw broken;
      };
      await assert.rejects(readContent(file, limit), broken);
      assert.equal(source.openFiles, 1);
    });
  }
});

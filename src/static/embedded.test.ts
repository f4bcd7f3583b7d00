import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { readSite } from '../../scripts/site.ts';
import { diskFolder } from './disk.ts';
import { embeddedFolder, packSite } from './embedded.ts';
import { makeTree, openFile, outcomeOf, strict } from './fixtures.ts';
import { sourceContract } from './source.contract.ts';

sourceContract('embedded', async (t, tree) => {
  const folder = makeTree(t, tree);
  const { archive } = await readSite(folder, undefined);
  rmSync(folder, { recursive: true });
  return embeddedFolder(archive);
});

const entry = (path: string, text: string) => ({ segments: path.split('/'), bytes: Buffer.from(text) });

describe('an archive', () => {
  test('an empty one has an empty root', async () => {
    const source = embeddedFolder(packSite([], undefined));
    assert.equal(await outcomeOf(source, ''), 'folder');
    assert.deepEqual((await source.list([])).entries, []);
  });

  test('may lie anywhere in memory', async () => {
    const archive = packSite([entry('a.txt', 'a'), entry('b/c.txt', 'c')], undefined);
    const memory = Buffer.alloc(archive.length + 7, 'x');
    memory.set(archive, 3);
    const source = embeddedFolder(new Uint8Array(memory.buffer, memory.byteOffset + 3, archive.length));
    assert.equal(await outcomeOf(source, 'b/c.txt'), 'c');
  });

  test('has one date for everything, or none', async () => {
    for (const modifiedMs of [1_700_000_000_000, undefined]) {
      const source = embeddedFolder(packSite([entry('a/b.txt', 'b')], modifiedMs));
      assert.equal((await openFile(source, 'a/b.txt')).modifiedMs, modifiedMs);
      assert.equal((await source.list([])).entries[0]?.modifiedMs, modifiedMs);
    }
  });

  test('another content is another version, whatever its path', async () => {
    const versionOf = async (path: string, text: string) =>
      (await openFile(embeddedFolder(packSite([entry(path, text)], undefined)), path)).version;
    assert.equal(await versionOf('a', 'same'), await versionOf('b', 'same'));
    assert.notEqual(await versionOf('a', 'one'), await versionOf('a', 'two'));
  });
});

test('whatever is packed is served like the folder that it came from', async (t) => {
  const name = fc.constantFrom('a', 'b.txt', '.c', '.well-known', 'ü');
  const path = fc.array(name, { minLength: 1, maxLength: 3 });
  const property = fc.asyncProperty(
    fc.array(path, { maxLength: 8 }),
    fc.array(path),
    async (paths, asked) => {
      const files = paths
        .map((segments) => segments.join('/'))
        // A name can be a file or a folder, not both.
        .filter((one, _, all) => !all.some((other) => other.startsWith(`${one}/`)));
      const folder = makeTree(t, Object.fromEntries(files.map((one) => [one, `content of ${one}`])));
      const [disk, embedded] = [
        diskFolder(folder, strict),
        embeddedFolder((await readSite(folder, undefined)).archive),
      ];
      for (const segments of [...paths, ...asked, []]) {
        assert.equal(
          await outcomeOf(embedded, segments.join('/')),
          await outcomeOf(disk, segments.join('/')),
        );
        const names = async (source: typeof disk) =>
          (await source.list(segments)).entries.map((one) => one.name).toSorted();
        assert.deepEqual(await names(embedded), await names(disk));
      }
    },
  );
  await fc.assert(property, { numRuns: 60 });
});

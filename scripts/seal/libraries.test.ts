import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, test } from 'node:test';
import { EHDR, readDynamic, readElf } from './elf-file.ts';
import { cannotSeal, changed, LOCKED_NODE } from './fixtures.ts';
import { checkLibraries, findLibraries, type Libraries, type NamedFile } from './libraries.ts';

describe('the libraries of the locked Node', { skip: cannotSeal() }, () => {
  const node = readElf('Node', readFileSync(LOCKED_NODE));
  const found = findLibraries(node);
  const names = found.libraries.map(({ name }) => name);

  test('all needed libraries are found, and the loader separately', () => {
    const { needed } = readDynamic(node);
    assert.equal(found.loader.name, 'ld-linux-x86-64.so.2');
    assert.deepEqual(
      needed.filter((name) => !names.includes(name)),
      [found.loader.name],
    );
    for (const { bytes, path } of found.libraries) {
      for (const name of readDynamic(readElf(path, bytes)).needed)
        assert.ok([...names, found.loader.name].includes(name));
    }
  });

  test('are compatible with each other', () => checkLibraries(node, found));

  test('are not found in a folder without them', () => {
    assert.throws(() => findLibraries(node, ['/proc/self']), {
      name: 'SealError',
      message: /^libdl\.so\.2 for x86-64 is in none of \/proc\/self; build where glibc is 2\.34/,
    });
  });

  test('a linker script of the same name is skipped', (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'seal-'));
    t.after(() => rmSync(folder, { recursive: true }));
    writeFileSync(join(folder, 'libm.so.6'), 'GROUP ( /lib/libm.so.6 )\n'.padEnd(100));
    const directories = [folder, ...found.libraries.map(({ path }) => dirname(path))];
    assert.deepEqual(findLibraries(node, directories), found);
  });

  const change = (name: string, edit: (file: NamedFile) => NamedFile): Libraries => ({
    loader: found.loader,
    libraries: found.libraries.map((file) => (file.name === name ? edit(file) : file)),
  });
  const bytesOf = (name: string) =>
    found.libraries.find((file) => file.name === name)?.bytes ?? Buffer.alloc(0);
  /** Replaces a name in a library's list of versions by one of the same length. */
  const rename = (from: string, to: string) => (file: NamedFile) => ({
    ...file,
    bytes: changed(file.bytes, (bytes) => bytes.write(`${to}\0`, bytes.indexOf(`\0${from}\0`) + 1)),
  });

  const cases: readonly (readonly [name: string, libraries: Libraries, message: RegExp])[] = [
    [
      'a missing library',
      { ...found, libraries: found.libraries.filter(({ name }) => name !== 'libm.so.6') },
      /^Node needs libm\.so\.6, which is not among the libraries$/,
    ],
    [
      'a library with another name',
      change('libm.so.6', (file) => ({ ...file, bytes: bytesOf('libdl.so.2') })),
      /^libm\.so\.6 calls itself libdl\.so\.2$/,
    ],
    [
      'a library for another processor',
      change('libm.so.6', (file) => ({
        ...file,
        bytes: changed(file.bytes, (bytes) => bytes.writeUInt16LE(183, EHDR.machine)),
      })),
      /^libm\.so\.6 is for arm64, Node for x86-64$/,
    ],
    [
      'a library that is too old',
      change('libstdc++.so.6', rename('GLIBCXX_3.4.21', 'GLIBCXX_3.4.XX')),
      /^Node needs GLIBCXX_3\.4\.21 of libstdc\+\+\.so\.6, which is older$/,
    ],
    [
      'glibc that is too old',
      change('libc.so.6', rename('GLIBC_2.34', 'GLIBC_2.XX')),
      /^glibc is missing or too old to resolve host names/,
    ],
  ];
  for (const [name, libraries, message] of cases) {
    test(name, () => assert.throws(() => checkLibraries(node, libraries), { name: 'SealError', message }));
  }
});

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { PAGE_BYTES, PT, readElf, segments, stripSections } from './elf-file.ts';
import { cannotSeal, changed, LOCKED_NODE } from './fixtures.ts';
import { findIcuPackage } from './icu-package.ts';
import { findLeftOut, makeLean } from './lean.ts';
import { findLibraries } from './libraries.ts';
import { seal } from './seal.ts';

const FIXTURE = join(import.meta.dirname, 'unicode-fixture.cjs');

async function output(path: string, ...args: readonly string[]): Promise<string> {
  return (await promisify(execFile)(path, args, { env: {}, maxBuffer: 1 << 24 })).stdout;
}

describe('the locked Node without what mote never asks for', { skip: cannotSeal() }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'lean-'));
  after(() => rmSync(folder, { recursive: true, force: true }));
  const node = readFileSync(LOCKED_NODE);
  const whole = readElf('Node', stripSections(readElf('Node', node)));
  const lean = makeLean(whole, false);
  const leftOut = findLeftOut(node)?.icu ?? { files: 0, bytes: 0 };
  const options = findLibraries(readElf('Node', node));
  const written = (name: string, bytes: Buffer) => {
    const path = join(folder, name);
    writeFileSync(path, bytes, { mode: 0o755 });
    return path;
  };
  const [sealed, complete] = [seal(node, options), seal(node, { ...options, keepIcu: true })];
  const usual = written('usual', sealed);

  test('has a package of ICU with nothing but what stays, where the whole one was', () => {
    const [before, now] = [findIcuPackage(whole.bytes), findIcuPackage(lean.bytes)];
    assert.ok(before && now);
    assert.equal(now.offset, before.offset);
    assert.equal(before.items.length - now.items.length, leftOut.files);
    const contents = new Map(before.items.map((item) => [item.name, item.bytes]));
    for (const { name, bytes } of now.items) assert.ok(contents.get(name)?.equals(bytes), name);
  });

  test('lacks the bytes that are left out, but for parts of pages, and keeps all others', () => {
    const missing = whole.bytes.length - lean.bytes.length;
    assert.ok(missing <= leftOut.bytes && missing > leftOut.bytes - 2 * PAGE_BYTES);
    assert.equal(complete.length - sealed.length, missing);
    const icu = findIcuPackage(whole.bytes);
    assert.ok(icu);
    assert.ok(lean.bytes.subarray(0, icu.offset).equals(whole.bytes.subarray(0, icu.offset)));
    const end = icu.offset + icu.size;
    assert.ok(lean.bytes.subarray(end - missing).equals(whole.bytes.subarray(end)));
  });

  test('the gap is in no segment, and nothing is mapped there', async () => {
    const own = segments(readElf('sealed', sealed), PT.LOAD);
    const first = own.findIndex(({ address, memorySize }, index) => {
      const next = own[index + 1];
      return next !== undefined && next.address - address - memorySize > leftOut.bytes - 2 * PAGE_BYTES;
    });
    const [before, behind] = [own[first], own[first + 1]];
    assert.ok(before && behind);
    const maps = await output(usual, '-p', "require('node:fs').readFileSync('/proc/self/maps', 'utf8')");
    const ranges = Array.from(maps.matchAll(/^([\da-f]+)-([\da-f]+) /gm), ([, start = '', end = '']) =>
      [start, end].map((text) => Number.parseInt(text, 16)),
    );
    const gap = { start: before.address + before.memorySize, end: behind.address };
    assert.deepEqual(
      ranges.filter(([start = 0, end = 0]) => end > gap.start + PAGE_BYTES && start < gap.end),
      [],
    );
  });

  test('does with text what the whole Node does, and other languages are English', async () => {
    const [expected, found] = await Promise.all(
      [LOCKED_NODE, usual].map(async (path) => JSON.parse(await output(path, FIXTURE))),
    );
    assert.deepEqual(found.shared, expected.shared);
    assert.deepEqual([found.german, found.other], ['€1,234,567.50', expected.other]);
    assert.equal(expected.german, '1.234.567,50\u00a0€');
    const german = "new Intl.NumberFormat('de').format(1.5)";
    assert.equal(await output(written('complete', complete), '-p', german), '1,5\n');
  });

  test('keeps all places in the file with its sections, and has zeros there', async () => {
    const symbols = makeLean(readElf('Node', node), true);
    assert.equal(symbols.bytes.length, node.length);
    assert.deepEqual(symbols.programHeaders, readElf('Node', node).programHeaders);
    const icu = findIcuPackage(node);
    assert.ok(icu);
    const end = icu.offset + icu.size;
    assert.ok(symbols.bytes.subarray(end - leftOut.bytes, end).every((byte) => byte === 0));
    const path = written('symbols', seal(node, { ...options, keepSymbols: true }));
    assert.equal(await output(path, '-p', "'Straße'.toUpperCase()"), 'STRASSE\n');
  });

  test('is the whole Node if that has no data of ICU, and refused if its form is not known', () => {
    const icu = findIcuPackage(node);
    assert.ok(icu);
    const without = readElf(
      'Node',
      changed(node, (bytes) => bytes.fill(0, icu.offset, icu.offset + 16)),
    );
    assert.equal(makeLean(without, false), without);
    assert.equal(findLeftOut(without.bytes), undefined);
    const newer = changed(node, (bytes) => bytes.writeUInt8(2, icu.offset + 16));
    const message =
      /^the ICU data of this Node has an unknown form: it has format 2; --keep-icu keeps it whole$/;
    assert.throws(() => seal(newer, options), { name: 'SealError', message });
    assert.ok(seal(newer, { ...options, keepIcu: true }).length === complete.length);
  });
});

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type ElfFile, offsetOf, PAGE_BYTES, PF, type ProgramHeader, PT } from './elf-file.ts';
import { cutHole } from './hole.ts';

const page = PAGE_BYTES;
const BASE = 0x400000;

/** A segment of whole pages; its address and its offset are `shift` apart. */
function load(
  offset: number,
  size: number,
  { shift = BASE, flags = PF.R as number, alignment = page, bss = 0 } = {},
): ProgramHeader {
  const address = offset + shift;
  return { type: PT.LOAD, flags, offset, address, fileSize: size, memorySize: size + bss, alignment };
}

/** Every byte says in which page of the original it was. */
function fileOf(pages: number, ...programHeaders: readonly ProgramHeader[]): ElfFile {
  const bytes = Buffer.concat(Array.from({ length: pages }, (_, index) => Buffer.alloc(page, index)));
  return {
    name: 'x',
    bytes,
    type: 'executable',
    machine: 'x86-64',
    entry: BASE,
    tableOffset: 64,
    programHeaders,
  };
}

function pagesOf({ bytes }: ElfFile): number[] {
  return Array.from({ length: bytes.length / page }, (_, index) => bytes[index * page] ?? -1);
}

describe('a hole', () => {
  const code = load(0, 2 * page, { flags: PF.R | PF.X });
  const constants = load(2 * page, 6 * page);
  const variables = load(8 * page, page, { shift: 2 * BASE, flags: PF.R | PF.W, bss: 3 * page });
  const dynamic = { ...variables, type: PT.DYNAMIC, fileSize: 64, memorySize: 64 };
  const elf = fileOf(9, code, constants, variables, dynamic);

  test('of whole pages leaves the file, and nothing else moves in memory', () => {
    const cut = cutHole(elf, { start: 3 * page + 1, end: 7 * page - 1 });
    assert.deepEqual(pagesOf(cut), [0, 1, 2, 3, 6, 7, 8]);
    assert.deepEqual(cut.programHeaders, [
      code,
      load(2 * page, 2 * page),
      load(4 * page, 2 * page, { shift: BASE + 2 * page }),
      { ...variables, offset: 6 * page },
      { ...dynamic, offset: 6 * page },
    ]);
    for (const original of [0, 1, 2, 3, 6, 7]) {
      assert.equal(cut.bytes[offsetOf(cut, BASE + original * page)], original);
    }
    assert.throws(() => offsetOf(cut, BASE + 4 * page), /nothing is loaded/);
    assert.equal(cut.bytes[offsetOf(cut, 2 * BASE + 8 * page)], 8);
  });

  const none: readonly (readonly [name: string, start: number, end: number])[] = [
    ['less than a page', 3 * page + 1, 4 * page],
    ['parts of two pages', 3 * page + 1, 5 * page - 1],
    ['nothing', 3 * page, 3 * page],
  ];
  for (const [name, start, end] of none) {
    test(`there is none for ${name}`, () => assert.equal(cutHole(elf, { start, end }), elf));
  }

  test('may begin and end with its segment', () => {
    const atStart = cutHole(elf, { start: 2 * page, end: 4 * page });
    assert.deepEqual(atStart.programHeaders[1], load(2 * page, 4 * page, { shift: BASE + 2 * page }));
    const atEnd = cutHole(elf, { start: 4 * page, end: 8 * page });
    assert.deepEqual(atEnd.programHeaders.slice(0, 2), [code, load(2 * page, 2 * page)]);
  });

  test('is a multiple of the largest alignment behind it', () => {
    const wide = load(8 * page, page, { alignment: 4 * page });
    const cut = cutHole(fileOf(9, code, constants, wide), { start: 2 * page, end: 8 * page });
    assert.equal(cut.bytes.length, 5 * page);
    for (const { address, offset, alignment } of cut.programHeaders)
      assert.equal((address - offset) % alignment, 0);
  });

  test('is refused across two segments, and where something else lies', () => {
    assert.throws(
      () => cutHole(elf, { start: page, end: 4 * page }),
      /^SealError: x: .* not in one segment$/,
    );
    const note = { ...load(5 * page, 64), type: PT.NOTE };
    const occupied = { ...elf, programHeaders: [...elf.programHeaders, note] };
    assert.throws(() => cutHole(occupied, { start: 3 * page, end: 7 * page }), /segment of type 4 overlaps/);
  });
});

/** A Node without the data that mote never asks for. */
import type { LeftOut } from '../../src/build/info.ts';
import type { ElfFile } from './elf-file.ts';
import { cutHole } from './hole.ts';
import { englishIcu } from './icu-english.ts';
import { findIcuPackage } from './icu-package.ts';

/** What is missing in a lean Node: nothing if it has no data of its own, but uses a library of the system. */
export function findLeftOut(node: Buffer): LeftOut | undefined {
  const icu = findIcuPackage(node);
  return icu && { icu: englishIcu(icu).leftOut };
}

/**
 * Node with ICU's data in English only. The smaller package takes the place of the whole one, whose rest becomes zeros;
 * without `keepPlaces` those leave the file.
 */
export function makeLean(elf: ElfFile, keepPlaces: boolean): ElfFile {
  const icu = findIcuPackage(elf.bytes);
  if (icu === undefined) return elf;
  const english = englishIcu(icu).bytes;
  const unused = { start: icu.offset + english.length, end: icu.offset + icu.size };
  if (unused.start >= unused.end) return elf;
  const bytes = Buffer.from(elf.bytes);
  bytes.set(english, icu.offset);
  bytes.fill(0, unused.start, unused.end);
  const smaller = { ...elf, bytes };
  return keepPlaces ? smaller : cutHole(smaller, unused);
}

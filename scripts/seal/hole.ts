/** Takes bytes out of an ELF file without moving anything in memory. Arithmetic on program headers. */
import { type ElfFile, PAGE_BYTES, type ProgramHeader, PT, SealError, segments } from './elf-file.ts';

/** Offsets in a file. */
export interface Range {
  readonly start: number;
  readonly end: number;
}

/**
 * The file without the whole pages of `unused`. The segment around them becomes two, with a gap in memory where they
 * were: what reads there crashes, instead of reading something else. The program headers of the result are no longer
 * those in its bytes.
 */
export function cutHole(elf: ElfFile, unused: Range): ElfFile {
  const home = segments(elf, PT.LOAD).find((header) => isWithin(unused, header));
  if (home === undefined) throw new SealError(`${elf.name}: what is to be cut out is not in one segment`);
  const hole = wholeUnits(elf, home, unused);
  const length = hole.end - hole.start;
  if (length <= 0) return elf;
  const bytes = Buffer.concat([elf.bytes.subarray(0, hole.start), elf.bytes.subarray(hole.end)]);
  const programHeaders = elf.programHeaders.flatMap((header) => {
    if (header === home) return split(home, hole);
    if (header.offset >= hole.end) return [{ ...header, offset: header.offset - length }];
    if (header.offset + header.fileSize <= hole.start) return [header];
    throw new SealError(`${elf.name}: a segment of type ${header.type} overlaps what is to be cut out`);
  });
  return { ...elf, bytes, programHeaders };
}

function isWithin({ start, end }: Range, { offset, fileSize }: ProgramHeader): boolean {
  return start >= offset && end <= offset + fileSize;
}

/** What follows keeps the distance between its address and its offset, up to multiples of its alignment. */
function wholeUnits(elf: ElfFile, home: ProgramHeader, { start, end }: Range): Range {
  const later = segments(elf, PT.LOAD).filter(({ offset }) => offset >= home.offset);
  const unit = Math.max(PAGE_BYTES, ...later.map(({ alignment }) => alignment));
  const first = Math.ceil(start / PAGE_BYTES) * PAGE_BYTES;
  return { start: first, end: first + Math.floor((end - first) / unit) * unit };
}

function split(home: ProgramHeader, { start, end }: Range): ProgramHeader[] {
  const [before, skipped] = [start - home.offset, end - home.offset];
  return [
    { ...home, fileSize: before, memorySize: before },
    {
      ...home,
      offset: start,
      address: home.address + skipped,
      fileSize: home.fileSize - skipped,
      memorySize: home.memorySize - skipped,
    },
  ].filter(({ memorySize }) => memorySize > 0);
}

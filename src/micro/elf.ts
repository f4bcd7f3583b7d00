/**
 * The header of a static Linux executable whose file is mapped as a whole, readable and executable, never
 * writable.
 *
 * ELF has a file header of 64 bytes and, for every part of the file that is to be mapped, a program header of
 * 56. The compact layout lets them overlap by eight bytes, in which both happen to say the same:
 *
 *   byte   file header                       program header
 *   56     number of program headers   1     kind, PT_LOAD         1
 *   58     size of a section header    0       (its upper half)    0
 *   60     number of section headers   5     permissions, R + X    5
 *   62     where their names are       0       (its upper half)    0
 *
 * No loader reads the section headers that there seem to be. It also leaves alone what the file header says
 * about them, the physical address, and, in a file that is mapped where it wants to be, the alignment: 12, 8 and
 * 8 bytes, the gaps, that can hold something of use.
 */
import { address, data, distance, type Fragment, label } from '../asm/assembler.ts';

/** `e_machine`. */
export const MACHINE = { 'x86-64': 62, arm64: 183 } as const;
/** Low, so that addresses take four bytes. Why this one: see `SA_RESTORER` in `server.ts`. */
export const ORIGIN = 0x4000000;
export const HEADER_BYTES = { strict: 120, compact: 112 } as const;
export type Layout = keyof typeof HEADER_BYTES;
export const GAP_BYTES = { sections: 12, physical: 8, alignment: 8 } as const;

const ET_EXEC = 2;
const [PROGRAM_HEADER_BYTES, FILE_HEADER_BYTES] = [56, 64];
const PT_LOAD = 1;
const READ_EXECUTE = 5;
/** The largest page of a kernel: what a file wants to be aligned to. `ORIGIN` suits all. */
const PAGE_BYTES = { 'x86-64': 0x1000, arm64: 0x10000 } as const;

export interface Gaps {
  /** Exactly `GAP_BYTES.sections`. */
  readonly sections: readonly Fragment[];
  /** Exactly `GAP_BYTES.physical`. */
  readonly physical: readonly Fragment[];
  /** Exactly `GAP_BYTES.alignment`, and whatever follows on the header. */
  readonly alignment: readonly Fragment[];
}

export interface Header {
  readonly machine: keyof typeof MACHINE;
  /** Something for the gaps; without it they hold what the specification wants, and nothing overlaps. */
  readonly gaps: Gaps | undefined;
}

/** To be put in front of a program that has the labels `start`, where it begins, and `end`. */
export function elfHeader({ machine, gaps }: Header): Fragment[] {
  const programHeader = [
    ...[data(4, PT_LOAD), data(4, READ_EXECUTE)],
    ...[data(8, 0), data(8, ORIGIN)],
    ...(gaps ? [...gaps.physical] : [data(8, ORIGIN)]),
    ...[data(8, distance('file', 'end')), data(8, distance('file', 'end'))],
    ...(gaps ? gaps.alignment : [data(8, PAGE_BYTES[machine])]),
  ];
  return [
    label('file'),
    // 64 bits, little-endian, version 1.
    ...[data(4, 0x464c457f), data(4, 0x00010102), data(8, 0)],
    ...[data(2, ET_EXEC), data(2, MACHINE[machine]), data(4, 1)],
    ...[data(8, address('start')), data(8, distance('file', 'programHeader'))],
    ...(gaps ? gaps.sections : [data(8, 0), data(4, 0)]),
    ...[data(2, FILE_HEADER_BYTES), data(2, PROGRAM_HEADER_BYTES)],
    ...(gaps ? [] : [data(2, 1), data(2, 0), data(2, 0), data(2, 0)]),
    label('programHeader'),
    ...programHeader,
  ];
}

/** Like `elfHeader` in either layout. Where there are no gaps, what was written for them follows. */
export function headerWith(layout: Layout, machine: Header['machine'], gaps: Gaps): Fragment[] {
  if (layout === 'compact') return elfHeader({ machine, gaps });
  const { physical, sections, alignment } = gaps;
  return [...elfHeader({ machine, gaps: undefined }), ...physical, ...sections, ...alignment];
}

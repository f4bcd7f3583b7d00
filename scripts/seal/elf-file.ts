/**
 * Reads the parts of an ELF file that sealing needs: program headers, the dynamic section, and the required
 * symbol versions. Field names follow the System V ABI (gabi, chapters 4 and 5) and glibc's `elf.h`.
 */

export const PAGE_BYTES = 4096;
export const HEADER_BYTES = 64;
export const PROGRAM_HEADER_BYTES = 56;
export const DYNAMIC_ENTRY_BYTES = 16;

export const PT = { LOAD: 1, DYNAMIC: 2, INTERP: 3, NOTE: 4, PHDR: 6, GNU_STACK: 0x6474e551 } as const;
export const PF = { X: 1, W: 2, R: 4 } as const;
export const DT = {
  NULL: 0,
  NEEDED: 1,
  STRTAB: 5,
  STRSZ: 10,
  SONAME: 14,
  DEBUG: 21,
  VERDEF: 0x6ffffffc,
  VERDEFNUM: 0x6ffffffd,
  VERNEED: 0x6ffffffe,
  VERNEEDNUM: 0x6fffffff,
} as const;

/** Offsets of the fields of the file header. */
export const EHDR = {
  type: 16,
  machine: 18,
  entry: 24,
  phoff: 32,
  shoff: 40,
  phentsize: 54,
  phnum: 56,
} as const;

const MAGIC = Buffer.from('\x7fELF', 'latin1');
const [CLASS_64, LITTLE_ENDIAN] = [2, 1];
const MACHINES: Readonly<Record<number, string>> = { 3: 'x86', 40: 'arm', 62: 'x86-64', 183: 'arm64' };
const TYPES: Readonly<Record<number, ElfFile['type']>> = { 2: 'executable', 3: 'shared' };
/** Marks the version entry that names the file itself. */
const VER_FLG_BASE = 1;

export interface ProgramHeader {
  readonly type: number;
  readonly flags: number;
  readonly offset: number;
  readonly address: number;
  readonly fileSize: number;
  readonly memorySize: number;
  readonly alignment: number;
}

export interface DynamicEntry {
  readonly tag: number;
  readonly value: number;
}

/** The symbol versions that a file needs from one library. */
export interface NeededVersions {
  readonly library: string;
  readonly versions: readonly string[];
  /** The file offset of `vn_file`, a 32-bit number that refers to the library's name. */
  readonly nameAt: number;
}

export interface ElfFile {
  readonly name: string;
  readonly bytes: Buffer;
  /** `shared` includes position-independent executables. */
  readonly type: 'executable' | 'shared';
  readonly machine: string;
  readonly entry: number;
  /** The file offset of the program headers. */
  readonly tableOffset: number;
  readonly programHeaders: readonly ProgramHeader[];
}

/** The contents of the dynamic section, in file order. */
export interface Dynamic {
  readonly header: ProgramHeader;
  readonly entries: readonly DynamicEntry[];
  /** How many entries fit into the section, including the final `DT_NULL`. */
  readonly capacity: number;
  /** The address of the string table. */
  readonly strings: number;
  readonly soname: string | undefined;
  readonly needed: readonly string[];
  readonly neededVersions: readonly NeededVersions[];
  readonly providedVersions: readonly string[];
}

/** A file cannot be sealed, or cannot be used for sealing; the message is for the user. */
export class SealError extends Error {
  override readonly name = 'SealError';
}

/** `name` is used in messages. */
export function readElf(name: string, bytes: Buffer): ElfFile {
  if (bytes.length < HEADER_BYTES || !bytes.subarray(0, 4).equals(MAGIC)) {
    throw new SealError(`${name}: not an ELF file`);
  }
  if (bytes[4] !== CLASS_64 || bytes[5] !== LITTLE_ENDIAN) {
    throw new SealError(`${name}: not a 64-bit little-endian ELF file`);
  }
  const type = TYPES[bytes.readUInt16LE(EHDR.type)];
  if (type === undefined) throw new SealError(`${name}: neither an executable nor a shared library`);
  const machine = bytes.readUInt16LE(EHDR.machine);
  const elf = { name, bytes, type, machine: MACHINES[machine] ?? `machine ${machine}` };
  const tableOffset = readNumber(bytes, EHDR.phoff);
  const programHeaders = readProgramHeaders(name, bytes, tableOffset);
  return { ...elf, entry: readNumber(bytes, EHDR.entry), tableOffset, programHeaders };
}

function readProgramHeaders(name: string, bytes: Buffer, start: number): ProgramHeader[] {
  const count = bytes.readUInt16LE(EHDR.phnum);
  const wrongSize = count > 0 && bytes.readUInt16LE(EHDR.phentsize) !== PROGRAM_HEADER_BYTES;
  if (wrongSize || start + count * PROGRAM_HEADER_BYTES > bytes.length) {
    throw new SealError(`${name}: the program headers are damaged`);
  }
  return Array.from({ length: count }, (_, index) => {
    const at = start + index * PROGRAM_HEADER_BYTES;
    const header = {
      type: bytes.readUInt32LE(at),
      flags: bytes.readUInt32LE(at + 4),
      offset: readNumber(bytes, at + 8),
      address: readNumber(bytes, at + 16),
      fileSize: readNumber(bytes, at + 32),
      memorySize: readNumber(bytes, at + 40),
      alignment: readNumber(bytes, at + 48),
    };
    if (header.offset + header.fileSize > bytes.length) throw new SealError(`${name}: the file is cut off`);
    return header;
  });
}

export function writeProgramHeader(header: ProgramHeader): Buffer {
  const bytes = Buffer.alloc(PROGRAM_HEADER_BYTES);
  bytes.writeUInt32LE(header.type, 0);
  bytes.writeUInt32LE(header.flags, 4);
  const { offset, address, fileSize, memorySize, alignment } = header;
  // The physical address only matters to firmware and repeats the virtual one.
  for (const [index, number] of [offset, address, address, fileSize, memorySize, alignment].entries()) {
    writeNumber(bytes, 8 + index * 8, number);
  }
  return bytes;
}

export function segments(elf: ElfFile, type: number): ProgramHeader[] {
  return elf.programHeaders.filter((header) => header.type === type);
}

/** The file offset of the byte that is loaded to `address`. */
export function offsetOf({ name, programHeaders }: ElfFile, address: number): number {
  const home = programHeaders.find(
    (header) =>
      header.type === PT.LOAD && address >= header.address && address < header.address + header.fileSize,
  );
  if (home === undefined) throw new SealError(`${name}: nothing is loaded to 0x${address.toString(16)}`);
  return address - home.address + home.offset;
}

/** The path in `PT_INTERP`, or `undefined` for a file that the kernel starts without an interpreter. */
export function interpreterOf(elf: ElfFile): string | undefined {
  const [header] = segments(elf, PT.INTERP);
  return header && readString(elf.bytes, header.offset);
}

export function readDynamic(elf: ElfFile): Dynamic {
  const [header] = segments(elf, PT.DYNAMIC);
  if (header === undefined) throw new SealError(`${elf.name}: has no dynamic section`);
  const all = Array.from({ length: Math.floor(header.fileSize / DYNAMIC_ENTRY_BYTES) }, (_, index) => {
    const at = header.offset + index * DYNAMIC_ENTRY_BYTES;
    return { tag: readNumber(elf.bytes, at), value: readNumber(elf.bytes, at + 8) };
  });
  const end = all.findIndex(({ tag }) => tag === DT.NULL);
  const entries = all.slice(0, end < 0 ? all.length : end);
  const valueBy = (tag: number) => entries.find((entry) => entry.tag === tag)?.value;
  const strings = valueBy(DT.STRTAB);
  if (strings === undefined) throw new SealError(`${elf.name}: has no table of strings`);
  const table = { bytes: elf.bytes, strings: offsetOf(elf, strings) };
  const text = (offset: number) => readString(table.bytes, table.strings + offset);
  const tableAt = (tag: number) => {
    const address = valueBy(tag);
    return address === undefined ? undefined : offsetOf(elf, address);
  };
  const soname = valueBy(DT.SONAME);
  return {
    header,
    entries,
    capacity: all.length,
    strings,
    soname: soname === undefined ? undefined : text(soname),
    needed: entries.filter(({ tag }) => tag === DT.NEEDED).map(({ value }) => text(value)),
    neededVersions: readNeededVersions(table, tableAt(DT.VERNEED), valueBy(DT.VERNEEDNUM) ?? 0),
    providedVersions: readProvidedVersions(table, tableAt(DT.VERDEF), valueBy(DT.VERDEFNUM) ?? 0),
  };
}

interface StringTable {
  readonly bytes: Buffer;
  /** The offset in the file. */
  readonly strings: number;
}

/** A chain of `Elf64_Verneed`, each with a chain of `Elf64_Vernaux`. */
function readNeededVersions(
  { bytes, strings }: StringTable,
  at: number | undefined,
  count: number,
): NeededVersions[] {
  return chain(bytes, at, count, 12).map((need) => ({
    library: readString(bytes, strings + bytes.readUInt32LE(need + 4)),
    versions: chain(bytes, need + bytes.readUInt32LE(need + 8), bytes.readUInt16LE(need + 2), 12).map(
      (version) => readString(bytes, strings + bytes.readUInt32LE(version + 8)),
    ),
    nameAt: need + 4,
  }));
}

/** A chain of `Elf64_Verdef`, each with a chain of `Elf64_Verdaux`; the first of these is the name. */
function readProvidedVersions(
  { bytes, strings }: StringTable,
  at: number | undefined,
  count: number,
): string[] {
  return chain(bytes, at, count, 16)
    .filter((definition) => (bytes.readUInt16LE(definition + 2) & VER_FLG_BASE) === 0)
    .map((definition) => {
      const name = definition + bytes.readUInt32LE(definition + 12);
      return readString(bytes, strings + bytes.readUInt32LE(name));
    });
}

/** The offsets of `count` structures; each contains the distance to the next one at `nextAt`. */
function chain(bytes: Buffer, at: number | undefined, count: number, nextAt: number): number[] {
  if (at === undefined) return [];
  const found: number[] = [];
  for (let current = at; found.length < count; current += bytes.readUInt32LE(current + nextAt))
    found.push(current);
  return found;
}

/**
 * The file without its sections and symbols, which are not needed at run time. They follow the last loaded
 * segment, so the file is truncated there.
 */
export function stripSections(elf: ElfFile): Buffer {
  const tableEnd = elf.tableOffset + elf.programHeaders.length * PROGRAM_HEADER_BYTES;
  const ends = elf.programHeaders.map(({ offset, fileSize }) => offset + fileSize);
  const bytes = Buffer.from(elf.bytes.subarray(0, Math.max(tableEnd, ...ends)));
  writeNumber(bytes, EHDR.shoff, 0);
  // Skips e_shentsize, which keeps its value, and clears e_shnum and e_shstrndx.
  bytes.writeUInt32LE(0, EHDR.phnum + 4);
  return bytes;
}

/** Numbers beyond 2^53 lose digits; no address or size in user space is that large. */
function readNumber(bytes: Buffer, at: number): number {
  return Number(bytes.readBigUInt64LE(at));
}

export function writeNumber(bytes: Buffer, at: number, number: number): void {
  bytes.writeBigUInt64LE(BigInt(number), at);
}

function readString(bytes: Buffer, at: number): string {
  return bytes.toString('latin1', at, bytes.indexOf(0, at));
}

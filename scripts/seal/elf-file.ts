/**
 * Reads of an ELF file what sealing needs: program headers, the dynamic section, and who needs which version
 * of what. The names of fields are those of the System V ABI (gabi, chapters 4 and 5) and of glibc's `elf.h`.
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

/** Where the fields of the file header lie. */
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
/** Set in a version that names the file itself. */
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

/** The versions of one library's symbols that a file needs. */
export interface NeededVersions {
  readonly library: string;
  readonly versions: readonly string[];
  /** Where in the file the offset of the library's name stands (`vn_file`), a 32-bit number. */
  readonly nameAt: number;
}

export interface ElfFile {
  readonly name: string;
  readonly bytes: Buffer;
  /** `shared` is also a position-independent executable. */
  readonly type: 'executable' | 'shared';
  readonly machine: string;
  readonly entry: number;
  /** Where in the file the program headers stand. */
  readonly tableOffset: number;
  readonly programHeaders: readonly ProgramHeader[];
}

/** What the dynamic section of a file says, in the order in which it stands. */
export interface Dynamic {
  readonly header: ProgramHeader;
  readonly entries: readonly DynamicEntry[];
  /** Entries that fit into the section, with the `DT_NULL` that ends it. */
  readonly capacity: number;
  /** The address of the string table. */
  readonly strings: number;
  readonly soname: string | undefined;
  readonly needed: readonly string[];
  readonly neededVersions: readonly NeededVersions[];
  readonly providedVersions: readonly string[];
}

/** A file that cannot be sealed, or not with; the message is for the user. */
export class SealError extends Error {
  override readonly name = 'SealError';
}

/** `name` is for messages. */
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
  // The physical address, which only firmware knows, repeats the virtual one.
  for (const [index, number] of [offset, address, address, fileSize, memorySize, alignment].entries()) {
    writeNumber(bytes, 8 + index * 8, number);
  }
  return bytes;
}

export function segments(elf: ElfFile, type: number): ProgramHeader[] {
  return elf.programHeaders.filter((header) => header.type === type);
}

/** Where in the file the byte lies that is loaded to `address`. */
export function offsetOf({ name, programHeaders }: ElfFile, address: number): number {
  const home = programHeaders.find(
    (header) =>
      header.type === PT.LOAD && address >= header.address && address < header.address + header.fileSize,
  );
  if (home === undefined) throw new SealError(`${name}: nothing is loaded to 0x${address.toString(16)}`);
  return address - home.address + home.offset;
}

/** The path in `PT_INTERP`, or `undefined` for a file that the kernel starts by itself. */
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
  /** Its offset in the file. */
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

/** A chain of `Elf64_Verdef`, each with a chain of `Elf64_Verdaux`, whose first is its name. */
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

/** The offsets of `count` structures, each of which has the distance to the next at `nextAt`. */
function chain(bytes: Buffer, at: number | undefined, count: number, nextAt: number): number[] {
  if (at === undefined) return [];
  const found: number[] = [];
  for (let current = at; found.length < count; current += bytes.readUInt32LE(current + nextAt))
    found.push(current);
  return found;
}

/**
 * The file without its sections and symbols, which nothing needs at run time. They lie behind all that is
 * loaded, so the file is cut there.
 */
export function stripSections(elf: ElfFile): Buffer {
  const tableEnd = elf.tableOffset + elf.programHeaders.length * PROGRAM_HEADER_BYTES;
  const ends = elf.programHeaders.map(({ offset, fileSize }) => offset + fileSize);
  const bytes = Buffer.from(elf.bytes.subarray(0, Math.max(tableEnd, ...ends)));
  writeNumber(bytes, EHDR.shoff, 0);
  // e_shentsize stays; e_shnum and e_shstrndx follow e_phnum and it.
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

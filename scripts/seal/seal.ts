/**
 * Seals a dynamic Node into one self-contained executable:
 *
 *   node scripts/seal/seal.ts NODE OUT [--blob FILE] [--keep-symbols] [--keep-icu]
 *
 * NODE is a Node for Linux on x86-64 that needs glibc; the shared libraries and the loader (ld.so) are taken
 * from this machine. OUT needs nothing but the kernel and a mounted /proc. With `--blob`, a file written by
 * `NODE --experimental-sea-config`, OUT is that application; without it, OUT is a plain Node.
 *
 * Of ICU's data only what English needs stays (`seal/icu-english.ts`), unless `--keep-icu` is given.
 *
 * The original bytes keep their places in memory, so that nothing has to be relocated. Three page-aligned segments
 * follow them, in the file and in memory:
 *
 *   S  read, execute  the stub (`seal/stub.ts`), which starts first
 *   D  read, write    the slots with the libraries' paths, and the dynamic section if it has to move;
 *                     read-only as soon as ld.so has run
 *   B  read           program headers for ld.so, the application blob, images of ld.so and of the libraries
 *
 * There are two tables of program headers. The one in the original place is for the kernel: it names no
 * interpreter, so that the kernel starts the stub instead of ld.so. The one in B is a copy of the original
 * table, for ld.so and everything that runs later.
 */
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import {
  DT,
  DYNAMIC_ENTRY_BYTES,
  type DynamicEntry,
  EHDR,
  type ElfFile,
  offsetOf,
  PAGE_BYTES,
  PF,
  PROGRAM_HEADER_BYTES,
  type ProgramHeader,
  PT,
  readDynamic,
  readElf,
  SealError,
  segments,
  stripSections,
  writeNumber,
  writeProgramHeader,
} from './elf-file.ts';
import { type Layout, layOut, type Parts } from './layout.ts';
import { makeLean } from './lean.ts';
import { checkLibraries, checkNode, findLibraries, type Libraries } from './libraries.ts';
import { assembleStub, SLOT_PREFIX, type Span } from './stub.ts';

export interface SealOptions extends Libraries {
  /** Keeps the symbols for profilers and debuggers; running `strip` later would destroy the executable. */
  readonly keepSymbols?: boolean;
  /** Keeps ICU's data of all languages. */
  readonly keepIcu?: boolean;
  /** A single-executable-application blob, written by the same Node. */
  readonly blob?: Buffer;
}

/** Node runs the embedded application if the digit after this text is a 1. */
const FUSE = 'NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2:';
const BLOB_NAME = 'NODE_SEA_BLOB\0';

/**
 * Prefixes of the variables that are removed before an application starts: they could make it load code,
 * trust other authorities, use a proxy, print its traffic or write files. Node reads about forty variables of
 * its own, and more with each version, so all of them are removed, as well as those of ld.so, which a static
 * program would ignore.
 */
const FORGOTTEN = ['NODE_', 'OPENSSL_', 'LD_', 'GCONV_PATH='] as const;

/** With fewer than 21 open files Node crashes; the application has the same limit for itself. */
const MIN_DESCRIPTORS = 32;

/** The sealed executable. The same input gives the same output. */
export function seal(node: Buffer, options: SealOptions): Buffer {
  const { libraries, loader, blob, keepSymbols = false, keepIcu = false } = options;
  const original = readElf('Node', node);
  const whole = keepSymbols ? original : readElf('Node', stripSections(original));
  checkNode(whole);
  // Sections refer to places in the file.
  const elf = keepIcu ? whole : makeLean(whole, keepSymbols);
  checkLibraries(elf, { libraries, loader });
  const note = blob ? blobNote(blob) : Buffer.alloc(0);
  const forgotten = blob ? FORGOTTEN : [];
  const minDescriptors = blob ? MIN_DESCRIPTORS : 0;
  const dynamic = readDynamic(elf);
  const parts: Parts = { elf, dynamic, libraries, loader, note, forgotten, minDescriptors };
  const { layout, stub } = placeStub(parts);

  const sealed = Buffer.alloc(layout.rest.address + layout.rest.size - layout.fileShift);
  const put = (address: number, bytes: Uint8Array) => sealed.set(bytes, address - layout.fileShift);
  sealed.set(elf.bytes);
  if (blob) sealed.write('1', findFuse(sealed));
  editHeader(sealed, parts, layout);
  editNeeded(sealed, parts, layout);
  put(layout.stub.address, stub);
  put(layout.programHeaders.address, Buffer.concat(innerHeaders(parts, layout).map(writeProgramHeader)));
  put(layout.note.address, note);
  put(layout.loaderImage.address, loader.bytes);
  for (const { slot, image, bytes } of layout.libraries) {
    put(slot, Buffer.from(SLOT_PREFIX, 'latin1'));
    put(image.address, bytes);
  }
  return sealed;
}

/**
 * The layout depends on the length of the stub, and the stub contains the layout: one page is tried first.
 */
function placeStub(parts: Parts): { layout: Layout; stub: Uint8Array } {
  for (let room = PAGE_BYTES; ; room += PAGE_BYTES) {
    const layout = layOut(parts, room);
    const stub = assembleStub(layout.plan).bytes;
    if (stub.length <= room) return { layout, stub };
  }
}

/** An ELF note: `Elf64_Nhdr`, then the name and the blob, each padded to four bytes. */
function blobNote(blob: Buffer): Buffer {
  const header = Buffer.alloc(12);
  header.writeUInt32LE(BLOB_NAME.length, 0);
  header.writeUInt32LE(blob.length, 4);
  const padding = (length: number) => Buffer.alloc(-length & 3);
  return Buffer.concat([
    header,
    Buffer.from(BLOB_NAME),
    padding(BLOB_NAME.length),
    blob,
    padding(blob.length),
  ]);
}

/** The offset of the fuse's digit in a Node. @throws SealError unless it can be flipped */
export function findFuse(bytes: Buffer): number {
  const at = bytes.indexOf(FUSE);
  const again = bytes.indexOf(FUSE, at + 1);
  const digit = bytes[at + FUSE.length];
  if (at < 0 || again >= 0 || digit !== '0'.charCodeAt(0)) {
    throw new SealError('this Node cannot take an application: its fuse is missing, double or blown');
  }
  return at + FUSE.length;
}

/**
 * The file header, and the program headers for the kernel: the segments to load, but no interpreter. There is
 * room for the three new segments, since at least PT_PHDR, PT_INTERP and PT_DYNAMIC are omitted; those of a Node that are
 * omitted besides leave it for the second half of a segment with a hole.
 */
function editHeader(sealed: Buffer, { elf }: Parts, { fileShift, stub, data, rest }: Layout): void {
  const load = ({ address, size }: Span, flags: number): ProgramHeader => ({
    type: PT.LOAD,
    flags,
    offset: address - fileShift,
    address,
    fileSize: size,
    memorySize: size,
    alignment: PAGE_BYTES,
  });
  const headers = [
    ...segments(elf, PT.LOAD),
    load(stub, PF.R | PF.X),
    load(data, PF.R | PF.W),
    load(rest, PF.R),
    ...segments(elf, PT.GNU_STACK),
    ...segments(elf, PT.NOTE),
  ];
  const room = elf.bytes.readUInt16LE(EHDR.phnum);
  if (headers.length > room) throw new SealError(`${elf.name} has no room for another program header`);
  const table = Buffer.alloc(room * PROGRAM_HEADER_BYTES);
  table.set(Buffer.concat(headers.map(writeProgramHeader)));
  sealed.set(table, elf.tableOffset);
  sealed.writeUInt16LE(headers.length, EHDR.phnum);
  writeNumber(sealed, EHDR.entry, stub.address);
}

/**
 * The original program headers, with the new places of the table, the dynamic section and the application.
 */
function innerHeaders({ elf, note }: Parts, layout: Layout): ProgramHeader[] {
  const moved = ({ address, size }: Span) => ({
    address,
    offset: fileOffset(elf, layout, address),
    fileSize: size,
    memorySize: size,
  });
  const headers = elf.programHeaders.map((header) => {
    if (header.type === PT.PHDR) return { ...header, ...moved(layout.programHeaders) };
    return header.type === PT.DYNAMIC ? { ...header, ...moved(layout.dynamic) } : header;
  });
  if (note.length === 0) return headers;
  return [...headers, { type: PT.NOTE, flags: PF.R, alignment: 4, ...moved(layout.note) }];
}

function fileOffset(elf: ElfFile, { stub, fileShift }: Layout, address: number): number {
  return address < stub.address ? offsetOf(elf, address) : address - fileShift;
}

/**
 * Makes Node's references to libraries point to their slots, both in the dynamic section and in the list of
 * needed versions, which ld.so matches by name. ld.so itself keeps its name, and so do the libraries in their
 * references to each other.
 */
function editNeeded(sealed: Buffer, { elf, dynamic }: Parts, layout: Layout): void {
  // Names are offsets from the string table, but no rule requires them to lie inside it.
  const slots = new Map(layout.libraries.map(({ name, slot }) => [name, slot - dynamic.strings]));
  const names = dynamic.needed.values();
  const entries = dynamic.entries.map(({ tag, value }): DynamicEntry => {
    const slot = tag === DT.NEEDED ? slots.get(names.next().value ?? '') : undefined;
    return { tag, value: slot ?? value };
  });
  const others = layout.libraries.filter(({ name }) => !dynamic.needed.includes(name));
  for (const { slot } of others) entries.push({ tag: DT.NEEDED, value: slot - dynamic.strings });
  entries.push({ tag: DT.NULL, value: 0 });
  const start = fileOffset(elf, layout, layout.dynamic.address);
  for (const [index, { tag, value }] of entries.entries()) {
    writeNumber(sealed, start + index * DYNAMIC_ENTRY_BYTES, tag);
    writeNumber(sealed, start + index * DYNAMIC_ENTRY_BYTES + 8, value);
  }
  for (const { library, nameAt } of dynamic.neededVersions) {
    const slot = slots.get(library);
    if (slot !== undefined) sealed.writeUInt32LE(slot, nameAt);
  }
}

const USAGE = 'usage: node scripts/seal/seal.ts NODE OUT [--blob FILE] [--keep-symbols] [--keep-icu]\n';

function main(args: readonly string[]): number {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      blob: { type: 'string' },
      'keep-symbols': { type: 'boolean', default: false },
      'keep-icu': { type: 'boolean', default: false },
    },
  });
  const [nodePath, outPath, ...more] = positionals;
  if (nodePath === undefined || outPath === undefined || more.length > 0) {
    process.stderr.write(USAGE);
    return 2;
  }
  const node = readFileSync(nodePath);
  const { libraries, loader } = findLibraries(readElf(nodePath, node));
  const blob = values.blob === undefined ? undefined : readFileSync(values.blob);
  const { 'keep-symbols': keepSymbols, 'keep-icu': keepIcu } = values;
  const sealed = seal(node, { libraries, loader, keepSymbols, keepIcu, ...(blob && { blob }) });
  // A running executable cannot be overwritten, but it can be replaced.
  writeFileSync(`${outPath}.part`, sealed, { mode: 0o755 });
  renameSync(`${outPath}.part`, outPath);
  const inside = [loader, ...libraries].map(({ path, bytes }) => `  ${path}  ${bytes.length}\n`);
  process.stdout.write(`${outPath}  ${sealed.length} bytes, with\n${inside.join('')}`);
  return 0;
}

if (import.meta.main) {
  try {
    process.exitCode = main(process.argv.slice(2));
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    process.stderr.write(`seal: ${error.message}\n`);
    process.exitCode = 1;
  }
}

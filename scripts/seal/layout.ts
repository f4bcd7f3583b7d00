/**
 * Computes the layout of the sealed executable, in memory and in the file. Arithmetic only.
 */
import {
  DT,
  DYNAMIC_ENTRY_BYTES,
  type Dynamic,
  type ElfFile,
  PAGE_BYTES,
  PF,
  PROGRAM_HEADER_BYTES,
  PT,
  readElf,
  segments,
} from './elf-file.ts';
import type { Libraries, NamedFile } from './libraries.ts';
import { type LoaderSegment, PROT, SLOT_BYTES, type Span, type StubLibrary, type StubPlan } from './stub.ts';

/** The parts of the executable. */
export interface Parts extends Libraries {
  /** Node, without its sections unless its symbols are kept. */
  readonly elf: ElfFile;
  readonly dynamic: Dynamic;
  /** The application, as an ELF note; empty if there is none. */
  readonly note: Buffer;
  /** See `StubPlan`. */
  readonly forgotten: readonly string[];
  readonly minDescriptors: number;
}

export interface PlacedLibrary extends NamedFile, StubLibrary {}

export interface Layout {
  /** For everything after the original: the address minus the file offset. */
  readonly fileShift: number;
  /** The segments S, D and B. */
  readonly stub: Span;
  readonly data: Span;
  readonly rest: Span;
  /** In its original place, or in D if it needs more room. */
  readonly dynamic: Span;
  /** ld.so's program headers. */
  readonly programHeaders: Span;
  readonly note: Span;
  readonly loaderImage: Span;
  readonly libraries: readonly PlacedLibrary[];
  /** The addresses that the stub needs. */
  readonly plan: StubPlan;
}

/** Assigns a place to every part; the stub gets `stubRoom` bytes, a multiple of the page size. */
export function layOut(
  { elf, dynamic, libraries, loader, note, forgotten, minDescriptors }: Parts,
  stubRoom: number,
): Layout {
  const start = wholePages(
    Math.max(...segments(elf, PT.LOAD).map(({ address, memorySize }) => address + memorySize)),
  );
  const room = new Room(start);
  const stub = room.takePages(stubRoom);

  const slots = room.takePages(libraries.length * SLOT_BYTES);
  const descriptors = room.take(libraries.length * 4);
  const entryCount = dynamicEntryCount(dynamic, libraries);
  const { address, fileSize } = dynamic.header;
  const ownDynamic = { address, size: fileSize };
  const finalDynamic =
    entryCount > dynamic.capacity ? room.take(entryCount * DYNAMIC_ENTRY_BYTES) : ownDynamic;
  const data = { address: slots.address, size: wholePages(room.end - slots.address) };

  const headerCount = elf.programHeaders.length + (note.length > 0 ? 1 : 0);
  const programHeaders = room.takePages(headerCount * PROGRAM_HEADER_BYTES);
  const noteSpan = room.take(note.length);
  const loaderImage = room.takePages(loader.bytes.length);
  const placed = libraries.map((library, index) => ({
    ...library,
    image: room.takePages(library.bytes.length),
    slot: slots.address + index * SLOT_BYTES,
  }));
  const images = { address: loaderImage.address, size: wholePages(room.end - loaderImage.address) };
  const rest = { address: programHeaders.address, size: room.end - programHeaders.address };

  const plan: StubPlan = {
    origin: stub.address,
    libraries: placed,
    descriptors: descriptors.address,
    loader: planLoader(loader, loaderImage),
    programHeaders: { address: programHeaders.address, count: headerCount },
    images,
    sealedData: data,
    debugPointer: debugPointer(dynamic, finalDynamic),
    entry: elf.entry,
    forgotten,
    minDescriptors,
  };
  const fileShift = start - wholePages(elf.bytes.length);
  return {
    fileShift,
    stub,
    data,
    rest,
    dynamic: finalDynamic,
    programHeaders,
    note: noteSpan,
    loaderImage,
    libraries: placed,
    plan,
  };
}

/** Allocates addresses in ascending order. */
class Room {
  end: number;

  constructor(start: number) {
    this.end = start;
  }

  take(size: number, boundary = 8): Span {
    const address = Math.ceil(this.end / boundary) * boundary;
    this.end = address + size;
    return { address, size };
  }

  takePages(size: number): Span {
    return this.take(size, PAGE_BYTES);
  }
}

function wholePages(bytes: number): number {
  return Math.ceil(bytes / PAGE_BYTES) * PAGE_BYTES;
}

/** Libraries that Node does not need directly get additional entries; `DT_NULL` also takes one. */
function dynamicEntryCount({ entries, needed }: Dynamic, libraries: readonly NamedFile[]): number {
  return entries.length + libraries.filter(({ name }) => !needed.includes(name)).length + 1;
}

function debugPointer({ entries }: Dynamic, { address }: Span): number {
  return address + entries.findIndex(({ tag }) => tag === DT.DEBUG) * DYNAMIC_ENTRY_BYTES + 8;
}

function planLoader({ name, bytes }: NamedFile, image: Span): StubPlan['loader'] {
  const elf = readElf(name, bytes);
  const loads = segments(elf, PT.LOAD).map(
    ({ offset, address, fileSize, memorySize, flags }): LoaderSegment => {
      const first = Math.floor(address / PAGE_BYTES) * PAGE_BYTES;
      const pages = { address: first, size: wholePages(address + memorySize) - first };
      return { source: image.address + offset, address, fileSize, pages, protection: protectionOf(flags) };
    },
  );
  const size = Math.max(...loads.map(({ pages }) => pages.address + pages.size));
  return { segments: loads, size, entry: elf.entry };
}

/** Segment flags and mprotect flags have the same bits in a different order. */
function protectionOf(flags: number): number {
  return (flags & PF.R ? PROT.READ : 0) | (flags & PF.W ? PROT.WRITE : 0) | (flags & PF.X ? PROT.EXEC : 0);
}

/**
 * The program that starts first in a sealed executable, in x86-64 instructions.
 *
 * A dynamic executable starts in two steps: the kernel maps the executable and glibc's loader (ld.so), and
 * ld.so finds the shared libraries on disk. In a sealed executable, ld.so and the libraries are part of the
 * file, as images that the kernel maps with the rest as plain data. The stub runs twice:
 *
 * Before ld.so, in place of the kernel:
 * 0. Where too few open files are allowed the stub says so and ends, since Node would crash before any JavaScript.
 * 1. Every library becomes a file in memory (memfd_create), since ld.so only loads files. Its descriptor is
 *    appended to the `/proc/self//fd/` in the library's slot, which ld.so reads as the name of the library.
 * 2. ld.so is copied, segment by segment, to an address that the kernel chooses.
 * 3. Variables that could configure Node or ld.so lose their names.
 * 4. The auxiliary vector, in which the kernel describes its mappings to ld.so, gets the values that it would
 *    have without the stub.
 * 5. ld.so starts; apart from that, the stack is as the kernel created it.
 *
 * After ld.so, which treats the stub as the executable's entry point:
 * 6. The descriptors are closed, the images are unmapped, and the slots become read-only.
 * 7. In ld.so's list of loaded files (`link_map` in glibc's `link.h`), the libraries get their own names
 *    instead of `/proc/self//fd/3`, so that backtraces are readable.
 * 8. The stub jumps to the real entry point.
 */
import {
  type Assembled,
  ascii,
  assemble,
  type Block,
  block,
  data,
  distance,
  type Fragment,
  label,
} from '../../src/asm/assembler.ts';
import * as x64 from '../../src/asm/x64.ts';
import { checkDescriptors, complaint, system } from './stub-system.ts';

const { rax, rbx, rcx, rdx, rsi, rdi, rbp, rsp, r8, r9, r10, r11, r12, r13 } = x64;
const { al, eax, ecx, edx, esi, edi, r9d, r10d, at, scaled } = x64;
const { add, cmove, cmp, div, lea, mov, or, pop, push, sub, test, xor } = x64;
const { lodsb, movsb, rep, scasb, stosb, je, jle, jmp, jne, js } = x64;

/** A region of the sealed executable in memory. */
export interface Span {
  readonly address: number;
  readonly size: number;
}

export interface StubLibrary {
  readonly name: string;
  readonly image: Span;
  /** `SLOT_BYTES` that begin with `SLOT_PREFIX` and end in zeros. */
  readonly slot: number;
}

/** A `PT_LOAD` of ld.so, with addresses relative to the address where ld.so will be. */
export interface LoaderSegment {
  /** The current address of its bytes. */
  readonly source: number;
  readonly address: number;
  readonly fileSize: number;
  /** The whole pages that the segment occupies. */
  readonly pages: Span;
  /** `PROT_…` */
  readonly protection: number;
}

export interface StubPlan {
  /** The address of the stub. */
  readonly origin: number;
  readonly libraries: readonly StubLibrary[];
  /** Room for the libraries' descriptors, four bytes each. */
  readonly descriptors: number;
  readonly loader: {
    readonly segments: readonly LoaderSegment[];
    readonly size: number;
    readonly entry: number;
  };
  /** The program headers that ld.so sees. */
  readonly programHeaders: { readonly address: number; readonly count: number };
  /** All images; they are not needed once ld.so has run. */
  readonly images: Span;
  /** Memory that only ld.so writes to. */
  readonly sealedData: Span;
  /** Where ld.so stores the address of its list of loaded files: the value of `DT_DEBUG`. */
  readonly debugPointer: number;
  /** The executable's own entry point. */
  readonly entry: number;
  /** Prefixes of the variables that the stub hides. */
  readonly forgotten: readonly string[];
  /** How many open files must be allowed; 0 for any number. */
  readonly minDescriptors: number;
}

/**
 * The contents of a slot before the stub has run. Because of the second slash, ld.so does not confuse a later
 * `dlopen('/proc/self/fd/3')` with a library that was loaded under that name.
 */
export const SLOT_PREFIX = '/proc/self//fd/';
export const SLOT_BYTES = 32;

const EINVAL = 22;
const MFD_CLOEXEC = 1;
/** The file cannot be executed on its own; `vm.memfd_noexec=2` refuses everything else. */
const MFD_NOEXEC_SEAL = 8;
export const PROT = { READ: 1, WRITE: 2, EXEC: 4 } as const;
const MAP_PRIVATE_ANONYMOUS = 0x22;
/** Entries of the auxiliary vector (`elf.h`): a key and a value of eight bytes each; the last key is 0. */
const AT = { PHDR: 3, PHNUM: 5, BASE: 7, ENTRY: 9 } as const;
const [AUXV_VALUE, AUXV_BYTES] = [8, 16];

/** Fields of glibc's `struct r_debug` and `struct link_map`. */
const R_DEBUG_MAP = 8;
const LINK_MAP = { name: 8, next: 24 } as const;

/** The exit code if the stub fails; shells use it for commands that cannot be run. */
const EXIT_CANNOT_RUN = 126;
const COMPLAINT = 'cannot start: the system refuses memory, or files in memory (memfd_create)\n';
/** Fields of the tables below; pointers are relative to the row that contains them. */
const LIBRARY = { name: 0, image: 8, imageSize: 16, slot: 24, bytes: 32 } as const;
const SEGMENT = {
  source: 0,
  fileSize: 8,
  address: 16,
  pages: 24,
  pagesSize: 32,
  protection: 40,
  bytes: 48,
} as const;

/**
 * The code and its tables. All addresses are relative, so that the code runs wherever the kernel loads it.
 */
export function assembleStub(plan: StubPlan): Assembled {
  const { libraries, loader } = plan;
  const externals: Record<string, number> = {
    descriptors: plan.descriptors,
    descriptorsEnd: plan.descriptors + libraries.length * 4,
    programHeaders: plan.programHeaders.address,
    images: plan.images.address,
    sealedData: plan.sealedData.address,
    debugPointer: plan.debugPointer,
    entry: plan.entry,
  };
  for (const [index, { image, slot }] of libraries.entries()) {
    externals[`image${index}`] = image.address;
    externals[`slot${index}`] = slot;
  }
  for (const [index, { source }] of loader.segments.entries()) externals[`source${index}`] = source;
  const blocks = [
    ...checkDescriptors(plan.minDescriptors),
    ...writeLibraries(),
    ...copyLoader(plan),
    ...cleanEnvironment(),
    ...enterLoader(plan),
    ...tidyUp(plan),
    ...nameLibraries(),
  ];
  return assemble({
    origin: plan.origin,
    blocks: [...blocks, complaint('fail', COMPLAINT, EXIT_CANNOT_RUN), ...tables(plan)],
    jump: jmp,
    externals,
  });
}

/** Advances `row` to the table's next row, and jumps to `again` unless the end is reached. */
function nextRow(row: typeof rbx, bytes: number, end: string, again: string): Fragment[] {
  return [add(row, bytes), lea(rax, at(end)), cmp(row, rax), jne(again)];
}

/** Step 1. rbp: the original stack pointer · rbx: a library's row · r12: where its descriptor is stored */
function writeLibraries(): Block[] {
  return [
    block('libraryFiles', [lea(rbx, at('libraries')), lea(r12, at('descriptors'))], 'createFile'),
    block(
      'createFile',
      [
        ...[mov(rdi, at(rbx, LIBRARY.name)), add(rdi, rbx)],
        ...[mov(esi, MFD_CLOEXEC | MFD_NOEXEC_SEAL), ...system('memfd_create')],
        ...[cmp(eax, -EINVAL), jne('fileCreated')],
        // Linux before 6.3 does not support NOEXEC_SEAL.
        ...[mov(esi, MFD_CLOEXEC), ...system('memfd_create')],
      ],
      'fileCreated',
    ),
    block(
      'fileCreated',
      [
        ...[test(eax, eax), js('fail')],
        ...[mov(at(r12), eax), add(r12, 4)],
        mov(edi, eax),
        ...[mov(rsi, at(rbx, LIBRARY.image)), add(rsi, rbx)],
        mov(rdx, at(rbx, LIBRARY.imageSize)),
      ],
      'writeImage',
    ),
    // A write may be partial; continue with the rest.
    block(
      'writeImage',
      [
        ...[...system('write'), test(rax, rax), jle('fail')],
        ...[add(rsi, rax), sub(rdx, rax), jne('writeImage')],
      ],
      'writeSlot',
    ),
    // The descriptor in decimal: division yields the last digit first, so the stack reverses the digits.
    block('writeSlot', [mov(eax, edi), mov(ecx, 10)], 'pushDigit'),
    block('pushDigit', [xor(edx, edx), div(ecx), push(rdx), test(eax, eax), jne('pushDigit')], 'placeDigits'),
    block(
      'placeDigits',
      [mov(rdi, at(rbx, LIBRARY.slot)), lea(rdi, at(rdi, rbx, SLOT_PREFIX.length))],
      'popDigit',
    ),
    block(
      'popDigit',
      [
        ...[pop(rax), add(al, '0'.charCodeAt(0)), stosb, cmp(rsp, rbp), jne('popDigit')],
        ...nextRow(rbx, LIBRARY.bytes, 'librariesEnd', 'createFile'),
      ],
      'mapLoader',
    ),
  ];
}

/** Step 2. r13: the address of ld.so · rbx: a segment's row */
function copyLoader({ loader }: StubPlan): Block[] {
  return [
    block(
      'mapLoader',
      [
        ...[xor(edi, edi), mov(esi, loader.size), mov(edx, PROT.READ | PROT.WRITE)],
        ...[mov(r10d, MAP_PRIVATE_ANONYMOUS), or(r8, -1), xor(r9d, r9d), ...system('mmap')],
        ...[test(rax, rax), js('fail')],
        ...[mov(r13, rax), lea(rbx, at('segments'))],
      ],
      'copySegment',
    ),
    // New memory is zero, so the part of a segment beyond its bytes in the file needs no initialization.
    block(
      'copySegment',
      [
        ...[mov(rsi, at(rbx, SEGMENT.source)), add(rsi, rbx)],
        ...[mov(rdi, at(rbx, SEGMENT.address)), add(rdi, r13)],
        ...[mov(rcx, at(rbx, SEGMENT.fileSize)), rep(movsb)],
        ...[mov(rdi, at(rbx, SEGMENT.pages)), add(rdi, r13), mov(rsi, at(rbx, SEGMENT.pagesSize))],
        ...[mov(rdx, at(rbx, SEGMENT.protection)), ...system('mprotect'), test(eax, eax), jne('fail')],
        ...nextRow(rbx, SEGMENT.bytes, 'segmentsEnd', 'copySegment'),
      ],
      'findEnvironment',
    ),
  ];
}

/**
 * Step 3. The stack: argc, argv, 0, the environment, 0, the auxiliary vector · rbx: position on the stack ·
 * r12: a variable · rsi: position in the list of prefixes. A variable becomes an empty string rather than
 * being removed, because ld.so finds the auxiliary vector after the end of the list.
 */
function cleanEnvironment(): Block[] {
  return [
    block('findEnvironment', [mov(rax, at(rbp)), lea(rbx, at(rbp, scaled(rax, 8), 16))], 'readVariable'),
    block(
      'readVariable',
      [...[mov(r12, at(rbx)), add(rbx, 8), test(r12, r12), je('findAuxv')], lea(rsi, at('forgotten'))],
      'tryBeginning',
    ),
    block('tryBeginning', [mov(rdi, r12), lodsb, test(al, al), je('readVariable')], 'compareBeginning'),
    block(
      'compareBeginning',
      [scasb, jne('skipBeginning'), lodsb, test(al, al), jne('compareBeginning'), mov(at(r12), al)],
      'readVariable',
    ),
    block('skipBeginning', [lodsb, test(al, al), jne('skipBeginning')], 'tryBeginning'),
  ];
}

/** Steps 4 and 5. rsi: position in the auxiliary vector */
function enterLoader({ loader, programHeaders }: StubPlan): Block[] {
  return [
    block(
      'findAuxv',
      [
        mov(rsi, rbx),
        ...[
          lea(r8, at('programHeaders')),
          mov(r9, programHeaders.count),
          mov(r10, r13),
          lea(r11, at('relocated')),
        ],
      ],
      'patchAuxv',
    ),
    block(
      'patchAuxv',
      [
        ...[mov(rax, at(rsi)), mov(rdx, at(rsi, AUXV_VALUE))],
        ...[cmp(eax, AT.PHDR), cmove(rdx, r8)],
        ...[cmp(eax, AT.PHNUM), cmove(rdx, r9)],
        ...[cmp(eax, AT.BASE), cmove(rdx, r10)],
        ...[cmp(eax, AT.ENTRY), cmove(rdx, r11)],
        ...[mov(at(rsi, AUXV_VALUE), rdx), add(rsi, AUXV_BYTES)],
        ...[test(eax, eax), jne('patchAuxv')],
      ],
      'enterLoader',
    ),
    // rdx: a function to call at exit; the kernel passes none.
    block('enterLoader', [add(r13, loader.entry), mov(rsp, rbp), xor(edx, edx), jmp(r13)]),
  ];
}

/** Step 6. rbp: the saved rdx, ld.so's function to call at exit · rbx: a descriptor */
function tidyUp({ images, sealedData }: StubPlan): Block[] {
  return [
    block('relocated', [mov(rbp, rdx), lea(rbx, at('descriptors'))], 'closeFile'),
    block(
      'closeFile',
      [
        ...[mov(edi, at(rbx)), ...system('close'), ...nextRow(rbx, 4, 'descriptorsEnd', 'closeFile')],
        ...[lea(rdi, at('images')), mov(esi, images.size), ...system('munmap')],
        ...[
          lea(rdi, at('sealedData')),
          mov(esi, sealedData.size),
          mov(edx, PROT.READ),
          ...system('mprotect'),
        ],
      ],
      'findMaps',
    ),
  ];
}

/** Steps 7 and 8. rbx: a link map · r12: a library's row */
function nameLibraries(): Block[] {
  return [
    block('findMaps', [mov(rbx, at('debugPointer')), mov(rbx, at(rbx, R_DEBUG_MAP))], 'nameMap'),
    block('nameMap', [lea(r12, at('libraries'))], 'compareName'),
    block(
      'compareName',
      [mov(rsi, at(rbx, LINK_MAP.name)), mov(rdi, at(r12, LIBRARY.slot)), add(rdi, r12)],
      'compareByte',
    ),
    block(
      'compareByte',
      [
        ...[lodsb, scasb, jne('otherLibrary')],
        ...[test(al, al), jne('compareByte')],
        ...[mov(rax, at(r12, LIBRARY.name)), add(rax, r12), mov(at(rbx, LINK_MAP.name), rax)],
      ],
      'nextMap',
    ),
    block('nextMap', [mov(rbx, at(rbx, LINK_MAP.next)), test(rbx, rbx), jne('nameMap')], 'enterProgram'),
    block('enterProgram', [mov(rdx, rbp), jmp('entry')]),
    block('otherLibrary', nextRow(r12, LIBRARY.bytes, 'librariesEnd', 'compareName'), 'nextMap'),
  ];
}

function tables({ libraries, loader, forgotten }: StubPlan): Block[] {
  const libraryRow = ({ image }: StubLibrary, index: number) => [
    label(`library${index}`),
    ...[`name${index}`, `image${index}`].map((target) => data(8, distance(`library${index}`, target))),
    data(8, image.size),
    data(8, distance(`library${index}`, `slot${index}`)),
  ];
  const segmentRow = ({ fileSize, address, pages, protection }: LoaderSegment, index: number) => [
    label(`segment${index}`),
    data(8, distance(`segment${index}`, `source${index}`)),
    data(8, fileSize, address, pages.address, pages.size, protection),
  ];
  return [
    block('libraries', [...libraries.flatMap(libraryRow), label('librariesEnd')]),
    block('segments', [...loader.segments.flatMap(segmentRow), label('segmentsEnd')]),
    block(
      'names',
      libraries.flatMap(({ name }, index) => [label(`name${index}`), ascii(`${name}\0`)]),
    ),
    block('forgotten', [ascii([...forgotten, ''].map((beginning) => `${beginning}\0`).join(''))]),
  ];
}

/**
 * Finds the shared libraries that a Node needs on this machine, and checks whether they are compatible.
 */
import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { basename, join } from 'node:path';
import {
  DT,
  type Dynamic,
  type ElfFile,
  interpreterOf,
  PT,
  readDynamic,
  readElf,
  SealError,
  segments,
} from './elf-file.ts';

export interface NamedFile {
  /** The DT_SONAME, by which other files refer to the library. */
  readonly name: string;
  readonly bytes: Buffer;
}

export interface FoundFile extends NamedFile {
  readonly path: string;
}

export interface Libraries<File extends NamedFile = NamedFile> {
  /** All direct and indirect dependencies; unneeded ones do no harm. */
  readonly libraries: readonly File[];
  /** glibc's ld.so */
  readonly loader: File;
}

/**
 * Where distributions keep libraries that run on every x86-64 processor. The folders `glibc-hwcaps` are
 * omitted, because their libraries only run on processors like this machine's.
 */
const DIRECTORIES = [
  '/lib/x86_64-linux-gnu',
  '/usr/lib/x86_64-linux-gnu',
  '/lib64',
  '/usr/lib64',
  '/usr/local/lib64',
  '/lib',
  '/usr/lib',
  '/usr/local/lib',
];

/** Since this version, name resolution needs no further libraries (nss_files, nss_dns) at run time. */
const OLDEST_GLIBC = 'GLIBC_2.34';
const ADVICE = 'build where glibc is 2.34 or newer: Debian 12, Ubuntu 22.04, Fedora 35 or later';

/** Throws a `SealError` unless `node` can be sealed; returns the path at which it expects its loader. */
export function checkNode(node: ElfFile): string {
  if (node.machine !== 'x86-64') {
    throw new SealError(`${node.name} is for ${node.machine}: sealing works for x86-64 only so far`);
  }
  const interpreter = interpreterOf(node);
  if (interpreter === undefined) {
    throw new SealError(`${node.name} has no interpreter: static, or sealed before`);
  }
  if (
    segments(node, PT.PHDR).length === 0 ||
    readDynamic(node).entries.every(({ tag }) => tag !== DT.DEBUG)
  ) {
    throw new SealError(`${node.name} is not an executable: PT_PHDR or DT_DEBUG is missing`);
  }
  return interpreter;
}

/** The loader of `node` and all libraries that `node` loads, in ld.so's breadth-first order. */
export function findLibraries(
  node: ElfFile,
  directories: readonly string[] = DIRECTORIES,
): Libraries<FoundFile> {
  const interpreter = checkNode(node);
  if (!existsSync(interpreter)) throw new SealError(`${interpreter} is not on this machine; ${ADVICE}`);
  const loader = { name: basename(interpreter), path: interpreter, bytes: readFileSync(interpreter) };
  const found = new Map<string, FoundFile>();
  const queue = [...readDynamic(node).needed];
  for (let name = queue.shift(); name !== undefined; name = queue.shift()) {
    if (name === loader.name || found.has(name)) continue;
    const file = find(name, node.machine, directories);
    found.set(name, file);
    queue.push(...readDynamic(readElf(file.path, file.bytes)).needed);
  }
  return { libraries: [...found.values()], loader };
}

function find(name: string, machine: string, directories: readonly string[]): FoundFile {
  for (const directory of directories) {
    const path = join(directory, name);
    if (!existsSync(path)) continue;
    const bytes = readFileSync(path);
    // A folder may hold libraries for another processor, or a linker script of the same name.
    if (machineOf(path, bytes) === machine) return { name, bytes, path: realpathSync(path) };
  }
  throw new SealError(`${name} for ${machine} is in none of ${directories.join(', ')}; ${ADVICE}`);
}

function machineOf(path: string, bytes: Buffer): string | undefined {
  try {
    return readElf(path, bytes).machine;
  } catch (error) {
    if (error instanceof SealError) return undefined;
    throw error;
  }
}

/** Throws a `SealError` unless all files are compatible and can be sealed. */
export function checkLibraries(node: ElfFile, { libraries, loader }: Libraries): void {
  const byName = new Map([...libraries, loader].map((file) => [file.name, readLibrary(file, node.machine)]));
  if (byName.get('libc.so.6')?.providedVersions.includes(OLDEST_GLIBC) !== true) {
    throw new SealError(`glibc is missing or too old to resolve host names by itself; ${ADVICE}`);
  }
  for (const [name, dynamic] of [[node.name, readDynamic(node)] as const, ...byName]) {
    checkNeeds(name, dynamic, byName);
  }
}

function readLibrary({ name, bytes }: NamedFile, machine: string): Dynamic {
  const elf = readElf(name, bytes);
  if (elf.machine !== machine) throw new SealError(`${name} is for ${elf.machine}, Node for ${machine}`);
  const dynamic = readDynamic(elf);
  if (dynamic.soname !== name) throw new SealError(`${name} calls itself ${dynamic.soname}`);
  return dynamic;
}

function checkNeeds(name: string, dynamic: Dynamic, byName: ReadonlyMap<string, Dynamic>): void {
  const missing = dynamic.needed.find((needed) => !byName.has(needed));
  if (missing !== undefined)
    throw new SealError(`${name} needs ${missing}, which is not among the libraries`);
  for (const { library, versions } of dynamic.neededVersions) {
    const provided = byName.get(library)?.providedVersions ?? [];
    const lacking = versions.find((version) => !provided.includes(version));
    if (lacking !== undefined) throw new SealError(`${name} needs ${lacking} of ${library}, which is older`);
  }
}

/** The version of glibc among the libraries, from its own version banner. */
export function glibcVersion({ libraries }: Libraries): string {
  const libc = libraries.find(({ name }) => name === 'libc.so.6');
  const banner = libc?.bytes.toString('latin1').match(/GNU C Library .*? release version (\d+\.\d+)/);
  if (!banner?.[1]) throw new SealError('libc.so.6 does not say which version it is');
  return banner[1];
}

/**
 * The foreign parts of mote-tiny: which, in which version, and with which SHA-256. They come from a folder that the
 * user names, from the cache, or from Debian (`apt.ts`), and nothing is unpacked whose hash is not the one below.
 *
 * The engine and the TLS library are the archives of their authors, zlib is theirs without most of its `contrib`, as Debian
 * has it, and the C library is Debian's build with its security fixes. To take another version, change an entry here, and
 * let the suites judge (`docs/tiny.md`).
 */
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { type DebianFile, download } from './apt.ts';
import { type Arch, TinyError } from './arguments.ts';
import { runTool } from './run-tool.ts';

export interface Pin extends DebianFile {
  /** As its authors count, and as `mote --version --json` has it. */
  readonly version: string;
  readonly sha256: string;
}

export const quickjs: Pin = {
  package: 'quickjs',
  architecture: 'source',
  file: 'quickjs_2025.04.26.orig.tar.xz',
  version: '2025-04-26',
  sha256: 'ec81da5b3249ed648dbc7df4a1654988910e66a118d9b71cb63534216efcfbbe',
};

export const mbedtls: Pin = {
  package: 'mbedtls',
  architecture: 'source',
  file: 'mbedtls_3.6.6.orig.tar.bz2',
  version: '3.6.6',
  sha256: '8fb65fae8dcae5840f793c0a334860a411f884cc537ea290ce1c52bb64ca007a',
};

/** Only what decompresses. */
export const zlib: Pin = {
  package: 'zlib',
  architecture: 'source',
  file: 'zlib_1.3.dfsg+really1.3.1.orig.tar.gz',
  version: '1.3.1',
  sha256: '60dd315c07f616887caa029408308a018ace66e3d142726a97db164b3b8f69fb',
};

/**
 * Not that of the build machine: older ones neither ask a name server by TCP nor understand packed relocations, and
 * there is none for other processors. Versions of Debian's own count from here, since fixes are in them.
 */
export const musl: Readonly<Record<Arch, Pin>> = {
  x64: {
    package: 'musl-dev',
    architecture: 'amd64',
    file: 'musl-dev_1.2.5-3.1~deb13u1_amd64.deb',
    version: '1.2.5-3.1~deb13u1',
    sha256: 'a3f7d47e452129bb65aae201d6c115abf4d5d3efb136b38b7c6b4fa03ec065e9',
  },
  arm64: {
    package: 'musl-dev',
    architecture: 'arm64',
    file: 'musl-dev_1.2.5-3.1~deb13u1_arm64.deb',
    version: '1.2.5-3.1~deb13u1',
    sha256: '384ea029e3694baac696d3993d93246f9a4b3741c493697e1ceb7256d8820748',
  },
};

export interface SourceFolders {
  /** Instead of the cache and of Debian. */
  readonly sources: string | undefined;
  readonly cache: string;
}

/** Where to bring files from, which tests replace. */
export type Download = (pins: readonly Pin[], folder: string) => void;

/**
 * The unpacked folder of each pin, in their order. What is missing is brought at once.
 *
 * @throws TinyError
 */
export function unpackSources(
  pins: readonly Pin[],
  { sources, cache }: SourceFolders,
  bring: Download = download,
): string[] {
  const archives = join(cache, 'sources');
  if (sources === undefined) {
    const missing = pins.filter((pin) => !isIntact(join(archives, pin.file), pin));
    if (missing.length > 0) fill(archives, missing, bring);
  }
  if (sources !== undefined) checkGiven(sources, pins);
  return pins.map((pin) => unpackOnce(join(sources ?? archives, pin.file), pin, cache));
}

/** What the cache has is checked every time: it is a folder like any other. */
function isIntact(path: string, { sha256 }: Pin): boolean {
  return existsSync(path) && hashOf(path) === sha256;
}

/** All that is wrong at once: one line for each file. */
function checkGiven(folder: string, pins: readonly Pin[]): void {
  const problems = pins.flatMap(({ file, sha256 }) => {
    const path = join(folder, file);
    if (!existsSync(path)) return [`${path} is missing; wanted: ${file} with the SHA-256 ${sha256}`];
    const found = hashOf(path);
    return found === sha256 ? [] : [`${path} has the SHA-256 ${found}, ${sha256} is wanted`];
  });
  if (problems.length > 0) throw new TinyError(problems.map((problem) => `--sources: ${problem}`).join('\n'));
}

function fill(archives: string, missing: readonly Pin[], bring: Download): void {
  mkdirSync(archives, { recursive: true });
  const folder = mkdtempSync(join(archives, 'part-'));
  try {
    bring(missing, folder);
    for (const pin of missing) {
      const path = join(folder, pin.file);
      const found = hashOf(path);
      if (found !== pin.sha256) {
        throw new TinyError(
          `the mirror's ${pin.file} has the SHA-256 ${found}, ${pin.sha256} is wanted; it was not used`,
        );
      }
      renameSync(path, join(archives, pin.file));
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A folder is named by its hash and appears whole, so what is there needs no second look. */
function unpackOnce(path: string, { file, sha256 }: Pin, cache: string): string {
  const name = /^[^_]+/.exec(file)?.[0] ?? file;
  const unpacked = join(cache, 'unpacked', `${name}-${sha256.slice(0, 16)}`);
  if (existsSync(unpacked)) return unpacked;
  mkdirSync(join(cache, 'unpacked'), { recursive: true });
  const part = mkdtempSync(join(cache, 'unpacked', 'part-'));
  try {
    const inner = join(part, 'tree');
    mkdirSync(inner);
    if (file.endsWith('.deb')) unpackPackage(path, part, inner);
    else runTool('tar', ['--extract', '--strip-components=1', '--file', path, '--directory', inner]);
    if (!existsSync(unpacked)) renameSync(inner, unpacked);
    return unpacked;
  } finally {
    rmSync(part, { recursive: true, force: true });
  }
}

/** A Debian package is an archive of ar, whatever the machine is. */
function unpackPackage(path: string, part: string, inner: string): void {
  const copy = join(part, basename(path));
  copyFileSync(path, copy);
  runTool('ar', ['x', copy, 'data.tar.xz'], { cwd: part });
  runTool('tar', ['--extract', '--file', join(part, 'data.tar.xz'), '--directory', inner]);
}

function hashOf(path: string): string {
  return createHash('sha256').update(readFileSync(path)).digest('hex');
}

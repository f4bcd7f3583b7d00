/**
 * Bundles the sources into one file: `npm run bundle` writes dist/mote.cjs, which `node dist/mote.cjs` runs
 * without node_modules, and beside it the source map that stack traces are read with.
 *
 * CommonJS, because that is what executables start; parts that a start does not need are initialised when
 * they are asked for.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { build, type Metafile } from 'esbuild';
import type { BuildInfo } from '../../src/build/info.ts';
import { answerHelp } from '../help.ts';
import { bundledPackages, licensesFor } from './licenses.ts';
import { replacements } from './replacements.ts';

export const REPOSITORY = resolve(import.meta.dirname, '../..');

/**
 * Somewhat above what it is: raise it together with the reason. 72 kB are for mail, mostly marked; 62 kB came with what
 * real clients, providers and attackers send, 47 kB are the licenses of Node in an executable, 40 kB came with the
 * HTTP/1.1 codec and its engine, 31 kB with replicas, 25 kB with workers, 25 kB with the terminal, 23 kB with dialects and
 * the page, 22 kB with rules and clean URLs, 20 kB with presets, 19 kB with HTTPS and HTTP/2, 16 kB with hooks, 12 kB with
 * listings.
 */
export const MAX_BUNDLE_BYTES = 670 * 1024;

export interface Bundle {
  readonly code: Uint8Array;
  readonly map: Uint8Array;
  /** What the code is made of, the largest part first. */
  readonly parts: readonly Part[];
}

export interface Part {
  /** A package, or a folder of the sources. */
  readonly name: string;
  readonly bytes: number;
}

/** A bundle that must not be shipped; the message is for the user. */
export class BundleError extends Error {
  override readonly name = 'BundleError';
}

/**
 * Bundles the repository at `root`. The code names the file `NAME.map`, where `name` is that of the file that
 * the code is written to.
 *
 * @throws BundleError
 */
export async function bundle(info: BuildInfo, name = 'mote.cjs', root = REPOSITORY): Promise<Bundle> {
  const { outputFiles, metafile } = await build({
    absWorkingDir: root,
    entryPoints: ['src/cli/bin.ts'],
    outfile: `dist/${name}`,
    write: false,
    bundle: true,
    platform: 'node',
    target: 'node24',
    format: 'cjs',
    minify: true,
    metafile: true,
    legalComments: 'none',
    sourcemap: 'linked',
    logLevel: 'error',
    preserveSymlinks: true,
    // An executable can load nothing but what is inside: `import()` becomes a call of `require`.
    supported: { 'dynamic-import': false },
    plugins: [replacements({ build: info, licenses: licensesFor(info.base, root) })],
  });
  const [map, code] = [outputOf('.map'), outputOf(name)];
  function outputOf(end: string): Uint8Array {
    return outputFiles.find(({ path }) => path.endsWith(end))?.contents ?? new Uint8Array();
  }
  const parts = partsOf(metafile);
  checkParts(parts, bundledPackages(root));
  checkSize(code.length);
  checkCharacters(code);
  return { code, map, parts };
}

/** @throws BundleError */
export function checkSize(bytes: number): void {
  if (bytes <= MAX_BUNDLE_BYTES) return;
  throw new BundleError(
    `the bundle has ${bytes} bytes, MAX_BUNDLE_BYTES in scripts/bundle/bundle.ts allows ${MAX_BUNDLE_BYTES}`,
  );
}

/**
 * V8 keeps a text with one character outside Latin-1 in twice the memory, and compiles it slower. esbuild escapes such
 * characters but in regular expressions.
 *
 * @throws BundleError
 */
export function checkCharacters(code: Uint8Array): void {
  const at = code.findIndex((byte) => byte > 0x7f);
  if (at < 0) return;
  const around = Buffer.from(code.subarray(Math.max(0, at - 40), at + 20)).toString();
  throw new BundleError(
    `the bundle is not in ASCII; write \\u escapes in the regular expression at ${around}`,
  );
}

/** Whatever is inside must be among the licenses. */
function checkParts(parts: readonly Part[], noticed: readonly string[]): void {
  const unknown = parts.find(
    ({ name }) => !name.startsWith('src') && name !== GLUE && !noticed.includes(name),
  );
  if (unknown)
    throw new BundleError(`${unknown.name} is in the bundle, but is no dependency in package.json`);
}

/** What esbuild adds to connect the modules. */
const GLUE = 'between the modules';

/** Sums the bytes up by package and by folder. */
export function partsOf({ outputs }: Metafile): Part[] {
  const sizes = new Map<string, number>();
  for (const { bytes, inputs, entryPoint } of Object.values(outputs)) {
    if (entryPoint === undefined) continue;
    let rest = bytes;
    for (const [path, { bytesInOutput }] of Object.entries(inputs)) {
      const name = partName(path);
      sizes.set(name, (sizes.get(name) ?? 0) + bytesInOutput);
      rest -= bytesInOutput;
    }
    sizes.set(GLUE, rest);
  }
  return Array.from(sizes, ([name, bytes]) => ({ name, bytes })).toSorted((a, b) => b.bytes - a.bytes);
}

function partName(path: string): string {
  if (path === 'src/build/licenses.ts') return 'src, licenses';
  const packaged = /node_modules\/((?:@[^/]+\/)?[^/]+)\/(?!.*node_modules\/)/.exec(path)?.[1];
  return packaged ?? path.split('/').slice(0, -1).join('/');
}

/** One line for each part, and the sum. */
export function describeParts(parts: readonly Part[]): string {
  const sum = parts.reduce((total, { bytes }) => total + bytes, 0);
  return [...parts, { name: `of ${MAX_BUNDLE_BYTES} allowed`, bytes: sum }]
    .map(({ name, bytes }) => `${String(bytes).padStart(9)}  ${name}\n`)
    .join('');
}

async function main(): Promise<void> {
  const folder = join(REPOSITORY, 'dist');
  const { code, map, parts } = await bundle({ base: 'bundle', embeddedSite: false });
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'mote.cjs'), code);
  writeFileSync(join(folder, 'mote.cjs.map'), map);
  process.stdout.write(`dist/mote.cjs\n${describeParts(parts)}`);
}

if (import.meta.main) {
  answerHelp(import.meta.filename);
  try {
    await main();
  } catch (error) {
    if (!(error instanceof BundleError)) throw error;
    process.stderr.write(`bundle: ${error.message}\n`);
    process.exitCode = 1;
  }
}

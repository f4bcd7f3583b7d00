/**
 * Writes dist/mote.oci.tar, the image that Dockerfile.scratch describes, without a container engine:
 *
 *   npm run image -- [--tiny] [--tag NAME] [--ca FILE]
 *
 *   --tiny        of mote-tiny (made by npm run tiny): dist/mote-tiny.oci.tar
 *   --tag NAME    the name to load it under (default mote:latest, with --tiny mote:tiny)
 *   --ca FILE     the CA bundle inside, as PEM (default: the roots of the locked Node)
 *
 * It is the executable (made by npm run build), the CA bundle and the site in an otherwise empty root, for each
 * architecture that dist/ has an executable of. Equal inputs give equal bytes; SOURCE_DATE_EPOCH sets the times in it.
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { answerHelp } from '../help.ts';
import { CA_BUNDLE_PATH, trustedRoots } from './ca-bundle.ts';
import { type Architecture, archive, type Image, image, type RunConfig, sizes, type TarFile } from './oci.ts';
import { parseReference } from './reference.ts';

/** The fields of package.json that describe the product. */
export interface Product {
  readonly name: string;
  readonly description: string;
  readonly version: string;
  readonly license: string;
}

/** The contents of the image for one architecture. */
export interface Parts {
  readonly architecture: Architecture;
  readonly executable: Buffer;
  /** PEM. */
  readonly caBundle: Buffer;
  /** The files below web_root/, with paths relative to it. */
  readonly site: readonly TarFile[];
}

/** What images are made of. */
interface Rung {
  readonly executables: readonly [string, ...string[]];
  readonly madeBy: string;
  readonly output: string;
  readonly tag: string;
}

const RUNGS: Readonly<Record<'node' | 'tiny', Rung>> = {
  node: {
    executables: ['dist/mote', 'dist/mote-arm64'],
    madeBy: 'npm run build',
    output: 'dist/mote.oci.tar',
    tag: 'mote:latest',
  },
  tiny: {
    executables: ['dist/mote-tiny', 'dist/mote-tiny-arm64'],
    madeBy: 'npm run tiny',
    output: 'dist/mote-tiny.oci.tar',
    tag: 'mote:tiny',
  },
};

const PORT = 8080;
/** The user `nonroot` of many base images; no file in the image belongs to it. */
const USER = '65532:65532';

/** How engines run mote; Dockerfile.scratch contains the same settings. */
export function runConfig({ name, description, version, license }: Product): RunConfig {
  return {
    entrypoint: ['/mote'],
    user: USER,
    exposedPorts: [PORT],
    env: { SSL_CERT_FILE: `/${CA_BUNDLE_PATH}` },
    workingDir: '/',
    // Newer engines check every few seconds within this period, and then every 30 s.
    healthcheck: { command: ['/mote', 'healthcheck'], startPeriodSeconds: 10 },
    labels: {
      'org.opencontainers.image.title': name,
      'org.opencontainers.image.description': description,
      'org.opencontainers.image.version': version,
      'org.opencontainers.image.licenses': license,
    },
  };
}

/**
 * Layers are ordered from the least to the most frequently changed, so that engines can reuse the lower ones.
 */
export function moteImage(
  { architecture, executable, caBundle, site }: Parts,
  product: Product,
  epochSeconds: number | undefined,
): Image {
  const layer = (what: string, files: readonly TarFile[]) => ({ files, createdBy: `npm run image: ${what}` });
  const layers = [
    layer('CA bundle', [{ path: CA_BUNDLE_PATH, mode: 0o644, bytes: caBundle }]),
    layer('executable', [{ path: 'mote', mode: 0o755, bytes: executable }]),
    layer(
      'site',
      site.map((file) => ({ ...file, path: `web_root/${file.path}` })),
    ),
  ];
  return image({ architecture, layers, config: runConfig(product), epochSeconds });
}

/** All files below `folder`, sorted, and readable by everyone regardless of their mode in `folder`. */
export function readSite(folder: string): TarFile[] {
  const visit = (inner: string): TarFile[] =>
    readdirSync(join(folder, inner), { withFileTypes: true }).flatMap((entry) => {
      const path = posix.join(inner, entry.name);
      if (entry.isDirectory()) return visit(path);
      if (!entry.isFile()) throw new Error(`${join(folder, path)}: an image takes only files and folders`);
      return [{ path, mode: 0o644, bytes: readFileSync(join(folder, path)) }];
    });
  return visit('').sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** Reads SOURCE_DATE_EPOCH (reproducible-builds.org). */
export function epochFrom(text: string | undefined): number | undefined {
  if (text === undefined || text === '') return undefined;
  if (!/^\d{1,11}$/.test(text)) {
    throw new Error(`SOURCE_DATE_EPOCH is seconds since 1970, got ${JSON.stringify(text)}`);
  }
  return Number(text);
}

export interface BuildOptions {
  /** Instead of the executables on Node. */
  readonly tiny?: boolean;
  /** The name to load the image under; `mote:latest` or `mote:tiny` where it is left out. */
  readonly tag?: string | undefined;
  /** The path of a CA bundle as PEM; defaults to that of the locked Node. */
  readonly caFile?: string | undefined;
  readonly epochSeconds?: number | undefined;
}

/** An archive, where it goes in the project folder, and a short summary for the user. */
export interface BuiltArchive {
  readonly bytes: Buffer;
  readonly output: string;
  readonly report: string;
}

export function build(root: string, options: BuildOptions): BuiltArchive {
  const rung = RUNGS[options.tiny ? 'tiny' : 'node'];
  const { output } = rung;
  const { familiar } = parseReference(options.tag ?? rung.tag);
  const product: Product = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const executables = readExecutables(root, rung);
  const shared = { caBundle: readCaBundle(options.caFile), site: readSite(join(root, 'web_root')) };
  const images = executables.map((one) => moteImage({ ...one, ...shared }, product, options.epochSeconds));
  const bytes = archive(images, familiar);
  const lines = [`${output}: ${familiar}, ${grouped(bytes.length)} bytes`, ...images.map(summary)];
  return { bytes, output, report: lines.map((line) => `${line}\n`).join('') };
}

function readExecutables(root: string, rung: Rung): Pick<Parts, 'architecture' | 'executable'>[] {
  const [first, ...others] = rung.executables;
  if (!existsSync(join(root, first))) throw new Error(`${first} is missing: ${rung.madeBy} makes it`);
  const present = [first, ...others.filter((path) => existsSync(join(root, path)))];
  return present.map((path) => {
    const executable = readFileSync(join(root, path));
    const architecture = architectureOf(executable);
    if (!architecture) throw new Error(`${path} is no Linux executable for x86-64 or arm64`);
    return { architecture, executable };
  });
}

/** The architecture of an ELF executable (`e_machine`), if it is a supported one. */
function architectureOf(executable: Buffer): Architecture | undefined {
  const isElf = executable.toString('latin1', 0, 4) === '\x7fELF';
  const names = new Map<number, Architecture>([
    [62, 'amd64'],
    [183, 'arm64'],
  ]);
  return isElf ? names.get(executable.readUInt16LE(18)) : undefined;
}

function readCaBundle(file: string | undefined): Buffer {
  if (file === undefined) return trustedRoots();
  const bytes = readFileSync(file);
  if (!bytes.includes('-----BEGIN CERTIFICATE-----')) throw new Error(`--ca: no certificate in ${file}`);
  return bytes;
}

function summary(made: Image): string {
  const { pullBytes, fileBytes } = sizes(made);
  const measures = `${grouped(pullBytes)} bytes to pull, ${grouped(fileBytes)} bytes of files`;
  return `  linux/${made.architecture}: ${measures}, ${made.manifest.digest}`;
}

function grouped(bytes: number): string {
  return bytes.toLocaleString('en-US');
}

function main(args: string[]): void {
  const { values } = parseArgs({
    args,
    options: { ca: { type: 'string' }, tag: { type: 'string' }, tiny: { type: 'boolean', default: false } },
  });
  const root = fileURLToPath(new URL('../..', import.meta.url));
  const epochSeconds = epochFrom(process.env.SOURCE_DATE_EPOCH);
  const { ca: caFile, tag, tiny } = values;
  const { bytes, output, report } = build(root, { tiny, tag, caFile, epochSeconds });
  writeFileSync(join(root, output), bytes);
  process.stdout.write(report);
}

if (import.meta.main) {
  answerHelp(import.meta.filename);
  try {
    main(process.argv.slice(2));
  } catch (error) {
    process.stderr.write(`image: ${(error as Error).message}\n`);
    process.exitCode = 1;
  }
}

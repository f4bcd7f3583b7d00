/**
 * Writes the smallest rung of the ladder, a Linux executable that serves what is inside of it:
 *
 *   npm run micro -- FILE [--port N] [--profile record|standard|full] [--arch x86-64|arm64] [-o OUT]
 *                     [--image OUT.tar] [--listing]
 *
 *   --port N       where neither the first argument of the program nor PORT says otherwise (default 8080)
 *   --profile P    record: the smallest valid answer · standard (default): a real server for one page
 *                  full: with gzip, entity tags, IPv6 and SIGTERM besides
 *   --arch A       the processor that it runs on: x86-64 (default) or arm64
 *   -o OUT         the executable (default dist/mote-micro)
 *   --image TAR    an archive with an image that holds nothing else
 *   --listing      print address, bytes and source of everything in it
 *
 * Equal inputs give equal bytes.
 */
import { mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { parseArgs } from 'node:util';
import { assembleA64Full } from '../src/micro/a64-full.ts';
import { assembleA64Record } from '../src/micro/a64-record.ts';
import { assembleA64Standard } from '../src/micro/a64-server.ts';
import { type Assembled, listing } from '../src/micro/assembler.ts';
import { MACHINE } from '../src/micro/elf.ts';
import { assembleFull } from '../src/micro/full.ts';
import { pack } from '../src/micro/pack.ts';
import { assembleRecord } from '../src/micro/record.ts';
import { assembleStandard, type Page } from '../src/micro/server.ts';
import { contentType } from '../src/static/mime.ts';
import { archive, type Image, image, sizes } from './oci.ts';

export type Arch = keyof typeof MACHINE;

interface Profile {
  /** The most that the program may add to the page, with a type of 23 bytes and a length of four digits. */
  readonly budgetBytes: number;
  readonly assemble: (page: Page, port: number) => Assembled;
  /** How many bytes of the program are the page. */
  readonly storedBytes: (page: Page) => number;
}

const asItIs = ({ content }: Page) => content.length;
const asGzip = ({ content }: Page) => pack(content).length;

type Profiles = Readonly<Record<string, Profile>>;

const profiles: Profiles = {
  record: {
    ...{ budgetBytes: 204, storedBytes: asItIs },
    assemble: ({ content }) => assembleRecord(content),
  },
  standard: {
    ...{ budgetBytes: 750, storedBytes: asItIs },
    assemble: (page, port) => assembleStandard({ page, port }),
  },
  full: { budgetBytes: 1201, storedBytes: asGzip, assemble: (page, port) => assembleFull({ page, port }) },
};
const arm64Profiles: Profiles = {
  record: {
    ...{ budgetBytes: 283, storedBytes: asItIs },
    assemble: ({ content }) => assembleA64Record(content),
  },
  standard: {
    ...{ budgetBytes: 1000, storedBytes: asItIs },
    assemble: (page, port) => assembleA64Standard({ page, port }),
  },
  full: { budgetBytes: 1549, storedBytes: asGzip, assemble: (page, port) => assembleA64Full({ page, port }) },
};
export const profilesFor: Readonly<Record<Arch, Profiles>> = { 'x86-64': profiles, arm64: arm64Profiles };
/** Described in issue and README, and not written yet. */
const PLANNED = ['site'];
const USAGE =
  'usage: npm run micro -- FILE [--port N] [--profile P] [--arch A] [-o OUT] [--image OUT.tar] [--listing]\n';
const DEFAULT_OUTPUT = 'dist/mote-micro';
const SAMPLE: Page = { content: Buffer.alloc(1000), contentType: 'text/html;charset=utf-8' };

class UsageError extends Error {}

export function profileOf(name: string, arch: Arch = 'x86-64'): Profile {
  const profiles = profilesFor[arch];
  const profile = Object.hasOwn(profiles, name) ? profiles[name] : undefined;
  if (profile) return profile;
  const why = PLANNED.includes(name) ? 'is not there yet' : 'is none';
  throw new UsageError(`--profile ${name} ${why}; there are ${Object.keys(profiles).join(', ')}`);
}

/** Bytes of a program beside its page. */
export function overhead(profile: Profile, page = SAMPLE, port = 8080): number {
  return profile.assemble(page, port).bytes.length - profile.storedBytes(page);
}

/** Assembles a program; fails where the profile has outgrown its budget. */
export function build(name: string, page: Page, port: number, arch: Arch = 'x86-64'): Assembled {
  const profile = profileOf(name, arch);
  const spent = overhead(profile);
  if (spent > profile.budgetBytes) {
    throw new Error(
      `profile ${name} for ${arch} takes ${spent} bytes, ${spent - profile.budgetBytes} over its budget`,
    );
  }
  return profile.assemble(page, port);
}

function archOf(text: string): Arch {
  const names = Object.keys(MACHINE) as Arch[];
  const arch = names.find((name) => name === text);
  if (!arch) throw new UsageError(`--arch ${text} is none; there are ${names.join(', ')}`);
  return arch;
}

function portOf(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (port < 1 || port > 65_535) throw new UsageError(`--port wants a number from 1 to 65535, got ${text}`);
  return port;
}

function readPage(path: string): Page {
  if (statSync(path).isDirectory())
    throw new UsageError(`${path} is a folder; profile site, which takes folders, is not there yet`);
  return { content: readFileSync(path), contentType: contentType(basename(path)) };
}

/** Replaces what is there: a running executable cannot be written to. */
function writeExecutable(path: string, bytes: Uint8Array): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(`${path}.part`, bytes, { mode: 0o755 });
  renameSync(`${path}.part`, path);
}

export function imageOf(executable: Uint8Array, port: number, profile: string, arch: Arch = 'x86-64'): Image {
  return image({
    architecture: arch === 'arm64' ? 'arm64' : 'amd64',
    layers: [{ files: [{ path: 'm', mode: 0o755, bytes: Buffer.from(executable) }] }],
    config: {
      entrypoint: ['/m'],
      ...(profile === 'record' ? { cmd: [String(port)] } : {}),
      exposedPorts: [port],
      // The one signal that the program handles; `record` handles none.
      stopSignal: profile === 'record' ? 'SIGKILL' : 'SIGINT',
    },
  });
}

/** Returns a line that says how big it is by which measure. */
function writeImage(path: string, made: Image): string {
  writeFileSync(path, archive([made], 'mote-micro:latest'));
  const { pullBytes, fileBytes } = sizes(made);
  return `${path}: an image of ${fileBytes} bytes of files, ${pullBytes} bytes to pull\n`;
}

function main(args: string[]): void {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      port: { type: 'string', default: '8080' },
      profile: { type: 'string', default: 'standard' },
      arch: { type: 'string', default: 'x86-64' },
      output: { type: 'string', short: 'o', default: DEFAULT_OUTPUT },
      image: { type: 'string' },
      listing: { type: 'boolean', default: false },
    },
  });
  const [path, ...more] = positionals;
  if (path === undefined || more.length > 0) throw new UsageError('one FILE is wanted');
  const port = portOf(values.port);
  const arch = archOf(values.arch);
  const profile = profileOf(values.profile, arch);
  const page = readPage(path);
  const { bytes, rows } = build(values.profile, page, port, arch);
  writeExecutable(values.output, bytes);
  if (values.listing) process.stdout.write(listing(rows));
  process.stdout.write(
    `${values.output}: ${bytes.length} bytes, ${bytes.length - profile.storedBytes(page)} of them not the page\n`,
  );
  if (values.image !== undefined) {
    process.stdout.write(writeImage(values.image, imageOf(bytes, port, values.profile, arch)));
  }
}

if (import.meta.main) {
  try {
    main(process.argv.slice(2));
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const wrongUse =
      error instanceof UsageError || ('code' in error && String(error.code).startsWith('ERR_PARSE_ARGS'));
    process.stderr.write(`micro: ${error.message}\n${wrongUse ? USAGE : ''}`);
    process.exitCode = wrongUse ? 2 : 1;
  }
}

/**
 * Writes the smallest rung of the ladder, a Linux executable that serves what is inside of it:
 *
 *   npm run micro -- FILE|DIR [--port N] [--profile record|standard|full|site] [--arch x86-64|arm64|both]
 *                         [-o OUT] [--image OUT.tar] [--listing] [--header compact|strict]
 *
 *   --port N       where neither the first argument of the program nor PORT says otherwise (default 8080)
 *   --profile P    record: the smallest valid response · standard (default for a file): a real server for one page
 *                  full: with gzip, entity tags, IPv6 and SIGTERM besides · site (default for a folder): full for
 *                  all that mote would serve from a folder
 *   --arch A       the processor that it runs on: x86-64 (default) or arm64, or both: that makes two executables,
 *                  OUT-x86-64 and OUT-arm64, and one archive for either
 *   -o OUT         the executable (default dist/mote-micro)
 *   --image TAR    an archive with an image that holds nothing else
 *   --listing      print address, bytes and source of everything in it
 *   --header H     the ELF header: compact (default), or strict, which keeps to the specification to the letter
 *
 * Equal inputs give equal bytes.
 */
import { mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { parseArgs } from 'node:util';
import { type Assembled, listing } from '../../src/asm/assembler.ts';
import { assembleA64Full, assembleA64Site } from '../../src/micro/a64-full.ts';
import { assembleA64Record } from '../../src/micro/a64-record.ts';
import { assembleA64Standard } from '../../src/micro/a64-server.ts';
import { MAX_CONTENT_BYTES, type SiteFile } from '../../src/micro/content.ts';
import { type Layout, MACHINE } from '../../src/micro/elf.ts';
import { assembleFull, assembleSite } from '../../src/micro/full.ts';
import { assembleRecord } from '../../src/micro/record.ts';
import { assembleStandard, type Page, type ProgramOptions } from '../../src/micro/server.ts';
import { contentType } from '../../src/static/mime.ts';
import { answerHelp } from '../help.ts';
import { archive, type Image, image, sizes } from '../oci/oci.ts';
import { readEntries } from '../site.ts';

/** What a program serves. */
export type Input =
  | { readonly kind: 'page'; readonly page: Page }
  | { readonly kind: 'site'; readonly files: readonly SiteFile[] };

interface Profile<Served> {
  /** The most that the program may add to what it serves, here: to the sample. */
  readonly budgetBytes: number;
  readonly sample: Served;
  readonly assemble: (served: Served, options: ProgramOptions) => Assembled;
  /** How many bytes of a program are what it serves. */
  readonly storedBytes: (program: Assembled, served: Served) => number;
}

/** Its type has 23 bytes, and its length four digits. */
const SAMPLE: Page = { content: Buffer.alloc(1000), contentType: 'text/html;charset=utf-8' };
const html = (path: string, words: number): SiteFile => ({
  segments: path.split('/'),
  content: Buffer.from(`<!doctype html><title>${path}</title>${'<p>some words of text\n'.repeat(words)}`),
  contentType: 'text/html; charset=utf-8',
});
/** Five files, of which one does not pack. */
const SAMPLE_SITE: readonly SiteFile[] = [
  html('index.html', 60),
  html('docs/index.html', 90),
  html('404.html', 20),
  { segments: ['style.css'], content: Buffer.alloc(500), contentType: 'text/css; charset=utf-8' },
  { segments: ['logo.png'], content: Buffer.from('not much of a logo'), contentType: 'image/png' },
];

const asItIs = (_: Assembled, { content }: Page) => content.length;
const stored = ({ addressOf }: Assembled) => addressOf('end') - addressOf('stored');

export type Arch = keyof typeof MACHINE;

interface Profiles {
  readonly forPages: Readonly<Record<string, Profile<Page>>>;
  readonly site: Profile<readonly SiteFile[]>;
}

const x64: Profiles = {
  forPages: {
    record: {
      budgetBytes: 204,
      sample: SAMPLE,
      storedBytes: asItIs,
      assemble: ({ content }, { layout }) => assembleRecord(content, layout),
    },
    standard: {
      budgetBytes: 745,
      sample: SAMPLE,
      storedBytes: asItIs,
      assemble: (page, options) => assembleStandard({ page, ...options }),
    },
    full: {
      budgetBytes: 1173,
      sample: SAMPLE,
      storedBytes: stored,
      assemble: (page, options) => assembleFull({ page, ...options }),
    },
  },
  site: {
    // The goal was 1,350 bytes, and 100 for each file.
    budgetBytes: 1393,
    sample: SAMPLE_SITE,
    storedBytes: stored,
    assemble: (files, options) => assembleSite({ files, ...options }),
  },
};

const arm64: Profiles = {
  forPages: {
    record: {
      budgetBytes: 283,
      sample: SAMPLE,
      storedBytes: asItIs,
      assemble: ({ content }, { layout }) => assembleA64Record(content, layout),
    },
    standard: {
      budgetBytes: 1004,
      sample: SAMPLE,
      storedBytes: asItIs,
      assemble: (page, options) => assembleA64Standard({ page, ...options }),
    },
    full: {
      budgetBytes: 1606,
      sample: SAMPLE,
      storedBytes: stored,
      assemble: (page, options) => assembleA64Full({ page, ...options }),
    },
  },
  site: {
    budgetBytes: 1826,
    sample: SAMPLE_SITE,
    storedBytes: stored,
    assemble: (files, options) => assembleA64Site({ files, ...options }),
  },
};
const profiles: Readonly<Record<Arch, Profiles>> = { 'x86-64': x64, arm64 };

const USAGE =
  'usage: npm run micro -- FILE|DIR [--port N] [--profile P] [--arch A] [-o OUT] [--image OUT.tar] [--listing] [--header H]\n';
const DEFAULT_OUTPUT = 'dist/mote-micro';

class UsageError extends Error {}

/** A program, and how much of it is not what it serves. */
export interface Built extends Assembled {
  readonly overheadBytes: number;
}

export interface BuildOptions extends ProgramOptions {
  /** Left out, x86-64. */
  readonly arch?: Arch;
}

/** Assembles a program; fails where the profile has outgrown its budget. */
export function build(name: string, input: Input, options: BuildOptions): Built {
  const { forPages, site } = profiles[options.arch ?? 'x86-64'];
  if (input.kind === 'site') {
    if (name !== 'site') throw new UsageError(`a folder needs --profile site, not ${name}`);
    return buildWith(site, name, input.files, options);
  }
  const profile = Object.hasOwn(forPages, name) ? forPages[name] : undefined;
  if (profile) return buildWith(profile, name, input.page, options);
  if (name === 'site') throw new UsageError('--profile site needs a folder');
  throw new UsageError(
    `--profile ${name} is none; there are ${[...Object.keys(forPages), 'site'].join(', ')}`,
  );
}

function buildWith<Served>(
  profile: Profile<Served>,
  name: string,
  served: Served,
  options: BuildOptions,
): Built {
  const { assemble, storedBytes, sample, budgetBytes } = profile;
  const overhead = (program: Assembled, what: Served) => program.bytes.length - storedBytes(program, what);
  const spent = overhead(assemble(sample, { port: options.port }), sample);
  if (spent > budgetBytes) {
    throw new Error(`profile ${name} takes ${spent} bytes, ${spent - budgetBytes} over its budget`);
  }
  const program = assemble(served, options);
  return { ...program, overheadBytes: overhead(program, served) };
}

function portOf(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (port < 1 || port > 65_535) throw new UsageError(`--port wants a number from 1 to 65535, got ${text}`);
  return port;
}

function archesOf(text: string): Arch[] {
  const names = Object.keys(MACHINE) as Arch[];
  const chosen = names.filter((name) => name === text || text === 'both');
  if (chosen.length > 0) return chosen;
  throw new UsageError(`--arch wants ${names.join(', ')} or both, got ${text}`);
}

function layoutOf(text: string): Layout {
  if (text === 'compact' || text === 'strict') return text;
  throw new UsageError(`--header wants strict or compact, got ${text}`);
}

async function read(path: string): Promise<Input> {
  if (!statSync(path).isDirectory()) {
    return {
      kind: 'page',
      page: { content: readFileSync(path), contentType: contentType(basename(path)) },
    };
  }
  const { entries, leftOut } = await readEntries(path, MAX_CONTENT_BYTES);
  for (const line of leftOut) process.stderr.write(`micro: left out: ${line}\n`);
  const files = entries.flatMap(({ segments, bytes }) =>
    bytes ? [{ segments, content: bytes, contentType: contentType(segments.at(-1) ?? '') }] : [],
  );
  return { kind: 'site', files };
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

/** Returns lines that say how big it is by which measure. */
function writeImages(path: string, made: readonly Image[]): string {
  writeFileSync(path, archive(made, 'mote-micro:latest'));
  const lines = made.map((one) => {
    const { pullBytes, fileBytes } = sizes(one);
    const kind = made.length > 1 ? `for ${one.architecture} an image` : 'an image';
    return `${path}: ${kind} of ${fileBytes} bytes of files, ${pullBytes} bytes to pull\n`;
  });
  return lines.join('');
}

async function main(args: string[]): Promise<void> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      port: { type: 'string', default: '8080' },
      profile: { type: 'string' },
      arch: { type: 'string', default: 'x86-64' },
      output: { type: 'string', short: 'o', default: DEFAULT_OUTPUT },
      image: { type: 'string' },
      listing: { type: 'boolean', default: false },
      header: { type: 'string', default: 'compact' },
    },
  });
  const [path, ...more] = positionals;
  if (path === undefined || more.length > 0) throw new UsageError('one FILE or DIR is wanted');
  const arches = archesOf(values.arch);
  const options = { port: portOf(values.port), layout: layoutOf(values.header) };
  const input = await read(path);
  const profile = values.profile ?? (input.kind === 'site' ? 'site' : 'standard');
  const served = input.kind === 'site' ? 'files' : 'page';
  const images = arches.map((arch) => {
    const { bytes, rows, overheadBytes } = build(profile, input, { ...options, arch });
    const output = arches.length > 1 ? `${values.output}-${arch}` : values.output;
    writeExecutable(output, bytes);
    if (values.listing) process.stdout.write(listing(rows));
    process.stdout.write(`${output}: ${bytes.length} bytes, ${overheadBytes} of them not the ${served}\n`);
    return imageOf(bytes, options.port, profile, arch);
  });
  if (values.image !== undefined) process.stdout.write(writeImages(values.image, images));
}

if (import.meta.main) {
  answerHelp(import.meta.filename);
  // A reader that has seen enough of a listing and gone (`| head`) is no reason for a stack trace.
  process.stdout.on('error', () => undefined);
  try {
    await main(process.argv.slice(2));
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const wrongUse =
      error instanceof UsageError || ('code' in error && String(error.code).startsWith('ERR_PARSE_ARGS'));
    process.stderr.write(`micro: ${error.message}\n${wrongUse ? USAGE : ''}`);
    process.exitCode = wrongUse ? 2 : 1;
  }
}

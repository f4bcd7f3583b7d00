/**
 * The rungs of the ladder: mote's, built anew from the sources, and servers that Debian packages. What cannot be built
 * or is not installed is left out, with its reason.
 */
import { execFile, execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { GO, peers, type Site } from '../../bench/peers.ts';
import { REPOSITORY } from '../bundle/bundle.ts';
import { type Arch, build, imageOf as microImageOf } from '../micro/micro.ts';
import { CA_BUNDLE_PATH, trustedRoots } from '../oci/ca-bundle.ts';
import { moteImage, readSite } from '../oci/image.ts';
import { type Architecture, type Image, image, sizes, type TarFile } from '../oci/oci.ts';
import { findUpx } from './upx.ts';

const MAX_OUTPUT_BYTES = 16 * 1024 * 1024;
const BUILD_LIMIT_MS = 300_000;
const BUSYBOX = '/usr/bin/busybox';

const runFile = promisify(execFile);

export interface Rung {
  readonly name: string;
  readonly title: string;
  /** The executable, without libraries and configuration. */
  readonly program: string;
  /** How it is started; none for another processor. */
  readonly command?: (site: Site) => readonly string[];
  readonly logs?: boolean;
  /** It answers once for every connection, which wrk counts as an error. */
  readonly answersOnce?: boolean;
  /** From the files that the running program has mapped. */
  readonly image: (mapped: readonly string[]) => Image;
}

export interface Workshop {
  /** For what is built. */
  readonly folder: string;
  /** What all rungs serve. */
  readonly page: Buffer;
  /** Hears what cannot take part, and why. */
  readonly leaveOut: (title: string, reason: string) => void;
}

/** In the order of the tables: the smallest first, and mote's before others. */
export async function makeRungs(workshop: Workshop): Promise<Rung[]> {
  mkdirSync(workshop.folder, { recursive: true });
  return [
    ...microRungs(workshop),
    ...(await moteRungs(workshop)),
    ...goRungs(workshop),
    ...debianRungs(workshop),
  ];
}

/** The sizes of its image, as they stand in the results. */
export function imageSizes(rung: Rung, mapped: readonly string[]) {
  const { fileBytes, pullBytes } = sizes(rung.image(mapped));
  return { imageBytes: fileBytes, pullBytes };
}

const PAGE = 'index.html';
const MICRO_PORT = 8080;

function microRungs({ folder, page: content }: Workshop): Rung[] {
  const page = { content, contentType: 'text/html; charset=utf-8' };
  const rung = (profile: string, arch: Arch = 'x86-64'): Rung => {
    const isSite = profile === 'site';
    const input = isSite
      ? ({ kind: 'site', files: [{ ...page, segments: [PAGE] }] } as const)
      : ({ kind: 'page', page } as const);
    const { bytes } = build(profile, input, { port: MICRO_PORT, arch });
    const program = join(folder, `${profile}-${arch}`);
    writeFileSync(program, bytes, { mode: 0o755 });
    const isOwn = arch === 'x86-64';
    return {
      name: `micro-${profile}${isOwn ? '' : `-${arch}`}`,
      title: `mote-micro ${profile}${isOwn ? '' : `, ${arch}`}`,
      program,
      ...(isOwn && { command: ({ port }: Site) => [program, String(port)] }),
      answersOnce: profile === 'record',
      image: () => microImageOf(bytes, MICRO_PORT, profile, arch),
    };
  };
  const own = ['record', 'standard', 'full', 'site'].map((profile) => rung(profile));
  return [...own, rung('standard', 'arm64')];
}

const products = [
  { name: 'tiny', title: 'mote-tiny', script: 'tiny/tiny.ts', options: [], architecture: 'amd64' },
  {
    name: 'tiny-arm64',
    title: 'mote-tiny, arm64',
    script: 'tiny/tiny.ts',
    options: ['--arch', 'arm64'],
    architecture: 'arm64',
  },
  {
    name: 'mote-small',
    title: 'mote, `--memory small`',
    script: 'executable/executable.ts',
    options: ['--base', 'seal', '--memory', 'small'],
    architecture: 'amd64',
  },
  {
    name: 'mote',
    title: 'mote',
    script: 'executable/executable.ts',
    options: ['--base', 'seal'],
    architecture: 'amd64',
  },
] as const;

/** Built here, so that no figure is one of an older executable in dist. */
async function moteRungs({ folder, leaveOut }: Workshop): Promise<Rung[]> {
  const rungs: Rung[] = [];
  for (const { name, title, script, options, architecture } of products) {
    const program = join(folder, name);
    const args = [join(REPOSITORY, 'scripts', script), ...options, '--out', program];
    try {
      await runFile(process.execPath, args, { timeout: BUILD_LIMIT_MS, maxBuffer: MAX_OUTPUT_BYTES });
    } catch (error) {
      leaveOut(title, reasonOf(error));
      continue;
    }
    const own = architecture === 'amd64';
    const image = () => productImage(program, architecture);
    rungs.push({
      name,
      title,
      program,
      image,
      ...(own && { command: commandOf('mote', program), logs: true }),
    });
  }
  return rungs;
}

/** As `npm run image` makes it: with the CA bundle and the site that ships. */
function productImage(program: string, architecture: Architecture): Image {
  const product = JSON.parse(readFileSync(join(REPOSITORY, 'package.json'), 'utf8'));
  const site = readSite(join(REPOSITORY, 'web_root'));
  const executable = readFileSync(program);
  return moteImage({ architecture, executable, caBundle: trustedRoots(), site }, product, undefined);
}

/** How the bench starts a server. */
function commandOf(peer: string, program: string): NonNullable<Rung['command']> {
  const found = peers('', program, program).find(({ name }) => name === peer);
  if (!found) throw new Error(`the bench has no ${peer}`);
  return found.command;
}

/** The programs of the published images: a static Go program, packed by UPX, with the CA bundle where it sends. */
function goRungs({ folder, page, leaveOut }: Workshop): Rung[] {
  if (!existsSync(GO)) {
    leaveOut('Go', `${GO} is not there: apt-get install golang-go`);
    return [];
  }
  const rung = (name: string, title: string, program: string, files: readonly TarFile[] = []): Rung => ({
    name,
    title,
    program,
    command: commandOf('go', program),
    image: () => scratchImage([program], page, files),
  });
  const bundle: TarFile = { path: CA_BUNDLE_PATH, mode: 0o644, bytes: trustedRoots() };
  const [plain, notify] = [buildGo('fileserver', folder), buildGo('notify', folder)];
  const rungs = [rung('go', "Go's FileServer", plain)];
  try {
    const upx = findUpx(join(folder, 'upx'));
    rungs.unshift(
      rung('go-upx', "Go's FileServer, UPX", packed(upx, plain)),
      rung('go-notify-upx', 'Go notify service, UPX', packed(upx, notify), [bundle]),
    );
  } catch (error) {
    leaveOut('Go with UPX', reasonOf(error));
  }
  return rungs;
}

const goSources = { fileserver: 'bench/fileserver.go', notify: 'bench/notify.go' } as const;

/** Static, and without symbols. */
function buildGo(name: keyof typeof goSources, folder: string): string {
  const program = join(folder, name);
  const source = join(REPOSITORY, goSources[name]);
  const env = { ...process.env, GO111MODULE: 'off', CGO_ENABLED: '0' };
  execFileSync(GO, ['build', '-trimpath', '-ldflags', '-s -w', '-o', program, source], { env });
  return program;
}

function packed([command, ...args]: readonly [string, ...string[]], program: string): string {
  const out = `${program}-upx`;
  execFileSync(command, [...args, '-q', '--best', '--lzma', '-o', out, program], { stdio: 'ignore' });
  return out;
}

function debianRungs({ page, leaveOut }: Workshop): Rung[] {
  const rung = (
    name: string,
    title: string,
    program: string,
    command: Rung['command'],
    logs = true,
  ): Rung => ({
    name,
    title,
    program,
    ...(command && { command }),
    logs,
    image: (mapped) => scratchImage([program, ...mapped], page),
  });
  const nginx = (name: string) => commandOf(name, '');
  const busybox: Rung['command'] = ({ root, port }) => [
    BUSYBOX,
    'httpd',
    '-f',
    '-p',
    String(port),
    '-h',
    root,
  ];
  const all = [
    rung('busybox', 'busybox httpd', BUSYBOX, busybox, false),
    rung('lighttpd', 'lighttpd', '/usr/sbin/lighttpd', commandOf('lighttpd', '')),
    rung('nginx', 'nginx', '/usr/sbin/nginx', nginx('nginx')),
    rung('nginx-cache', 'nginx with `open_file_cache`', '/usr/sbin/nginx', nginx('nginx-cache')),
  ];
  return all.filter(({ title, program }) => {
    if (existsSync(program)) return true;
    leaveOut(title, `${program} is not there`);
    return false;
  });
}

/** The least that runs: the programs with their libraries, and the page. */
function scratchImage(paths: readonly string[], page: Buffer, more: readonly TarFile[] = []): Image {
  const files = [...new Set(paths)].map((path) => ({
    path: path.slice(1),
    mode: 0o755,
    bytes: readFileSync(path),
  }));
  const served = { path: `web_root/${PAGE}`, mode: 0o644, bytes: page };
  const layers = [{ files: [...files, ...more, served] }];
  return image({ architecture: 'amd64', layers, config: { entrypoint: [paths[0] ?? ''] } });
}

/** The first line of what a tool complained about. */
function reasonOf(error: unknown): string {
  const { stderr, message } = error as Error & { readonly stderr?: string };
  return (stderr || message).trim().split('\n', 1)[0] ?? '';
}

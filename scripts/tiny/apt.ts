/**
 * Brings files of Debian by the machine's own apt: its mirror, its proxies, its keys, but with a state of its own. So it
 * needs no rights, and the machine's lists and settings stay as they are.
 */
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { present } from '../command-path.ts';
import { TinyError } from './arguments.ts';
import { requireTools, runTool } from './run-tool.ts';

/** The release of Debian whose versions are pinned. */
const SUITE = 'trixie';
/** A mirror that does not answer. */
const MIRROR_LIMIT_SECONDS = 20;

export interface DebianFile {
  readonly package: string;
  /** `source` for the archive of the authors. */
  readonly architecture: 'source' | 'amd64' | 'arm64';
  readonly file: string;
}

/** Where packages come from, and the value of `Signed-By`, if there is one. */
export interface Mirror {
  readonly uri: string;
  readonly signedBy: string | undefined;
}

/** @throws TinyError */
export function download(files: readonly DebianFile[], folder: string): void {
  const names = files.map(({ file }) => file).join(', ');
  const otherwise = `without net, put ${names} into a folder and give --sources DIR`;
  if (!present('apt-get')) throw new TinyError(`this machine has no apt-get; ${otherwise}`);
  const mirror = findMirror(readSettings());
  if (!mirror) throw new TinyError(`apt has no mirror of Debian here; ${otherwise}`);
  const state = mkdtempSync(join(tmpdir(), 'mote-apt-'));
  try {
    for (const [architecture, some] of Map.groupBy(files, (file) => file.architecture)) {
      const packages = some.map((file) => file.package);
      bring(mirror, architecture, packages, join(state, architecture), folder);
    }
  } catch (error) {
    if (!(error instanceof TinyError)) throw error;
    throw new TinyError(`${names} cannot be brought: ${error.message}\n${otherwise}`);
  } finally {
    rmSync(state, { recursive: true, force: true });
  }
  const missing = files.find(({ file }) => !existsSync(join(folder, file)));
  if (!missing) return;
  const found = readdirSync(folder).join(', ');
  throw new TinyError(
    `Debian ${SUITE} no longer has ${missing.file} (it gave ${found}): put that file into a folder and give --sources DIR, or take the new version into scripts/tiny/sources.ts`,
  );
}

/** For tools beside the build: whatever version Debian has now. @throws TinyError */
export function downloadNewest(
  packages: readonly string[],
  architecture: DebianFile['architecture'],
  folder: string,
): void {
  requireTools(['apt-get']);
  const mirror = findMirror(readSettings());
  if (!mirror)
    throw new TinyError(`apt has no mirror of Debian here, so ${packages.join(', ')} cannot be brought`);
  const state = mkdtempSync(join(tmpdir(), 'mote-apt-'));
  try {
    bring(mirror, architecture, packages, state, folder);
  } finally {
    rmSync(state, { recursive: true, force: true });
  }
}

function bring(
  mirror: Mirror,
  architecture: DebianFile['architecture'],
  packages: readonly string[],
  state: string,
  folder: string,
): void {
  for (const name of ['lists/partial', 'archives/partial']) mkdirSync(join(state, name), { recursive: true });
  const isSource = architecture === 'source';
  writeFileSync(join(state, 'status'), '');
  writeFileSync(join(state, 'sources.list'), `${sourceLine(mirror, isSource ? 'deb-src' : 'deb')}\n`);
  const options = privateOptions(state, isSource ? [] : [architecture]);
  // Quiet, apt says nothing of its progress either.
  const quiet = process.stderr.isTTY ? [] : ['-qq'];
  runTool('apt-get', [...options, ...quiet, 'update'], { isShown: true });
  const verb = isSource ? ['source', '--download-only', '--tar-only'] : ['download'];
  runTool('apt-get', [...options, ...quiet, ...verb, ...packages], { cwd: folder, isShown: true });
}

function privateOptions(state: string, architectures: readonly string[]): string[] {
  const [only] = architectures;
  const settings = {
    'Dir::State': state,
    'Dir::State::status': join(state, 'status'),
    'Dir::Cache': state,
    'Dir::Etc::sourcelist': join(state, 'sources.list'),
    'Dir::Etc::sourceparts': '/dev/null',
    'Acquire::Languages': 'none',
    'Acquire::http::Timeout': MIRROR_LIMIT_SECONDS,
    'Acquire::https::Timeout': MIRROR_LIMIT_SECONDS,
    'APT::Update::Error-Mode': 'any',
    // The account that apt changes to has no access to folders of others.
    ...(process.getuid?.() === 0 && { 'APT::Sandbox::User': 'root' }),
    ...(only && { 'APT::Architecture': only, 'APT::Architectures': only }),
  };
  return Object.entries(settings).flatMap(([name, value]) => ['-o', `${name}=${value}`]);
}

function sourceLine({ uri, signedBy }: Mirror, kind: 'deb' | 'deb-src'): string {
  return `${kind} ${signedBy === undefined ? '' : `[signed-by=${signedBy}] `}${uri} ${SUITE} main`;
}

/** The texts of `/etc/apt/sources.list` and of what is beside it. */
function readSettings(): string[] {
  const folder = '/etc/apt/sources.list.d';
  const parts = existsSync(folder) ? readdirSync(folder).toSorted() : [];
  return ['/etc/apt/sources.list', ...parts.map((name) => join(folder, name))]
    .filter((path) => /\.(list|sources)$/.test(path) && existsSync(path))
    .map((path) => readFileSync(path, 'utf8'));
}

/** Suites that only the archive of Debian itself has; neither its updates nor its security fixes are for all packages. */
const DEBIAN_SUITE =
  /^(bullseye|bookworm|trixie|forky|duke|sid|oldoldstable|oldstable|stable|testing|unstable)$/;

/** The mirror of Debian in the settings of apt, which have two forms (sources.list(5)). */
export function findMirror(texts: readonly string[]): Mirror | undefined {
  const entries = texts.flatMap((text) => [...oneLineEntries(text), ...stanzaEntries(text)]);
  const found = entries.find(({ suites }) => suites.some((suite) => DEBIAN_SUITE.test(suite)));
  return found && { uri: found.uri, signedBy: found.signedBy };
}

interface Entry extends Mirror {
  readonly suites: readonly string[];
}

function oneLineEntries(text: string): Entry[] {
  const pattern = /^deb(?:-src)?\s+(?:\[([^\]]*)\]\s+)?(\S+)\s+(\S+)\s+(?:.*\s)?main(?:\s|$)/gm;
  return [...text.matchAll(pattern)].map(([, options = '', uri = '', suite = '']) => ({
    uri,
    suites: [suite],
    signedBy: /signed-by=(\S+)/i.exec(options)?.[1],
  }));
}

function stanzaEntries(text: string): Entry[] {
  const lines = text.replace(/^#.*\n?/gm, '');
  return lines.split(/\n\s*\n/).flatMap((stanza) => {
    const field = (name: string) => new RegExp(`^${name}:[ \\t]*(.*)$`, 'im').exec(stanza)?.[1]?.trim();
    const [uri] = field('URIs')?.split(/\s+/) ?? [];
    if (!uri || !/\bmain\b/.test(field('Components') ?? '') || field('Enabled') === 'no') return [];
    // A key can be there itself, over several lines: then the keys that apt trusts in general must do.
    const signedBy = field('Signed-By');
    return [
      {
        uri,
        suites: field('Suites')?.split(/\s+/) ?? [],
        signedBy: signedBy?.startsWith('/') ? signedBy : undefined,
      },
    ];
  });
}

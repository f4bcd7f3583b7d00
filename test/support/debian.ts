/**
 * An image to build in where none can be pulled: a Debian root out of the packages that this machine has
 * installed, with Node and npm in the places that they have in Node's official images.
 */
import { execFileSync, type StdioOptions } from 'node:child_process';
import {
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { lacking } from '../../scripts/test/lacking.ts';
import { usualCache } from '../../scripts/tiny/arguments.ts';
import { folder, noEngine, podman } from './engine.ts';

const MAX_OUTPUT_BYTES = 16 * 1024 * 1024;
/** Beside what Debian calls essential: the libraries of Node. */
const FURTHER_PACKAGES = ['libstdc++6'];
/** Beside these: what the build of mote-tiny takes. */
const COMPILER_PACKAGES = ['apt', 'binutils', 'bzip2', 'gcc', 'xz-utils'];
/** The machine's mirror and its keys. */
const APT_SETTINGS = ['/etc/apt', '/usr/share/keyrings'];
const DPKG_STATUS = '/var/lib/dpkg/status';
/** Where the build sees the machine's cache of sources and compiled parts. */
const CACHE = '/cache';
/** Where Debian's root links to folders of /usr by no package's doing. */
const MERGED = ['/bin', '/lib', '/lib64', '/sbin'].filter((path) => existsSync(path));
/** Where the build sees this machine's settings of npm, so that they are in no image. */
const SETTINGS = '/npm';

/** Why there can be no such image here, or `false`. */
export const noDebian: string | false = noEngine || obstacle();
/** The same of one with a compiler. */
export const noCompiler: string | false = noDebian || lacking({ gcc: 'gcc', bzip2: 'bzip2', xz: 'xz-utils' });

function obstacle(): string | false {
  const missing = lacking({ 'dpkg-query': 'dpkg', 'apt-cache': 'apt', tar: 'tar', npm: 'npm' });
  return (
    missing ||
    (!existsSync(join(npmFolder(), 'node_modules')) && 'npm is in more than one folder, as Debian packs it')
  );
}

function output(command: string, args: readonly string[]): string {
  // The settings of npm depend on the Node that runs it: on the machine's, not on the locked one.
  const path = process.env.PATH?.split(':').filter((entry) => !entry.endsWith('node_modules/.bin'));
  const env = { ...process.env, PATH: path?.join(':') };
  const stdio: StdioOptions = ['ignore', 'pipe', 'ignore'];
  return execFileSync(command, args, { encoding: 'utf8', maxBuffer: MAX_OUTPUT_BYTES, env, stdio });
}

function npmFolder(): string {
  return dirname(dirname(realpathSync(output('sh', ['-c', 'command -v npm']).trim())));
}

/**
 * Makes the image under `name`. Returns the options that let a build in it reach the registry as this machine
 * does: the network, and npm's cache and settings as volumes. With `compiler` the same of apt, and this machine's gcc
 * inside.
 */
export async function makeDebian(name: string, { compiler = false } = {}): Promise<readonly string[]> {
  const context = join(folder, 'debian');
  mkdirSync(context);
  const inside = packages([...FURTHER_PACKAGES, ...(compiler ? COMPILER_PACKAGES : [])]);
  const list = [...MERGED, ...packagedFiles(inside)].map((path) => `.${path}\n`).join('');
  const root = join(context, 'root.tar');
  execFileSync('tar', ['--create', '--file', root, '-C', '/', '--no-recursion', '--files-from=-'], {
    input: list,
  });
  placeNode(join(context, 'local'));
  // So that apt has nothing to install.
  cpSync(DPKG_STATUS, join(context, 'status'));
  const npm = npmSettings();
  const apt = compiler ? aptSettings() : undefined;
  const volumes = [...npm.volumes, ...(apt?.volumes ?? [])];
  const settings = [...npm.environment, ...(apt?.environment ?? [])].map((setting) => `ENV ${setting}`);
  const files = ['ADD root.tar /', 'COPY local /usr/local', `COPY status ${DPKG_STATUS}`];
  const lines = ['FROM scratch', ...files, ...settings];
  writeFileSync(join(context, 'Dockerfile'), lines.join('\n'));
  await podman('build', '--quiet', '--layers=false', '--tag', name, context);
  rmSync(context, { recursive: true });
  return ['--network', 'host', ...volumes.flatMap((volume) => ['--volume', volume])];
}

/** The files and folders of all packages, under their real paths. */
function packagedFiles(names: readonly string[]): string[] {
  const listed = output('dpkg-query', ['--listfiles', ...names]).split('\n');
  const folders = new Map<string, string>();
  const realFolder = (path: string) => {
    if (!folders.has(path)) folders.set(path, realpathSync(path));
    return folders.get(path) ?? path;
  };
  // Slim installations leave out documentation, and the list has remarks among the paths.
  const existing = listed.filter(
    (path) => /^\/[^.]/.test(path) && lstatSync(path, { throwIfNoEntry: false }),
  );
  const real = existing.map((path) => join(realFolder(dirname(path)), basename(path)));
  return [...new Set(real)].filter((path) => !MERGED.includes(path)).sort();
}

/** What is essential, what there is of `more`, and all that they depend on. */
function packages(more: readonly string[]): string[] {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: the placeholders are dpkg-query's
  const format = '${db:Status-Status} ${Essential} ${Package}\n';
  const known = output('dpkg-query', ['--show', '--showformat', format]).split('\n');
  const namesOf = (pattern: RegExp) => known.flatMap((line) => pattern.exec(line)?.[1] ?? []);
  const unwanted = ['recommends', 'suggests', 'conflicts', 'breaks', 'replaces', 'enhances'];
  const closure = output('apt-cache', [
    'depends',
    '--recurse',
    '--installed',
    ...unwanted.map((relation) => `--no-${relation}`),
    ...namesOf(/^installed yes (.+)/),
    ...more,
  ]).split('\n');
  // Among the lines are relations, and alternatives that are not installed.
  return namesOf(/^installed \S+ (.+)/).filter((name) => closure.includes(name));
}

/** Puts Node and npm into a folder that will be /usr/local. */
function placeNode(local: string): void {
  const [programs, modules] = [join(local, 'bin'), join(local, 'lib/node_modules')];
  for (const path of [programs, modules]) mkdirSync(path, { recursive: true });
  cpSync(process.execPath, join(programs, 'node'), { dereference: true });
  cpSync(npmFolder(), join(modules, 'npm'), { recursive: true, verbatimSymlinks: true });
  symlinkSync('../lib/node_modules/npm/bin/npm-cli.js', join(programs, 'npm'));
}

interface Settings {
  readonly environment: readonly string[];
  readonly volumes: readonly string[];
}

/** What the machine has brought and compiled is neither brought nor compiled again. */
function aptSettings(): Settings {
  const cache = usualCache(process.env);
  mkdirSync(cache, { recursive: true });
  const settings = APT_SETTINGS.filter((path) => existsSync(path)).map((path) => `${path}:${path}:ro`);
  return {
    environment: [`XDG_CACHE_HOME=${CACHE}`],
    volumes: [...settings, `${cache}:${CACHE}/mote`],
  };
}

/** The image says only where the settings would be; what they are comes in when something is built. */
function npmSettings(): Settings {
  const own = JSON.parse(output('npm', ['config', 'list', '--json']));
  const paths = ['cache', 'userconfig', 'globalconfig', 'cafile'].filter((key) => existsSync(own[key] ?? ''));
  return {
    environment: [
      // What an `npm ci` on this machine has fetched is not fetched again.
      'NPM_CONFIG_PREFER_OFFLINE=true',
      ...paths.map((key) => `NPM_CONFIG_${key.toUpperCase()}=${SETTINGS}/${key}`),
    ],
    volumes: paths.map((key) => `${own[key]}:${SETTINGS}/${key}${key === 'cache' ? '' : ':ro'}`),
  };
}

/**
 * The product for mote-tiny: the same sources, with the modules of `src/platform` in the place of Node's. A name that
 * one of them lacks is an error of the build.
 */
import { basename, join } from 'node:path';
import { getSystemErrorMap } from 'node:util';
import { type BuildFailure, build, type Plugin } from 'esbuild';
import type { BuildInfo } from '../../src/build/info.ts';
import { REPOSITORY } from '../bundle/bundle.ts';
import { licensesFor } from '../bundle/licenses.ts';
import { replacements } from '../bundle/replacements.ts';
import { TinyError } from './arguments.ts';

/** Which module stands for which of Node. */
const standIns: Readonly<Record<string, string>> = {
  buffer: 'buffer.ts',
  crypto: 'crypto.ts',
  dns: 'lookup.ts',
  events: 'events.ts',
  fs: 'fs.ts',
  'fs/promises': 'fs-promises.ts',
  net: 'net.ts',
  os: 'os.ts',
  path: 'path.ts',
  process: 'process.ts',
  tls: 'tls.ts',
  tty: 'tty.ts',
  url: 'url.ts',
  zlib: 'zlib.ts',
};

/** The kernel's are all below it. */
const MAX_ERRNO = 200;

export interface Module {
  /** As other modules import it. */
  readonly name: string;
  readonly code: string;
}

function platform(root: string): Plugin {
  return {
    name: 'platform',
    setup({ onResolve }) {
      onResolve({ filter: /^(node:)?[a-z/]+$/ }, ({ path, kind }) => {
        const standIn = kind === 'entry-point' ? undefined : standIns[path.replace(/^node:/, '')];
        return standIn === undefined ? undefined : { path: join(root, 'src/platform', standIn) };
      });
    },
  };
}

/** What a module of the product is replaced by. */
const replaced: readonly (readonly [filter: RegExp, contents: string])[] = [
  // Files inside, where a bundle has text in its code.
  [
    /[/\\]src[/\\]build[/\\]licenses\.ts$/,
    `${fromPlatform('readAsset', 'asset.ts')}
export const readLicenses = () => readAsset('licenses')?.toString() ?? '';`,
  ],
  [
    /[/\\]src[/\\]build[/\\]site\.ts$/,
    `${fromPlatform('readAsset', 'asset.ts')}
export const readEmbeddedSite = () => readAsset('site');`,
  ],
  [/[/\\]src[/\\]build[/\\]confine\.ts$/, `${fromPlatform('confine', 'confine.ts')} export { confine };`],
  // The host has it in machine code, and nothing to load.
  [
    /[/\\]src[/\\]util[/\\]sha256\.ts$/,
    `import { createHash } from 'node:crypto';
export const sha256Of = (content) => createHash('sha256').update(content).digest();`,
  ],
  // What the product does only with `features`.
  [
    /[/\\]src[/\\]build[/\\]features\.ts$/,
    'export const features = { compression: false, workers: false, replicas: false, nodeHttp: false, charsets: false, tls: false, largeMessages: false };',
  ],
  [/[/\\]src[/\\]static[/\\]compress\.ts$/, absentModule('compress')],
  [/[/\\]src[/\\]http[/\\]engine[/\\]node[/\\]server\.ts$/, absentModule('NodeEngine')],
  [/[/\\]src[/\\]http[/\\]engine[/\\]tls[/\\]front\.ts$/, absentModule('TlsFront')],
  [/[/\\]src[/\\]http[/\\]engine[/\\]http2[/\\]server\.ts$/, absentModule('Http2Engine')],
  [/[/\\]src[/\\]app[/\\]certificates\.ts$/, absentModule('openCertificates')],
  [/[/\\]src[/\\]app[/\\]redirect\.ts$/, absentModule('openRedirect')],
  [/[/\\]src[/\\]app[/\\]replicas\.ts$/, absentModule('openReplicas') + absentModule('openReplicaAdmin')],
  [/[/\\]src[/\\]app[/\\]workers[/\\]leader\.ts$/, absentModule('createLeader')],
  [/[/\\]src[/\\]cli[/\\]worker\.ts$/, absentModule('work')],
];

/** For a module in `src/build`. */
function fromPlatform(name: string, file: string): string {
  return `import { ${name} } from '../platform/${file}';`;
}

function absentModule(name: string): string {
  return `export function ${name}() { throw new Error('${name} is not in this build'); }`;
}

function replacedModules(): Plugin {
  return {
    name: 'replaced modules',
    setup({ onLoad }) {
      for (const [filter, contents] of replaced) onLoad({ filter }, () => ({ contents, loader: 'ts' }));
    },
  };
}

/** Rejects with a `TinyError` where the product wants what the platform lacks. */
export async function bundleModules(
  info: BuildInfo,
  root = REPOSITORY,
  entry = 'src/platform/main.ts',
): Promise<Module[]> {
  const { outputFiles } = await bundleWith(info, root, entry).catch((error: BuildFailure) => {
    if (!Array.isArray(error.errors)) throw error;
    const lines = error.errors.map(({ text, location }) => `${location?.file}:${location?.line}: ${text}`);
    throw new TinyError(`src/platform does not have all that the product uses:\n${lines.join('\n')}`);
  });
  return outputFiles.map(({ path, text }) => ({ name: basename(path), code: loadedByHost(text) }));
}

function bundleWith(info: BuildInfo, root: string, entry: string) {
  return build({
    absWorkingDir: root,
    entryPoints: { main: entry },
    inject: ['src/platform/globals.ts'],
    outdir: 'dist/tiny',
    chunkNames: '[hash]',
    write: false as const,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'neutral',
    mainFields: ['module', 'main'],
    target: 'es2023',
    minifyWhitespace: true,
    minifySyntax: true,
    // The names of functions are all that a stack trace has.
    minifyIdentifiers: false,
    legalComments: 'none',
    // As `new RegExp`: compiled at the build, what `\p{L}` stands for would be 28 kB of bytecode.
    supported: { 'regexp-sticky-and-unicode-flags': false },
    define: { SYSTEM_ERRORS: JSON.stringify(systemErrors()) },
    logLevel: 'silent',
    preserveSymlinks: true,
    plugins: [
      platform(root),
      replacedModules(),
      replacements({ build: info, licenses: licensesFor(info.base, root) }),
    ],
  });
}

/** Of Linux, where the build runs; Node has others beyond them. */
function systemErrors(): string {
  return Array.from(getSystemErrorMap())
    .filter(([errno]) => errno > -MAX_ERRNO)
    .map(([errno, [name, text]]) => `${-errno} ${name}: ${text}`)
    .join('\n');
}

/** Bytecode without the names of files and the numbers of lines, a quarter of it, has no `import()`. */
function loadedByHost(code: string): string {
  return code.replaceAll(/\bimport\((?="\.\/\w+\.js"\))/g, '__host.loadModule(');
}

/**
 * The product for mote-tiny: the same sources, with the modules of `src/platform` in the place of Node's. A name that
 * one of them lacks is an error of the build.
 */
import { basename, join } from 'node:path';
import { build, type Plugin } from 'esbuild';
import type { BuildInfo } from '../../src/build/info.ts';
import { REPOSITORY } from '../bundle/bundle.ts';
import { licensesFor } from '../bundle/licenses.ts';
import { replacements } from '../bundle/replacements.ts';

/** Which module stands for which of Node. */
const standIns: Readonly<Record<string, string>> = {
  buffer: 'buffer',
  crypto: 'crypto',
  events: 'events',
  fs: 'fs',
  'fs/promises': 'fs-promises',
  net: 'net',
  os: 'os',
  path: 'path',
  process: 'process',
  tls: 'tls',
  tty: 'tty',
  url: 'url',
  // Not on this platform.
  dns: 'absent',
  http: 'absent',
  https: 'absent',
  module: 'absent',
  stream: 'absent',
  util: 'absent',
  zlib: 'absent',
};

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
        return standIn === undefined ? undefined : { path: join(root, `src/platform/${standIn}.ts`) };
      });
    },
  };
}

/** What the build puts inside as files, where a bundle has text in its code. */
function assets(): Plugin {
  return {
    name: 'assets',
    setup({ onLoad }) {
      onLoad({ filter: /[/\\]src[/\\]build[/\\]licenses\.ts$/ }, () => ({
        contents: `import { readAsset } from '../platform/asset.ts';
export const readLicenses = () => readAsset('licenses')?.toString() ?? '';`,
        loader: 'ts',
      }));
      onLoad({ filter: /[/\\]src[/\\]build[/\\]site\.ts$/ }, () => ({
        contents: `import { readAsset } from '../platform/asset.ts';
export const readEmbeddedSite = () => readAsset('site');`,
        loader: 'ts',
      }));
    },
  };
}

export async function bundleModules(
  info: BuildInfo,
  root = REPOSITORY,
  entry = 'src/platform/main.ts',
): Promise<Module[]> {
  const { outputFiles } = await build({
    absWorkingDir: root,
    entryPoints: { main: entry },
    inject: ['src/platform/globals.ts'],
    outdir: 'dist/tiny',
    chunkNames: '[hash]',
    write: false,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'neutral',
    mainFields: ['module', 'main'],
    target: 'es2023',
    minify: true,
    legalComments: 'none',
    logLevel: 'error',
    preserveSymlinks: true,
    plugins: [platform(root), assets(), replacements({ build: info, licenses: licensesFor(info.base, root) })],
  });
  return outputFiles.map(({ path, text }) => ({ name: basename(path), code: text }));
}

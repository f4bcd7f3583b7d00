/** What is served: the embedded site, a folder or a file. */

import { basename } from 'node:path';
import { type Config, defaults } from '../config/options.ts';
import { absolutePath, diskFile, diskFolder, kindOfPath } from '../static/disk.ts';
import { embeddedFolder } from '../static/embedded.ts';
import { indexNames } from '../static/locate.ts';
import type { RuleFiles } from '../static/rule-files.ts';
import type { FileSource } from '../static/source.ts';
import { isRedisUrl } from '../util/redis-url.ts';
import { ConfigurationError } from './configuration-error.ts';

export interface ServedContent {
  readonly source: FileSource;
  /** For people. */
  readonly name: string;
  readonly kind: 'file' | 'folder';
  /** The rules of the site, which `source` does not have. */
  readonly rules?: RuleFiles;
  /** Where it is; the embedded site is nowhere. */
  readonly path: string | undefined;
}

export interface ContentOptions {
  /** The site inside the executable, which is served where no other path is configured. */
  readonly readSite: () => Uint8Array | undefined;
  /** Nobody named a path: where `web_root` is missing, the current folder is served if it has an index. */
  readonly mayServeHere: boolean;
  /** The files that the configuration was read from. */
  readonly files: readonly string[];
  /** The name that the shell has for the current folder. */
  readonly workingFolder: string | undefined;
}

/** Rejects with a {@link ConfigurationError}, or with the system's error if the path cannot be served. */
export async function openContent(config: Config, options: ContentOptions): Promise<ServedContent> {
  const { path } = config;
  const site = path === defaults.path ? options.readSite() : undefined;
  if (site)
    return { source: embeddedFolder(site), name: 'the embedded site', kind: 'folder', path: undefined };
  try {
    return { ...(await diskContent(config, path, options)), name: path };
  } catch (error) {
    if (!options.mayServeHere || (error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    await checkIndexHere(config);
    return { ...(await diskContent(config, '.', options)), name: 'the current folder' };
  }
}

async function diskContent(
  { dotfiles, symlinks, spool, tlsCert, tlsKey }: Config,
  path: string,
  { files, workingFolder }: ContentOptions,
): Promise<Omit<ServedContent, 'name'>> {
  const absolute = await absolutePath(path, workingFolder);
  const kind = await kindOfPath(absolute);
  const keyFile = tlsKey || tlsCert;
  const secrets = keyFile === '' ? files : [...files, keyFile];
  const folder = isRedisUrl(spool) ? '' : spool;
  if (secrets.length > 0 || folder !== '')
    (await import('./exposure.ts')).refuseExposure(path, { files: secrets, spool: folder });
  const source =
    kind === 'file' ? diskFile(absolute, basename(absolute)) : diskFolder(absolute, { dotfiles, symlinks });
  return { source, kind, path: absolute };
}

/** A current folder with an index is meant to be seen; any other one could be somebody's home. */
async function checkIndexHere({ path, index }: Config): Promise<void> {
  const kinds = await Promise.all(indexNames(index).map((name) => kindOfPath(name).catch(() => undefined)));
  if (kinds.includes('file')) return;
  throw new ConfigurationError('nothing_to_serve', [
    `there is neither a folder ${path} here nor a file ${indexNames(index).join(' or ')}; ` +
      'name a folder or a file, for example `mote .` for this folder, with --listing to list it',
  ]);
}

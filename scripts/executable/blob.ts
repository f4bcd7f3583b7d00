/**
 * Makes the blob of a single-executable application
 * (https://nodejs.org/api/single-executable-applications.html).
 */
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SITE_ASSET } from '../bundle/replacements.ts';
import { NODE_FLAGS } from '../launch/node-flags.mjs';
import { SealError } from '../seal/elf-file.ts';
import { makeCodeCache, replaceCodeCache } from './code-cache.ts';

/**
 * The options for Node in every executable.
 *
 * `--use-openssl-ca`: every connection uses the CA bundle of the system, never the list that is compiled into
 * Node, which would age with the executable.
 */
const ALWAYS: readonly string[] = ['--use-openssl-ca', ...NODE_FLAGS];

/**
 * How V8 treats memory (`npm run bench -- --settings` measures it, the README has the table).
 *
 * `default`: V8's defaults. `small`, for hosts with 64 MB: the young generation is collected often instead of
 * growing to 48 MiB, compiled code is kept small, and a leak ends the process at 32 MiB of heap instead of
 * starving the host.
 */
export const memoryOptions = {
  default: [],
  small: ['--max-semi-space-size=1', '--max-old-space-size=32', '--optimize-for-size'],
} as const satisfies Record<string, readonly string[]>;

/** The bytes of compiled code depend on V8's random numbers, for example on hash seeds. They must not. */
const SAME_CODE_CACHE = '--random-seed=1';

/** The name becomes part of the blob, so it must not contain a path. */
const BUNDLE = 'mote.cjs';

export type Memory = keyof typeof memoryOptions;

/** The command-line options for Node in the executable. */
export function nodeOptions(memory: Memory): readonly string[] {
  return [...ALWAYS, ...memoryOptions[memory]];
}

export interface Application {
  /** CommonJS. */
  readonly code: Uint8Array;
  /** The archive of an embedded site. */
  readonly site: Uint8Array | undefined;
  readonly memory: Memory;
}

/**
 * The blob for the Node at `nodePath`, which must be the one that runs it. Temporary files go to `folder`.
 *
 * @throws SealError
 */
export function makeBlob(nodePath: string, { code, site, memory }: Application, folder: string): Buffer {
  writeFileSync(join(folder, BUNDLE), code);
  if (site) writeFileSync(join(folder, SITE_ASSET), site);
  const config = {
    main: BUNDLE,
    output: 'mote.blob',
    execArgv: nodeOptions(memory),
    disableExperimentalSEAWarning: true,
    useSnapshot: false,
    useCodeCache: true,
    // NODE_OPTIONS must not add options either.
    execArgvExtension: 'none',
    ...(site && { assets: { [SITE_ASSET]: SITE_ASSET } }),
  };
  writeFileSync(join(folder, 'sea.json'), JSON.stringify(config));
  // An empty environment, because NODE_OPTIONS is not meant for this Node.
  const options = [SAME_CODE_CACHE, ...nodeOptions(memory)];
  const args = [...options, '--experimental-sea-config', 'sea.json'];
  const made = spawnSync(nodePath, args, { cwd: folder, env: {} });
  if (made.status !== 0) {
    throw new SealError(`${nodePath} makes no application: ${made.error?.message ?? made.stderr}`);
  }
  const cache = makeCodeCache(nodePath, options, folder, BUNDLE);
  return replaceCodeCache(readFileSync(join(folder, 'mote.blob')), cache);
}

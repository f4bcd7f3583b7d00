/** The command line of `npm run build`. */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { REPOSITORY } from '../bundle/bundle.ts';
import { type Memory, memoryOptions } from './blob.ts';
import type { Arch } from './pkg.ts';

export const USAGE = `usage: npm run build -- [OPTIONS]

  --base auto    pkg if its base is cached or can be reached within 3 s, else seal (the default)
  --base pkg     the static Node of @yao-pkg/pkg, which comes from github.com (cache: PKG_CACHE_PATH)
  --base seal    the Node of node_modules with this machine's glibc inside; Linux on x86-64
  --base PATH    the same with another dynamic Node
  --embed DIR    the site inside the executable
  --memory small for hosts with 64 MB: less memory under load, somewhat slower
  --keep-symbols leave in what profilers and debuggers read (seal and PATH)
  --keep-icu     leave in the data of languages other than English, for which mote has no use,
                 30 MB (seal and PATH)
  --arch ARCH    x64 or arm64 (pkg); this machine's where it is left out
  -o, --out FILE dist/mote where it is left out, dist/mote-ARCH for another machine; the source
                 map goes to FILE.map
`;

export interface BuildOptions {
  readonly base: 'auto' | 'pkg' | 'seal' | { readonly node: string };
  readonly arch: Arch;
  readonly embed: string | undefined;
  readonly keepSymbols: boolean;
  readonly keepIcu: boolean;
  readonly memory: Memory;
  readonly out: string;
}

/** An invalid command line; the message is for the user. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** @throws UsageError */
export function parseArguments(args: readonly string[]): BuildOptions | 'help' {
  const values = parseFlags(args);
  if (values.help) return 'help';
  const { base, arch, embed, 'keep-symbols': keepSymbols, 'keep-icu': keepIcu, memory } = values;
  if (arch !== 'x64' && arch !== 'arm64') throw new UsageError(`--arch: ${arch}; allowed: x64 or arm64`);
  if (!isMemory(memory)) {
    throw new UsageError(`--memory: ${memory}; allowed: ${Object.keys(memoryOptions).join(' or ')}`);
  }
  const usual = join(REPOSITORY, arch === process.arch ? 'dist/mote' : `dist/mote-${arch}`);
  const out = resolve(values.out ?? usual);
  return { base: baseFrom(base), arch, embed, keepSymbols, keepIcu, memory, out };
}

function parseFlags(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        base: { type: 'string', default: 'auto' },
        arch: { type: 'string', default: process.arch },
        embed: { type: 'string' },
        'keep-symbols': { type: 'boolean', default: false },
        'keep-icu': { type: 'boolean', default: false },
        memory: { type: 'string', default: 'default' },
        out: { type: 'string', short: 'o' },
        help: { type: 'boolean', short: 'h', default: false },
      },
    }).values;
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

function isMemory(text: string): text is Memory {
  return Object.hasOwn(memoryOptions, text);
}

function baseFrom(text: string): BuildOptions['base'] {
  if (text === 'auto' || text === 'pkg' || text === 'seal') return text;
  if (existsSync(text)) return { node: resolve(text) };
  throw new UsageError(`--base: ${text}; allowed: auto, pkg, seal or the path of a Node`);
}

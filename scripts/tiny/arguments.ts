/** The command line of `npm run tiny`. */
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { REPOSITORY } from '../bundle/bundle.ts';
import type { Check } from './checked.ts';

export const USAGE = `usage: npm run tiny -- [OPTIONS]

  --arch ARCH    x64 or arm64; this machine's where it is left out
  --embed DIR    the site inside the executable
  --sources DIR  a folder with the foreign sources, for a machine without net (scripts/tiny/sources.ts)
  --cache DIR    where sources and compiled parts are kept; $XDG_CACHE_HOME/mote or ~/.cache/mote
                 where it is left out
  --analyze      only examine our C with the analyzer of gcc
  --contracts    only compare src/platform with Node's modules (src/platform/contracts)
  --sanitize     with AddressSanitizer and UndefinedBehaviorSanitizer; npm run sanitize runs the tests against it
  --memcheck     for valgrind; npm run memcheck uses it
  -o, --out FILE dist/mote-tiny where it is left out, dist/mote-tiny-ARCH for another machine,
                 dist/mote-tiny-sanitize, dist/mote-tiny-memcheck
`;

/** As Node names them. */
export type Arch = 'x64' | 'arm64';

export interface TinyOptions {
  readonly arch: Arch;
  readonly embed: string | undefined;
  readonly sources: string | undefined;
  readonly cache: string;
  readonly analyze: boolean;
  readonly contracts: boolean;
  /** A build to be examined instead of the one that ships. */
  readonly check: Check | undefined;
  readonly out: string;
}

/** What the user must change; the message says so. */
export class TinyError extends Error {
  override readonly name = 'TinyError';
}

/** An invalid command line. */
export class TinyUsageError extends TinyError {}

/** @throws TinyUsageError */
export function parseArguments(
  args: readonly string[],
  env: NodeJS.ProcessEnv = process.env,
): TinyOptions | 'help' {
  const values = parseFlags(args);
  if (values.help) return 'help';
  const { arch, embed, sources, cache, analyze, contracts, out } = values;
  const check = checkOf(values);
  if (!isArch(arch)) throw new TinyUsageError(`--arch: ${arch}; allowed: x64 or arm64`);
  if (check && arch !== process.arch)
    throw new TinyUsageError(`--${check} is for this machine, not for ${arch}`);
  const suffix = check ?? (arch === process.arch ? undefined : arch);
  const usual = join(REPOSITORY, suffix === undefined ? 'dist/mote-tiny' : `dist/mote-tiny-${suffix}`);
  return {
    arch,
    embed,
    sources: sources === undefined ? undefined : resolve(sources),
    cache: resolve(cache ?? usualCache(env)),
    analyze,
    contracts,
    check,
    out: resolve(out ?? usual),
  };
}

function parseFlags(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        arch: { type: 'string', default: process.arch },
        embed: { type: 'string' },
        sources: { type: 'string' },
        cache: { type: 'string' },
        analyze: { type: 'boolean', default: false },
        contracts: { type: 'boolean', default: false },
        sanitize: { type: 'boolean', default: false },
        memcheck: { type: 'boolean', default: false },
        out: { type: 'string', short: 'o' },
        help: { type: 'boolean', short: 'h', default: false },
      },
    }).values;
  } catch (error) {
    throw new TinyUsageError((error as Error).message);
  }
}

/** @throws TinyUsageError */
function checkOf({ sanitize, memcheck }: { sanitize: boolean; memcheck: boolean }): Check | undefined {
  if (sanitize && memcheck) throw new TinyUsageError('--sanitize and --memcheck exclude each other');
  return sanitize ? 'sanitize' : memcheck ? 'memcheck' : undefined;
}

export function isArch(text: string): text is Arch {
  return text === 'x64' || text === 'arm64';
}

/** The XDG Base Directory Specification: a relative path is ignored. */
export function usualCache({ XDG_CACHE_HOME: folder = '' }: NodeJS.ProcessEnv): string {
  return join(folder.startsWith('/') ? folder : join(homedir(), '.cache'), 'mote');
}

/**
 * The executable of @yao-pkg/pkg: pkg's static Node (the base), which is downloaded once from GitHub into
 * PKG_CACHE_PATH, followed by the bundle.
 */
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { SITE_ASSET } from '../bundle/replacements.ts';
import { type Application, nodeOptions } from './blob.ts';
import { type Output, type Progress, showProgress } from './progress.ts';

export type Arch = 'x64' | 'arm64';

const NODE_RANGE = 'node24';
const PLATFORM = 'linuxstatic';
/** The time limit for the check whether the base can be downloaded. */
const PROBE_TIMEOUT_MS = 3000;

/** The base is not available; the message says why. */
export class BaseError extends Error {
  override readonly name = 'BaseError';
}

/** The parts of pkg-fetch that are used, from the version that pkg itself uses. */
interface PkgFetch {
  need(options: {
    readonly nodeRange: string;
    readonly platform: string;
    readonly arch: string;
    readonly dryRun?: boolean;
    readonly forceFetch?: boolean;
  }): Promise<string>;
  getNodeVersion(nodeRange: string): string;
}

/** The logger of pkg-fetch; replaced, so that all output has the same style. */
interface PkgLog {
  info(text: string): void;
  error(text: string): void;
  enableProgress(text: string): void;
  showProgress(percent: number): void;
  disableProgress(): void;
}

const fromHere = createRequire(import.meta.url);
const PKG_PROGRAM = fromHere.resolve('@yao-pkg/pkg/lib-es5/bin.js');
const fromPkg = createRequire(PKG_PROGRAM);
const fromPkgFetch = createRequire(fromPkg.resolve('@yao-pkg/pkg-fetch'));

const loadPkgFetch = (): PkgFetch => fromPkg('@yao-pkg/pkg-fetch');

/** The file name of the download, such as `node-v24.20.0-linuxstatic-x64`. */
export function baseName(arch: Arch): string {
  return `node-${loadPkgFetch().getNodeVersion(NODE_RANGE)}-${PLATFORM}-${arch}`;
}

/** Whether the base is cached, or else reachable within a few seconds. @throws BaseError if it is neither */
export async function lookForBase(arch: Arch): Promise<'cached' | 'reachable'> {
  const target = { nodeRange: NODE_RANGE, platform: PLATFORM, arch };
  if ((await loadPkgFetch().need({ ...target, dryRun: true })) === 'exists') return 'cached';
  const { version } = fromPkg('@yao-pkg/pkg-fetch/package.json');
  const tag = `v${version.split('.').slice(0, 2).join('.')}`;
  const url = `https://github.com/yao-pkg/pkg-fetch/releases/download/${tag}/${baseName(arch)}`;
  // Like the download itself, this uses the proxy that the environment names, if any.
  const { fetch, EnvHttpProxyAgent } = fromPkgFetch('undici');
  const dispatcher = new EnvHttpProxyAgent();
  try {
    const { ok, status } = await fetch(url, {
      method: 'HEAD',
      dispatcher,
      signal: AbortSignal.timeout(PROBE_TIMEOUT_MS),
    });
    if (!ok) throw new BaseError(`github.com answered with status ${status}`);
    return 'reachable';
  } catch (error) {
    throw error instanceof BaseError ? error : new BaseError(unreachable(error as Error));
  } finally {
    await dispatcher.destroy();
  }
}

function unreachable({ name, cause }: Error): string {
  if (name === 'TimeoutError') return `github.com cannot be reached within ${PROBE_TIMEOUT_MS / 1000} s`;
  const { code } = (cause ?? {}) as NodeJS.ErrnoException;
  return `github.com cannot be reached${code === undefined ? '' : ` (${code})`}`;
}

/** Downloads the base unless it is cached. @throws BaseError */
export async function fetchBase(arch: Arch, output: Output): Promise<void> {
  const { log } = fromPkgFetch('./log') as { log: PkgLog };
  let progress: Progress | undefined;
  let failure = '';
  Object.assign(log, {
    info: () => undefined,
    error: (text: string) => {
      // The first failure causes the others.
      failure ||= text;
    },
    enableProgress: () => {
      progress = showProgress(`downloading ${baseName(arch)}`, output);
    },
    showProgress: (percent: number) => progress?.update(percent),
    disableProgress: () => progress?.end(),
  } satisfies PkgLog);
  try {
    await loadPkgFetch().need({ nodeRange: NODE_RANGE, platform: PLATFORM, arch, forceFetch: true });
  } catch (error) {
    throw new BaseError(`it cannot be downloaded: ${failure || (error as Error).message}`);
  }
}

/**
 * Writes the executable to `out`. The base must be cached. pkg's files go to `folder`, whose name does not
 * affect the executable.
 *
 * @throws BaseError
 */
export function runPkg(arch: Arch, { code, site, memory }: Application, folder: string, out: string): void {
  // Names and modes of the files become part of the executable.
  const input = join(folder, 'mote');
  mkdirSync(input);
  chmodSync(input, 0o755);
  const files: readonly (readonly [name: string, content: string | Uint8Array])[] = [
    ['mote.cjs', code],
    [
      'package.json',
      JSON.stringify({ name: 'mote', bin: 'mote.cjs', pkg: site ? { assets: [SITE_ASSET] } : {} }),
    ],
    ...(site ? [[SITE_ASSET, site] as const] : []),
  ];
  for (const [name, content] of files) {
    writeFileSync(join(input, name), content);
    chmodSync(join(input, name), 0o644);
  }
  const options = [
    '--targets',
    `${NODE_RANGE}-${PLATFORM}-${arch}`,
    '--output',
    out,
    '--options',
    nodeOptions(memory)
      .map((option) => option.replace(/^--/, ''))
      .join(','),
    // Bytecode is not reproducible, and compiling it needs a base that runs on this machine.
    '--no-bytecode',
    '--public',
    '--public-packages',
    '*',
    '--no-native-build',
  ];
  const { status, stdout, stderr } = spawnSync(process.execPath, [PKG_PROGRAM, '.', ...options], {
    cwd: input,
    encoding: 'utf8',
  });
  if (status !== 0) throw new BaseError(`pkg failed: ${(stdout + stderr).trim()}`);
}

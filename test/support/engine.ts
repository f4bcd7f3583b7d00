/**
 * A container engine for tests: podman with runc, with a store, locks and settings of its own, so that
 * neither the machine's containers nor its network configuration are touched.
 */
import { execFile, execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after } from 'node:test';
import { promisify } from 'node:util';
import { lacking } from '../../scripts/test/lacking.ts';
import { makeFolder } from './folder.ts';

const PATIENCE_MS = 120_000;
/** A build may install packages from the net. */
const BUILD_PATIENCE_MS = 600_000;
const MAX_OUTPUT_BYTES = 16 * 1024 * 1024;
const NEEDED = { podman: 'podman', runc: 'runc', skopeo: 'skopeo', slirp4netns: 'slirp4netns' };

const run = promisify(execFile);

/** Why containers cannot be tested here, or `false`. */
export const noEngine: string | false = obstacle();

function obstacle(): string | false {
  if (process.platform !== 'linux') return 'containers need Linux';
  if (process.getuid?.() !== 0) return 'the tests of containers need the super-user';
  return lacking(NEEDED);
}

/** Where archives to load can be put; the engine lives here, too. */
export const folder = makeFolder();
const env = noEngine ? {} : settle((await works('overlay')) ? 'overlay' : 'vfs');

/** Runs podman; resolves to its standard output, rejects where it fails. */
export function podman(...args: string[]): Promise<string> {
  return call('podman', args);
}

export function skopeo(...args: string[]): Promise<string> {
  return call('skopeo', args);
}

async function call(command: string, args: readonly string[]): Promise<string> {
  const timeout = args[0] === 'build' ? BUILD_PATIENCE_MS : PATIENCE_MS;
  const options = { env, timeout, maxBuffer: MAX_OUTPUT_BYTES };
  return (await run(command, args, options)).stdout;
}

if (!noEngine) {
  after(async () => {
    await podman('rm', '--all', '--force', '--time', '0');
    await podman('rmi', '--all', '--force');
    unmountBelow();
  });
}

/** Whether podman can keep its images in this way on this file system. */
async function works(driver: string): Promise<boolean> {
  const options = { env: settle(driver), timeout: PATIENCE_MS };
  const outcome = await run('podman', ['info'], options).then(
    () => true,
    () => false,
  );
  unmountBelow();
  rmSync(join(folder, 'store'), { recursive: true, force: true });
  return outcome;
}

/** Writes the settings of the engine; returns the environment in which podman and skopeo read them. */
function settle(driver: string): NodeJS.ProcessEnv {
  const path = (name: string) => join(folder, name);
  mkdirSync(path('tmp'), { recursive: true });
  const storage = `[storage]
driver = "${driver}"
graphroot = "${path('store')}"
runroot = "${path('run')}"
`;
  // Low limits: some machines do not let a container have the usual high ones.
  const containers = `[containers]
default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "none"
lock_type = "file"
tmp_dir = "${path('tmp')}"
[network]
network_config_dir = "${path('networks')}"
`;
  writeFileSync(path('storage.conf'), storage);
  writeFileSync(path('containers.conf'), containers);
  return {
    PATH: process.env.PATH,
    HOME: folder,
    TMPDIR: path('tmp'),
    CONTAINERS_CONF: path('containers.conf'),
    CONTAINERS_STORAGE_CONF: path('storage.conf'),
  };
}

/** Storage drivers mount their own folder, which nothing could remove then. */
function unmountBelow(): void {
  const points = readFileSync('/proc/self/mounts', 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[1] ?? '')
    .filter((point) => point.startsWith(`${folder}/`));
  for (const point of points.reverse()) execFileSync('umount', [point]);
}

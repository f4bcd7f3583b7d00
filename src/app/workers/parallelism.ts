/**
 * How many workers a machine, or a container, has room for. Node itself knows the affinity of the process
 * (`availableParallelism`); of cgroups it knows too little: nothing of version 1, and of nested limits not the lowest.
 */
import type { ReadFile } from '../../config/system.ts';

/** A worker under load, with its share of the code and its cache of files. */
const WORKER_MEMORY_BYTES = 64 * 1024 ** 2;
const MOUNT = '/sys/fs/cgroup';

export interface Machine {
  /** Cores that the process may run on. */
  readonly cores: number;
  readonly memoryBytes: number;
  /** Throws where a file cannot be read. */
  readonly readFile: ReadFile;
}

/** At least one. With several, one more process leads them and needs memory too. */
export function workersFor({ cores, memoryBytes, readFile }: Machine): number {
  const fitting = Math.floor(memoryBytes / WORKER_MEMORY_BYTES) - 1;
  // Part of a core would mean a worker that stands still for part of the time.
  return Math.max(1, Math.min(cores, Math.floor(quotaOf(readFile)), fitting));
}

/** Cores' worth of time that the cgroups of the process allow; the lowest limit on the way to the root counts. */
export function quotaOf(readFile: ReadFile): number {
  const quotas = linesOf('/proc/self/cgroup', readFile).flatMap((line) => {
    const [, controllers = '', path = ''] = /^\d+:([^:]*):(\/.*)$/.exec(line) ?? [];
    if (controllers === '') return foldersOf(MOUNT, path).map((folder) => quotaOf2(folder, readFile));
    if (!controllers.split(',').includes('cpu')) return [];
    return [`${MOUNT}/${controllers}`, `${MOUNT}/cpu`]
      .flatMap((mount) => foldersOf(mount, path))
      .map((folder) => quotaOf1(folder, readFile));
  });
  return Math.min(Number.POSITIVE_INFINITY, ...quotas);
}

/** From the group to the root. In a container the mount is often the group itself, whatever its path. */
function foldersOf(mount: string, path: string): string[] {
  const names = path.split('/').filter((name) => name !== '');
  return [mount, ...names.map((_, index) => [mount, ...names.slice(0, index + 1)].join('/'))];
}

function quotaOf2(folder: string, readFile: ReadFile): number {
  const [line = ''] = linesOf(`${folder}/cpu.max`, readFile);
  const [quota, period] = line.split(' ');
  return share(quota, period);
}

function quotaOf1(folder: string, readFile: ReadFile): number {
  const [quota] = linesOf(`${folder}/cpu.cfs_quota_us`, readFile);
  const [period] = linesOf(`${folder}/cpu.cfs_period_us`, readFile);
  return share(quota, period);
}

/** `max`, -1 and anything that is not understood is no limit. */
function share(quota: string | undefined, period: string | undefined): number {
  const cores = Number(quota) / Number(period);
  return cores > 0 ? cores : Number.POSITIVE_INFINITY;
}

function linesOf(path: string, readFile: ReadFile): string[] {
  try {
    return readFile(path).trimEnd().split('\n');
  } catch {
    return [];
  }
}

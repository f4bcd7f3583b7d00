import assert from 'node:assert/strict';
import { test } from 'node:test';
import { quotaOf, workersFor } from './parallelism.ts';

const MIB = 1024 ** 2;

function reading(files: Readonly<Record<string, string>>) {
  return (path: string): string => {
    const text = files[path];
    if (text === undefined) throw Object.assign(new Error(path), { code: 'ENOENT' });
    return text;
  };
}

const groups: readonly (readonly [name: string, files: Readonly<Record<string, string>>, quota: number])[] = [
  ['no cgroups', {}, Number.POSITIVE_INFINITY],
  [
    'version 2 in a container',
    { '/proc/self/cgroup': '0::/\n', '/sys/fs/cgroup/cpu.max': '150000 100000\n' },
    1.5,
  ],
  [
    'version 2 without a limit',
    { '/proc/self/cgroup': '0::/\n', '/sys/fs/cgroup/cpu.max': 'max 100000\n' },
    Number.POSITIVE_INFINITY,
  ],
  [
    'version 2, the lowest limit below the root',
    {
      '/proc/self/cgroup': '0::/web.slice/mote.service\n',
      '/sys/fs/cgroup/web.slice/cpu.max': '400000 100000\n',
      '/sys/fs/cgroup/web.slice/mote.service/cpu.max': '200000 100000\n',
    },
    2,
  ],
  [
    'version 2, the lowest limit above',
    {
      '/proc/self/cgroup': '0::/web.slice/mote.service\n',
      '/sys/fs/cgroup/web.slice/cpu.max': '100000 100000\n',
      '/sys/fs/cgroup/web.slice/mote.service/cpu.max': '200000 100000\n',
    },
    1,
  ],
  [
    "version 2 with the host's path, whose mount is the group",
    { '/proc/self/cgroup': '0::/docker/0123\n', '/sys/fs/cgroup/cpu.max': '300000 100000\n' },
    3,
  ],
  [
    'version 1',
    {
      '/proc/self/cgroup': '5:memory:/a\n4:cpu,cpuacct:/a\n0::/a\n',
      '/sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_quota_us': '250000\n',
      '/sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_period_us': '100000\n',
    },
    2.5,
  ],
  [
    'version 1 without a limit',
    {
      '/proc/self/cgroup': '4:cpu:/\n',
      '/sys/fs/cgroup/cpu/cpu.cfs_quota_us': '-1\n',
      '/sys/fs/cgroup/cpu/cpu.cfs_period_us': '100000\n',
    },
    Number.POSITIVE_INFINITY,
  ],
  [
    'nonsense',
    { '/proc/self/cgroup': 'x\n0::/\n', '/sys/fs/cgroup/cpu.max': '0 0' },
    Number.POSITIVE_INFINITY,
  ],
];

for (const [name, files, quota] of groups) {
  test(`${name}: ${quota} cores`, () => {
    assert.equal(quotaOf(reading(files)), quota);
  });
}

const machines: readonly (readonly [cores: number, memoryMiB: number, cpuMax: string, workers: number])[] = [
  [8, 16_384, 'max 100000', 8],
  [1, 16_384, 'max 100000', 1],
  [8, 16_384, '290000 100000', 2],
  [8, 16_384, '50000 100000', 1],
  [64, 256, 'max 100000', 3],
  [64, 64, 'max 100000', 1],
  [2, 16_384, '400000 100000', 2],
];

for (const [cores, memoryMiB, cpuMax, workers] of machines) {
  test(`${cores} cores, ${memoryMiB} MiB, cpu.max ${cpuMax}: ${workers}`, () => {
    const readFile = reading({ '/proc/self/cgroup': '0::/\n', '/sys/fs/cgroup/cpu.max': cpuMax });
    assert.equal(workersFor({ cores, memoryBytes: memoryMiB * MIB, readFile }), workers);
  });
}

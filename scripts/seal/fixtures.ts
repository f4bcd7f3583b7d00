/**
 * Shared helpers for the tests of sealing: the locked Node as an application, and an empty root to run it in.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PEM } from '../../src/http/fixtures.ts';
import { lockedNode } from '../launch/locked-node.mjs';
import { type IcuItem, packIcu } from './icu-package.ts';

/** The Node that can be sealed. */
export const LOCKED_NODE = lockedNode('linux', 'x64') ?? '';

/** Why a sealed Node cannot be built and run on this machine, or `false`. */
export function cannotSeal(): string | false {
  if (process.platform === 'linux' && process.arch === 'x64') return false;
  return `sealing needs Linux on x86-64, this is ${process.platform} on ${process.arch}`;
}

/** Why an empty root is not possible on this machine, or `false`. */
export function noEmptyRoot(): string | false {
  const { status } = spawnSync('unshare', ['--mount', '--pid', '--fork', '--mount-proc', 'true']);
  return status === 0 ? false : 'unshare --mount --pid is refused (root is needed), so no empty root';
}

/** A modified copy. */
export function changed(original: Buffer, change: (bytes: Buffer) => unknown): Buffer {
  const bytes = Buffer.from(original);
  change(bytes);
  return bytes;
}

/** The probe as a blob for the locked Node. */
export function probeBlob(folder: string): Buffer {
  const [output, config] = [join(folder, 'probe.blob'), join(folder, 'probe.json')];
  const main = join(import.meta.dirname, 'probe-fixture.cjs');
  const settings = { disableExperimentalSEAWarning: true, execArgv: ['--use-openssl-ca'] };
  writeFileSync(config, JSON.stringify({ main, output, ...settings }));
  execFileSync(LOCKED_NODE, ['--experimental-sea-config', config], { stdio: 'ignore' });
  return readFileSync(output);
}

/** A root with only the executable as `/app`, and the host names and certificates that containers have. */
export function makeRoot(folder: string, executable: Buffer): string {
  const root = join(folder, 'root');
  for (const name of ['proc', 'etc']) mkdirSync(join(root, name), { recursive: true });
  writeFileSync(join(root, 'app'), executable, { mode: 0o755 });
  writeFileSync(join(root, 'etc/hosts'), '127.0.0.1 localhost\n');
  writeFileSync(join(root, 'etc/ca.pem'), PEM);
  return root;
}

/** The command line that runs `/app` as process 1 in its own root, PID namespace and /proc. */
export function inRoot(root: string, ...args: readonly string[]): readonly [string, ...string[]] {
  return [
    'unshare',
    '--mount',
    '--pid',
    '--fork',
    '--kill-child',
    `--root=${root}`,
    '--mount-proc',
    '/app',
    ...args,
  ];
}

const DATA_HEADER = [32, 0, 0xda, 0x27, 20, 0, 0, 0, 0, 0, 2, 0] as const;

/** A file in a package of ICU, in the form of a resource bundle, with its name as its contents. */
export function icuItem(name: string, size: number): IcuItem {
  const bytes = Buffer.alloc(Math.ceil(size / 16) * 16);
  bytes.set([...DATA_HEADER, ...Buffer.from('ResB')]);
  bytes.write(name.slice(0, 16), 32, 'latin1');
  bytes.writeUInt32LE((bytes.length - 32) / 4, 32 + 16);
  return { name, bytes };
}

/** A package of ICU with these files, which are in the order of their names. */
export function icuPackage(items: readonly IcuItem[]): Buffer {
  const header = Buffer.alloc(32);
  header.set([...DATA_HEADER, ...Buffer.from('CmnD'), 1]);
  return packIcu({ offset: 0, size: 0, header, prefix: 'icudt78l/', items }, items);
}

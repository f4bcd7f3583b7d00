/**
 * Shared helpers for the tests of sealing: the locked Node as an application, and an empty root to run it in.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PEM } from '../../src/http/fixtures.ts';
import { lockedNode } from '../launch/locked-node.mjs';

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

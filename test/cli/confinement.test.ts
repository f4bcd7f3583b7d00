/** What mote-tiny gives up once it serves; Node.js has no means for it. */
import assert from 'node:assert/strict';
import { readFileSync, renameSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { makeFolder } from '../support/folder.ts';
import { cannotInject, type InjectedCall, injectCalls } from '../support/injected-calls.ts';
import { type Server, startForTest, without } from '../support/target.ts';

const isOnNode = without('nodeHttp') === false && 'only mote-tiny confines itself';

/** Entries are looked at again after less than a second. */
const PATIENCE_MS = 10_000;

/** A number of /proc/PID/status. */
function statusOf(pid: number, name: string): string | undefined {
  return new RegExp(`^${name}:\\s+(\\d+)$`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
}

test('system calls are filtered, unless --no-seccomp says otherwise', { skip: isOnNode }, async (t) => {
  const root = makeFolder({ 'index.html': 'hello' });
  const { pid } = await startForTest(t, { root });
  assert.deepEqual([statusOf(pid, 'Seccomp'), statusOf(pid, 'NoNewPrivs')], ['2', '1']);
  const free = await startForTest(t, { root, args: ['--no-seccomp'] });
  assert.equal(statusOf(free.pid, 'Seccomp'), '0');
});

const EPERM = -1;
const EACCES = -13;
const EAFNOSUPPORT = -97;
const AT_FDCWD = -100;
const O_WRONLY = 1;
const O_CREAT = 64;

/** A call of x86-64 by its number, and what it must return. */
type Refused = readonly [name: string, call: InjectedCall, result: number];

const refused: readonly Refused[] = [
  ['execve', { number: 59, args: ['/mote', 0, 0] }, EPERM],
  ['execveat', { number: 322, args: [AT_FDCWD, '/mote', 0, 0, 0] }, EPERM],
  ['fork', { number: 57, args: [] }, EPERM],
  ['clone as fork does it', { number: 56, args: [17, 0, 0, 0, 0] }, EPERM],
  ['ptrace', { number: 101, args: [16, 1, 0, 0] }, EPERM],
  ['process_vm_readv', { number: 310, args: [1, 0, 0, 0, 0, 0] }, EPERM],
  ['memory that can be executed', { number: 9, args: [0, 4096, 7, 0x22, -1, 0] }, EPERM],
  ['a netlink socket', { number: 41, args: [16, 3, 0] }, EAFNOSUPPORT],
  ['a packet socket', { number: 41, args: [17, 3, 0] }, EAFNOSUPPORT],
  ['a vsock socket', { number: 41, args: [40, 1, 0] }, EAFNOSUPPORT],
  // There is none: without a filter it would be ESRCH.
  ['a signal to another process', { number: 62, args: [4_194_305, 15] }, EPERM],
  ['io_uring_setup', { number: 425, args: [1, 0] }, EPERM],
];

test('what is refused', { skip: isOnNode || cannotInject }, async (t) => {
  const root = makeFolder({ 'index.html': 'hello' });
  const server = await startForTest(t, { root });
  const results = injectCalls(
    server.pid,
    refused.map(([, call]) => call),
  );
  for (const [index, [name, , result]] of refused.entries()) assert.equal(results[index], result, name);
  const [socket = -1] = injectCalls(server.pid, [{ number: 41, args: [2, 1, 0] }]);
  assert.ok(socket > 0, `a socket of IPv4: ${socket}`);
  assert.equal((await fetch(server.url)).status, 200);
});

/** Whether the server says that it confines no files. */
function lacksLandlock(server: Server): boolean {
  return server.stdout.all.some((line) => line.includes('files (Landlock)'));
}

test('files that are refused', { skip: isOnNode || cannotInject }, async (t) => {
  const root = makeFolder({ 'index.html': 'hello' });
  const server = await startForTest(t, { root });
  assert.equal((await fetch(server.url)).status, 200);
  if (lacksLandlock(server)) return t.skip('the kernel has no Landlock');
  const file = join(root, 'index.html');
  const open = (path: string, flags: number) => ({ number: 257, args: [AT_FDCWD, path, flags, 0o600] });
  const [read = -1, ...results] = injectCalls(server.pid, [
    open(file, 0),
    open('/etc/hosts', 0),
    open(file, O_WRONLY),
    open(join(root, 'new'), O_CREAT + O_WRONLY),
    { number: 87, args: [file] },
  ]);
  assert.ok(read > 0, `reading what is served: ${read}`);
  assert.deepEqual(results, [EACCES, EACCES, EACCES, EACCES]);
});

test('where links may lead anywhere, reading stays free, and the operator knows', {
  skip: isOnNode,
}, async (t) => {
  const other = makeFolder({ 'index.html': 'beyond' });
  const root = makeFolder({ beyond: { link: other } });
  const server = await startForTest(t, { root, args: ['--symlinks'] });
  const said = await server.stdout.find(/^not confined: /);
  assert.match(said, /^not confined: (reading files \(links may lead anywhere\)|files \(Landlock\))/);
  assert.equal(await (await fetch(`${server.url}/beyond/`)).text(), 'beyond');
});

/** Waits until the server responds with `text`. */
async function untilServed(url: string, text: string): Promise<void> {
  const endMs = Date.now() + PATIENCE_MS;
  let last = '';
  while (Date.now() < endMs) {
    const response = await fetch(url);
    last = `${response.status} ${await response.text()}`;
    if (last === `200 ${text}`) return;
    await delay(50);
  }
  assert.fail(`${last} instead of ${text}`);
}

/** What is served, relative to a new folder, and what a deployment does in there. */
const deployments: readonly (readonly [name: string, path: string, deploy: (folder: string) => void])[] = [
  [
    'a folder that another one takes the place of',
    'site',
    (folder) => {
      renameSync(join(folder, 'site'), join(folder, 'old'));
      renameSync(join(folder, 'next'), join(folder, 'site'));
    },
  ],
  [
    'a folder of a folder that another one takes the place of',
    'app/site',
    (folder) => {
      renameSync(join(folder, 'app'), join(folder, 'old'));
      renameSync(join(folder, 'next-app'), join(folder, 'app'));
    },
  ],
  [
    'a link that is switched',
    'now',
    (folder) => {
      symlinkSync('next', join(folder, 'part'));
      renameSync(join(folder, 'part'), join(folder, 'now'));
    },
  ],
  [
    'links of a Kubernetes volume',
    'volume',
    (folder) => {
      symlinkSync('..2', join(folder, 'volume/part'));
      renameSync(join(folder, 'volume/part'), join(folder, 'volume/..data'));
    },
  ],
  [
    'a single file',
    'page.html',
    (folder) => renameSync(join(folder, 'next/index.html'), join(folder, 'page.html')),
  ],
];

describe('what is deployed while it is confined is served', { skip: isOnNode }, () => {
  for (const [name, path, deploy] of deployments) {
    test(name, async (t) => {
      const folder = makeFolder({
        'page.html': 'old',
        'site/index.html': 'old',
        'next/index.html': 'new',
        'app/site/index.html': 'old',
        'next-app/site/index.html': 'new',
        now: { link: 'site' },
        'volume/..1/index.html': 'old',
        'volume/..2/index.html': 'new',
        'volume/..data': { link: '..1' },
        'volume/index.html': { link: '..data/index.html' },
      });
      const server = await startForTest(t, { root: join(folder, path) });
      await untilServed(server.url, 'old');
      deploy(folder);
      await untilServed(server.url, 'new');
    });
  }
});

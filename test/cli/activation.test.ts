/** Sockets that listen before the program starts, as systemd passes them (`LISTEN_FDS`). */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, createServer, type ListenOptions, type Server } from 'node:net';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { describe, type TestContext, test } from 'node:test';
import { makeFolder } from '../support/folder.ts';
import { freePort } from '../support/free-port.ts';
import { connectSecurely, secure } from '../support/https.ts';
import { Lines } from '../support/lines.ts';
import { type Address, request } from '../support/raw.ts';
import { engineBetween, neutralEnvironment, target, without } from '../support/target.ts';

const root = makeFolder({ 'index.html': 'index' });
const ACTIVATOR = 'systemd-socket-activate';
/** Process 1 of a namespace of its own. */
const isFirst = /empty-root\.sh$/.test(target[0]);

interface Activated {
  readonly child: ChildProcess;
  readonly stdout: Lines;
  readonly stderr: Lines;
  readonly addresses: readonly Address[];
}

function watch(t: TestContext, child: ChildProcess): Omit<Activated, 'addresses'> {
  t.after(() => child.kill('SIGKILL'));
  return { child, stdout: new Lines(child.stdout as Readable), stderr: new Lines(child.stderr as Readable) };
}

/** Starts the program with a socket for each of `listeners`, which nobody else has then. */
async function activate(
  t: TestContext,
  listeners: readonly ListenOptions[],
  { args = [] as readonly string[], pid = isFirst ? '1' : '$$' } = {},
): Promise<Activated> {
  const servers = await Promise.all(
    listeners.map(async (options) => {
      const server = createServer().listen(options);
      await once(server, 'listening');
      return server;
    }),
  );
  const script = `LISTEN_PID=${pid} LISTEN_FDS=${servers.length} LISTEN_FDNAMES=web exec "$@"`;
  const child = spawn('sh', ['-c', script, 'sh', ...target, root, ...args], {
    env: neutralEnvironment(),
    stdio: ['ignore', 'pipe', 'pipe', ...servers.map(descriptorOf)],
  });
  const addresses = servers.map(addressOf);
  // A server closes its own descriptor only; but the file of a unix socket goes with it.
  for (const server of servers) if (typeof server.address() !== 'string') server.close();
  t.after(() => {
    for (const server of servers) server.close();
  });
  return { ...watch(t, child), addresses };
}

function descriptorOf(server: Server): number {
  return (server as unknown as { readonly _handle: { readonly fd: number } })._handle.fd;
}

function addressOf(server: Server): Address {
  const address = server.address() as AddressInfo | string;
  return typeof address === 'string' ? { path: address } : { port: address.port, host: address.address };
}

async function ends({ child }: Activated, signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
  // In a namespace the signal is for the program, not for what waits for it.
  const exited = once(child, 'exit');
  if (isFirst) child.kill('SIGKILL');
  else child.kill(signal);
  const [code] = await exited;
  if (!isFirst) assert.equal(code, 0);
}

const loopback: ListenOptions = { port: 0, host: '127.0.0.1' };

describe('sockets that listen already', { skip: engineBetween }, () => {
  for (const workers of ['1', '2']) {
    const skip = workers !== '1' && without('workers');
    test(`HTTPS on one, and its redirects beside it, --workers ${workers}`, {
      skip: skip || without('tls'),
    }, async (t) => {
      const port = await freePort();
      const args = ['1', ...secure, '--redirect-port', String(port), '--workers', workers];
      const activated = await activate(t, [loopback], { args });
      const [address] = activated.addresses as [{ readonly port: number }];
      await activated.stdout.find(/ on https:\/\/127\.0\.0\.1:/);
      const client = await connectSecurely(address);
      assert.equal((await client.get('/')).text, 'index');
      client.destroy();
      const led = await request({ port }, '/', { headers: { Host: `a.example:${port}` } });
      assert.equal(led.header('location'), `https://a.example:${address.port}/`);
      await ends(activated);
    });

    test(`one, --workers ${workers}`, { skip }, async (t) => {
      const activated = await activate(t, [loopback], { args: ['1', '--workers', workers] });
      const [address] = activated.addresses;
      assert.ok(address && 'port' in address);
      const line = await activated.stdout.find(/ on /);
      assert.equal(
        line,
        `mote serves ${root} on http://127.0.0.1:${address.port}`,
        'the port given is not used',
      );
      assert.equal((await request(address, '/')).text, 'index');
      await ends(activated);
    });

    test(`several, --workers ${workers}`, { skip }, async (t) => {
      const path = join(makeFolder(), 'mote.sock');
      const listeners = [loopback, { port: 0, host: '::1' }, { path }];
      const activated = await activate(t, listeners, { args: ['--workers', workers] });
      const line = await activated.stdout.find(/ on /);
      assert.match(line, / on http:\/\/127\.0\.0\.1:\d+ and http:\/\/\[::1\]:\d+ and a unix socket$/);
      for (const address of activated.addresses.slice(0, 2))
        assert.equal((await request(address, '/')).text, 'index');
      await ends(activated);
    });
  }

  test('for another process they are not used', async (t) => {
    const port = await freePort();
    const activated = await activate(t, [loopback], { args: [String(port)], pid: '2' });
    await activated.stdout.find(new RegExp(`:${port}$`));
    assert.equal((await request({ port }, '/')).text, 'index');
    await ends(activated);
  });

  test('what is no socket is one clear line', async (t) => {
    const script = `LISTEN_PID=${isFirst ? '1' : '$$'} LISTEN_FDS=1 exec "$@" 3</dev/null`;
    const child = spawn('sh', ['-c', script, 'sh', ...target, root], {
      env: neutralEnvironment(),
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const { stderr } = watch(t, child);
    assert.deepEqual((await once(child, 'close'))[0], 1);
    assert.equal(stderr.all.length, 1, stderr.all.join('\n'));
    assert.match(stderr.all[0] ?? '', /^mote: cannot listen on what LISTEN_FDS passes: /);
  });
});

const noActivator = spawnSync(ACTIVATOR, ['--version']).status === 0 ? false : `needs ${ACTIVATOR} (systemd)`;

test(`${ACTIVATOR}`, {
  skip: engineBetween || isFirst ? 'the target is not started directly' : noActivator || without('workers'),
}, async (t) => {
  const port = await freePort();
  const args = ['-l', `127.0.0.1:${port}`, '-E', 'TEST_ROOT', ...target, root, '--workers', '2'];
  const child = spawn(ACTIVATOR, args, { env: neutralEnvironment(), stdio: ['ignore', 'pipe', 'pipe'] });
  const activated = { ...watch(t, child), addresses: [] };
  await activated.stderr.find(/Listening on/);
  // The first connection starts the program, which then has it.
  assert.equal((await request({ port }, '/')).text, 'index');
  assert.equal((await request({ port }, '/')).text, 'index');
  await ends(activated);
});

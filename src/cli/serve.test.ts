import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { type AddressInfo, connect, createServer, type ListenOptions, Server, type Socket } from 'node:net';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { failing, intercept } from '../static/fixtures.ts';
import { get, makeFolder, runOnce, serve, World } from './fixtures.ts';
import { run } from './main.ts';

/** More than the buffers of both ends of a connection hold. */
const BIG_BYTES = 32 * 1024 * 1024;

const hasIpv6 = Object.values(networkInterfaces()).some((list) => list?.some((one) => one.address === '::1'));

/** A client that takes no more of a large answer. */
async function stuckClient(t: TestContext, folder: string, port: number): Promise<Socket> {
  fs.truncateSync(join(folder, 'index.html'), BIG_BYTES);
  const socket = connect(port, '127.0.0.1');
  t.after(() => socket.destroy());
  socket.on('error', () => undefined);
  socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
  await new Promise((resolve) => socket.once('data', resolve));
  socket.pause();
  return socket;
}

/** What a server leaves behind that had no time to clean up. */
function deadSocket(folder: string): string {
  const path = join(folder, 'dead');
  const script = `require('node:net').createServer().listen(process.argv[1], () => process.kill(process.pid, 'SIGKILL'))`;
  spawnSync(process.execPath, ['-e', script, path]);
  assert.ok(fs.statSync(path).isSocket());
  return path;
}

describe('a start that fails ends with 1 and one line', () => {
  async function failure(argv: readonly string[]): Promise<string> {
    const { code, out, err } = await runOnce(argv);
    assert.deepEqual([code, out], [1, '']);
    assert.match(err, /^mote: [^\n]+\n$/);
    return err.slice('mote: '.length, -1);
  }

  test('PATH is not there', async () => {
    const expected = 'cannot serve "/nowhere": no such file or folder; give one as the first argument';
    assert.equal(await failure(['/nowhere', '0']), expected);
  });

  test('PATH looks like a port', async () => {
    const expected =
      'cannot serve "8099": no such file or folder; to choose only the port, write mote --port 8099';
    assert.equal(await failure(['8099']), expected);
  });

  const inherited: readonly (readonly [
    env: Record<string, string>,
    argv: readonly string[],
    expected: RegExp,
  ])[] = [
    [{ HOST: '192.0.2.1' }, ['.', '0'], /^cannot listen on 192\.0\.2\.1 \(from HOST\) 0: this machine/],
    [
      { PORT: '8099', MOTE_HOST: '192.0.2.1' },
      ['.'],
      /^cannot listen on 192\.0\.2\.1 \(from MOTE_HOST\) 8099 \(from PORT\): /,
    ],
    [{ MOTE_PATH: '/nowhere' }, [], /^cannot serve "\/nowhere" \(from MOTE_PATH\): no such/],
    [
      { HOST: 'x', MOTE_PATH: '/nowhere' },
      ['.', '0', '--host', '192.0.2.1'],
      /^cannot listen on 192\.0\.2\.1 0: /,
    ],
  ];
  for (const [env, argv, expected] of inherited) {
    test(`what ${Object.keys(env).join(' and ')} is to blame for`, async () => {
      const { code, err } = await runOnce(argv, { env });
      assert.equal(code, 1);
      assert.match(err.slice('mote: '.length), expected);
    });
  }

  test('PATH is neither a file nor a folder', async (t) => {
    const path = join(makeFolder(t), 'fifo');
    execFileSync('mkfifo', [path]);
    assert.equal(await failure([path, '0']), `cannot serve "${path}": neither a file nor a folder`);
  });

  for (const code of ['EACCES', 'EPERM']) {
    test(`PATH may not be read: ${code}`, async (t) => {
      intercept(t, 'open', failing(code));
      const line = await failure(['/x', '0']);
      assert.match(line, /^cannot serve "\/x": permission denied for uid \d+; .*chmod.*chown$/);
    });
  }

  test('another error of PATH', async (t) => {
    intercept(t, 'open', failing('EIO'));
    assert.equal(await failure(['/x', '0']), 'cannot serve "/x": EIO');
  });

  test('a line break in PATH does not make two lines', async () => {
    assert.match(await failure(['/no\nwhere', '0']), /^cannot serve "\/no\\nwhere": /);
  });

  test('the port is taken', async (t) => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    t.after(() => server.close());
    const { port } = server.address() as AddressInfo;
    const advice = 'already in use; choose another with --port, or 0 for any free one';
    const argv = [makeFolder(t), String(port), '--host', '127.0.0.1'];
    assert.equal(await failure(argv), `cannot listen on 127.0.0.1 ${port}: ${advice}`);
  });

  test('an address of another machine', async (t) => {
    // RFC 5737: for documentation, so that no machine has it.
    const advice = 'this machine has no such address; give one of its own with --host';
    const argv = [makeFolder(t), '8099', '--host', '192.0.2.1'];
    assert.equal(await failure(argv), `cannot listen on 192.0.2.1 8099: ${advice}`);
  });

  /** Lets every attempt to listen fail. */
  function refuseListening(t: TestContext, code: string, syscall: string): void {
    t.mock.method(Server.prototype, 'listen', function listen(this: Server) {
      const error = Object.assign(new Error(`${syscall} ${code}`), { code, syscall });
      setImmediate(() => this.emit('error', error));
      return this;
    });
  }

  const refused: readonly (readonly [
    code: string,
    syscall: string,
    flags: readonly string[],
    expected: string,
  ])[] = [
    [
      'EACCES',
      'listen',
      ['--port', '80'],
      'cannot listen on port 80: not permitted; ports below 1024 need privileges, choose a higher one with --port',
    ],
    ['EAFNOSUPPORT', 'listen', ['--host', '::1'], 'cannot listen on ::1 8080: listen EAFNOSUPPORT'],
    ['EINVAL', 'bind', ['--host', '::1'], 'cannot listen on ::1 8080: bind EINVAL'],
    [
      'ENOTFOUND',
      'getaddrinfo',
      ['--host', 'no.example'],
      'cannot listen on no.example 8080: no address is known for this name; give one of this machine with --host',
    ],
  ];
  for (const [code, syscall, flags, expected] of refused) {
    test(`${code} of ${syscall}`, async (t) => {
      refuseListening(t, code, syscall);
      assert.equal(await failure([makeFolder(t), ...flags]), expected);
    });
  }

  const denied = `permission denied for uid ${process.getuid?.()}; the account must be able to write to the folder of the socket`;
  const sockets: readonly (readonly [code: string, folder: string, expected: string])[] = [
    ['EACCES', '/', denied],
    ['EACCES', '/nowhere/', 'its folder does not exist; create it first'],
    ['ENOENT', '/nowhere/', 'its folder does not exist; create it first'],
    ['EROFS', '/', 'listen EROFS'],
  ];
  for (const [code, folder, expected] of sockets) {
    test(`${code} of a unix socket in ${folder}`, async (t) => {
      refuseListening(t, code, 'listen');
      const path = `${folder}no-such-socket`;
      assert.equal(await failure([makeFolder(t), '--host', path]), `cannot listen on ${path}: ${expected}`);
    });
  }

  test('the unix socket of a server that runs stays', async (t) => {
    const folder = makeFolder(t);
    const path = join(folder, 's');
    await serve(t, folder, '--host', path);
    const advice = 'already in use, or not a socket; choose another path with --host';
    assert.equal(await failure([folder, '--host', path]), `cannot listen on ${path}: ${advice}`);
    assert.equal(await get({ socketPath: path }), '200 hello');
  });

  test('a dead socket that cannot be removed is a matter of the socket, not of PATH', async (t) => {
    const folder = makeFolder(t);
    const path = deadSocket(folder);
    intercept(t, 'unlink', failing('EPERM'));
    const line = await failure([folder, '--host', path]);
    assert.ok(line.startsWith(`cannot listen on ${path}: `), line);
  });

  test('a file that is no socket stays, where a socket was to be', async (t) => {
    const folder = makeFolder(t);
    const path = join(folder, 'index.html');
    assert.match(
      await failure([folder, '--host', path]),
      /^cannot listen on .*: already in use, or not a socket/,
    );
    assert.equal(fs.readFileSync(path, 'utf8'), 'hello');
  });
});

describe('the first line says where', () => {
  test('an address', async (t) => {
    const folder = makeFolder(t);
    const { line, port } = await serve(t, folder);
    assert.equal(line, `mote serves ${folder} on http://127.0.0.1:${port}`);
    assert.equal(await get({ host: '127.0.0.1', port }), '200 hello');
  });

  for (const [host, shown] of [
    ['localhost', 'localhost'],
    ['::1', '[::1]'],
  ] as const) {
    test(`host ${host}`, { skip: host === '::1' && !hasIpv6 && 'this machine has no ::1' }, async (t) => {
      const { line, port } = await serve(t, makeFolder(t), '--host', host);
      assert.ok(line.endsWith(` on http://${shown}:${port}`), line);
    });
  }

  for (const [host, asked] of [
    ['', undefined],
    ['0.0.0.0', '0.0.0.0'],
    ['::', '::'],
  ] as const) {
    test(`every address: ${host || 'no host'}`, async (t) => {
      const original = Server.prototype.listen;
      const hosts: unknown[] = [];
      // A test stays on this machine.
      t.mock.method(Server.prototype, 'listen', function listen(this: Server, ...args: unknown[]) {
        const [options, done] = args as [ListenOptions, () => void];
        hosts.push(options.host);
        return original.call(this, { ...options, host: '127.0.0.1' }, done);
      });
      const { line, port } = await serve(t, makeFolder(t), '--host', host);
      assert.ok(line.endsWith(` on http://localhost:${port}`), line);
      assert.deepEqual(hosts, [asked]);
    });
  }

  test('a unix socket', async (t) => {
    const folder = makeFolder(t);
    const socketPath = join(folder, 's');
    const { line } = await serve(t, folder, '--host', socketPath);
    assert.equal(line, `mote serves ${folder} on unix:${socketPath}`);
    assert.equal(await get({ socketPath }), '200 hello');
  });

  test('a unix socket in the place of a dead one', async (t) => {
    const folder = makeFolder(t);
    const socketPath = deadSocket(folder);
    await serve(t, folder, '--host', socketPath);
    assert.equal(await get({ socketPath }), '200 hello');
  });

  test('one file', async (t) => {
    const path = join(makeFolder(t), 'index.html');
    const { line, port } = await serve(t, path);
    assert.equal(line, `mote serves ${path} on http://127.0.0.1:${port}`);
    assert.equal(await get({ host: '127.0.0.1', port, path: '/index.html' }), '200 hello');
  });

  test('in JSON among JSON', async (t) => {
    const folder = makeFolder(t);
    const { line, port } = await serve(t, folder, '--log-format', 'json');
    const { level, message } = JSON.parse(line);
    assert.deepEqual([level, message], ['info', `mote serves ${folder} on http://127.0.0.1:${port}`]);
  });

  test('with a name that is not ASCII', async (t) => {
    const folder = join(makeFolder(t), 'naïve 网站');
    fs.mkdirSync(folder);
    const { line, port } = await serve(t, folder);
    assert.equal(line, `mote serves ${folder} on http://127.0.0.1:${port}`);
  });
});

describe('signals', () => {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGQUIT', 'SIGHUP'] as const) {
    test(`${signal} stops an idle server with 0`, async (t) => {
      const { world, port, exit } = await serve(t, makeFolder(t));
      world.signal(signal);
      assert.equal(await exit, 0);
      assert.match(world.out, new RegExp(` info ${signal}: finishing what is in flight\n$`));
      await assert.rejects(get({ host: '127.0.0.1', port }), { code: 'ECONNREFUSED' });
      assert.equal(world.err, '');
    });

    test(`${signal} during the start stops it after`, async (t) => {
      const world = new World();
      world.early = [signal];
      const code = await run([makeFolder(t), '0', '--host', '127.0.0.1'], {}, world.io);
      assert.equal(code, 0);
      const port = Number(/:(\d+)\n/.exec(world.out)?.[1]);
      await assert.rejects(get({ host: '127.0.0.1', port }), { code: 'ECONNREFUSED' });
    });
  }

  for (const [second, expected] of [
    ['SIGINT', 130],
    ['SIGQUIT', 131],
    ['SIGTERM', 143],
  ] as const) {
    test(`a second one, ${second}, does not wait for what is in flight: ${expected}`, async (t) => {
      const folder = makeFolder(t);
      const { world, port, exit } = await serve(t, folder);
      const client = await stuckClient(t, folder, port);
      world.signal('SIGTERM');
      let over = false;
      void exit.then(() => {
        over = true;
      });
      await new Promise((resolve) => setTimeout(resolve, 250));
      assert.ok(!over, 'the first one waits');
      world.signal(second);
      assert.equal(await exit, expected);
      client.destroy();
    });
  }

  for (const first of ['SIGTERM', 'SIGHUP'] as const) {
    test(`SIGHUP after ${first} hurries nothing`, async (t) => {
      const folder = makeFolder(t);
      const { world, port, exit } = await serve(t, folder);
      const client = await stuckClient(t, folder, port);
      for (const signal of [first, 'SIGHUP', 'SIGHUP'] as const) world.signal(signal);
      client.resume();
      const ended = new Promise((resolve) => client.once('end', resolve));
      assert.equal(await exit, 0);
      await ended;
      assert.ok(client.bytesRead > BIG_BYTES);
    });
  }
  test('a second, other one during the start', async (t) => {
    const world = new World();
    world.early = ['SIGTERM', 'SIGINT'];
    assert.equal(await run([makeFolder(t), '0', '--host', '127.0.0.1'], {}, world.io), 130);
  });

  test('a second one does not wait for a start that hangs', { timeout: 10_000 }, async (t) => {
    t.mock.method(Server.prototype, 'listen', function (this: Server) {
      return this;
    });
    const world = new World();
    world.early = ['SIGTERM', 'SIGINT'];
    assert.equal(await run([makeFolder(t), '0', '--host', '127.0.0.1'], {}, world.io), 130);
  });

  test('what is in flight is finished first', async (t) => {
    const folder = makeFolder(t);
    const { world, port, exit } = await serve(t, folder);
    const client = await stuckClient(t, folder, port);
    world.signal('SIGTERM');
    client.resume();
    const ended = new Promise((resolve) => client.once('end', resolve));
    assert.equal(await exit, 0);
    await ended;
    assert.ok(client.bytesRead > BIG_BYTES);
  });

  test('what is not finished in time is cut, and still the code is 0', async (t) => {
    const folder = makeFolder(t);
    const { world, port, exit } = await serve(t, folder, '--shutdown-grace-ms', '50');
    await stuckClient(t, folder, port);
    world.signal('SIGTERM');
    assert.equal(await exit, 0);
    assert.match(world.out, / warn the grace time is over, connections were cut connections=1\n/);
  });

  test('are listened for before anything else is done', async (t) => {
    const world = new World();
    world.early = ['SIGTERM'];
    const exit = run([makeFolder(t), '0', '--host', '127.0.0.1'], {}, world.io);
    const listened = world.listens;
    await exit;
    assert.ok(listened);
  });
});

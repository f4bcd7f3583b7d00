/** `mote healthcheck` beside its server: how it finds it in a container, and that it does not fill the log. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, before, describe, type TestContext, test } from 'node:test';
import { OTHER_AUTHORITY } from '../../src/http/fixtures.ts';
import { authority, certificate, key } from '../support/certificates.ts';
import { makeFolder } from '../support/folder.ts';
import { freePort } from '../support/free-port.ts';
import { Lines } from '../support/lines.ts';
import { connect, requestText } from '../support/raw.ts';
import { engineBetween, neutralEnvironment, run, startForTest, target } from '../support/target.ts';

const root = makeFolder({ 'index.html': 'index' });

for (const format of ['combined', 'json']) {
  test(`${format}: a check that finds all well leaves no line, and is counted`, async (t) => {
    const args = ['--log-format', format, '--metrics-path', '/metrics'];
    const server = await startForTest(t, { root, args });
    const began = server.stdout.all.length;
    for (let check = 0; check < 2; check += 1)
      assert.equal((await run(['healthcheck', '--port', String(server.port)])).code, 0);
    const client = await connect(server);
    // Others are logged, also where they ask for the same.
    for (const [path, fields] of [
      ['/healthz?curl', { 'User-Agent': 'curl/8' }],
      ['/?own', { 'User-Agent': 'mote-healthcheck' }],
    ] as const) {
      client.write(requestText('GET', path, fields));
      assert.equal((await client.response()).status, 200);
    }
    await server.stdout.find(/\?own/);
    const lines = server.stdout.all.slice(began);
    assert.equal(lines.length, 2, lines.join('\n'));
    assert.match(lines[0] ?? '', /\/healthz\?curl/);
    const metrics = String((await client.get('/metrics')).body);
    assert.match(metrics, /^mote_http_requests_total\{[^}]*2xx[^}]*\} 4$/m);
    client.destroy();
  });
}

test('a check that finds something wrong is logged', async (t) => {
  const server = await startForTest(t, { root });
  const port = String(server.port);
  assert.equal((await run(['healthcheck', '--port', port, '--health-path', '/missing'])).code, 1);
  await server.stdout.find(/GET \/missing HTTP\/1\.1" 404 .* "mote-healthcheck"$/);
});

describe('of a server with TLS', () => {
  const folder = makeFolder({ 'right.pem': authority, 'wrong.pem': OTHER_AUTHORITY });
  const server = createServer({ key, cert: certificate }, (_request, response) => response.end());
  before(async () => {
    await once(server.listen(0, '127.0.0.1'), 'listening');
  });
  after(() => server.close());

  for (const host of ['localhost', '127.0.0.1']) {
    const check = (bundle: string) => {
      const { port } = server.address() as AddressInfo;
      const env = { SSL_CERT_FILE: join(folder, bundle) };
      return run(['healthcheck', `https://${host}:${port}/`], { env });
    };

    test(`${host} is healthy if the bundle vouches for it`, async () => {
      const { code, stderr } = await check('right.pem');
      assert.deepEqual([code, stderr], [0, '']);
    });

    test(`${host} is not if it does not`, async () => {
      const { code, stderr } = await check('wrong.pem');
      assert.equal(code, 1);
      assert.match(stderr, /: no trusted TLS \(\w+\)$/m);
    });
  }
});

const namespaces = ['--mount', '--pid', '--fork', '--kill-child', '--mount-proc'];
const noNamespaces = obstacle();

function obstacle(): string | false {
  if (engineBetween) return engineBetween;
  // test/image/image.test.ts has the same in a container.
  if (/empty-root\.sh$/.test(target[0])) return 'the target is process 1 of a namespace of its own';
  const isAllowed = spawnSync('unshare', [...namespaces, 'true']).status === 0;
  return isAllowed ? false : 'NOT TESTED: unshare --mount --pid is refused (root is needed)';
}

describe('beside process 1', { skip: noNamespaces }, () => {
  /** A server that is process 1, and a check beside it as an engine starts it: without any flag. */
  async function checked(t: TestContext, args: readonly string[], check: readonly string[] = []) {
    const env = neutralEnvironment();
    const outside = spawn('unshare', [...namespaces, ...target, ...args], {
      env,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    t.after(async () => {
      outside.kill('SIGKILL');
      if (outside.exitCode === null && outside.signalCode === null) await once(outside, 'exit');
    });
    await new Lines(outside.stdout).find(/ on /);
    const children = spawnSync('cat', [`/proc/${outside.pid}/task/${outside.pid}/children`], {
      encoding: 'utf8',
    });
    const enter = ['--target', children.stdout.trim(), '--mount', '--pid', '--'];
    const inside = spawn('nsenter', [...enter, ...target, 'healthcheck', ...check], {
      env,
      stdio: ['ignore', 'inherit', 'pipe'],
    });
    const [stderr, [code]] = await Promise.all([text(inside.stderr), once(inside, 'close')]);
    return { code, stderr };
  }

  test('its flags are known', async (t) => {
    const args = ['--port', String(await freePort()), '--health-path', '/up', '--host', '127.0.0.1', root];
    assert.deepEqual(await checked(t, args), { code: 0, stderr: '' });
  });

  test('its arguments are known', async (t) => {
    assert.deepEqual(await checked(t, [root, String(await freePort())]), { code: 0, stderr: '' });
  });

  test('its unix socket is known', async (t) => {
    const socket = join(makeFolder(), 'mote.sock');
    assert.deepEqual(await checked(t, [root, '--host', socket]), { code: 0, stderr: '' });
  });

  test('a flag of the check counts more', async (t) => {
    const other = String(await freePort());
    const { code, stderr } = await checked(t, [root, String(await freePort())], ['--port', other]);
    assert.equal(code, 1);
    assert.ok(stderr.includes(`:${other}: cannot connect`), stderr);
  });
});

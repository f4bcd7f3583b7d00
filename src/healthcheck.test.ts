import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { type HealthTarget, healthcheck } from './healthcheck.ts';

type Answer = (socket: Socket, request: string) => void;

/** A server that gives `answer` to the first bytes of each connection; ends with the test. */
async function listen(t: TestContext, host: string, answer: Answer): Promise<number> {
  const sockets = new Set<Socket>();
  const where = host.includes('/') ? { path: host } : { host, port: 0 };
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.once('data', (bytes) => answer(socket, bytes.toString('latin1')));
  });
  await new Promise<void>((resolve) => server.listen(where, resolve));
  t.after(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  return (server.address() as AddressInfo).port;
}

const reply =
  (text: string): Answer =>
  (socket) =>
    void socket.end(text);

const check = (target: Partial<HealthTarget>, timeoutMs?: number) =>
  healthcheck({ host: '127.0.0.1', port: 0, healthPath: '/healthz', ...target }, timeoutMs);

const hasIpv6 = Object.values(networkInterfaces()).some((list) => list?.some((one) => one.address === '::1'));

describe('healthy', () => {
  for (const status of ['200 OK', '204 No Content', '299 ']) {
    test(`any 2xx: ${status}`, async (t) => {
      const port = await listen(t, '127.0.0.1', reply(`HTTP/1.1 ${status}\r\n\r\n`));
      assert.deepEqual(await check({ port }), { ok: true });
    });
  }

  for (const host of ['', '0.0.0.0']) {
    test(`every address (${host || 'empty host'}) is asked on 127.0.0.1`, async (t) => {
      const port = await listen(t, '127.0.0.1', reply('HTTP/1.1 200 OK\r\n\r\n'));
      assert.deepEqual(await check({ host, port }), { ok: true });
    });
  }

  test('every IPv6 address (::) is asked on ::1', {
    skip: !hasIpv6 && 'this machine has no ::1',
  }, async (t) => {
    let request = '';
    const port = await listen(t, '::1', (socket, text) => {
      request = text;
      socket.end('HTTP/1.1 200 OK\r\n\r\n');
    });
    assert.deepEqual(await check({ host: '::', port }), { ok: true });
    assert.match(request, new RegExp(`\\r\\nHost: \\[::1\\]:${port}\\r\\n`));
  });

  test('unix socket', async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'mote-healthcheck-'));
    t.after(() => rmSync(folder, { recursive: true }));
    const path = join(folder, 'socket');
    await listen(t, path, reply('HTTP/1.1 200 OK\r\n\r\n'));
    assert.deepEqual(await check({ host: path }), { ok: true });
  });

  test('a status line in pieces', async (t) => {
    const port = await listen(t, '127.0.0.1', (socket) => {
      socket.write('HTTP/1.1 2');
      setTimeout(() => socket.write('00 OK\r\n'), 20);
    });
    assert.deepEqual(await check({ port }), { ok: true });
  });

  test('the request is one that a strict server takes', async (t) => {
    let request = '';
    const port = await listen(t, '127.0.0.1', (socket, text) => {
      request = text;
      socket.end('HTTP/1.1 200 OK\r\n\r\n');
    });
    await check({ port });
    const host = `127.0.0.1:${port}`;
    assert.equal(request, `GET /healthz HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
  });
});

describe('not healthy', () => {
  const answers: readonly [name: string, answer: Answer, reason: string][] = [
    ['503', reply('HTTP/1.1 503 Service Unavailable\r\n\r\n'), 'answered with status 503'],
    ['a redirect', reply('HTTP/1.1 301 Moved\r\n\r\n'), 'answered with status 301'],
    ['not HTTP', reply('SSH-2.0-OpenSSH\r\n'), 'the answer is not HTTP'],
    ['a status that is none', reply('HTTP/1.1 2000 OK\r\n\r\n'), 'the answer is not HTTP'],
    ['an endless first line', reply('x'.repeat(100_000)), 'the answer is not HTTP'],
    ['nothing', reply(''), 'the connection was closed without an answer'],
    ['half a line', reply('HTTP/1.1 200'), 'the connection was closed without an answer'],
    ['a reset', (socket) => socket.resetAndDestroy(), 'the connection broke (ECONNRESET)'],
    ['silence', () => undefined, 'no answer within 50 ms'],
  ];
  for (const [name, answer, reason] of answers) {
    test(name, async (t) => {
      const port = await listen(t, '127.0.0.1', answer);
      const expected = { ok: false, reason: `127.0.0.1:${port}: ${reason}` };
      assert.deepEqual(await check({ port }, name === 'silence' ? 50 : undefined), expected);
    });
  }

  test('nobody listens', async () => {
    const port = await freePort();
    const reason = `127.0.0.1:${port}: cannot connect (ECONNREFUSED)`;
    assert.deepEqual(await check({ port }), { ok: false, reason });
  });

  test('nobody listens behind a name', async () => {
    const port = await freePort();
    const reason = `localhost:${port}: cannot connect (ECONNREFUSED)`;
    assert.deepEqual(await check({ host: 'localhost', port }), { ok: false, reason });
  });

  test('no unix socket', async () => {
    const path = join(tmpdir(), 'mote-no-such-folder/socket');
    const reason = `unix:${path}: cannot connect (ENOENT)`;
    assert.deepEqual(await check({ host: path }), { ok: false, reason });
  });

  test('no health path', async () => {
    const reason = 'the health path is empty, so there is nothing to ask';
    assert.deepEqual(await check({ healthPath: '' }), { ok: false, reason });
  });

  test('a port that cannot be', async () => {
    const health = await check({ port: 70_000 });
    assert.ok(!health.ok && /^127\.0\.0\.1:70000: .+$/.test(health.reason));
  });
});

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen({ host: '127.0.0.1', port: 0 }, resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { createServer as createTlsServer } from 'node:tls';
import { freePort } from '../../test/support/free-port.ts';
import { OTHER_AUTHORITY, PEM } from '../http/fixtures.ts';
import { type HealthTarget, healthcheck, probe } from './healthcheck.ts';

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
      assert.deepEqual(await check({ port }), { kind: 'healthy' });
    });
  }

  for (const host of ['', '0.0.0.0']) {
    test(`every address (${host || 'empty host'}) is asked on 127.0.0.1`, async (t) => {
      const port = await listen(t, '127.0.0.1', reply('HTTP/1.1 200 OK\r\n\r\n'));
      assert.deepEqual(await check({ host, port }), { kind: 'healthy' });
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
    assert.deepEqual(await check({ host: '::', port }), { kind: 'healthy' });
    assert.match(request, new RegExp(`\\r\\nHost: \\[::1\\]:${port}\\r\\n`));
  });

  test('unix socket', async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'mote-healthcheck-'));
    t.after(() => rmSync(folder, { recursive: true }));
    const path = join(folder, 'socket');
    await listen(t, path, reply('HTTP/1.1 200 OK\r\n\r\n'));
    assert.deepEqual(await check({ host: path }), { kind: 'healthy' });
  });

  test('a status line in pieces', async (t) => {
    const port = await listen(t, '127.0.0.1', (socket) => {
      socket.write('HTTP/1.1 2');
      setTimeout(() => socket.write('00 OK\r\n'), 20);
    });
    assert.deepEqual(await check({ port }), { kind: 'healthy' });
  });

  test('the request is one that a strict server takes', async (t) => {
    let request = '';
    const port = await listen(t, '127.0.0.1', (socket, text) => {
      request = text;
      socket.end('HTTP/1.1 200 OK\r\n\r\n');
    });
    await check({ port });
    const host = `127.0.0.1:${port}`;
    assert.equal(
      request,
      `GET /healthz HTTP/1.1\r\nHost: ${host}\r\nUser-Agent: mote-healthcheck\r\nConnection: close\r\n\r\n`,
    );
  });
});

describe('not healthy', () => {
  const answers: readonly [name: string, answer: Answer, reason: string][] = [
    ['503', reply('HTTP/1.1 503 Service Unavailable\r\n\r\n'), 'responded with status 503'],
    ['a redirect', reply('HTTP/1.1 301 Moved\r\n\r\n'), 'responded with status 301'],
    ['not HTTP', reply('SSH-2.0-OpenSSH\r\n'), 'the response is not HTTP'],
    ['a status that is none', reply('HTTP/1.1 2000 OK\r\n\r\n'), 'the response is not HTTP'],
    ['an endless first line', reply('x'.repeat(100_000)), 'the response is not HTTP'],
    ['nothing', reply(''), 'the connection was closed without a response'],
    ['half a line', reply('HTTP/1.1 200'), 'the connection was closed without a response'],
    ['a reset', (socket) => socket.resetAndDestroy(), 'the connection was lost (ECONNRESET)'],
    ['silence', () => undefined, 'no response within 50 ms'],
  ];
  for (const [name, answer, reason] of answers) {
    test(name, async (t) => {
      const port = await listen(t, '127.0.0.1', answer);
      const expected = { kind: 'unhealthy', reason: `127.0.0.1:${port}: ${reason}` };
      assert.deepEqual(await check({ port }, name === 'silence' ? 50 : undefined), expected);
    });
  }

  test('nobody listens', async () => {
    const port = await freePort();
    const reason = `127.0.0.1:${port}: cannot connect (ECONNREFUSED)`;
    assert.deepEqual(await check({ port }), { kind: 'unhealthy', reason });
  });

  test('nobody listens behind a name', async () => {
    const port = await freePort();
    const reason = `localhost:${port}: cannot connect (ECONNREFUSED)`;
    assert.deepEqual(await check({ host: 'localhost', port }), { kind: 'unhealthy', reason });
  });

  test('no unix socket', async () => {
    const path = join(tmpdir(), 'mote-no-such-folder/socket');
    const reason = `unix:${path}: cannot connect (ENOENT)`;
    assert.deepEqual(await check({ host: path }), { kind: 'unhealthy', reason });
  });

  test('no health path', async () => {
    const reason = 'the health path is empty, so that there is nothing to request';
    assert.deepEqual(await check({ healthPath: '' }), { kind: 'unhealthy', reason });
  });

  test('a port that cannot be', async () => {
    const health = await check({ port: 70_000 });
    assert.ok(health.kind === 'unhealthy' && /^127\.0\.0\.1:70000: .+$/.test(health.reason));
  });
});

describe('any URL', () => {
  /** These files and nothing else. */
  const caSource = (caFile = '', files: Readonly<Record<string, string>> = {}) => ({
    caFile,
    readFile: (path: string) => {
      const text = files[path];
      if (text === undefined) throw Object.assign(new Error('ENOENT'), { code: 'ENOENT' });
      return text;
    },
  });
  const trusting = (pem: string) => caSource('/ca.pem', { '/ca.pem': pem });

  /** A server with the certificate for localhost. */
  async function listenTls(t: TestContext, answer: string): Promise<{ port: number; requests: string[] }> {
    const requests: string[] = [];
    const server = createTlsServer({ key: PEM, cert: PEM }, (socket) => {
      socket.on('error', () => undefined);
      socket.once('data', (bytes) => {
        requests.push(bytes.toString('latin1'));
        socket.end(answer);
      });
    });
    await new Promise<void>((resolve) => server.listen({ host: '127.0.0.1', port: 0 }, resolve));
    t.after(() => new Promise((resolve) => server.close(resolve)));
    return { port: (server.address() as AddressInfo).port, requests };
  }

  test('http: the path and the query are asked for, the host is named', async (t) => {
    let request = '';
    const port = await listen(t, '127.0.0.1', (socket, text) => {
      request = text;
      socket.end('HTTP/1.1 200 OK\r\n\r\n');
    });
    const url = new URL(`http://127.0.0.1:${port}/a%20b?c=d#e`);
    assert.deepEqual(await probe(url, caSource()), { kind: 'healthy' });
    assert.equal(
      request,
      `GET /a%20b?c=d HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nUser-Agent: mote-healthcheck\r\nConnection: close\r\n\r\n`,
    );
  });

  test('http on IPv6', { skip: !hasIpv6 && 'this machine has no ::1' }, async (t) => {
    const port = await listen(t, '::1', reply('HTTP/1.1 200 OK\r\n\r\n'));
    assert.deepEqual(await probe(new URL(`http://[::1]:${port}`), caSource()), { kind: 'healthy' });
  });

  test('a redirect is not followed', async (t) => {
    const port = await listen(t, '127.0.0.1', reply('HTTP/1.1 302 Found\r\nLocation: /\r\n\r\n'));
    const reason = `http://127.0.0.1:${port}: responded with status 302`;
    assert.deepEqual(await probe(new URL(`http://127.0.0.1:${port}/`), caSource()), {
      kind: 'unhealthy',
      reason,
    });
  });

  test('https to a server that the bundle vouches for', async (t) => {
    const { port, requests } = await listenTls(t, 'HTTP/1.1 204 No Content\r\n\r\n');
    const url = new URL(`https://localhost:${port}/health`);
    assert.deepEqual(await probe(url, trusting(PEM)), { kind: 'healthy' });
    assert.match(requests[0] ?? '', new RegExp(`^GET /health HTTP/1\\.1\\r\\nHost: localhost:${port}\\r\\n`));
  });

  const refused: readonly (readonly [name: string, host: string, bundle: string, code: string])[] = [
    ['another authority', 'localhost', OTHER_AUTHORITY, 'DEPTH_ZERO_SELF_SIGNED_CERT'],
    ['another name', '127.0.0.1', PEM, 'ERR_TLS_CERT_ALTNAME_INVALID'],
  ];
  for (const [name, host, bundle, code] of refused) {
    for (const disabled of ['', '0']) {
      test(`https with the certificate of ${name} is refused before anything is asked${disabled && ', also where Node is told not to verify'}`, async (t) => {
        process.env.NODE_TLS_REJECT_UNAUTHORIZED = disabled || '1';
        t.after(() => delete process.env.NODE_TLS_REJECT_UNAUTHORIZED);
        const { port, requests } = await listenTls(t, 'HTTP/1.1 200 OK\r\n\r\n');
        const reason = `https://${host}:${port}: no trusted TLS (${code})`;
        const health = await probe(new URL(`https://${host}:${port}/`), trusting(bundle));
        assert.deepEqual([health, requests], [{ kind: 'unhealthy', reason }, []]);
      });
    }
  }

  test('https without a bundle connects to nobody', async (t) => {
    const { port, requests } = await listenTls(t, 'HTTP/1.1 200 OK\r\n\r\n');
    const reason = `https://localhost:${port}: no CA bundle: SSL_CERT_FILE names /ca.pem, which does not exist`;
    const without = caSource('/ca.pem');
    assert.deepEqual(await probe(new URL(`https://localhost:${port}/`), without), {
      kind: 'unhealthy',
      reason,
    });
    assert.deepEqual(requests, []);
  });

  test('https to a server that speaks no TLS', async (t) => {
    const port = await listen(t, '127.0.0.1', reply('HTTP/1.1 400 Bad Request\r\n\r\n'));
    const reason = `https://localhost:${port}: no trusted TLS (EPROTO)`;
    assert.deepEqual(await probe(new URL(`https://localhost:${port}/`), trusting(PEM)), {
      kind: 'unhealthy',
      reason,
    });
  });

  test('https to a port where nobody listens', async () => {
    const port = await freePort();
    const reason = `https://localhost:${port}: cannot connect (ECONNREFUSED)`;
    assert.deepEqual(await probe(new URL(`https://localhost:${port}/`), trusting(PEM)), {
      kind: 'unhealthy',
      reason,
    });
  });

  test('silence after the connection', async (t) => {
    const port = await listen(t, '127.0.0.1', () => undefined);
    const reason = `https://localhost:${port}: no response within 50 ms`;
    const url = new URL(`https://localhost:${port}/`);
    assert.deepEqual(await probe(url, trusting(PEM), 50), { kind: 'unhealthy', reason });
  });
});

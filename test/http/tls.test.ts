/** HTTPS: handshakes, certificates, what leads to it, and what is there with it as without. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect as connectTcp, type Socket } from 'node:net';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { makeFolder, pattern } from '../support/folder.ts';
import { freePort } from '../support/free-port.ts';
import { certificates, connectSecurely, secure } from '../support/https.ts';
import { connect, eventually, request, requestText } from '../support/raw.ts';
import {
  engineBetween,
  run,
  type Server,
  severalWorkers,
  start,
  startForFile,
  startForTest,
  without,
} from '../support/target.ts';

const skip = without('tls') || engineBetween;
const PATIENCE_MS = 15_000;
const BIG = pattern(8 * 1024 * 1024);
const root = makeFolder({
  'index.html': 'ok',
  'big.bin': BIG,
  '.well-known/acme-challenge/to-Ken_1': 'answer',
});
const server = skip
  ? ({} as Server)
  : await startForFile({ root, args: [...secure, '--hsts', '600', '--header-timeout-ms', '1000'] });

describe('a server with a certificate', { skip }, () => {
  test('says https where it starts, and sends HSTS', async () => {
    assert.match(server.startLine, / on https:\/\/localhost:\d+$/);
    const client = await connectSecurely(server);
    const answer = await client.get('/');
    assert.equal(answer.text, 'ok');
    assert.equal(answer.header('strict-transport-security'), 'max-age=600');
    assert.equal((await client.get('/')).text, 'ok', 'and the connection is kept');
    client.destroy();
  });

  test('sends a large file whole, also to a client that has closed its half', async () => {
    const client = await connectSecurely(server, { allowHalfOpen: true } as object);
    client.write(requestText('GET', '/big.bin'));
    client.socket.end();
    assert.ok((await client.response()).body.equals(BIG));
    await client.ended();
  });

  test('hands over what leaves HTTP/1.1', async () => {
    const client = await connectSecurely(server);
    const upgrade = { Connection: 'upgrade', Upgrade: 'websocket' };
    assert.equal((await client.get('/', upgrade)).status, 200);
    await client.ended();
  });

  for (const [name, options, protocol] of [
    ['no ALPN', {}, false],
    ['http/1.1', { ALPNProtocols: ['http/1.1'] }, 'http/1.1'],
    ['both, http/1.1 first', { ALPNProtocols: ['http/1.1', 'h2'] }, 'h2'],
    ['TLS 1.2', { maxVersion: 'TLSv1.2' }, false],
    ['any name', { servername: 'unknown.example' }, false],
  ] as const) {
    test(`${name} is fine`, async () => {
      const client = await connectSecurely(server, options as object);
      assert.equal((client.socket as TLSSocket).alpnProtocol, protocol);
      client.destroy();
    });
  }

  for (const [name, options] of [
    ['TLS 1.1', { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' }],
    ['a protocol that it does not speak', { ALPNProtocols: ['spdy/3'] }],
  ] as const) {
    test(`${name} is refused`, async () => {
      await assert.rejects(connectSecurely(server, options as object), { code: /^ERR_SSL_TLSV?1?_ALERT/ });
    });
  }

  test('a session that is resumed', async () => {
    const first = await connectSecurely(server);
    const session = once(first.socket, 'session');
    await first.get('/');
    const [ticket] = await session;
    const second = await connectSecurely(server, { session: ticket });
    assert.ok((second.socket as TLSSocket).isSessionReused());
    assert.equal((await second.get('/')).status, 200);
    first.destroy();
    second.destroy();
  });

  test('renegotiation ends the connection', async () => {
    const client = await connectSecurely(server, { maxVersion: 'TLSv1.2' });
    client.socket.on('error', () => undefined);
    const end = once(client.socket, 'end');
    (client.socket as TLSSocket).renegotiate({}, () => undefined);
    await end;
    client.destroy();
  });
});

describe('clients that do not speak TLS', { skip }, () => {
  test('plain HTTP: 400, and why', async () => {
    const answer = await request(server, '/');
    assert.equal(answer.status, 400);
    assert.match(answer.text, /https:/);
    assert.equal(answer.header('strict-transport-security'), undefined);
  });

  test('HTTP/2 without TLS, and garbage: the end', async () => {
    for (const bytes of ['PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', '\0\0\0\0', '\x16\x03\x01\0\x05hello']) {
      const client = await connect(server);
      client.write(bytes);
      await eventually(
        PATIENCE_MS,
        () => client.socket.readableEnded || client.socket.destroyed,
        (isOver) => isOver,
      ).catch((error) => assert.fail(`${JSON.stringify(bytes)}: ${error.message}`));
      client.destroy();
    }
  });

  test('a thousand half handshakes cost little, are ended in time, and hold up nobody', async () => {
    const limited = await start({ root, args: [...secure, '--header-timeout-ms', '2000'] });
    const before = limited.peakMemoryBytes();
    const hello = await helloOf(limited.port);
    const sockets: Socket[] = [];
    for (let i = 0; i < 1000; i++) {
      const socket = connectTcp({ port: limited.port, host: '127.0.0.1' });
      socket.on('error', () => undefined);
      // Half say nothing, the others half a word.
      if (i % 2) socket.write(hello.subarray(0, 100));
      sockets.push(socket);
    }
    const ends = sockets.map((socket) => once(socket.resume(), 'close').catch(() => undefined));
    const client = await connectSecurely(limited);
    assert.equal((await client.get('/')).status, 200);
    await Promise.all(ends);
    assert.ok(limited.peakMemoryBytes() - before < 200 * 1024 * 1024, 'memory');
    client.destroy();
    assert.equal((await limited.stop()).code, 0);
  });

  test('handshakes count as connections', { skip: severalWorkers }, async (t) => {
    const few = await startForTest(t, { root, args: [...secure, '--max-connections', '2'] });
    const clients = [await connect(few), await connect(few)];
    const third = await connect(few);
    await third.ended();
    for (const client of clients) client.destroy();
    await few.logged(/connection refused status=503/);
  });

  test('a stop does not wait for them', async () => {
    const stopping = await start({ root, args: [...secure] });
    const client = await connect(stopping);
    const began = performance.now();
    assert.equal((await stopping.stop()).code, 0);
    assert.ok(performance.now() - began < 5000);
    client.destroy();
  });
});

/** The first bytes of a handshake. */
async function helloOf(port: number): Promise<Buffer> {
  const listener = connectTcp({ port, host: '127.0.0.1' });
  const { createServer } = await import('node:net');
  const sink = createServer().listen(0, '127.0.0.1');
  await once(sink, 'listening');
  const address = sink.address() as { port: number };
  const client = connectTls({ port: address.port, host: '127.0.0.1' });
  client.on('error', () => undefined);
  const [socket] = (await once(sink, 'connection')) as [Socket];
  const [hello] = (await once(socket, 'data')) as [Buffer];
  for (const one of [client, socket, listener]) one.destroy();
  sink.close();
  return hello;
}

test('a client that takes nothing and keeps talking is disconnected', { skip }, async (t) => {
  const slow = await startForTest(t, { root, args: [...secure, '--send-timeout-ms', '1000'] });
  const client = await connectSecurely(slow);
  client.write(requestText('GET', '/big.bin'));
  await client.received(1);
  client.socket.pause();
  client.socket.on('error', () => undefined);
  const talking = setInterval(() => client.write('G'), 100);
  t.after(() => clearInterval(talking));
  await slow.logged(/response cut short: the client took nothing for 1000 ms/);
  client.destroy();
});

describe('the port that leads to HTTPS', { skip }, () => {
  async function redirecting(t: TestContext, ...args: string[]) {
    const port = await freePort();
    const own = [...secure, '--redirect-port', String(port), '--host', '127.0.0.1', ...args];
    return { port, server: await startForTest(t, { root, args: own }) };
  }

  test('keeps host, path and query', async (t) => {
    const { port, server: safe } = await redirecting(t);
    await safe.stdout.find(new RegExp(`mote redirects port ${port} to HTTPS`));
    const at = `https://a.example:${safe.port}`;
    const cases = [
      ['GET', `a.example:${port}`, '/x%20y/?q=1&r', 301, `${at}/x%20y/?q=1&r`],
      ['HEAD', `a.example:${port}`, '/', 301, `${at}/`],
      ['POST', `a.example:${port}`, '/form', 308, `${at}/form`],
      ['GET', 'a.example', '//b.example', 301, 'https://a.example//b.example'],
      ['GET', `[::1]:${port}`, '/', 301, `https://[::1]:${safe.port}/`],
      ['GET', '', '/', 400, undefined],
      ['GET', 'a.example@b.example', '/', 400, undefined],
      ['GET', '-a', '/', 400, undefined],
      ['GET', 'a.example', '/.well-known/acme-challenge/to-Ken_1', 200, undefined],
      ['GET', 'a.example', '/.well-known/acme-challenge/none', 404, undefined],
      ['GET', 'a.example', '/.well-known/acme-challenge/../../index.html', 301, undefined],
    ] as const;
    for (const [method, host, path, status, location] of cases) {
      const answer = await request({ port }, path, { method, headers: { Host: host } });
      assert.equal(answer.status, status, `${method} ${host} ${path}`);
      if (location) assert.equal(answer.header('location'), location);
      assert.equal(answer.header('strict-transport-security'), undefined);
      if (path.endsWith('to-Ken_1')) assert.equal(answer.text, 'answer');
    }
  });

  test('has challenges at the root of the host, also where the site is below a base path', async (t) => {
    const { port, server: safe } = await redirecting(t, '--base-path', '/app');
    const challenge = '/.well-known/acme-challenge/to-Ken_1';
    assert.equal((await request({ port }, challenge)).text, 'answer');
    const { status, header } = await request({ port }, `/app${challenge}`, {
      headers: { Host: `a:${port}` },
    });
    assert.deepEqual([status, header('location')], [301, `https://a:${safe.port}/app${challenge}`]);
  });

  test('is there with several workers, and goes with them', { skip: without('workers') }, async (t) => {
    const { port, server: safe } = await redirecting(t, '--workers', '2');
    assert.equal((await request({ port }, '/')).header('location'), 'https://localhost/');
    assert.equal((await safe.stop()).code, 0);
    await assert.rejects(request({ port }, '/'));
  });

  test('a port that is taken: one line, which names the option', async () => {
    const taken = server.port;
    const args = [...secure, '--redirect-port', String(taken)];
    for (const workers of ['1', '2']) {
      const { code, stderr } = await run([root, '0', ...args, '--workers', workers]);
      assert.match(stderr, /already in use; choose another with --redirect-port\n$/);
      assert.equal(code, 1);
    }
  });
});

test('a health check finds HTTPS, whoever the certificate is for', { skip }, async (t) => {
  const args = ['--tls-cert', join(certificates, 'cert.pem'), '--tls-key', join(certificates, 'key.pem')];
  const one = await startForTest(t, { root, args });
  const port = String(one.port);
  assert.equal((await run(['healthcheck', '--port', port, ...args])).code, 0);
  const plain = await run(['healthcheck', '--port', port]);
  assert.match(plain.stderr, /responded with status 400/);
});

test('a unix socket', { skip }, async (t) => {
  const path = join(makeFolder(), 'mote.sock');
  const args = [...secure, '--host', path];
  const one = await startForTest(t, { root, args });
  const socket = connectTls({ path, rejectUnauthorized: false } as object);
  await once(socket, 'secureConnect');
  socket.write(requestText('GET', '/', { Connection: 'close' }));
  const [bytes] = await once(socket, 'data');
  assert.match(String(bytes), /^HTTP\/1\.1 200 /);
  socket.destroy();
  assert.equal((await run(['healthcheck', ...args])).code, 0);
  assert.match(one.startLine, /unix:/);
});

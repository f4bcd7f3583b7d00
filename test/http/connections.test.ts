/** Many connections, pipelining, and clients that leave in the middle. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { connect as netConnect } from 'node:net';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { lacking } from '../../scripts/test/lacking.ts';
import { makeFolder, pattern } from '../support/folder.ts';
import { connect, eventually, exchange, type Response, request, requestText } from '../support/raw.ts';
import { engineBetween, startForFile, startForTest } from '../support/target.ts';

const MANY = 1000;
const PATIENCE_MS = 10_000;
const SMALL = 'small file';
const MEDIUM = pattern(300_001);
const BIG = pattern(20_000_003);
const root = makeFolder({ 'small.txt': SMALL, 'medium.bin': MEDIUM, 'big.bin': BIG, 'cold.bin': BIG });
// A thousand answers take longer than the usual idle timeout on a busy machine.
const server = await startForFile({ root, args: ['--idle-timeout-ms', '1m'] });

/** Waits until the server has let go of everything that the clients left behind. */
async function quiet(sockets: number): Promise<void> {
  const released = () => server.descriptors(root);
  await eventually(PATIENCE_MS, released, (now) => now.files.length === 0 && now.sockets <= sockets);
}

test(`${MANY} connections at the same time, each used twice`, async () => {
  const before = server.descriptors(root).sockets;
  const clients = await Promise.all(Array.from({ length: MANY }, () => connect(server)));
  for (const path of ['/small.txt', '/medium.bin']) {
    const responses = await Promise.all(clients.map((client) => client.get(path)));
    const expected = path === '/small.txt' ? Buffer.from(SMALL) : MEDIUM;
    for (const { status, body } of responses) assert.ok(status === 200 && body.equals(expected));
  }
  assert.ok(server.descriptors(root).sockets >= before + MANY, 'all connections are still open');
  for (const client of clients) client.destroy();
  await quiet(before);
});

test('pipelined requests are answered in order, big and small mixed', async () => {
  const cycle: readonly (readonly [method: string, path: string])[] = [
    ['GET', '/big.bin'],
    ['GET', '/small.txt'],
    ['HEAD', '/big.bin'],
    ['GET', '/missing'],
    ['GET', '/medium.bin'],
    ['OPTIONS', '/small.txt'],
    ['GET', '/small.txt'],
  ];
  const expected: Readonly<Record<string, Buffer>> = {
    'GET /big.bin': BIG,
    'GET /medium.bin': MEDIUM,
    'GET /small.txt': Buffer.from(SMALL),
    'GET /missing': Buffer.from('404 Not Found\n'),
  };
  const sequence = [...cycle, ...cycle, ...cycle];
  const client = await connect(server);
  client.write(sequence.map(([method, path]) => requestText(method, path)).join(''));
  for (const [method, path] of sequence) {
    const { body, header } = await client.response(method);
    assert.ok(body.equals(expected[`${method} ${path}`] ?? Buffer.alloc(0)), `${method} ${path}`);
    if (method === 'HEAD') assert.equal(header('content-length'), String(BIG.length));
  }
  assert.equal((await client.get('/small.txt')).text, SMALL);
  client.destroy();
});

test('a thousand pipelined requests in one write', async () => {
  const client = await connect(server);
  client.write(requestText('GET', '/small.txt').repeat(999));
  client.write(requestText('GET', '/small.txt', { Connection: 'close' }));
  for (let i = 0; i < 1000; i++) assert.equal((await client.response()).text, SMALL);
  await client.ended();
});

test('bodies in the middle of a pipeline are drained in their turn', async () => {
  const client = await connect(server);
  const upload = `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 60000\r\n\r\n${'x'.repeat(60_000)}`;
  client.write(requestText('GET', '/big.bin') + upload + upload + requestText('GET', '/small.txt'));
  assert.ok((await client.response()).body.equals(BIG));
  assert.equal((await client.response()).status, 405);
  assert.equal((await client.response()).status, 405);
  assert.equal((await client.response()).text, SMALL);
  client.destroy();
});

test('requests split at every byte of a pipeline', async () => {
  const client = await connect(server);
  const bytes = requestText('GET', '/small.txt') + requestText('HEAD', '/medium.bin');
  for (let at = 1; at < bytes.length; at += 3) {
    client.write(bytes.slice(0, at));
    await new Promise((resolve) => setImmediate(resolve));
    client.write(bytes.slice(at));
    assert.equal((await client.response()).text, SMALL);
    assert.equal((await client.response('HEAD')).header('content-length'), String(MEDIUM.length));
  }
  client.destroy();
});

for (const [path, content] of [
  ['/small.txt', Buffer.from(SMALL)],
  // Nobody has asked for it yet, so the response takes longest to begin.
  ['/cold.bin', BIG],
] as const) {
  test(`a client that has closed its half still gets ${path}`, async () => {
    const client = await connect(server);
    client.socket.end(requestText('GET', path));
    const response = await client.response();
    assert.ok(response.body.equals(content));
    await client.ended();
  });
}

test('a client that closes its half after several requests gets all responses', async () => {
  const client = await connect(server);
  client.socket.end(requestText('GET', '/medium.bin') + requestText('GET', '/small.txt').repeat(3));
  assert.ok((await client.response()).body.equals(MEDIUM));
  for (let i = 0; i < 3; i++) assert.equal((await client.response()).text, SMALL);
  await client.ended();
});

test('downloads that are aborted leave nothing behind', async () => {
  const before = server.descriptors(root).sockets;
  for (const leave of ['destroy', 'resetAndDestroy'] as const) {
    const clients = await Promise.all(Array.from({ length: 50 }, () => connect(server)));
    for (const client of clients) client.write(requestText('GET', '/big.bin').repeat(2));
    await Promise.all(clients.map((client) => client.received(10_000)));
    for (const client of clients) client.socket[leave]();
    await quiet(before);
  }
  assert.equal((await request(server, '/small.txt')).text, SMALL);
});

test('clients that leave at any moment of a request do no harm', async () => {
  const before = server.descriptors(root).sockets;
  const upload = 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nabc';
  for (const bytes of ['', 'G', 'GET / HTTP/1.1\r\nHo', requestText('GET', '/small.txt'), upload]) {
    for (const leave of ['destroy', 'resetAndDestroy', 'end'] as const) {
      const socket = netConnect({ port: server.port, host: '127.0.0.1' });
      socket.on('error', () => undefined);
      await once(socket, 'connect');
      if (bytes !== '') socket.write(bytes);
      socket[leave]();
      socket.resume();
    }
  }
  await quiet(before);
  assert.equal((await request(server, '/small.txt')).text, SMALL);
});

test('out of file descriptors the server refuses, lives and recovers', {
  skip: lacking({ prlimit: 'util-linux' }),
}, async (t) => {
  const poor = await startForTest(t, { root });
  assert.equal((await request(poor, '/small.txt')).status, 200);
  const open = readdirSync(`/proc/${poor.pid}/fd`).length;
  execFileSync('prlimit', ['--pid', String(poor.pid), `--nofile=${open + 20}`]);
  const clients = await Promise.all(Array.from({ length: 60 }, () => connect(poor)));
  for (const client of clients) client.write(requestText('GET', '/medium.bin'));
  await Promise.any(clients.map((client) => client.gone()));
  for (const client of clients) client.destroy();
  const ask = () => request(poor, '/small.txt').catch(() => undefined);
  const { value: response } = await eventually(PATIENCE_MS, ask, (response) => response?.status === 200);
  assert.equal(response?.text, SMALL);
});

test('Connection: close is obeyed, with other options beside it', async () => {
  const bytes =
    requestText('GET', '/small.txt', { Connection: 'Foo, Close' }) + requestText('GET', '/medium.bin');
  const [response] = await exchange(server, bytes);
  assert.match((response as Response).header('connection') ?? '', /^close$/i);
});

test('a busy connection does not keep others waiting', async () => {
  const busy = await connect(server);
  busy.socket.pause();
  busy.write(requestText('GET', '/big.bin').repeat(20));
  for (let i = 0; i < 20; i++) assert.equal((await request(server, '/small.txt')).text, SMALL);
  busy.destroy();
});

/** Its timers run before it reads. */
const byNode = process.env.MOTE_ENGINE === 'node' && 'node:http closes idle connections before it looks';

test('a server that was halted answers what has arrived meanwhile', {
  skip: engineBetween || byNode,
}, async (t) => {
  const server = await startForTest(t, { root, args: ['--idle-timeout-ms', '100'] });
  const processes = [server.pid, ...server.workers];
  const client = await connect(server);
  assert.equal((await client.get('/small.txt')).status, 200);
  for (const pid of processes) process.kill(pid, 'SIGSTOP');
  client.write(requestText('GET', '/small.txt'));
  // Longer than an idle connection is kept, with its grace.
  await delay(2500);
  for (const pid of processes) process.kill(pid, 'SIGCONT');
  assert.equal((await client.response()).status, 200);
  client.destroy();
});

/** Shutdown by signal: what is in flight finishes, everything else ends at once. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect as netConnect } from 'node:net';
import { test } from 'node:test';
import { makeFolder, pattern } from '../support/folder.ts';
import { type Client, connect, eventually, requestText } from '../support/raw.ts';
import { type Server, start, startForTest } from '../support/target.ts';

/** "Well under a second" when idle. */
const IDLE_STOP_MS = 900;
/** More than the socket buffers of both ends hold. */
const BIG = pattern(64 * 1024 * 1024);
const root = makeFolder({ 'small.txt': 'small', 'big.bin': BIG });

/** A download that the server is in the middle of. */
async function downloading(server: Server): Promise<Client> {
  const client = await connect(server);
  client.write(requestText('GET', '/big.bin'));
  await client.received(100_000);
  client.socket.pause();
  return client;
}

async function refusesConnections(server: Server): Promise<boolean> {
  const socket = netConnect({ port: server.port, host: '127.0.0.1' });
  const [outcome] = await Promise.race([
    once(socket, 'connect').then(() => ['connected']),
    once(socket, 'error').then(([error]) => [(error as NodeJS.ErrnoException).code]),
  ]).catch((error: NodeJS.ErrnoException) => [error.code]);
  socket.destroy();
  return outcome === 'ECONNREFUSED';
}

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  test(`${signal} ends an idle server at once with code 0`, async () => {
    const server = await start({ root });
    const idle = await connect(server);
    assert.equal((await idle.get('/small.txt')).status, 200);
    const silent = await connect(server);
    const halfAsked = await connect(server);
    halfAsked.write('GET / HTTP/1.1\r\nHo');
    const began = performance.now();
    const exit = await server.stop(signal);
    const tookMs = performance.now() - began;
    assert.deepEqual(exit, { code: 0, signal: null });
    assert.ok(tookMs < IDLE_STOP_MS, `${tookMs} ms`);
    await idle.ended();
    for (const client of [silent, halfAsked]) {
      await client.gone();
      client.destroy();
    }
  });

  test(`${signal} lets a response finish`, async () => {
    const server = await start({ root });
    const idle = await connect(server);
    assert.equal((await idle.get('/small.txt')).status, 200);
    const client = await downloading(server);
    server.signal(signal);
    await idle.ended();
    await eventually(
      5000,
      () => refusesConnections(server),
      (refused) => refused,
    );
    client.socket.resume();
    const response = await client.response();
    assert.ok(response.body.equals(BIG));
    await client.ended();
    assert.deepEqual(await server.exited, { code: 0, signal: null });
  });
}

test('pipelined requests behind the response in flight do not hold the end up', async () => {
  const server = await start({ root });
  const client = await connect(server);
  client.write(requestText('GET', '/big.bin') + requestText('GET', '/small.txt'));
  await client.received(100_000);
  client.socket.pause();
  server.signal('SIGTERM');
  await eventually(
    5000,
    () => refusesConnections(server),
    (refused) => refused,
  );
  client.socket.resume();
  assert.ok((await client.response()).body.equals(BIG));
  // The second may be answered as the last one, or not at all; never in part.
  const rest = (await client.gone()).toString('latin1');
  if (rest !== '')
    assert.match(rest, /^HTTP\/1\.1 200 OK\r\n[\s\S]*Connection: close\r\n[\s\S]*\r\n\r\nsmall$/i);
  client.destroy();
  assert.deepEqual(await server.exited, { code: 0, signal: null });
});

test('a second signal ends the server now', async () => {
  const server = await start({ root, args: ['--shutdown-grace-ms', '60s'] });
  const client = await downloading(server);
  server.signal('SIGTERM');
  await eventually(
    5000,
    () => refusesConnections(server),
    (refused) => refused,
  );
  const began = performance.now();
  const exit = await server.stop('SIGINT');
  assert.ok(performance.now() - began < 2000);
  assert.notEqual(exit.signal, 'SIGKILL');
  assert.notDeepEqual(exit, { code: 0, signal: null });
  client.socket.resume();
  assert.ok((await client.gone()).length < BIG.length);
  client.destroy();
});

test('a response that takes longer than the grace time is cut', async () => {
  const server = await start({ root, args: ['--shutdown-grace-ms', '500'] });
  const client = await downloading(server);
  const began = performance.now();
  const exit = await server.stop('SIGTERM');
  const tookMs = performance.now() - began;
  assert.equal(exit.signal, null);
  assert.ok(tookMs >= 450 && tookMs < 3000, `${tookMs} ms`);
  client.socket.resume();
  assert.ok((await client.gone()).length < BIG.length);
  client.destroy();
});

test('a health check behind the response in flight says that the server drains', async () => {
  const server = await start({ root });
  const client = await connect(server);
  client.write(requestText('GET', '/big.bin') + requestText('GET', '/healthz'));
  await client.received(100_000);
  client.socket.pause();
  server.signal('SIGTERM');
  await eventually(
    5000,
    () => refusesConnections(server),
    (refused) => refused,
  );
  client.socket.resume();
  assert.ok((await client.response()).body.equals(BIG));
  const health = await client.response();
  assert.deepEqual([health.status, health.text], [503, 'draining\n']);
  assert.match(health.header('connection') ?? '', /^close$/i);
  await client.ended();
  assert.deepEqual(await server.exited, { code: 0, signal: null });
});

test('SIGPIPE does not end the server', async (t) => {
  const server = await startForTest(t, { root });
  server.signal('SIGPIPE');
  const client = await connect(server);
  assert.equal((await client.get('/small.txt')).text, 'small');
  client.destroy();
});

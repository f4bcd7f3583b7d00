/** Shutdown of a server with connections of both engines. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { describe, test } from 'node:test';
import type { Plan } from '../types.ts';
import type { Hooks } from './node/connection.ts';
import { HttpServer, type Limits } from './node/server.ts';
import { WireServer } from './wire/server.ts';

const limits: Limits = {
  headerTimeoutMs: 5000,
  requestTimeoutMs: 5000,
  idleTimeoutMs: 60_000,
  sendTimeoutMs: 5000,
  maxConnections: 10,
  maxHeaderBytes: 16_384,
  maxTargetBytes: 4096,
  maxBodyBytes: 1024,
  maxRequestsPerConnection: 1000,
};
const plan: Plan = { status: 200, headers: ['Content-Length', '2'], body: { kind: 'text', text: 'ok' } };
const requests = {
  'a plain request': 'GET / HTTP/1.1\r\nHost: a\r\n\r\n',
  'a request with a body': 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nab',
};

/** A server that responds on demand, and a client that has sent `text`. */
async function asked(text: string) {
  const release: (() => void)[] = [];
  const began = Promise.withResolvers<void>();
  const handle: Hooks['handle'] = () =>
    new Promise((resolve) => {
      release.push(() => resolve(plan));
    });
  const hooks: Hooks = {
    handle,
    defaultHeaders: () => [],
    clientOf: (peer) => peer,
    onConnection: () => undefined,
    onStart: () => began.resolve(),
    onEnd: () => undefined,
    onRefused: () => undefined,
    onExhausted: () => undefined,
    onFault: (error) => assert.fail(String(error)),
  };
  const server = new WireServer(limits, hooks, new HttpServer(limits, hooks));
  await server.listen({ port: 0, host: '127.0.0.1' });
  const client = connect({ port: server.port, host: '127.0.0.1' });
  client.write(text);
  await began.promise;
  return { server, client, release: () => release.shift()?.() };
}

/** Everything received until the connection ends. */
async function rest(client: Socket): Promise<string> {
  const chunks: Buffer[] = [];
  client.on('data', (chunk: Buffer) => chunks.push(chunk));
  client.on('error', () => undefined);
  await new Promise((resolve) => client.once('close', resolve));
  return Buffer.concat(chunks).toString('latin1');
}

for (const [name, text] of Object.entries(requests)) {
  describe(name, () => {
    test('a request in flight gets a response with `Connection: close`', async () => {
      const { server, client, release } = await asked(text);
      const said = rest(client);
      const stopped = server.stop(10_000);
      release();
      assert.match(await said, /^HTTP\/1\.1 200 OK\r\n[\s\S]*Connection: close\r\n[\s\S]*\r\n\r\nok$/);
      assert.equal(await stopped, 0);
    });

    test('an idle connection is closed immediately', async () => {
      const { server, client, release } = await asked(text);
      release();
      await once(client, 'readable');
      const said = rest(client);
      assert.equal(await server.stop(10_000), 0);
      assert.match(await said, /\r\n\r\nok$/);
    });

    test('a request without a response within the grace time is cut and counted', async () => {
      const { server, client } = await asked(text);
      const said = rest(client);
      assert.equal(await server.stop(50), 1);
      assert.equal(await said, '');
    });
  });
}

/** Shutdown of a server: one contract for each engine, and for both together. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { describe, test } from 'node:test';
import type { Plan } from '../types.ts';
import { hooksWith, LIMITS } from './fixtures.ts';
import { type EngineName, HttpServer } from './http-server.ts';

const GRACE_MS = 10_000;

const plan: Plan = { status: 200, headers: ['Content-Length', '2'], body: { kind: 'text', text: 'ok' } };
const get = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';
const requests = {
  'a plain request': get,
  'a request with a body': 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nab',
  'a request for an upgrade': 'GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n',
};
const lastResponse = /^HTTP\/1\.1 200 OK\r\n[\s\S]*Connection: close\r\n[\s\S]*\r\n\r\nok$/;

/** A server that responds on demand. */
async function started(engine: EngineName) {
  const mayAnswer = Promise.withResolvers<void>();
  const began = Promise.withResolvers<void>();
  const refused = Promise.withResolvers<void>();
  const counts = { open: 0, accepted: 0 };
  const hooks = hooksWith({
    handle: () => mayAnswer.promise.then(() => plan),
    onConnection: (delta) => {
      counts.open += delta;
      if (delta > 0) counts.accepted += 1;
    },
    onStart: () => began.resolve(),
    onRefused: () => refused.resolve(),
  });
  const server = await HttpServer.create(LIMITS, hooks, engine);
  await server.listen({ port: 0, host: '127.0.0.1' });
  const connected = async () => {
    const client = connect({ port: server.port, host: '127.0.0.1' });
    await once(client, 'connect');
    return client;
  };
  return {
    server,
    counts,
    connected,
    began: began.promise,
    refused: refused.promise,
    answer: mayAnswer.resolve,
  };
}

/** A server that has a request, and the client that has sent it. */
async function asked(engine: EngineName, text: string) {
  const { connected, ...rest } = await started(engine);
  const client = await connected();
  client.write(text);
  await rest.began;
  return { ...rest, client };
}

/** Everything received until the connection ends. */
async function rest(client: Socket): Promise<string> {
  const chunks: Buffer[] = [];
  client.on('data', (chunk: Buffer) => chunks.push(chunk));
  client.on('error', () => undefined);
  await new Promise((resolve) => client.once('close', resolve));
  return Buffer.concat(chunks).toString('latin1');
}

/** Resolves when the server has read what the client has written before. */
async function turns(): Promise<void> {
  for (let i = 0; i < 10; i++) await new Promise((resolve) => setImmediate(resolve));
}

for (const engine of ['node', 'wire', 'auto'] as const) {
  describe(`shutdown of the engine ${engine}`, () => {
    for (const [name, text] of Object.entries(requests)) {
      test(`${name} in flight gets a response with \`Connection: close\``, async () => {
        const { server, client, answer, counts } = await asked(engine, text);
        const said = rest(client);
        const stopped = server.stop(GRACE_MS);
        answer();
        assert.match(await said, lastResponse);
        assert.equal(await stopped, 0);
        assert.deepEqual(counts, { open: 0, accepted: 1 });
      });

      test(`${name} without a response within the grace time is cut and counted`, async () => {
        const { server, client } = await asked(engine, text);
        const said = rest(client);
        assert.equal(await server.stop(50), 1);
        assert.equal(await said, '');
      });
    }

    test('a request that has arrived and is not read yet gets its response', async () => {
      const { server, connected, counts, answer } = await started(engine);
      const clients = await Promise.all([connected(), connected(), connected()]);
      while (counts.accepted < clients.length) await turns();
      const said = clients.map(rest);
      // The bytes are in the kernel of the server when these return, but its loop had no turn.
      for (const client of clients) client.write(get);
      const stopped = server.stop(GRACE_MS);
      answer();
      for (const text of await Promise.all(said)) assert.match(text, lastResponse);
      assert.equal(await stopped, 0);
    });

    test('an idle connection is closed immediately', async () => {
      for (const text of [requests['a plain request'], requests['a request with a body']]) {
        const { server, client, answer, counts } = await asked(engine, text);
        answer();
        await once(client, 'readable');
        const said = rest(client);
        assert.equal(await server.stop(GRACE_MS), 0);
        assert.match(await said, /\r\n\r\nok$/);
        assert.equal(counts.open, 0);
      }
    });

    test('a connection that has sent nothing, an empty line, or half a head is closed immediately', async () => {
      for (const text of ['', '\r\n', get.slice(0, 20)]) {
        const { server, connected } = await started(engine);
        const client = await connected();
        const said = rest(client);
        client.write(text);
        await turns();
        assert.equal(await server.stop(GRACE_MS), 0);
        assert.equal(await said, '');
      }
    });

    test('a refused client keeps the refusal that it has not read yet', async () => {
      const { server, connected, refused } = await started(engine);
      const client = await connected();
      client.write('nonsense\r\n\r\n');
      await refused;
      const stopped = server.stop(GRACE_MS);
      client.write('more nonsense');
      assert.match(await rest(client), /^HTTP\/1\.1 400 /);
      assert.equal(await stopped, 0);
    });

    test('what was pipelined behind the response in flight is not begun', async () => {
      const { server, client, answer } = await asked(engine, get + get);
      const said = rest(client);
      const stopped = server.stop(GRACE_MS);
      answer();
      assert.match(await said, lastResponse);
      assert.equal(await stopped, 0);
    });

    test('nothing is accepted any more, and the port is free', async () => {
      const { server } = await started(engine);
      const { port } = server;
      await server.stop(0);
      const client = connect({ port, host: '127.0.0.1' });
      await assert.rejects(once(client, 'connect'), { code: 'ECONNREFUSED' });
    });
  });
}

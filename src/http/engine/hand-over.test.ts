/** What comes while the other engine is being loaded for a connection that is handed over to it. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, type TestContext, test } from 'node:test';
import { Descriptors } from '../descriptors.ts';
import { Connections } from './connections.ts';
import type { Limits, Shared } from './contract.ts';
import { hooksWith, LIMITS } from './fixtures.ts';
import { InputTurns } from './input-turns.ts';
import { NodeEngine } from './node/server.ts';
import { WireEngine } from './wire/server.ts';

const limits: Limits = { ...LIMITS, maxBodyBytes: 1_000_000 };

const get = 'GET /own HTTP/1.1\r\nHost: a\r\n\r\n';
const upgradeHead = (length: number) =>
  `POST /other HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: x\r\nContent-Length: ${length}\r\n\r\n`;

/** A server and its client, and the moment when the other engine is there. */
async function serverOf(t: TestContext) {
  const needed = Promise.withResolvers<void>();
  const loaded = Promise.withResolvers<void>();
  const bodies: string[] = [];
  const counts = { connections: 0, requests: 0 };
  const hooks = hooksWith({
    handle: ({ path, body }) => {
      bodies.push(Buffer.from(body ?? []).toString('latin1'));
      return {
        status: 200,
        headers: ['Content-Length', String(path.length)],
        body: { kind: 'text', text: path },
      };
    },
    onConnection: (delta) => {
      counts.connections += delta;
    },
    onStart: () => {
      counts.requests += 1;
    },
    onEnd: () => {
      counts.requests -= 1;
    },
  });
  const descriptors = new Descriptors(hooks.onExhausted);
  const state = { draining: false };
  const shared: Shared<Limits> = { limits, hooks, inputTurns: new InputTurns(), descriptors, state };
  const connections = new Connections(shared);
  const wire = new WireEngine(shared, connections, async () => {
    needed.resolve();
    await loaded.promise;
    return new NodeEngine(shared, connections);
  });
  wire.listener.listen(0, '127.0.0.1');
  await once(wire.listener, 'listening');
  const { port } = wire.listener.address() as { port: number };
  const client = connect({ port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true });
  client.on('error', () => undefined);
  t.after(async () => {
    client.destroy();
    wire.listener.close();
    loaded.resolve();
    await connections.drain(0);
    wire.end();
  });
  return { client, needed: needed.promise, load: loaded.resolve, connections, bodies, counts };
}

async function textOf(client: NodeJS.ReadableStream): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of client) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('latin1');
}

/** Resolves when the bytes written before have reached the server's kernel, and its loop had turns. */
async function turns(): Promise<void> {
  for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve));
}

const bothAnswered = /^HTTP\/1\.1 200 OK\r\n[\s\S]*\r\n\r\n\/ownHTTP\/1\.1 200 OK\r\n[\s\S]*\r\n\r\n\/other$/;

describe('while the other engine is being loaded', () => {
  for (const size of [10, 300_000]) {
    test(`a body of ${size} bytes waits, in order`, async (t) => {
      const { client, needed, load, bodies } = await serverOf(t);
      const body = Array.from({ length: size }, (_, i) => String.fromCharCode(97 + (i % 26))).join('');
      const said = textOf(client);
      client.write(get + upgradeHead(size) + body.slice(0, 3));
      await needed;
      for (let at = 3; at < size; at += size / 5) {
        client.write(body.slice(at, at + size / 5));
        await turns();
      }
      load();
      assert.match(await said, bothAnswered);
      assert.ok(bodies[1] === body, 'the body came as it was sent');
    });
  }

  test('the client may close its half', async (t) => {
    const { client, needed, load } = await serverOf(t);
    const said = textOf(client);
    client.write(get + upgradeHead(4));
    await needed;
    client.end('abcd');
    await turns();
    load();
    assert.match(await said, bothAnswered);
  });

  test('a client that leaves is forgotten', async (t) => {
    const { client, needed, load, counts } = await serverOf(t);
    client.write(upgradeHead(4));
    await needed;
    client.resetAndDestroy();
    for (let i = 0; i < 200 && counts.connections > 0; i++) await turns();
    load();
    await turns();
    assert.deepEqual(counts, { connections: 0, requests: 0 });
  });

  test('a shutdown waits for the response', async (t) => {
    const { client, needed, load, connections } = await serverOf(t);
    const said = textOf(client);
    client.write(`${get}${upgradeHead(4)}abcd`);
    await needed;
    const drained = connections.drain(5000);
    await turns();
    load();
    assert.match(await said, bothAnswered);
    assert.equal(await drained, 0);
  });

  test('at the end of the grace time the connection is cut', async (t) => {
    const { client, needed, connections } = await serverOf(t);
    client.write(upgradeHead(4));
    await needed;
    assert.equal(await connections.drain(20), 1);
  });
});

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { describe, type TestContext, test } from 'node:test';
import { certificateForOther, trusted } from '../../test/support/certificates.ts';
import { type Reply, type StandInOptions, startStandIn } from '../../test/support/stand-in.ts';
import { startTunnels } from '../../test/support/tunnel.ts';
import { OK, onRequest, said, serve } from './fixtures.ts';
import { type ClientOptions, createKeepingClient, type OutgoingRequest } from './http-client.ts';

type Ask = (url: string, asked?: Partial<OutgoingRequest>) => Promise<string>;

function keeping(t: TestContext, options?: ClientOptions): { ask: Ask; close: () => void } {
  const { send, close } = createKeepingClient(options);
  t.after(close);
  const ask: Ask = async (url, asked) => {
    const signal = AbortSignal.timeout(5000);
    return said(
      await send({ method: 'POST', url: new URL(url), body: 'x', isRepeatable: true, signal, ...asked }),
    );
  };
  return { ask, close };
}

async function standIn(t: TestContext, reply: Reply = { body: 'ok' }, options?: StandInOptions) {
  const server = await startStandIn(() => reply, options);
  t.after(() => server.close());
  return server;
}

/** Responds to each request on a connection by `respond`; requests come whole, one at a time. */
function onEach(respond: (socket: Socket, request: number, connection: number) => void) {
  return (socket: Socket, connection: number) => {
    let requests = 0;
    socket.on('data', () => respond(socket, ++requests, connection));
  };
}

describe('a connection is kept', () => {
  test('for requests that are repeatable, one after another', async (t) => {
    const server = await standIn(t);
    const { ask } = keeping(t);
    for (let i = 0; i < 5; i++) assert.equal(await ask(server.origin), '200 ok');
    assert.deepEqual([server.connections(), server.received.length], [1, 5]);
    assert.deepEqual(
      server.received.map(({ headers }) => headers.connection),
      Array(5).fill('keep-alive'),
    );
  });

  test('over TLS and through a proxy, for which there is one tunnel', async (t) => {
    const server = await standIn(t, { body: 'ok' }, { tls: certificateForOther });
    const proxy = await startTunnels(server.port);
    t.after(() => proxy.close());
    const url = new URL(`http://127.0.0.1:${proxy.port}`);
    const { ask } = keeping(t, { trust: () => trusted, route: { kind: 'proxy', url } });
    for (let i = 0; i < 3; i++) assert.equal(await ask('https://other.example/'), '200 ok');
    assert.deepEqual([proxy.asked.length, server.connections(), server.received.length], [1, 1, 3]);
  });

  test('no more than are used at a time, and few of those', async (t) => {
    const server = await standIn(t);
    const { ask } = keeping(t);
    const burst = () => Promise.all(Array.from({ length: 20 }, () => ask(server.origin)));
    await burst();
    assert.equal(server.connections(), 20);
    await burst();
    assert.equal(server.connections(), 32);
  });

  test('without keeping the process', async (t) => {
    const server = await standIn(t, { body: 'ok', headers: { 'keep-alive': 'timeout=600' } });
    const script = `
      import { createKeepingClient } from '${import.meta.resolve('./http-client.ts')}';
      const { send } = createKeepingClient();
      const signal = new AbortController().signal;
      const { status } = await send({ method: 'GET', url: new URL('${server.origin}'), isRepeatable: true, signal });
      console.log(status);
    `;
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const gone = once(child, 'exit');
    const [printed] = await once(child.stdout, 'data');
    assert.equal(String(printed), '200\n');
    const printedMs = performance.now();
    await gone;
    assert.ok(performance.now() - printedMs < 5000);
  });
});

describe('a connection of its own', () => {
  const asked: readonly (readonly [name: string, asked: Partial<OutgoingRequest>])[] = [
    ['for what must not be sent twice', { isRepeatable: false }],
    ['for what is noted before', { beforeSending: async () => undefined }],
  ];
  for (const [name, request] of asked) {
    test(name, async (t) => {
      const server = await standIn(t);
      const { ask } = keeping(t);
      await ask(server.origin);
      for (let i = 0; i < 3; i++) assert.equal(await ask(server.origin, request), '200 ok');
      assert.equal(server.connections(), 4);
      assert.equal(server.received.at(-1)?.headers.connection, 'close');
    });
  }

  const replies: readonly (readonly [name: string, reply: Reply])[] = [
    ['after a failure', { status: 500 }],
    ['after a redirect', { status: 302 }],
    ['after close', { headers: { connection: 'close' } }],
    ['where the server is about to close', { headers: { 'keep-alive': 'timeout=1' } }],
    ['where the server takes no more', { headers: { 'keep-alive': 'timeout=5, max=0' } }],
    ['after a body that is too large', { body: 'x'.repeat(70_000) }],
  ];
  for (const [name, reply] of replies) {
    test(name, async (t) => {
      const server = await standIn(t, reply);
      const { ask } = keeping(t);
      await ask(server.origin);
      await ask(server.origin);
      assert.equal(server.connections(), 2);
    });
  }

  test('for another origin', async (t) => {
    const [one, other] = [await standIn(t), await standIn(t)];
    const { ask } = keeping(t);
    for (const { origin } of [one, other, one, other]) assert.equal(await ask(origin), '200 ok');
    assert.deepEqual([one.connections(), other.connections()], [1, 1]);
  });

  test('after a response that is not exactly HTTP', async (t) => {
    const connections: number[] = [];
    const port = await serve(
      t,
      onEach((socket, _, connection) => {
        connections.push(connection);
        socket.write(OK.replace('\r\n', '\n'));
      }),
    );
    const { ask } = keeping(t);
    for (let i = 0; i < 2; i++) assert.equal(await ask(`http://127.0.0.1:${port}`), '200 ok');
    assert.deepEqual(connections, [1, 2]);
  });

  test('after a response before the end of the request', async (t) => {
    let connections = 0;
    const port = await serve(t, (socket) => {
      connections += 1;
      socket.once('data', () => {
        socket.pause();
        socket.write(OK);
      });
    });
    const { ask } = keeping(t);
    const body = 'x'.repeat(20_000_000);
    for (let i = 0; i < 2; i++) assert.equal(await ask(`http://127.0.0.1:${port}`, { body }), '200 ok');
    assert.equal(connections, 2);
  });

  test('after it was closed at the end of the client', async (t) => {
    const server = await standIn(t);
    const { ask, close } = keeping(t);
    await ask(server.origin);
    close();
    for (let i = 0; i < 2; i++) assert.equal(await ask(server.origin), '200 ok');
    assert.equal(server.connections(), 3);
  });
});

describe('a kept connection that the server gave up', () => {
  type Act = (socket: Socket) => void;
  const acts: readonly (readonly [name: string, act: Act])[] = [
    ['ends', (socket) => socket.end()],
    ['is reset', (socket) => socket.resetAndDestroy()],
    ['ends within a head', (socket) => socket.end(OK.slice(0, 30))],
    ['says 408', (socket) => socket.end('HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n')],
    ['says what is no response', (socket) => socket.end('more of the one before')],
  ];
  for (const [name, act] of acts) {
    test(`${name} when a request comes: it is sent again, once, on a new one`, async (t) => {
      const seen: string[] = [];
      const port = await serve(
        t,
        onEach((socket, request, connection) => {
          seen.push(`${connection}.${request}`);
          if (request === 2) act(socket);
          else socket.write(OK);
        }),
      );
      const { ask } = keeping(t);
      for (let i = 0; i < 2; i++) assert.equal(await ask(`http://127.0.0.1:${port}`), '200 ok');
      assert.deepEqual(seen, ['1.1', '1.2', '2.1']);
    });
  }

  const idleActs: readonly (readonly [name: string, act: Act])[] = [
    ['ends', (socket) => socket.end()],
    ['is reset', (socket) => socket.resetAndDestroy()],
    ['says something', (socket) => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged')],
    ['says 408', (socket) => socket.end('HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n')],
  ];
  for (const [name, act] of idleActs) {
    test(`${name} in between: it is not used`, async (t) => {
      let first: Socket | undefined;
      const seen: string[] = [];
      const port = await serve(
        t,
        onEach((socket, request, connection) => {
          first ??= socket;
          seen.push(`${connection}.${request}`);
          socket.write(OK);
        }),
      );
      const other = await serve(
        t,
        onRequest((socket) => socket.end(OK)),
      );
      const { ask } = keeping(t);
      assert.equal(await ask(`http://127.0.0.1:${port}`), '200 ok');
      act(first as Socket);
      // What comes after it.
      await ask(`http://127.0.0.1:${other}`);
      assert.equal(await ask(`http://127.0.0.1:${port}`), '200 ok');
      assert.deepEqual(seen, ['1.1', '2.1']);
    });
  }

  test('and is not there any more: the outcome is that of the new connection', async (t) => {
    const seen: string[] = [];
    const port = await serve(
      t,
      onEach((socket, request, connection) => {
        seen.push(`${connection}.${request}`);
        if (connection === 1 && request === 1) socket.write(OK);
        else socket.resetAndDestroy();
      }),
    );
    const { ask } = keeping(t);
    assert.equal(await ask(`http://127.0.0.1:${port}`), '200 ok');
    assert.equal(await ask(`http://127.0.0.1:${port}`), 'no-response: the connection was reset');
    assert.deepEqual(seen, ['1.1', '1.2', '2.1']);
  });

  test('is silent until the time is over: nothing is sent again', async (t) => {
    const seen: string[] = [];
    const port = await serve(
      t,
      onEach((socket, request, connection) => {
        seen.push(`${connection}.${request}`);
        if (request === 1) socket.write(OK);
      }),
    );
    const { ask } = keeping(t);
    assert.equal(await ask(`http://127.0.0.1:${port}`), '200 ok');
    const signal = AbortSignal.timeout(100);
    assert.equal(await ask(`http://127.0.0.1:${port}`, { signal }), 'no-response: it took too long');
    assert.equal(await ask(`http://127.0.0.1:${port}`), '200 ok');
    assert.deepEqual(seen, ['1.1', '1.2', '2.1']);
  });

  test('after the head of a response: that response counts', async (t) => {
    const seen: string[] = [];
    const port = await serve(
      t,
      onEach((socket, request, connection) => {
        seen.push(`${connection}.${request}`);
        if (request === 1) socket.write(OK);
        else socket.end(OK.slice(0, -1));
      }),
    );
    const { ask } = keeping(t);
    assert.equal(await ask(`http://127.0.0.1:${port}`), '200 ok');
    assert.equal(await ask(`http://127.0.0.1:${port}`), '200 o, not complete');
    assert.deepEqual(seen, ['1.1', '1.2']);
  });
});

/** Pipelining through a real server: answers in order, whatever is slow. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { tick } from '../../fixtures.ts';
import type { Plan, RequestFacts } from '../../types.ts';
import type { Hooks } from '../contract.ts';
import { hooksWith, LIMITS } from '../fixtures.ts';
import { HttpServer } from '../http-server.ts';

/** A client of a server that answers by `handle`. */
async function clientOf(t: TestContext, handle: Hooks['handle']): Promise<Socket> {
  const limits = { ...LIMITS, maxBodyBytes: 65_536 };
  const server = await HttpServer.create(limits, hooksWith({ handle }), 'node');
  await server.listen({ host: '127.0.0.1', port: 0 });
  const socket = connect({ host: '127.0.0.1', port: server.port });
  t.after(async () => {
    socket.destroy();
    await server.stop(0);
  });
  await once(socket, 'connect');
  return socket;
}

function planOf(text: string): Plan {
  return { status: 200, headers: ['Content-Length', String(text.length)], body: { kind: 'text', text } };
}

/** Waits for `count` answers of `minBytes` together; returns their bodies. */
async function answers(socket: Socket, count: number, minBytes = 0): Promise<string[]> {
  let text = '';
  const bodies = () => text.split('HTTP/1.1 200 OK\r\n').slice(1).map(bodyOf);
  while (text.length < minBytes || bodies().length < count || bodies().includes(undefined)) {
    const [bytes] = await once(socket, 'data', { signal: AbortSignal.timeout(4000) });
    text += bytes.toString('latin1');
  }
  return bodies() as string[];
}

function bodyOf(answer: string): string | undefined {
  const [head = '', body = ''] = answer.split('\r\n\r\n');
  return body.length === Number(/Content-Length: (\d+)/.exec(head)?.[1]) ? body : undefined;
}

test('a body that is parsed together with the end of the one before it', async (t) => {
  const socket = await clientOf(t, async ({ body }: RequestFacts) => {
    for (let turn = 0; turn < 10; turn++) await tick();
    return planOf(String(body?.length));
  });
  const post = (length: number) =>
    `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${length}\r\n\r\n${'x'.repeat(length)}`;
  socket.write([1000, 30_000, 20_000].map(post).join(''));
  assert.deepEqual(await answers(socket, 3), ['1000', '30000', '20000']);
});

test('requests that come in one small piece, with answers that do not fit into the buffers', async (t) => {
  const large = 'x'.repeat(8_000_000);
  const socket = await clientOf(t, ({ path }) => planOf(path === '/large' ? large : path));
  const get = (path: string) => `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`;
  socket.write(get('/large') + get('/large') + get('/small') + get('/other'));
  const bodies = await answers(socket, 4, 2 * large.length);
  assert.deepEqual(
    bodies.map(({ length }) => length),
    [large.length, large.length, 6, 6],
  );
  socket.write(get('/again'));
  assert.deepEqual(await answers(socket, 1), ['/again']);
});

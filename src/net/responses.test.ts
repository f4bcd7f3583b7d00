import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { describe, type TestContext, test } from 'node:test';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { type Reply, startStandIn } from '../../test/support/stand-in.ts';
import { type ClientResponse, type ClientResult, createClient } from './http-client.ts';

function ask(url: string, maxResponseBytes?: number): Promise<ClientResult> {
  const send = createClient(maxResponseBytes === undefined ? {} : { maxResponseBytes });
  return send({ method: 'POST', url: new URL(url), body: 'x', signal: AbortSignal.timeout(5000) });
}

async function answerOf(t: TestContext, reply: Reply, maxResponseBytes?: number): Promise<ClientResponse> {
  const standIn = await startStandIn(() => reply);
  t.after(() => standIn.close());
  const outcome = await ask(standIn.origin, maxResponseBytes);
  assert.ok(outcome.kind === 'response');
  return outcome;
}

describe('what servers and devices really send', () => {
  const cases: readonly [name: string, bytes: string, outcome: string][] = [
    ['no words', 'HTTP/1.1 200\r\ncontent-length: 2\r\n\r\nok', '200 ok'],
    ['no length', 'HTTP/1.1 200 OK\r\nconnection: close\r\n\r\nok', '200 ok'],
    ['HTTP/1.0', 'HTTP/1.0 200 OK\r\n\r\nok', '200 ok'],
    ['bare line feeds', 'HTTP/1.1 200 OK\ncontent-length: 2\n\nok', '200 ok'],
    ['a control character', 'HTTP/1.1 200 OK\r\nx: a\x01\r\ncontent-length: 2\r\n\r\nok', '200 ok'],
    [
      'length and chunks',
      'HTTP/1.1 200 OK\r\ncontent-length: 2\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n',
      '200 ok',
    ],
    ['a long header', `HTTP/1.1 200 OK\r\nx: ${'a'.repeat(20_000)}\r\ncontent-length: 2\r\n\r\nok`, '200 ok'],
    ['more than its length', 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nokmore', '200 ok'],
    [
      'interim responses',
      'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 204 OK\r\n\r\n',
      '204 ',
    ],
    ['204 with a length', 'HTTP/1.1 204 OK\r\ncontent-length: 5\r\n\r\n', '204 '],
    ['less than its length', 'HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nok', '200 ok, not complete'],
    [
      'chunks without an end',
      'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n',
      '200 ok, not complete',
    ],
    [
      'another protocol',
      'HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n',
      '101 ',
    ],
    ['an interim response alone', 'HTTP/1.1 100 Continue\r\n\r\n', 'no-response: the connection was reset'],
  ];
  for (const [name, bytes, expected] of cases) {
    test(name, async (t) => {
      const device = createServer((socket) => {
        socket.on('error', () => undefined);
        socket.once('data', () => socket.end(bytes, 'latin1'));
      });
      await new Promise<void>((resolve) => device.listen(0, '127.0.0.1', resolve));
      t.after(() => device.close());
      const { port } = device.address() as { port: number };
      const outcome = await ask(`http://127.0.0.1:${port}`);
      if (outcome.kind !== 'response') return assert.equal(`${outcome.kind}: ${outcome.fault}`, expected);
      const { status, body, complete } = outcome;
      assert.equal(`${status} ${body}${complete ? '' : ', not complete'}`, expected);
    });
  }
});

describe('a response that is coded although nobody asked for that', () => {
  const coded = (body: Uint8Array, coding: string) => ({ headers: { 'content-encoding': coding }, body });

  test('more than the limit in it is not complete, whatever it is a bomb of', async (t) => {
    const bombs = [gzipSync(Buffer.alloc(50e6)), brotliCompressSync(Buffer.alloc(50e6))];
    for (const [i, coding] of ['gzip', 'br'].entries()) {
      const { body, complete } = await answerOf(t, coded(bombs[i] as Buffer, coding));
      assert.deepEqual([body.length, complete], [0, false], coding);
    }
  });

  test('exactly the limit is complete', async (t) => {
    const reply = coded(gzipSync('x'.repeat(1000)), 'gzip');
    const exact = await answerOf(t, reply, 1000);
    assert.deepEqual([exact.body.length, exact.complete], [1000, true]);
    assert.equal((await answerOf(t, reply, 999)).complete, false);
  });

  for (const coding of ['zstd', 'gzip', 'br', 'gzip, gzip, gzip', ',', 'constructor']) {
    test(`"${coding}" that it is not stays as it is`, async (t) => {
      const { body, complete } = await answerOf(t, coded(Buffer.from('{"plain":1}'), coding));
      assert.deepEqual([String(body), complete], ['{"plain":1}', true]);
    });
  }
});

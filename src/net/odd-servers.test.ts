/** What servers do to connections, as reported of undici, node-fetch, curl, okhttp and others, over real sockets. */
import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { describe, test } from 'node:test';
import { OK, onRequest, said, serve } from './fixtures.ts';
import { type ClientOptions, createClient, type OutgoingRequest } from './http-client.ts';

interface Asked extends Partial<Omit<OutgoingRequest, 'url'>> {
  readonly options?: ClientOptions;
}

async function ask(port: number, { options = {}, ...asked }: Asked = {}): Promise<string> {
  const url = new URL(`http://127.0.0.1:${port}/`);
  const signal = AbortSignal.timeout(5000);
  return said(await createClient(options)({ method: 'POST', url, body: 'x', signal, ...asked }));
}

describe('before the request', () => {
  test('a response to the connection, as of a server that is full', async (t) => {
    const port = await serve(t, (socket) => {
      socket.end('HTTP/1.1 503 Busy\r\nContent-Length: 0\r\nConnection: close\r\n\r\n');
    });
    assert.equal(await ask(port), '503 ');
  });

  test('a connection that is lost while a note is written was not used', async (t) => {
    let mine: Socket | undefined;
    const port = await serve(t, (socket) => {
      mine = socket;
    });
    const other = await serve(
      t,
      onRequest((socket) => socket.end(OK)),
    );
    const outcome = await ask(port, {
      beforeSending: async () => {
        while (!mine) await ask(other);
        mine.resetAndDestroy();
        // What comes after the reset.
        await ask(other);
      },
    });
    assert.equal(outcome, 'unsent: the connection was closed');
  });
});

describe('before the end of the request', () => {
  const body = 'x'.repeat(2_000_000);

  test('a response to the head, while the body is not read', async (t) => {
    const port = await serve(
      t,
      onRequest((socket) => {
        socket.pause();
        socket.write('HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n');
      }),
    );
    assert.equal(await ask(port, { body }), '413 ');
  });

  test('100 Continue that nobody asked for', async (t) => {
    const port = await serve(
      t,
      onRequest((socket) => {
        socket.write('HTTP/1.1 100 Continue\r\n\r\n', () => setImmediate(() => socket.end(OK)));
      }),
    );
    assert.equal(await ask(port), '200 ok');
  });

  test('a reset without a response', async (t) => {
    const port = await serve(
      t,
      onRequest((socket) => socket.resetAndDestroy()),
    );
    assert.match(await ask(port, { body }), /^no-response: the connection was (reset|closed)$/);
  });
});

describe('the end of the connection', () => {
  const withoutLength = 'HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nok';
  const cases: readonly (readonly [name: string, act: (socket: Socket) => void, outcome: string])[] = [
    ['at once, without a word', (socket) => socket.end(), 'no-response: the connection was reset'],
    ['in the head', (socket) => socket.end(OK.slice(0, 30)), 'no-response: the connection was reset'],
    ['ends the body', (socket) => socket.end(withoutLength), '200 ok'],
    ['in the body', (socket) => socket.end(OK.slice(0, -1)), '200 o, not complete'],
    [
      'by a reset in the body',
      (socket) => socket.write(OK.slice(0, -1), () => socket.resetAndDestroy()),
      '200 o, not complete',
    ],
    ['by a reset after the body', (socket) => socket.write(OK, () => socket.resetAndDestroy()), '200 ok'],
    ['never, although the length is there', (socket) => socket.write(OK), '200 ok'],
    ['never, with more than the length', (socket) => socket.write(`${OK}Not allowed`), '200 ok'],
    [
      'never, after a last chunk without its empty line',
      (socket) => socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n'),
      '200 ok',
    ],
    ['never, after 204', (socket) => socket.write('HTTP/1.1 204 No Content\r\n\r\n'), '204 '],
    ['never, after 101', (socket) => socket.write('HTTP/1.1 101 Switching Protocols\r\n\r\n'), '101 '],
  ];
  for (const [name, act, outcome] of cases) {
    test(name, async (t) => assert.equal(await ask(await serve(t, onRequest(act))), outcome));
  }

  test('by a reset is no end of a body without a length', async (t) => {
    const port = await serve(
      t,
      onRequest((socket) =>
        socket.write(withoutLength, () => setTimeout(() => socket.resetAndDestroy(), 20)),
      ),
    );
    assert.equal(await ask(port), '200 ok, not complete');
  });
});

describe('slowly', () => {
  test('byte by byte', async (t) => {
    const text = `HTTP/1.1 100 Continue\r\n\r\n${OK}`;
    const port = await serve(
      t,
      onRequest((socket) => {
        socket.setNoDelay(true);
        const next = (at: number): void => {
          if (at < text.length) socket.write(text.slice(at, at + 1), () => setImmediate(next, at + 1));
        };
        next(0);
      }),
    );
    assert.equal(await ask(port), '200 ok');
  });

  test('less than was announced, for ever: the status counts after a while', async (t) => {
    const port = await serve(
      t,
      onRequest((socket) => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok')),
    );
    assert.equal(await ask(port, { options: { bodyTimeoutMs: 50 } }), '200 ok, not complete');
  });

  test('a drop now and then does not extend that', async (t) => {
    const port = await serve(
      t,
      onRequest((socket) => {
        socket.write('HTTP/1.1 200 OK\r\n\r\n');
        const drops = setInterval(() => socket.write('x'), 20);
        socket.once('close', () => clearInterval(drops));
      }),
    );
    assert.match(await ask(port, { options: { bodyTimeoutMs: 200 } }), /^200 x+, not complete$/);
  });

  test('a body that is cut by the signal', async (t) => {
    const port = await serve(
      t,
      onRequest((socket) => socket.write('HTTP/1.1 200 OK\r\n\r\nok')),
    );
    assert.equal(await ask(port, { signal: AbortSignal.timeout(100) }), '200 ok, not complete');
  });
});

test('the largest and the smallest reads: a megabyte of body in one chunk each', async (t) => {
  const body = 'x'.repeat(1_000_000);
  const port = await serve(
    t,
    onRequest((socket) => socket.end(`HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n${body}`)),
  );
  assert.equal(await ask(port, { options: { maxResponseBytes: 1_000_000 } }), `200 ${body}`);
});

test('the request leaves whole, however large, in any text', async (t) => {
  const texts = ['', 'x', 'ü', 'x'.repeat(300_000), 'ü'.repeat(300_000)];
  const got: string[] = [];
  const port = await serve(t, (socket) => {
    const chunks: Buffer[] = [];
    socket.on('data', (chunk) => {
      chunks.push(chunk);
      const [head = '', body] = Buffer.concat(chunks).toString().split('\r\n\r\n');
      if (Buffer.byteLength(body ?? '') < Number(/content-length: (\d+)/.exec(head)?.[1])) return;
      got.push(body ?? '');
      socket.end(OK);
    });
  });
  for (const body of texts) assert.equal(await ask(port, { body, headers: { 'x-a': 'gr\xfcn' } }), '200 ok');
  assert.deepEqual(got, texts);
});

describe('a proxy that is asked for a tunnel', () => {
  const cases: readonly (readonly [name: string, act: (socket: Socket) => void, outcome: string])[] = [
    [
      'says more than one head, leniently',
      (socket) => {
        socket.write('HTTP/1.1 100 Continue\r\n\r\nHTTP/1.0 200\nContent-Length: 9\n\n');
        socket.once('data', () => socket.end(OK));
      },
      '200 ok',
    ],
    [
      'says what the server says, at once',
      (socket) => socket.write(`HTTP/1.1 200 Connection established\r\n\r\n${OK}`),
      '200 ok',
    ],
    [
      'refuses, and says why at length',
      (socket) => socket.write(`HTTP/1.1 407 No\r\nContent-Length: 9999\r\n\r\n${'x'.repeat(999)}`),
      'unsent: proxy: it responded with 407',
    ],
    ['is none', (socket) => socket.write('220 mail\r\n'), 'unsent: proxy: the response is not HTTP'],
    ['ends', (socket) => socket.end(), 'unsent: proxy: the connection was reset'],
    ['is reset', (socket) => socket.resetAndDestroy(), 'unsent: proxy: the connection was reset'],
    ['is silent', () => undefined, 'unsent: proxy: it took too long'],
    [
      'says a head without end',
      (socket) => socket.write(`HTTP/1.1 200 OK\r\nX: ${'x'.repeat(70_000)}`),
      'unsent: proxy: the response is not HTTP',
    ],
  ];
  for (const [name, act, outcome] of cases) {
    test(name, async (t) => {
      const port = await serve(t, onRequest(act));
      const url = new URL(`http://user:S3cret@127.0.0.1:${port}`);
      const options: ClientOptions = { route: { kind: 'proxy', url }, connectTimeoutMs: 300 };
      assert.equal(await ask(1, { options }), outcome);
    });
  }
});

/** Both engines give the same responses to the same bytes, except for the listed differences. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { after, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import fc from 'fast-check';
import { tick } from '../fixtures.ts';
import { connectionText } from '../wire/fixtures.ts';
import type { Hooks, Limits } from './contract.ts';
import { HttpServer } from './http-server.ts';

const limits: Limits = {
  headerTimeoutMs: 5000,
  requestTimeoutMs: 5000,
  idleTimeoutMs: 5000,
  sendTimeoutMs: 5000,
  maxConnections: 1000,
  maxHeaderBytes: 16_384,
  maxTargetBytes: 4096,
  maxBodyBytes: 1024,
  maxRequestsPerConnection: 1000,
};

/** Open servers and sockets. */
const counts = { connections: 0, requests: 0 };

/** Echoes the request as the server understood it. */
const hooks: Hooks = {
  handle: ({ method, target, path, query, headers, body }) => {
    const fields = Object.entries(headers).filter(([name]) => name !== '__proto__');
    const content = Buffer.from(body ?? []).toString('latin1');
    const text = JSON.stringify({ method, target, path, query, fields, content }, undefined, 1);
    const bytes = Buffer.from(text, 'latin1');
    return { status: 200, headers: ['Content-Length', String(bytes.length)], body: { kind: 'bytes', bytes } };
  },
  defaultHeaders: () => ['X-Common', 'a'],
  clientOf: (peer) => peer,
  onConnection: (delta) => {
    counts.connections += delta;
  },
  onStart: () => {
    counts.requests += 1;
  },
  onEnd: () => {
    counts.requests -= 1;
  },
  onRefused: () => undefined,
  onExhausted: () => undefined,
  onFault: (error) => assert.fail(String(error)),
};

const node = new HttpServer(limits, hooks, 'node');
const wire = new HttpServer(limits, hooks, 'wire');
const auto = new HttpServer(limits, hooks, 'auto');
const all = [node, wire, auto];
await Promise.all(all.map((server) => server.listen({ port: 0, host: '127.0.0.1' })));
after(() => Promise.all(all.map((server) => server.stop(0))));

/** Everything that a server sends in response to `text`, which arrives in pieces, and how it ends. */
async function said(port: number, text: string, cuts: readonly number[] = []): Promise<string[]> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true });
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  socket.on('error', () => undefined);
  const closed = new Promise((resolve) => socket.once('close', resolve));
  await once(socket, 'connect');
  let from = 0;
  for (const cut of cuts) {
    socket.write(text.slice(from, cut), 'latin1');
    from = cut;
    await tick();
  }
  socket.end(text.slice(from), 'latin1');
  await closed;
  return responsesIn(Buffer.concat(chunks).toString('latin1'));
}

/** Responses without dates, with the fields sorted by name. */
function responsesIn(text: string): string[] {
  const responses: string[] = [];
  for (let rest = text; rest !== ''; ) {
    const end = rest.indexOf('\r\n\r\n');
    assert.ok(end > 0, `a response without an end: ${JSON.stringify(rest)}`);
    const [line, ...fields] = rest.slice(0, end).split('\r\n');
    const length = Number(/content-length: (\d+)/i.exec(fields.join('\n'))?.[1] ?? 0);
    const shown = fields.filter((field) => !/^date:/i.test(field)).sort();
    const hasBody = rest.length > end + 4 && !rest.startsWith('HTTP/', end + 4);
    const bodyEnd = end + 4 + (hasBody ? length : 0);
    // With several faults, each engine may report a different one, or fail before it knows the method.
    if (line?.includes(' 200 '))
      responses.push([line, ...shown, '', rest.slice(end + 4, bodyEnd)].join('\n'));
    else responses.push('refused');
    rest = rest.slice(bodyEnd);
  }
  return responses;
}

/** Intended differences between the engines. */
const differences: readonly (readonly [reason: string, sign: RegExp])[] = [
  ['node:http closes a connection after an Expect header without sending 100 Continue', /\r\nexpect:/i],
  ['node:http treats the non-standard Proxy-Connection field like Connection', /\r\nproxy-connection:/i],
  ['node:http accepts LF for CRLF, and CR and spaces, where RFC 9112 does not', /(?<!\r)\n|\r(?!\n)|^ | {2}/],
  ['the same after a body that ends between CR and LF', /content-length: 0?2[\s\S]*\r\n\r\n0\r\n/i],
  ['node:http encodes a raw query only in the first request of a connection', /\?\S*[\x80-\xff]/],
  ['node:http rejects CONNECT without checking the header fields', /CONNECT /],
  ['node:http accepts RTSP as HTTP if only the version differs', / RTSP\//],
];

test('both engines give the same responses', async () => {
  let compared = 0;
  await fc.assert(
    fc.asyncProperty(connectionText, async (text) => {
      if (differences.some(([, sign]) => sign.test(text))) return;
      compared += 1;
      const [byNode, byWire, byAuto] = await Promise.all(all.map(({ port }) => said(port, text)));
      assert.deepEqual(byWire, byNode);
      assert.deepEqual(byAuto, byNode);
    }),
    { numRuns: 1500 },
  );
  assert.ok(compared > 500, `only ${compared} were compared`);
});

test('a request in pieces gets the same response as a whole one', async () => {
  const positions = fc.array(fc.nat({ max: 300 }), { minLength: 1, maxLength: 8 });
  await fc.assert(
    fc.asyncProperty(connectionText, positions, async (text, places) => {
      const cuts = places.filter((cut) => cut < text.length).sort((a, b) => a - b);
      for (const { port } of [wire, auto])
        assert.deepEqual(await said(port, text, cuts), await said(port, text));
    }),
    { numRuns: 300 },
  );
});

const post = 'POST /p HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello';
const chunked =
  'POST /c HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5;a=b\r\nhello\r\n0\r\nX: y\r\n\r\n';
const get = 'GET /g HTTP/1.1\r\nHost: a\r\n\r\n';

test('plain and other requests in every order', async () => {
  for (const first of [get, post, chunked]) {
    for (const second of [get, post, chunked]) {
      for (const third of [get, post, chunked]) {
        const text = first + second + third;
        const [byNode, ...others] = await Promise.all(all.map(({ port }) => said(port, text)));
        assert.equal(byNode?.length, 3);
        for (const answers of others) assert.deepEqual(answers, byNode);
      }
    }
  }
});

test('requests that arrive byte by byte', async () => {
  const text = get + chunked + post + get;
  const cuts = Array.from({ length: text.length - 1 }, (_, i) => i + 1);
  const [byNode, ...others] = await Promise.all(all.map(({ port }) => said(port, text, cuts)));
  assert.equal(byNode?.length, 4);
  for (const answers of others) assert.deepEqual(answers, byNode);
});

test('a client that disconnects after any byte leaves nothing behind', async () => {
  const text = get + chunked + get + post;
  for (const { port } of [wire, auto]) {
    for (let length = 0; length < text.length; length++) {
      const socket = connect({ port, host: '127.0.0.1', noDelay: true });
      socket.on('error', () => undefined);
      await once(socket, 'connect');
      if (length > 0) await new Promise<unknown>((resolve) => socket.write(text.slice(0, length), resolve));
      if (length % 2 === 0) socket.resetAndDestroy();
      else socket.destroy();
    }
  }
  for (let turn = 0; turn < 200 && counts.connections > 0; turn++) await delay(20);
  assert.deepEqual(counts, { connections: 0, requests: 0 });
});

test('the limit of requests per connection counts both engines together', async () => {
  const few = { ...limits, maxRequestsPerConnection: 3 };
  const server = new HttpServer(few, hooks, 'auto');
  await server.listen({ port: 0, host: '127.0.0.1' });
  try {
    const answers = await said(server.port, get + post + get + get);
    assert.deepEqual(
      answers.map((answer) => /Connection: close/.test(answer)),
      [false, false, true],
    );
  } finally {
    await server.stop(0);
  }
});

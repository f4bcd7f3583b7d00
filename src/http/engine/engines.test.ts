/** Both engines give the same answers to the same bytes, but for what is listed with its reason. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { after, test } from 'node:test';
import fc from 'fast-check';
import type { Hooks } from '../connection.ts';
import { HttpServer, type Limits } from '../server.ts';
import { connectionText } from '../wire/fixtures.ts';
import { WireServer } from './wire/server.ts';

const limits: Limits = {
  ...{ headerTimeoutMs: 5000, requestTimeoutMs: 5000, idleTimeoutMs: 5000, sendTimeoutMs: 5000 },
  ...{ maxConnections: 1000, maxHeaderBytes: 16_384, maxTargetBytes: 4096, maxBodyBytes: 1024 },
  maxRequestsPerConnection: 1000,
};

/** Tells a client how it was understood. */
const hooks: Hooks = {
  handle: ({ method, target, path, query, headers, body }) => {
    const fields = Object.entries(headers).filter(([name]) => name !== '__proto__');
    const content = Buffer.from(body ?? []).toString('latin1');
    const text = JSON.stringify({ method, target, path, query, fields, content }, undefined, 1);
    const bytes = Buffer.from(text, 'latin1');
    return { status: 200, headers: ['Content-Length', String(bytes.length)], body: { kind: 'bytes', bytes } };
  },
  commonHeaders: () => ['X-Common', 'a'],
  clientOf: (peer) => peer,
  onConnection: () => undefined,
  onStart: () => undefined,
  onEnd: () => undefined,
  onRefused: () => undefined,
  onExhausted: () => undefined,
  onFault: (error) => assert.fail(String(error)),
};

const node = new HttpServer(limits, hooks);
const wire = new WireServer(limits, hooks);
const auto = new WireServer(limits, hooks, new HttpServer(limits, hooks));
const all = [node, wire, auto];
await Promise.all(all.map((server) => server.listen({ port: 0, host: '127.0.0.1' })));
after(() => Promise.all(all.map((server) => server.stop(0))));

/** Everything that a server says to `text` and the end of it. */
async function said(port: number, text: string): Promise<string[]> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  socket.on('error', () => undefined);
  socket.end(Buffer.from(text, 'latin1'));
  await once(socket, 'close');
  return responsesIn(Buffer.concat(chunks).toString('latin1'));
}

/** Responses without their dates, and with the fields in order of their names. */
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
    // Of several faults one engine may name another, and one may be found before it is known that it is in a HEAD.
    if (line?.includes(' 200 '))
      responses.push([line, ...shown, '', rest.slice(end + 4, bodyEnd)].join('\n'));
    else responses.push('refused');
    rest = rest.slice(bodyEnd);
  }
  return responses;
}

/** Where the engines differ by intent. */
const differences: readonly (readonly [reason: string, sign: RegExp])[] = [
  ['node:http ends a connection whose body it was to ask for and did not', /\r\nexpect:/i],
  ['node:http takes a field for that of the connection that is not of HTTP', /\r\nproxy-connection:/i],
  ['node:http takes LF for CRLF, CR or spaces where RFC 9112 does not', /(?<!\r)\n|\r(?!\n)|^ | {2}/],
  ['the same behind a body that ends between CR and LF', /content-length: 0?2[\s\S]*\r\n\r\n0\r\n/i],
  [
    'node:http mends a raw query in a connection of its own, where the request is the first',
    /\?\S*[\x80-\xff]/,
  ],
  ['node:http answers CONNECT without a look at its fields', /CONNECT /],
  ['node:http takes RTSP for HTTP where nothing else shows it', / RTSP\//],
];

test('the same answers', async () => {
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

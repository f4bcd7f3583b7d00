/** Both engines give the same answers to the same bytes, but for what is listed with its reason. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { after, test } from 'node:test';
import fc from 'fast-check';
import type { Hooks } from '../connection.ts';
import { HttpServer, type Limits } from '../server.ts';
import { connectionText } from '../wire/fixtures.ts';
import { WireServer } from './wire-server.ts';

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
    const bodyLength = rest.startsWith('{', end + 4) || !line?.includes(' 200 ') ? length : 0;
    const shown = fields.filter((field) => !/^date:/i.test(field)).sort();
    responses.push([line, ...shown, '', rest.slice(end + 4, end + 4 + bodyLength)].join('\n'));
    rest = rest.slice(end + 4 + bodyLength);
  }
  return responses;
}

test('the same answers', async () => {
  await fc.assert(
    fc.asyncProperty(connectionText, async (text) => {
      const [byNode, byWire, byAuto] = await Promise.all(all.map(({ port }) => said(port, text)));
      assert.deepEqual(byWire, byNode);
      assert.deepEqual(byAuto, byNode);
    }),
    { numRuns: 500 },
  );
});

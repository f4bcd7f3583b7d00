/** A defect anywhere behind an engine: a 500 and one line, or just the line, but never the end of the process. */
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { describe, test } from 'node:test';
import { HttpError } from '../errors.ts';
import type { BodyRoom, Plan } from '../types.ts';
import type { Exchange, Hooks, Limits } from './contract.ts';
import { hooksWith, LIMITS } from './fixtures.ts';
import { HttpServer } from './http-server.ts';

const limits: Limits = { ...LIMITS, maxBodyBytes: 4 };

const ok: Plan = { status: 200, headers: ['Content-Length', '2'], body: { kind: 'text', text: 'ok' } };

const get = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';
const forwarded = 'GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 192.0.2.1\r\n\r\n';
const small = 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nab';
const large = 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n';
const grows = 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n0\r\n\r\n';
const framing = `POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n${`1;${'e'.repeat(8000)}\r\na\r\n`.repeat(4)}`;
const refused = 'GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n';
const malformed = 'nonsense\r\n\r\n';
const connectRequest = 'CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n';

const defect = (): never => {
  throw new Error('defect');
};
const lateDefect = () => Promise.reject(new Error('defect'));

function roomWith(room: Partial<BodyRoom>): () => BodyRoom {
  return () => ({ maxBytes: 4, refuse: () => ok, release: () => undefined, ...room });
}

/** A source whose closing is counted. */
function sourceOf(closed: string[]): Plan {
  const source = { read: async () => 0, close: async () => void closed.push('closed') };
  return { status: 200, headers: ['Content-Length', '1'], body: { kind: 'source', source, pieces: [] } };
}

interface Case {
  readonly name: string;
  readonly text: string;
  readonly hooks: Partial<Hooks>;
  /** What the client sees; the connection ends where the engine is asked to. */
  readonly statuses: readonly number[];
  readonly faults: number;
}

const cases: readonly Case[] = [
  { name: 'in a handler', text: get, hooks: { handle: defect }, statuses: [500], faults: 1 },
  { name: 'in a late handler', text: get, hooks: { handle: lateDefect }, statuses: [500], faults: 1 },
  { name: 'in a handler of a body', text: small, hooks: { handle: defect }, statuses: [500], faults: 1 },
  {
    name: 'in the default headers',
    text: get,
    hooks: { defaultHeaders: defect },
    statuses: [500],
    faults: 1,
  },
  {
    name: 'in the default headers of a late response',
    text: get,
    hooks: { defaultHeaders: defect, handle: async () => ok },
    statuses: [500],
    faults: 1,
  },
  {
    name: 'in the default headers of the response to a body',
    text: small,
    hooks: { defaultHeaders: defect },
    statuses: [500],
    faults: 1,
  },
  {
    name: 'in the default headers of an expected error',
    text: get,
    hooks: {
      defaultHeaders: defect,
      handle: () => {
        throw new HttpError('not_found');
      },
    },
    statuses: [500],
    faults: 1,
  },
  {
    name: 'in a default header that cannot be sent',
    text: get,
    hooks: { defaultHeaders: () => ['X', 'a\nb'] },
    statuses: [500],
    faults: 1,
  },
  {
    name: 'in the default headers of a refused head',
    text: refused,
    hooks: { defaultHeaders: defect },
    statuses: [500],
    faults: 1,
  },
  {
    name: 'in the default headers of a malformed head',
    text: malformed,
    hooks: { defaultHeaders: defect },
    statuses: [500],
    faults: 1,
  },
  {
    name: 'in the default headers of a refused CONNECT',
    text: connectRequest,
    hooks: { defaultHeaders: defect },
    statuses: [500],
    faults: 1,
  },
  {
    name: 'in the default headers of a refused body',
    text: large,
    hooks: { defaultHeaders: defect },
    statuses: [500],
    faults: 1,
  },
  { name: 'in the room of a body', text: large, hooks: { roomFor: defect }, statuses: [500], faults: 1 },
  ...Object.entries({
    'that is declared too large': large,
    'that becomes too large': grows,
    'with more framing than content': framing,
  }).map(([name, text]) => ({
    name: `in the refusal of a body ${name}`,
    text,
    hooks: { roomFor: roomWith({ refuse: defect }) },
    statuses: [500],
    faults: 1,
  })),
  {
    name: 'in nothing: a refusal may also throw an error for the client',
    text: large,
    hooks: {
      roomFor: roomWith({
        refuse: () => {
          throw new HttpError('unavailable');
        },
      }),
    },
    statuses: [503],
    faults: 0,
  },
  {
    name: 'in giving back the room of a body',
    text: small + get,
    hooks: { roomFor: roomWith({ release: defect }) },
    statuses: [200, 200],
    faults: 1,
  },
  { name: 'in a log', text: get + get, hooks: { onEnd: defect }, statuses: [200, 200], faults: 2 },
  { name: 'in a counter', text: get + get, hooks: { onStart: defect }, statuses: [200, 200], faults: 2 },
  {
    name: 'in the counter of connections',
    text: get,
    hooks: { onConnection: defect },
    statuses: [200],
    faults: 2,
  },
  {
    name: 'in the log of refusals',
    text: malformed,
    hooks: { onRefused: defect },
    statuses: [400],
    faults: 1,
  },
  {
    name: 'in the name of a client',
    text: forwarded,
    hooks: {
      clientOf: (peer, headers) => (headers['x-forwarded-for'] === undefined ? peer : defect()),
    },
    statuses: [200],
    faults: 1,
  },
];

/** The statuses that a server with these hooks responds to `text`, and what it reports until the connection is closed. */
async function outcome(engine: 'node' | 'wire' | 'auto', text: string, changes: Partial<Hooks>) {
  const faults: [message: string, target: string | undefined][] = [];
  const ended: number[] = [];
  const hooks = hooksWith({
    handle: () => ok,
    onEnd: ({ status }: Exchange) => void ended.push(status),
    onFault: (error, exchange) => void faults.push([(error as Error).message, exchange?.facts.target]),
    ...changes,
  });
  const server = await HttpServer.create(limits, hooks, engine);
  await server.listen({ port: 0, host: '127.0.0.1' });
  const client = connect({ port: server.port, host: '127.0.0.1', allowHalfOpen: true });
  client.on('error', () => undefined);
  const chunks: Buffer[] = [];
  client.on('data', (chunk: Buffer) => chunks.push(chunk));
  client.end(text);
  await new Promise((resolve) => client.once('close', resolve));
  const cut = await server.stop(2000);
  const said = Buffer.concat(chunks).toString('latin1');
  const statuses = [...said.matchAll(/HTTP\/1\.1 (\d+) /g)].map(([, status]) => Number(status));
  return { statuses, faults, ended, cut };
}

for (const engine of ['node', 'wire', 'auto'] as const) {
  describe(`a defect, engine ${engine}`, () => {
    for (const { name, text, hooks, statuses, faults } of cases) {
      test(name, async () => {
        const result = await outcome(engine, text, hooks);
        assert.deepEqual(result.statuses, statuses);
        assert.equal(result.faults.length, faults, JSON.stringify(result.faults));
        assert.equal(result.cut, 0, 'the connection ends by itself');
        if (result.ended.length > 0) assert.deepEqual(result.ended, statuses);
      });
    }

    test('in the default headers closes the file that would have been sent', async () => {
      const closed: string[] = [];
      const { statuses } = await outcome(engine, get, {
        handle: () => sourceOf(closed),
        defaultHeaders: defect,
      });
      assert.deepEqual([statuses, closed], [[500], ['closed']]);
    });
  });
}

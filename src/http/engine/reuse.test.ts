/** Responses that are repeated for the same head: the same bytes as without, for as long as the plan holds. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { describe, test } from 'node:test';
import type { HeaderList, Plan, RequestFacts, Reuse } from '../types.ts';
import type { Exchange, Hooks, Limits } from './contract.ts';
import { HttpServer } from './http-server.ts';

const limits: Limits = {
  headerTimeoutMs: 5000,
  requestTimeoutMs: 5000,
  idleTimeoutMs: 5000,
  sendTimeoutMs: 5000,
  maxConnections: 10,
  maxHeaderBytes: 16_384,
  maxTargetBytes: 4096,
  maxBodyBytes: 1024,
  maxRequestsPerConnection: 1000,
};

const get = 'GET /a HTTP/1.1\r\nHost: a\r\n\r\n';
const big = Buffer.alloc(100_000, 'b');

/** Plans that can be reused while `reuse` is fresh, and what the server observed. */
interface Served {
  readonly reuse: { fresh: boolean; isGone: boolean };
  readonly handled: RequestFacts[];
  readonly ended: Exchange[];
  started: number;
}

interface Setting {
  readonly plan?: (facts: RequestFacts, reuse: Reuse) => Plan | Promise<Plan>;
  readonly hooks?: Partial<Hooks>;
  readonly limits?: Partial<Limits>;
}

const shared: Omit<Plan, 'reuse'> = {
  status: 200,
  headers: ['Content-Length', '5'],
  body: { kind: 'text', text: 'hello' },
};

/** Sends a text on the connection and gives what comes back. */
type Ask = (text: string) => Promise<string>;

async function withServer(
  { plan, hooks, limits: changed }: Setting,
  use: (ask: Ask, served: Served, socket: Socket) => Promise<void>,
): Promise<void> {
  const state = { fresh: true, isGone: false };
  const reuse: Reuse = {
    isFresh: () => state.fresh,
    get isGone() {
      return state.isGone;
    },
  };
  const only: Plan = { ...shared, reuse };
  const served: Served = { reuse: state, handled: [], ended: [], started: 0 };
  const server = await HttpServer.create(
    { ...limits, ...changed },
    {
      handle: (facts) => {
        served.handled.push(facts);
        return plan ? plan(facts, reuse) : only;
      },
      mayReuse: true,
      defaultHeaders: () => common,
      clientOf: (peer) => peer,
      onConnection: () => undefined,
      onStart: () => {
        served.started += 1;
      },
      onEnd: (exchange) => served.ended.push(exchange),
      onRefused: () => undefined,
      onExhausted: () => undefined,
      onFault: (error) => assert.fail(String(error)),
      ...hooks,
    },
    'wire',
  );
  await server.listen({ port: 0, host: '127.0.0.1' });
  const socket = connect({ port: server.port, host: '127.0.0.1', noDelay: true });
  try {
    await once(socket, 'connect');
    await use((text) => exchange(socket, text), served, socket);
  } finally {
    socket.destroy();
    await server.stop(0);
  }
}

const common: HeaderList = ['X-Common', 'a'];

/** One response to `text`, without its date. */
async function exchange(socket: Socket, text: string): Promise<string> {
  socket.write(text, 'latin1');
  let received = '';
  const isHead = text.startsWith('HEAD');
  for (;;) {
    const [chunk] = (await once(socket, 'data')) as [Buffer];
    received += chunk.toString('latin1');
    const end = received.indexOf('\r\n\r\n');
    const length = Number(/\r\nContent-Length: (\d+)/.exec(received)?.[1] ?? 0);
    const isWhole = end >= 0 && received.length >= end + 4 + (isHead ? 0 : length);
    if (isWhole) return received.replace(/Date: .{29}\r\n/, '');
  }
}

const bodies: readonly [name: string, status: number, body: Plan['body'], request: string][] = [
  ['text', 200, { kind: 'text', text: 'hello' }, get],
  ['text with bytes above 127', 200, { kind: 'text', text: '\x80\xff' }, get],
  ['an empty text', 200, { kind: 'text', text: '' }, get],
  ['bytes', 200, { kind: 'bytes', bytes: big }, get],
  ['nothing', 304, { kind: 'none' }, get],
  ['HEAD of text', 200, { kind: 'text', text: 'hello' }, get.replace('GET', 'HEAD')],
  ['HEAD of bytes', 200, { kind: 'bytes', bytes: big }, get.replace('GET', 'HEAD')],
];

for (const [name, status, body, request] of bodies) {
  test(`the same bytes and the same record each time: ${name}`, async () => {
    const plans = new Map<Reuse, Plan>();
    const plan = (_: RequestFacts, reuse: Reuse) => {
      plans.set(reuse, plans.get(reuse) ?? { status, headers: ['X-Own', 'b'], body, reuse });
      return plans.get(reuse) as Plan;
    };
    await withServer({ plan }, async (ask, served) => {
      const answers = [await ask(request), await ask(request), await ask(request), await ask(request)];
      assert.equal(new Set(answers).size, 1);
      assert.match(
        answers[0] as string,
        new RegExp(`^HTTP/1.1 ${status} [^]*X-Own: b\r\n[^]*X-Common: a\r\n`),
      );
      assert.equal(served.handled.length, 2, 'the third is a repetition');
      assert.equal(served.started, 4);
      const records = served.ended.map((one) => [one.status, one.progress.bodyBytes, one.facts.path]);
      const bytes = request.startsWith('HEAD') || body.kind === 'none' ? 0 : bytesOf(body);
      assert.deepEqual(records, Array(4).fill([status, bytes, '/a']));
    });
  });
}

function bytesOf(body: Plan['body']): number {
  return body.kind === 'text' ? body.text.length : body.kind === 'bytes' ? body.bytes.length : 0;
}

describe('what is not repeated', () => {
  test('a plan that is no longer fresh', async () => {
    await withServer({}, async (ask, { reuse, handled }) => {
      for (let i = 0; i < 3; i++) await ask(get);
      reuse.fresh = false;
      await ask(get);
      await ask(get);
      assert.equal(handled.length, 4);
      reuse.fresh = true;
      await ask(get);
      assert.equal(handled.length, 4);
    });
  });

  test('another head, even if it only differs in a field', async () => {
    await withServer({}, async (ask, { handled }) => {
      const other = get.replace('\r\n\r\n', '\r\nX: y\r\n\r\n');
      for (let i = 0; i < 3; i++) await ask(get);
      await ask(other);
      assert.equal(handled.at(-1)?.headers.x, 'y');
    });
  });

  const alike: readonly [name: string, head: string, status: RegExp][] = [
    ['another path', get.replace('/a', '/b'), /^HTTP\/1.1 200 /],
    ['another version', get.replace('1.1', '1.0'), /Connection: close/],
    ['another method', get.replace('GET', 'PUT'), /^HTTP\/1.1 200 /],
    ['the name of a field in another case', get.replace('Host', 'hosT'), /^HTTP\/1.1 200 /],
    ['another value of a field', get.replace(': a', ': b'), /^HTTP\/1.1 200 /],
    ['a head that is refused', get.replace('Host:', 'Host '), /^HTTP\/1.1 400 /],
  ];
  for (const [name, head, expected] of alike) {
    test(`another head of the same length: ${name}`, async () => {
      assert.equal(head.length, get.length);
      await withServer({}, async (ask, { handled }) => {
        for (let i = 0; i < 4; i++) await ask(get);
        const before = handled.length;
        assert.match(await ask(head), expected);
        if (expected.test('HTTP/1.1 200 ')) assert.equal(handled.length, before + 1);
      });
    });
  }

  test('the same bytes where they are the content of a request', async () => {
    const fields = `Host: a\r\nExpect: 100-continue\r\nContent-Length: ${get.length}`;
    await withServer({}, async (ask, served, socket) => {
      for (let i = 0; i < 4; i++) await ask(get);
      socket.write(`POST /a HTTP/1.1\r\n${fields}\r\n\r\n`);
      assert.match(String((await once(socket, 'data'))[0]), /^HTTP\/1.1 100 /);
      assert.match(await ask(get), /^HTTP\/1.1 200 /);
      assert.equal(Buffer.from(served.handled.at(-1)?.body ?? []).toString(), get);
      assert.equal(served.started, 5);
    });
  });

  test('the same head before the response to the one before it', async () => {
    const other: Plan = { status: 404, headers: ['Content-Length', '0'], body: { kind: 'none' } };
    let answer = (_: Plan): void => assert.fail('not asked');
    let only: Plan | undefined;
    const handle = ({ path }: RequestFacts, reuse: Reuse): Plan | Promise<Plan> => {
      only ??= { ...shared, reuse };
      return path === '/a' ? only : new Promise((resolve) => (answer = resolve));
    };
    const waiting = get.replace('/a', '/b');
    await withServer({ plan: handle }, async (ask, served, socket) => {
      for (let i = 0; i < 4; i++) await ask(get);
      socket.write(waiting);
      while (served.handled.at(-1)?.path !== '/b') await new Promise((resolve) => setImmediate(resolve));
      socket.write(get);
      // Whoever asks on another connection has its answer after this one was read.
      const probe = connect({ port: socket.remotePort as number, host: '127.0.0.1', noDelay: true });
      for (let i = 0; i < 2; i++) await exchange(probe, get);
      probe.destroy();
      let received = '';
      socket.on('data', (chunk) => (received += chunk));
      answer(other);
      while (!received.endsWith('hello')) await once(socket, 'data');
      assert.deepEqual(received.match(/HTTP\/1.1 \d+/g), ['HTTP/1.1 404', 'HTTP/1.1 200']);
    });
  });

  test('a plan without reuse, and any plan where it is not allowed', async () => {
    for (const setting of [{ plan: () => shared }, { hooks: { mayReuse: false } }]) {
      await withServer(setting, async (ask, { handled }) => {
        for (let i = 0; i < 4; i++) await ask(get);
        assert.equal(handled.length, 4);
      });
    }
  });

  test('the response to a request with a body, which has to be read', async () => {
    const head = get.replace('\r\n\r\n', '\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n');
    await withServer({}, async (ask, { handled }) => {
      for (let i = 0; i < 4; i++) {
        assert.match(await ask(head), /^HTTP\/1.1 100 /);
        assert.match(await ask(`GET ${i}`), /^HTTP\/1.1 200 /);
      }
      const received = handled.map(({ body }) => Buffer.from(body ?? []).toString());
      assert.deepEqual(received, ['GET 0', 'GET 1', 'GET 2', 'GET 3']);
    });
  });

  test('the last response of a connection', async () => {
    await withServer({ limits: { maxRequestsPerConnection: 4 } }, async (ask) => {
      for (let i = 0; i < 3; i++) assert.match(await ask(get), /Connection: keep-alive/);
      assert.match(await ask(get), /Connection: close/);
    });
  });

  test('what a client wants closed', async () => {
    const closing = get.replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n');
    const once: Setting = {};
    await withServer(once, async (ask) => {
      for (let i = 0; i < 3; i++) await ask(get);
      assert.match(await ask(closing), /Connection: close/);
    });
  });
});

test('common headers that depend on the request stay with its head', async () => {
  const defaultHeaders = ({ origin }: RequestFacts['headers']) => ['X-Origin', origin ?? 'none'];
  await withServer({ hooks: { defaultHeaders } }, async (ask) => {
    const from = (origin: string) => get.replace('\r\n\r\n', `\r\nOrigin: ${origin}\r\n\r\n`);
    for (let i = 0; i < 4; i++) {
      for (const origin of ['http://a', 'http://b']) {
        assert.match(await ask(from(origin)), new RegExp(`X-Origin: ${origin}\r\n`));
      }
    }
  });
});

describe('the record of a repetition', () => {
  const others = ({ remotePort }: Socket, localAddress: string) =>
    connect({ port: remotePort as number, host: '127.0.0.1', localAddress, noDelay: true });
  const clients = ({ ended }: Served) => ended.slice(-4).map(({ facts }) => facts.client);

  /** The same head until it is repeated, then by turns on another connection, from 127.0.0.2, and on this one. */
  async function takeTurns(head: string, ask: Ask, socket: Socket): Promise<void> {
    const other = others(socket, '127.0.0.2');
    for (let i = 0; i < 3; i++) await ask(head);
    for (let i = 0; i < 2; i++) {
      await exchange(other, head);
      await ask(head);
    }
    other.destroy();
  }

  test('has the client of its own connection', async () => {
    await withServer({}, async (ask, served, socket) => {
      await takeTurns(get, ask, socket);
      assert.equal(served.handled.length, 2, 'the others are repetitions');
      assert.deepEqual(clients(served), ['127.0.0.2', '127.0.0.1', '127.0.0.2', '127.0.0.1']);
    });
  });

  test('has not the client that a proxy forwarded with the same head', async () => {
    const forwarded = get.replace('\r\n\r\n', '\r\nX-Forwarded-For: 127.0.0.2\r\n\r\n');
    const clientOf: Hooks['clientOf'] = (peer, headers) => {
      if (headers['x-forwarded-for'] === undefined) return peer;
      return peer === '127.0.0.1' ? '127.0.0.2' : 'not trusted';
    };
    await withServer({ hooks: { clientOf } }, async (ask, served, socket) => {
      await takeTurns(forwarded, ask, socket);
      assert.equal(served.handled.length, 2, 'the others are repetitions');
      assert.deepEqual(clients(served), ['not trusted', '127.0.0.2', 'not trusted', '127.0.0.2']);
    });
  });

  test('is its own while another client does not take the same response', async () => {
    const text = 'x'.repeat(100_000);
    let only: Plan | undefined;
    const plan = (_: RequestFacts, reuse: Reuse) => {
      only ??= { status: 200, headers: [], body: { kind: 'text', text }, reuse };
      return only;
    };
    await withServer({ plan }, async (ask, served, socket) => {
      for (let i = 0; i < 3; i++) await ask(get);
      const slow = others(socket, '127.0.0.1');
      slow.pause();
      const stalled = () => served.started > served.ended.length;
      // One after another: heads that arrive together are not repetitions.
      while (!stalled()) {
        const before = served.started;
        slow.write(get);
        while (served.started === before) await new Promise((resolve) => setImmediate(resolve));
      }
      assert.equal(served.handled.length, 2, 'the others are repetitions');
      const before = served.ended.length;
      await ask(get);
      await ask(get);
      const meanwhile = served.ended.slice(before);
      slow.destroy();
      while (stalled()) await new Promise((resolve) => setImmediate(resolve));
      const [last] = served.ended.slice(-1);
      assert.equal(last?.progress.bodyBytes, text.length);
      assert.ok(last && !meanwhile.includes(last));
      assert.equal(served.started, served.ended.length);
    });
  });
});

test('heads that come in pieces, and several in one piece, after repetitions', async () => {
  await withServer({}, async (ask, served, socket) => {
    const expected = await ask(get);
    for (let i = 0; i < 3; i++) assert.equal(await ask(get), expected);
    for (const cut of [1, 5, get.length - 1]) {
      socket.write(get.slice(0, cut));
      await new Promise((resolve) => setImmediate(resolve));
      assert.equal(await ask(get.slice(cut)), expected, `cut at ${cut}`);
    }
    // Three, of which the last one comes in two pieces.
    socket.write(get + get + get.slice(0, 9));
    let received = '';
    while (served.ended.length < 9) received += String((await once(socket, 'data'))[0]);
    socket.write(get.slice(9));
    const whole = 3 * (expected.length + 'Date: \r\n'.length + 29);
    while (received.length < whole) received += String((await once(socket, 'data'))[0]);
    assert.equal(received.replaceAll(/Date: .{29}\r\n/g, ''), expected.repeat(3));
  });
});

test('a client that does not read, and others meanwhile, get whole responses', async () => {
  const text = 'x'.repeat(16_000);
  const plans = new Map<Reuse, Plan>();
  const plan = (_: RequestFacts, reuse: Reuse) => {
    const made: Plan = { status: 200, headers: [], body: { kind: 'text', text }, reuse };
    plans.set(reuse, plans.get(reuse) ?? made);
    return plans.get(reuse) as Plan;
  };
  await withServer({ plan }, async (ask, { ended }, socket) => {
    const expected = await ask(get);
    socket.pause();
    const count = 600;
    socket.write(get.repeat(count));
    const other = connect({ port: socket.remotePort as number, host: '127.0.0.1' });
    try {
      assert.equal(await exchange(other, get), expected);
    } finally {
      other.destroy();
    }
    const chunks: Buffer[] = [];
    let left = count * (expected.length + 'Date: \r\n'.length + 29);
    for await (const chunk of socket) {
      chunks.push(chunk as Buffer);
      left -= (chunk as Buffer).length;
      if (left <= 0) break;
    }
    const received = Buffer.concat(chunks).toString('latin1');
    assert.equal(received.replaceAll(/Date: .{29}\r\n/g, ''), expected.repeat(count));
    assert.ok(ended.length >= count);
  });
});

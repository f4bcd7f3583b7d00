/**
 * Both HTTP engines behind nginx as a proxy. Whatever a client sends, nginx and mote must agree where each request
 * begins and ends.
 *
 * nginx puts a field with a random value into each request that it forwards, which no client can know. So a request
 * without it, or with two, is one that nginx did not send; and a request that mote took for content carries it in a
 * body. What nginx sends is recorded byte by byte on its way.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import type { Hooks, Limits } from '../../src/http/engine/contract.ts';
import { hooksWith, LIMITS } from '../../src/http/engine/fixtures.ts';
import { type EngineName, HttpServer } from '../../src/http/engine/http-server.ts';
import type { RequestFacts } from '../../src/http/types.ts';
import { freePort } from '../../test/support/free-port.ts';
import { startNginx } from '../../test/support/nginx.ts';

const START_LIMIT_MS = 10_000;
const CASE_LIMIT_MS = 5000;
const SETTLE_LIMIT_MS = 1000;
const MARK = 'x-nginx-id';
const marks = /\r\nx-nginx-id: ([0-9a-f]{32})\r\n/g;

const limits: Limits = {
  ...LIMITS,
  headerTimeoutMs: 2000,
  requestTimeoutMs: 2000,
  maxBodyBytes: 64 * 1024,
  maxRequestsPerConnection: 1_000_000,
};

/**
 * How nginx forwards. `whole`: a connection for each request, which is buffered until it is complete. `passing`: on
 * kept connections, with bodies as they come, chunked ones too, and with fields that nginx would rather drop.
 */
const ways = {
  whole: { server: '', location: '' },
  passing: {
    server: 'ignore_invalid_headers off; underscores_in_headers on;',
    location: 'proxy_http_version 1.1; proxy_set_header Connection ""; proxy_request_buffering off;',
  },
} as const;
type Way = keyof typeof ways;

/** A request as mote understood it. */
interface Handled {
  readonly id: string | undefined;
  readonly content: string;
}

/** One engine behind one way of forwarding. */
class Backend {
  readonly way: Way;
  readonly engine: EngineName;
  /** What nginx has sent on each of its connections, in this case. */
  sent: Buffer[][] = [];
  handled: Handled[] = [];
  /**
   * Since the start, because what nginx has sent for a client that has left may come during the next case: the marks
   * that were sent, those that were handled, and how many requests have come to an end, refused ones among them.
   */
  readonly sentMarks = new Set<string>();
  readonly handledMarks = new Set<string>();
  ended = 0;
  #server: HttpServer | undefined;
  readonly #tap: Server;

  constructor(way: Way, engine: EngineName) {
    this.way = way;
    this.engine = engine;
    this.#tap = createServer({ noDelay: true, allowHalfOpen: true }, (socket) => this.#record(socket));
  }

  /** Returns the port of the recorder. */
  async start(): Promise<number> {
    this.#server = await HttpServer.create(limits, this.#hooks(), this.engine);
    await this.#server.listen({ port: 0, host: '127.0.0.1' });
    this.#tap.listen(0, '127.0.0.1');
    await once(this.#tap, 'listening');
    return (this.#tap.address() as AddressInfo).port;
  }

  async stop(): Promise<void> {
    this.#tap.close();
    await this.#server?.stop(0);
  }

  begin(): void {
    this.collect();
    for (const pieces of this.sent) pieces.length = 0;
    this.sent = this.sent.filter((pieces) => 'isOpen' in pieces);
    this.handled = [];
  }

  /** Takes down the marks of what has been sent; returns whether mote has done with all of it. */
  collect(): boolean {
    for (const mark of marksIn(this.texts.join(''))) this.sentMarks.add(mark);
    return this.sentMarks.size === this.ended;
  }

  /** All that nginx has sent in this case, by connection. */
  get texts(): string[] {
    return this.sent.map((pieces) => Buffer.concat(pieces).toString('latin1')).filter((text) => text !== '');
  }

  #hooks(): Hooks {
    return hooksWith({
      handle: (facts: RequestFacts) => {
        const id = facts.headers[MARK];
        this.handled.push({ id, content: Buffer.from(facts.body ?? []).toString('latin1') });
        const headers = ['Content-Length', '0', 'X-Understood', id ?? 'nothing'];
        return { status: 200, headers, body: { kind: 'none' } };
      },
      onEnd: () => {
        this.ended += 1;
      },
      onRefused: () => {
        this.ended += 1;
      },
    });
  }

  #record(socket: Socket): void {
    const pieces: Buffer[] & { isOpen?: true } = Object.assign([], { isOpen: true as const });
    this.sent.push(pieces);
    const onward = connect({
      port: this.#server?.port as number,
      host: '127.0.0.1',
      noDelay: true,
      allowHalfOpen: true,
    });
    socket.on('data', (chunk: Buffer) => pieces.push(chunk));
    socket.on('error', () => onward.destroy());
    onward.on('error', () => socket.destroy());
    socket.on('close', () => {
      delete pieces.isOpen;
      onward.destroy();
    });
    onward.on('close', () => socket.destroySoon());
    socket.pipe(onward).pipe(socket);
  }
}

export class BehindNginx {
  readonly #fronts: readonly { readonly port: number; readonly backend: Backend }[];
  readonly #stopNginx: () => Promise<void>;
  /** How many requests nginx has forwarded, and mote has handled. */
  forwarded = 0;
  handled = 0;

  private constructor(fronts: BehindNginx['fronts'], stopNginx: () => Promise<void>) {
    this.#fronts = fronts;
    this.#stopNginx = stopNginx;
  }

  get fronts() {
    return this.#fronts;
  }

  static async start(): Promise<BehindNginx> {
    const backends = (['whole', 'passing'] as const).flatMap((way) =>
      (['wire', 'node'] as const).map((engine) => new Backend(way, engine)),
    );
    const fronts = await Promise.all(
      backends.map(async (backend) => ({
        backend,
        upstream: await backend.start(),
        port: await freePort(),
      })),
    );
    const nginx = startNginx(fronts.map(frontText).join('\n'));
    const all = new BehindNginx(fronts, nginx.stop);
    try {
      for (const { port } of fronts) await listening(port);
      return all;
    } catch (error) {
      await all.stop();
      throw error;
    }
  }

  async stop(): Promise<void> {
    await this.#stopNginx();
    await Promise.all(this.#fronts.map(({ backend }) => backend.stop()));
  }

  /** Sends `text` through nginx in every way; fails if a request is framed differently. */
  async judge(text: string): Promise<void> {
    await Promise.all(
      this.#fronts.map(async ({ port, backend }) => {
        backend.begin();
        const received = await exchange(port, text);
        await settled(backend);
        try {
          judgeFrames(backend, received);
        } catch (error) {
          const what = { way: backend.way, engine: backend.engine, text, sent: backend.texts };
          throw new Error(`${(error as Error).message}: ${JSON.stringify(what)}`, { cause: error });
        }
        this.forwarded += marksIn(backend.texts.join('')).length;
        this.handled += backend.handled.length;
      }),
    );
  }
}

function frontText({
  backend,
  upstream,
  port,
}: {
  backend: Backend;
  upstream: number;
  port: number;
}): string {
  const name = `${backend.way}_${backend.engine}`;
  return `
    upstream ${name} { server 127.0.0.1:${upstream}; keepalive 4; }
    server {
      listen 127.0.0.1:${port};
      lingering_close off;
      ${ways[backend.way].server}
      merge_slashes off;
      client_header_timeout 2s;
      client_body_timeout 2s;
      location / {
        ${ways[backend.way].location}
        proxy_ignore_client_abort on;
        proxy_read_timeout 4s;
        proxy_next_upstream off;
        proxy_set_header Host $http_host;
        proxy_set_header ${MARK} $request_id;
        proxy_pass http://${name};
      }
    }`;
}

/** Resolves when nginx accepts connections. */
async function listening(port: number): Promise<void> {
  const endMs = performance.now() + START_LIMIT_MS;
  for (;;) {
    const socket = connect({ port, host: '127.0.0.1' });
    const isThere = await new Promise<boolean>((resolve) => {
      socket.once('connect', () => resolve(true));
      socket.once('error', () => resolve(false));
    });
    socket.destroy();
    if (isThere) return;
    assert.ok(performance.now() < endMs, 'nginx does not start');
  }
}

/** Everything that nginx says to `text`, after which the client closes its half. */
async function exchange(port: number, text: string): Promise<string> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true });
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  socket.on('error', () => undefined);
  const timer = setTimeout(() => socket.destroy(), CASE_LIMIT_MS);
  const closed = new Promise((resolve) => socket.once('close', resolve));
  socket.end(text, 'latin1');
  await closed;
  clearTimeout(timer);
  return Buffer.concat(chunks).toString('latin1');
}

/** Resolves when mote has done with each request that nginx has sent, or is not going to. */
async function settled(backend: Backend): Promise<void> {
  const endMs = performance.now() + SETTLE_LIMIT_MS;
  while (!backend.collect() && performance.now() < endMs)
    await new Promise((resolve) => setImmediate(resolve));
}

function marksIn(text: string): string[] {
  return [...text.matchAll(marks)].map(([, id]) => id as string);
}

function judgeFrames(backend: Backend, received: string): void {
  const { way, texts, handled, ended, sentMarks, handledMarks } = backend;
  for (const { id, content } of handled) {
    assert.match(id ?? '', /^[0-9a-f]{32}$/, 'a request that nginx did not send');
    assert.ok(!content.includes(MARK), 'a request that was taken for content');
  }
  const ids = handled.map(({ id }) => id as string);
  for (const id of ids) {
    assert.ok(sentMarks.has(id), 'a request that nginx did not send');
    assert.ok(!handledMarks.has(id), 'a request that was taken twice');
    handledMarks.add(id);
  }
  assert.equal(ended, sentMarks.size, 'requests that were neither handled nor refused');
  const understood = [...received.matchAll(/\r\nX-Understood: (\w+)\r\n/g)].map(([, id]) => id as string);
  // A client that has reset its connection, or a request that nginx gave up, has no response.
  assert.deepEqual(
    ids.filter((id) => understood.includes(id)),
    understood,
    'responses out of order',
  );
  if (way === 'passing') return;
  for (const text of texts) {
    assert.equal(marksIn(text).length, 1, 'a connection for each request');
    const [head = '', ...rest] = text.split('\r\n\r\n');
    const taken = handled.find(({ id }) => id === marksIn(`${head}\r\n`)[0]);
    if (taken) assert.equal(taken.content, rest.join('\r\n\r\n'), 'the content that nginx sent');
  }
}

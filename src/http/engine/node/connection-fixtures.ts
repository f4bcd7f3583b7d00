/** A connection between fakes: what is told to whom, and in which order. */
import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { describe, test } from 'node:test';
import { Descriptors } from '../../descriptors.ts';
import { errorPlan, HttpError } from '../../errors.ts';
import { tick } from '../../fixtures.ts';
import { textPlan } from '../../reply.ts';
import type { Plan, RequestFacts } from '../../types.ts';
import type { ConnectionLimits, Hooks, Shared } from '../contract.ts';
import { InputTurns } from '../input-turns.ts';
import { Connection, type Expectation } from './connection.ts';

const LIMITS: ConnectionLimits = {
  sendTimeoutMs: 5000,
  maxTargetBytes: 100,
  maxBodyBytes: 4,
  maxRequestsPerConnection: 1000,
};

/** Takes down what happens. */
type Tell = (what: string) => void;

/** What a connection and its reader use of a socket. */
class FakeSocket extends EventEmitter {
  readonly remoteAddress = '192.0.2.1';
  readonly readableEnded = false;
  readonly readableLength = 0;
  writableLength = 0;
  writableEnded = false;
  destroyed = false;
  isPaused = false;
  readonly #tell: Tell;

  constructor(tell: Tell) {
    super();
    this.#tell = tell;
  }

  end(bytes: Uint8Array): void {
    this.#tell(`last word ${Buffer.from(bytes).toString('latin1').split(' ', 2)[1]}`);
    this.writableEnded = true;
  }

  destroy(): void {
    if (this.destroyed) return;
    this.destroyed = true;
    this.#tell('cut');
    this.emit('close');
  }

  destroySoon(): void {
    this.#tell('soon');
    this.destroy();
  }

  pause(): void {
    this.isPaused = true;
  }

  resume(): void {
    this.isPaused = false;
  }
}

/** A response whose client takes it when the test says so. */
class FakeResponse extends EventEmitter {
  headersSent = false;
  destroyed = false;
  #status = 0;
  #closes = false;
  readonly #tell: Tell;

  constructor(tell: Tell) {
    super();
    this.#tell = tell;
  }

  writeContinue(): void {
    this.#tell('100');
  }

  writeHead(status: number, headers: readonly string[]): void {
    if (headers.some((text) => text.includes('\n'))) throw new TypeError('invalid header');
    this.headersSent = true;
    this.#status = status;
    this.#closes = headers.join().includes('Connection,close');
  }

  end(content?: string): void {
    if (content !== undefined && typeof content !== 'string') throw new TypeError('invalid content');
    this.#tell(`${this.#status}${this.#closes ? ' and close' : ''}`);
  }

  /** The client has taken everything, or has left. */
  destroy(): void {
    if (this.destroyed) return;
    this.destroyed = true;
    this.emit('close');
  }
}

class FakeRequest extends EventEmitter {
  readonly rawHeaders = ['Host', 'a'];
  readonly readableLength = 0;
  complete = false;
  readonly method: string;
  readonly url: string;
  readonly httpVersion: string;
  readonly headers: Readonly<Record<string, string>>;

  constructor(url: string, { method = 'GET', httpVersion = '1.1', headers = {} }: Details) {
    super();
    this.method = method;
    this.url = url;
    this.httpVersion = httpVersion;
    this.headers = headers;
  }

  /** The last of the body comes. */
  finish(text: string): void {
    this.emit('data', Buffer.from(text));
    this.complete = true;
    this.emit('end');
  }
}

/** The head of a request, apart from its target. */
interface Details {
  readonly method?: string;
  readonly httpVersion?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

type Rules = Partial<ConnectionLimits> & Pick<Hooks, 'roomFor'>;

/** The two ends of a connection, and all that is told about it. */
export class Peer {
  readonly told: string[] = [];
  readonly late = Promise.withResolvers<Plan>();
  readonly socket: FakeSocket;
  readonly shared: Shared;
  readonly connection: Connection;

  constructor({ roomFor, ...limits }: Rules = {}) {
    const tell: Tell = (what) => this.told.push(what);
    this.socket = new FakeSocket(tell);
    const hooks: Hooks = {
      handle: (facts) => this.#handle(facts),
      roomFor:
        roomFor &&
        ((facts) => {
          const room = roomFor(facts);
          tell('room');
          return room && { ...room, release: () => tell('release') };
        }),
      defaultHeaders: () => [],
      clientOf: (peer) => peer,
      onConnection: () => tell('connection'),
      onStart: () => tell('start'),
      onEnd: ({ status, progress: { fault } }) => tell(`end ${status}${fault ? `, ${fault}` : ''}`),
      onRefused: (status, client) => tell(`refused ${status} ${client}`),
      onExhausted: () => tell('exhausted'),
      onFault: (error, exchange) => tell(`fault ${(error as Error).message} ${exchange?.facts.path}`),
    };
    const descriptors = new Descriptors(hooks.onExhausted);
    const inputTurns = new InputTurns();
    this.shared = {
      limits: { ...LIMITS, ...limits },
      hooks,
      inputTurns,
      descriptors,
      state: { draining: false },
    };
    this.connection = new Connection(this.socket as unknown as Socket, this.shared);
  }

  /** A stage for each path that is not simply answered. */
  #handle({ method, path, body }: RequestFacts): Plan | Promise<Plan> {
    this.told.push(`${method} ${path}${body ? ` ${Buffer.from(body)}` : ''}`);
    if (path === '/late') return this.late.promise;
    if (path === '/defect') throw new Error('defect');
    if (path === '/late-defect') return Promise.reject(new Error('defect'));
    if (path === '/forbidden') throw new HttpError('forbidden');
    if (path === '/exhausted') throw new HttpError('unavailable', [], { code: 'EMFILE' });
    if (path === '/bad-header') return textPlan(200, '', ['X', 'a\nb']);
    if (path === '/bad-content') return { ...textPlan(200, ''), body: { kind: 'text', text: {} as string } };
    return textPlan(200, '');
  }

  ask(url: string, details: Details = {}, expects: Expectation = 'none') {
    const req = new FakeRequest(url, details);
    const res = new FakeResponse((what) => this.told.push(what));
    // As node:http does.
    this.socket.once('close', () => {
      req.emit('close');
      res.destroy();
    });
    this.connection.take({
      req: req as unknown as IncomingMessage,
      res: res as unknown as ServerResponse,
      expects,
    });
    return { req, res };
  }

  /** A request with a body, of which nothing has come yet. */
  post(url: string, length?: number, expects: Expectation = 'none') {
    const headers: Details['headers'] =
      length === undefined ? { 'transfer-encoding': 'chunked' } : { 'content-length': String(length) };
    return this.ask(url, { method: 'POST', headers }, expects);
  }

  deny(): void {
    this.connection.deny(errorPlan('bad_request'));
  }
}

export interface Case {
  readonly name: string;
  readonly rules?: Rules;
  readonly steps: (peer: Peer) => unknown;
  /** What has happened after the steps. */
  readonly told: string;
  /** What the connection wants to read then. */
  readonly wants: Connection['demand'];
}

/** Tests each of `cases`, and that whatever begins ends. */
export function suite(name: string, cases: readonly Case[]): void {
  describe(name, () => {
    for (const { name, rules = {}, steps, told, wants } of cases) {
      test(name, async (t) => {
        const peer = new Peer(rules);
        t.after(() => peer.socket.destroy());
        await steps(peer);
        await tick();
        assert.equal(peer.told.join('; '), told);
        assert.equal(peer.connection.demand, wants);
        peer.socket.destroy();
        peer.late.resolve(textPlan(202, ''));
        await tick();
        const count = (what: string) => peer.told.filter((line) => line.startsWith(what)).length;
        assert.equal(count('end '), count('start'), 'every request that begins ends, once');
        assert.equal(count('release'), count('room'), 'all room is given back, once');
      });
    }
  });
}

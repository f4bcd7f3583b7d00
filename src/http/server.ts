/** Listening on `node:http`: the connections, the limits that concern them all, and the drain at shutdown. */
import http from 'node:http';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import {
  Connection,
  type ConnectionLimits,
  type Expectation,
  type Hooks,
  type Shared,
} from './connection.ts';
import { Descriptors } from './descriptors.ts';
import { errorPlan } from './errors.ts';
import { MAX_HEADER_FIELDS } from './guard.ts';
import { InputTurns } from './intake.ts';
import { type Address, listen } from './listen.ts';
import { codeOfParseError, type ParseError } from './parse-error.ts';
import { mendTarget, Retold } from './raw-target.ts';
import { SAFE_METHODS } from './types.ts';

/** Connections over the limit that may wait for their 503 at one time; more are dropped unanswered. */
export const MAX_REFUSED_CONNECTIONS = 64;
/** How often slow requests are looked for: the precision of the header and request timeouts. */
export const TIMEOUT_CHECK_MS = 500;

export interface Limits extends ConnectionLimits {
  readonly headerTimeoutMs: number;
  readonly requestTimeoutMs: number;
  readonly idleTimeoutMs: number;
  readonly maxConnections: number;
  readonly maxHeaderBytes: number;
}

export class HttpServer {
  readonly #limits: Limits;
  readonly #shared: Shared;
  readonly #server: http.Server;
  readonly #connections = new Map<Duplex, Connection>();
  #onEmpty: (() => void) | undefined;
  #isStarted = false;

  constructor(limits: Limits, hooks: Hooks) {
    this.#limits = limits;
    const descriptors = new Descriptors(hooks.onExhausted);
    this.#shared = { limits, hooks, inputTurns: new InputTurns(), descriptors, draining: false };
    this.#server = http.createServer({
      maxHeaderSize: limits.maxHeaderBytes,
      headersTimeout: Math.min(limits.headerTimeoutMs, limits.requestTimeoutMs),
      requestTimeout: limits.requestTimeoutMs,
      keepAliveTimeout: limits.idleTimeoutMs,
      connectionsCheckingInterval: TIMEOUT_CHECK_MS,
      // guard.ts looks at Host itself, and more closely.
      requireHostHeader: false,
      noDelay: true,
      // A request without a body has no stream that anyone listens to.
      optimizeEmptyRequests: true,
    });
    // A client that has sent all and closed its half still gets its answer (RFC 9112 §9.6).
    Object.assign(this.#server, { httpAllowHalfOpen: true });
    // While an answer waits for its client the socket is not read, so that only the client's taking counts.
    this.#server.timeout = limits.sendTimeoutMs;
    // One more than guard.ts lets pass: of what is beyond, a parser that hides it would obey a second Host or length.
    this.#server.maxHeadersCount = MAX_HEADER_FIELDS + 1;
    this.#server.maxConnections = limits.maxConnections + MAX_REFUSED_CONNECTIONS;
    this.#subscribe();
  }

  #subscribe(): void {
    const server = this.#server;
    const take = (expects: Expectation) => (req: http.IncomingMessage, res: http.ServerResponse) =>
      this.#connections.get(req.socket)?.take({ req, res, expects });
    server.on('connection', (socket) => this.#open(socket));
    server.on('request', take('none'));
    server.on('checkContinue', take('continue'));
    // guard.ts looks at Expect itself.
    server.on('checkExpectation', take('none'));
    server.on('connect', (_req, socket) => {
      this.#connections.get(socket)?.deny(errorPlan('method_not_allowed', ['Allow', SAFE_METHODS]));
    });
    server.on('timeout', (socket) => this.#connections.get(socket)?.timedOut());
    server.on('clientError', (error: ParseError, socket) => {
      if (error.code === 'ECONNRESET' || !socket.writable) socket.destroy();
      else if (!this.#retell(error, socket))
        this.#connections.get(socket)?.deny(errorPlan(codeOfParseError(error)));
    });
  }

  /** Whether all that is wrong with a request is raw UTF-8 in its target; then it is heard once more. */
  #retell({ code, rawPacket }: ParseError, socket: Duplex): boolean {
    const connection = this.#connections.get(socket);
    const isFirst = connection?.idle && socket instanceof Socket;
    const mended = code === 'HPE_INVALID_URL' && isFirst && rawPacket && mendTarget(rawPacket);
    if (!mended) return false;
    connection.leave();
    this.#connections.delete(socket);
    // What it was while it was kept for a next request.
    socket.setTimeout(this.#limits.sendTimeoutMs);
    this.#server.emit('connection', new Retold(socket, mended));
    return true;
  }

  /** Resolves when connections are accepted; rejects with the system's error. */
  async listen(address: Address): Promise<void> {
    await listen(this.#server, address);
    this.#server.on('error', (error) => this.#shared.hooks.onFault(error));
  }

  /** Serves a connection that another engine has accepted, from `first` on, after `requests` that it has answered. */
  adopt(socket: Socket, first: Buffer, requests: number): void {
    // Nobody listens on this server itself; its clocks start with the event.
    if (!this.#isStarted) this.#server.emit('listening');
    this.#isStarted = true;
    socket.unshift(first);
    this.#server.emit('connection', socket);
    this.#connections.get(socket)?.countAnswered(requests);
  }

  /** How many connections are open. */
  get size(): number {
    return this.#connections.size;
  }

  /** The bound port; 0 on a unix socket. */
  get port(): number {
    const address = this.#server.address();
    return typeof address === 'object' && address ? address.port : 0;
  }

  /**
   * Stops accepting, ends idle connections now and busy ones with their answer.
   * Resolves to the number of connections that had to be cut after `graceMs`.
   */
  async stop(graceMs: number): Promise<number> {
    this.#shared.draining = true;
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const connection of this.#connections.values()) {
      if (connection.idle) connection.socket.destroy();
    }
    let cut = 0;
    const timer = setTimeout(() => {
      cut = this.#connections.size;
      for (const connection of this.#connections.values())
        connection.cut('the grace time of the shutdown is over');
    }, graceMs);
    await closed;
    // The server counts a connection as closed some time before its last answer is, and those it adopted not at all.
    if (this.#connections.size > 0) await new Promise<void>((resolve) => (this.#onEmpty = resolve));
    clearTimeout(timer);
    return cut;
  }

  #open(socket: Socket): void {
    const connection = new Connection(socket, this.#shared);
    this.#connections.set(socket, connection);
    // One that is heard once more is counted already.
    if (socket instanceof Socket) this.#count(socket);
    // After a CONNECT node:http listens no more, and an error that nobody hears ends the process.
    socket.on('error', () => socket.destroy());
    socket.once('close', () => {
      this.#connections.delete(socket);
      if (this.#connections.size === 0) this.#onEmpty?.();
    });
    if (this.#connections.size > this.#limits.maxConnections) {
      connection.deny(errorPlan('overloaded', ['Retry-After', '1']));
    }
  }

  #count(socket: Socket): void {
    const { hooks, descriptors, inputTurns } = this.#shared;
    hooks.onConnection(1);
    descriptors.onUse();
    inputTurns.onAccept();
    socket.once('close', () => hooks.onConnection(-1));
  }
}

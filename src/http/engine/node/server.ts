/** The engine `node`: listens with `node:http`, applies server-wide limits, and drains connections. */
import http from 'node:http';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { Descriptors } from '../../descriptors.ts';
import { errorPlan } from '../../errors.ts';
import { MAX_HEADER_FIELDS } from '../../guard.ts';
import { type Address, listen } from '../../listen.ts';
import { SAFE_METHODS } from '../../types.ts';
import {
  Connection,
  type ConnectionLimits,
  type Expectation,
  type Hooks,
  type Shared,
} from './connection.ts';
import { InputTurns } from './intake.ts';
import { codeOfParseError, type ParseError } from './parse-error.ts';
import { mendTarget, Retold } from './raw-target.ts';

/** How many connections over the limit may wait for a 503 at a time; further ones are dropped silently. */
export const MAX_REFUSED_CONNECTIONS = 64;
/** How often to check for slow requests, and thus the precision of the header and request timeouts. */
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
      // guard.ts checks Host more strictly.
      requireHostHeader: false,
      noDelay: true,
      // Nothing listens to the stream of a request without a body.
      optimizeEmptyRequests: true,
    });
    // A client that has half-closed the connection still gets its response (RFC 9112 §9.6).
    Object.assign(this.#server, { httpAllowHalfOpen: true });
    // The socket is not read while a response waits for the client, so only progress in sending resets this.
    this.#server.timeout = limits.sendTimeoutMs;
    // One more than guard.ts permits, so that it notices the excess. The parser hides fields beyond this
    // number but still obeys them, such as a second Content-Length.
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
    // guard.ts checks Expect.
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

  /** If raw UTF-8 in the target is the only fault of a request, parses it again with the target encoded. */
  #retell({ code, rawPacket }: ParseError, socket: Duplex): boolean {
    const connection = this.#connections.get(socket);
    const isFirst = connection?.idle && socket instanceof Socket;
    const mended = code === 'HPE_INVALID_URL' && isFirst && rawPacket && mendTarget(rawPacket);
    if (!mended) return false;
    connection.leave();
    this.#connections.delete(socket);
    // On a keep-alive connection, the idle timeout was still set.
    socket.setTimeout(this.#limits.sendTimeoutMs);
    this.#server.emit('connection', new Retold(socket, mended));
    return true;
  }

  /** Resolves when connections are accepted; rejects with the system's error. */
  async listen(address: Address): Promise<void> {
    await listen(this.#server, address);
    this.#server.on('error', (error) => this.#shared.hooks.onFault(error));
  }

  /** Takes over a connection from another engine: `first` is unread input, `requests` is the count so far. */
  adopt(socket: Socket, first: Buffer, requests: number): void {
    // This server never listens itself, but its timers only start on this event.
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
   * Stops accepting, closes idle connections now and busy ones after their response.
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
    // `close` may call back before the last response has been sent, and ignores adopted connections.
    if (this.#connections.size > 0) await new Promise<void>((resolve) => (this.#onEmpty = resolve));
    clearTimeout(timer);
    return cut;
  }

  #open(socket: Socket): void {
    const connection = new Connection(socket, this.#shared);
    this.#connections.set(socket, connection);
    // A connection that is parsed again has already been counted.
    if (socket instanceof Socket) this.#count(socket);
    // After a CONNECT, node:http removes its listeners, and an unhandled error would end the process.
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

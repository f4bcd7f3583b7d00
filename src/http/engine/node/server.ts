/** The engine `node`: connections are handled by `node:http`. */
import http from 'node:http';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { forWriterOf } from '../../error-page.ts';
import { errorPlan } from '../../errors.ts';
import { MAX_HEADER_FIELDS } from '../../guard.ts';
import { SAFE_METHODS } from '../../types.ts';
import type { Connections, OpenConnection } from '../connections.ts';
import type { Limits, Shared } from '../contract.ts';
import { Connection, type Expectation } from './connection.ts';
import { codeOfParseError, type ParseError } from './parse-error.ts';
import { mendTarget, Retold } from './raw-target.ts';

/** How often to check for slow requests, and thus the precision of the header and request timeouts. */
const TIMEOUT_CHECK_MS = 500;

export class NodeEngine {
  readonly listener: http.Server;
  readonly #limits: Limits;
  readonly #shared: Shared;
  readonly #open: Connections;
  readonly #connections = new Map<Duplex, Connection>();
  #hasAdopted = false;
  /** What handled the socket that is being passed to `node:http`. */
  #before: OpenConnection | undefined;

  constructor(shared: Shared<Limits>, open: Connections) {
    const { limits } = shared;
    this.#limits = limits;
    this.#shared = shared;
    this.#open = open;
    this.listener = http.createServer({
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
    Object.assign(this.listener, { httpAllowHalfOpen: true });
    // The socket is not read while a response waits for the client, so only progress in sending resets this.
    this.listener.timeout = limits.sendTimeoutMs;
    // One more than guard.ts permits, so that it notices the excess. The parser hides fields beyond this
    // number but still obeys them, such as a second Content-Length.
    this.listener.maxHeadersCount = MAX_HEADER_FIELDS + 1;
    this.#subscribe();
  }

  #subscribe(): void {
    const server = this.listener;
    const take = (expects: Expectation) => (req: http.IncomingMessage, res: http.ServerResponse) =>
      this.#connections.get(req.socket)?.take({ req, res, expects });
    server.on('connection', (socket) => this.#accept(socket));
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
      else if (!this.#retell(error, socket)) {
        const received = error.rawPacket?.toString('latin1') ?? '';
        this.#connections.get(socket)?.deny(forWriterOf(received, errorPlan(codeOfParseError(error))));
      }
    });
  }

  /** If raw UTF-8 in the target is the only fault of a request, parses it again with the target encoded. */
  #retell({ code, rawPacket }: ParseError, socket: Duplex): boolean {
    const connection = this.#connections.get(socket);
    const isFirst = connection && !connection.isHandling && socket instanceof Socket;
    const mended = code === 'HPE_INVALID_URL' && isFirst && rawPacket && mendTarget(rawPacket);
    if (!mended) return false;
    connection.leave();
    this.#connections.delete(socket);
    // On a keep-alive connection, the idle timeout was still set.
    socket.setTimeout(this.#limits.sendTimeoutMs);
    this.#continue(new Retold(socket, mended), connection);
    return true;
  }

  /** The last connection is closed. */
  end(): void {
    // Also stops the timer of node:http.
    this.listener.close();
  }

  /** Takes over a connection, nothing of which has been read; its socket may be paused. */
  adopt(socket: Socket, before: OpenConnection): void {
    // Without listening itself, `node:http` checks the time only after this event.
    if (!this.#hasAdopted) this.listener.emit('listening');
    this.#hasAdopted = true;
    this.#continue(socket, before);
    socket.resume();
  }

  /** Has `node:http` parse what comes from `socket`, for a connection that is open already. */
  #continue(socket: Duplex, before: OpenConnection): void {
    this.#before = before;
    this.listener.emit('connection', socket);
    this.#before = undefined;
  }

  #accept(socket: Socket): void {
    const connection = this.#handle(socket);
    if (this.#before) this.#open.replace(this.#before, connection);
    else this.#open.accept(connection);
  }

  #handle(socket: Socket): Connection {
    const connection = new Connection(socket, this.#shared);
    this.#connections.set(socket, connection);
    // After a CONNECT, node:http removes its listeners, and an unhandled error would end the process.
    socket.on('error', () => socket.destroy());
    socket.once('close', () => {
      if (this.#connections.get(socket) !== connection) return;
      this.#connections.delete(socket);
      this.#open.forget(connection);
    });
    return connection;
  }
}

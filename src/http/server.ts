/**
 * Connections and requests on `node:http`: listening, limits, one request at a time per connection, the
 * boundary where an unknown error becomes a 500, and the drain at shutdown.
 */
import http from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { hasBody, readBody } from './body.ts';
import { type ErrorCode, errorPlan, HttpError } from './errors.ts';
import { refusalOf, type SplitTarget, splitTarget } from './guard.ts';
import { type Address, listen } from './listen.ts';
import type { Handle } from './router.ts';
import { type Progress, refuse, send } from './send.ts';
import { type HeaderList, type Plan, type RequestFacts, SAFE_METHODS } from './types.ts';

/** Requests parsed ahead on one connection before reading pauses. */
const MAX_PIPELINED = 64;
/** Connections over the limit that may wait for their 503 at one time; more are dropped unanswered. */
const MAX_REFUSED_CONNECTIONS = 64;
/** The same for all connections together: each costs some kilobytes that its few bytes do not show. */
const MAX_PIPELINED_IN_ALL = 8192;
/** How often slow clients are looked for: the precision of the header, request and send timeouts. */
const TIMEOUT_CHECK_MS = 500;

export interface Limits {
  readonly headerTimeoutMs: number;
  readonly requestTimeoutMs: number;
  readonly idleTimeoutMs: number;
  readonly sendTimeoutMs: number;
  readonly maxConnections: number;
  readonly maxHeaderBytes: number;
  readonly maxTargetBytes: number;
  readonly maxBodyBytes: number;
  readonly maxRequestsPerConnection: number;
}

/** One request from its head to the end of its answer. */
export interface Exchange {
  readonly facts: RequestFacts;
  readonly httpVersion: string;
  /** By the clock of `performance.now()`. */
  readonly startedMs: number;
  /** 0 until the answer is known. */
  status: number;
  readonly progress: Progress;
}

export interface Hooks {
  readonly handle: Handle;
  /** Headers that every answer gets, depending on the request (CORS) or not. */
  readonly commonHeaders: (headers: RequestFacts['headers']) => HeaderList;
  readonly clientOf: (peer: string, headers: RequestFacts['headers']) => string;
  readonly onConnection: (delta: 1 | -1) => void;
  readonly onStart: () => void;
  readonly onEnd: (exchange: Exchange) => void;
  /** A connection was refused before there was a request. */
  readonly onRefused: (status: number, client: string) => void;
  /** An error that nobody foresaw. With an exchange, its client saw a 500. */
  readonly onFault: (error: unknown, exchange?: Exchange) => void;
}

interface Connection {
  readonly socket: Socket;
  /** The peer's address, empty on a unix socket. */
  readonly peer: string;
  /** The peer as the log names it, where no proxy speaks for somebody else. */
  readonly client: string;
  /** The request being answered; one at a time, so that pipelining cannot multiply open files. */
  current: Exchange | undefined;
  /** The body of the current request is still coming in. */
  reading: boolean;
  /** Requests parsed ahead, in order. */
  readonly waiting: (() => void)[];
  paused: boolean;
  /** Said once the answers that are owed are out: what follows on this connection is unusable. */
  lastWord: Plan | undefined;
  refused: boolean;
  /** How much of its answers the client had taken at the last check, and when that last grew. */
  takenBytes: number;
  takenMs: number;
}

export class HttpServer {
  readonly #limits: Limits;
  readonly #hooks: Hooks;
  readonly #server: http.Server;
  readonly #connections = new Map<Duplex, Connection>();
  #pipelined = 0;
  #draining = false;

  constructor(limits: Limits, hooks: Hooks) {
    this.#limits = limits;
    this.#hooks = hooks;
    this.#server = http.createServer({
      maxHeaderSize: limits.maxHeaderBytes,
      headersTimeout: Math.min(limits.headerTimeoutMs, limits.requestTimeoutMs),
      requestTimeout: limits.requestTimeoutMs,
      keepAliveTimeout: limits.idleTimeoutMs,
      connectionsCheckingInterval: TIMEOUT_CHECK_MS,
      requireHostHeader: false,
      noDelay: true,
    });
    // A client that has sent all and closed its half still gets its answer (RFC 9112 §9.6).
    Object.assign(this.#server, { httpAllowHalfOpen: true });
    this.#server.maxRequestsPerSocket = limits.maxRequestsPerConnection;
    this.#server.maxConnections = limits.maxConnections + MAX_REFUSED_CONNECTIONS;
    this.#subscribe();
  }

  #subscribe(): void {
    const server = this.#server;
    server.on('connection', (socket) => this.#open(socket));
    server.on('request', (req, res) => this.#enqueue(req, res, 'none'));
    server.on('checkContinue', (req, res) => this.#enqueue(req, res, 'continue'));
    server.on('checkExpectation', (req, res) => this.#enqueue(req, res, 'unknown'));
    server.on('connect', (_req, socket) =>
      this.#deny(socket, errorPlan('method_not_allowed', ['Allow', SAFE_METHODS])),
    );
    server.on('clientError', (error, socket) => this.#clientError(error, socket));
  }

  /** Resolves when connections are accepted; rejects with the system's error. */
  async listen(address: Address): Promise<void> {
    await listen(this.#server, address);
    this.#server.on('error', (error) => this.#hooks.onFault(error));
    const check = setInterval(
      () => this.#cutStalled(),
      Math.min(TIMEOUT_CHECK_MS, this.#limits.sendTimeoutMs),
    );
    this.#server.on('close', () => clearInterval(check));
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
    this.#draining = true;
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const { socket, current, waiting } of this.#connections.values()) {
      if (!current && waiting.length === 0) socket.destroy();
    }
    let cut = 0;
    const timer = setTimeout(() => {
      cut = this.#connections.size;
      for (const { socket } of this.#connections.values()) socket.destroy();
    }, graceMs);
    await closed;
    clearTimeout(timer);
    return cut;
  }

  #open(socket: Socket): void {
    const peer = socket.remoteAddress ?? '';
    const connection: Connection = {
      socket,
      peer,
      client: this.#hooks.clientOf(peer, {}),
      current: undefined,
      reading: false,
      waiting: [],
      paused: false,
      lastWord: undefined,
      refused: false,
      takenBytes: 0,
      takenMs: 0,
    };
    this.#connections.set(socket, connection);
    this.#hooks.onConnection(1);
    socket.once('close', () => {
      this.#connections.delete(socket);
      this.#pipelined -= connection.waiting.length;
      this.#hooks.onConnection(-1);
    });
    if (this.#connections.size > this.#limits.maxConnections) {
      this.#refuse(connection, errorPlan('overloaded', ['Retry-After', '1']));
    }
  }

  /** Starts the request, or lets it wait behind the one that the connection is busy with. */
  #enqueue(req: http.IncomingMessage, res: http.ServerResponse, expects: Expectation): void {
    const connection = this.#connections.get(req.socket);
    if (!connection || connection.refused) return;
    if (!connection.current) return this.#begin(connection, req, res, expects);
    if (this.#pipelined >= MAX_PIPELINED_IN_ALL) return this.#abandon(connection);
    this.#pipelined += 1;
    connection.waiting.push(() => this.#begin(connection, req, res, expects));
    if (connection.waiting.length < MAX_PIPELINED || connection.paused) return;
    connection.paused = true;
    req.socket.pause();
  }

  /** Requests that nobody has room for are not worth an answer. */
  #abandon(connection: Connection): void {
    connection.refused = true;
    this.#hooks.onRefused(errorPlan('overloaded').status, connection.client);
    connection.socket.destroy();
  }

  /** The idle timer of a socket does not see a client that goes on asking but takes nothing. */
  #cutStalled(): void {
    const nowMs = performance.now();
    for (const connection of this.#connections.values()) {
      const { socket, current } = connection;
      const takenBytes = socket.bytesWritten - socket.writableLength;
      if (takenBytes !== connection.takenBytes || !current || current.status === 0) {
        connection.takenBytes = takenBytes;
        connection.takenMs = nowMs;
      } else if (nowMs - connection.takenMs >= this.#limits.sendTimeoutMs) {
        current.progress.fault = `the client took nothing for ${this.#limits.sendTimeoutMs} ms`;
        socket.destroy();
      }
    }
  }

  #begin(
    connection: Connection,
    req: http.IncomingMessage,
    res: http.ServerResponse,
    expects: Expectation,
  ): void {
    const split = splitTarget(req.method as string, req.url as string);
    const exchange = this.#exchangeOf(connection, req, split ?? { path: '', query: '' });
    connection.current = exchange;
    this.#hooks.onStart();
    res.on('close', () => this.#end(connection, exchange));
    const refusal = refusalOf(
      exchange.facts.target,
      req.httpVersion,
      req.rawHeaders,
      this.#limits.maxTargetBytes,
    );
    if (refusal || !split) this.#answer(exchange, res, errorPlan(refusal ?? 'bad_request'));
    else if (expects === 'unknown') this.#answer(exchange, res, errorPlan('expectation_failed'));
    else if (hasBody(req)) void this.#receive(connection, req, res, expects);
    else this.#respond(exchange, res, exchange.facts);
  }

  #exchangeOf(connection: Connection, req: http.IncomingMessage, { path, query }: SplitTarget): Exchange {
    const headers = req.headers as RequestFacts['headers'];
    const client =
      headers['x-forwarded-for'] === undefined
        ? connection.client
        : this.#hooks.clientOf(connection.peer, headers);
    return {
      facts: { method: req.method as string, target: req.url as string, path, query, headers, client },
      httpVersion: req.httpVersion,
      startedMs: performance.now(),
      status: 0,
      progress: { bodyBytes: 0 },
    };
  }

  /** Reads the body before anyone looks at the request, so that an answer never races with its upload. */
  async #receive(
    connection: Connection,
    req: http.IncomingMessage,
    res: http.ServerResponse,
    expects: Expectation,
  ): Promise<void> {
    const exchange = connection.current as Exchange;
    connection.reading = true;
    try {
      const body = readBody(req, this.#limits.maxBodyBytes);
      if (expects === 'continue' && !declaresMoreThan(req, this.#limits.maxBodyBytes)) res.writeContinue();
      const whole = await body;
      connection.reading = false;
      this.#respond(exchange, res, { ...exchange.facts, body: whole });
    } catch (error) {
      // A broken or timed-out upload has had its answer from #clientError, a closed one needs none.
      if (!(error instanceof HttpError) || connection.refused) return;
      exchange.status = errorPlan(error.code).status;
      this.#refuse(connection, errorPlan(error.code));
    }
  }

  #respond(exchange: Exchange, res: http.ServerResponse, facts: RequestFacts): void {
    try {
      const plan = this.#hooks.handle(facts);
      if (!(plan instanceof Promise)) return this.#answer(exchange, res, plan);
      plan
        .then((late) => this.#answer(exchange, res, late))
        .catch((error) => this.#fail(exchange, res, error));
    } catch (error) {
      this.#fail(exchange, res, error);
    }
  }

  #answer(exchange: Exchange, res: http.ServerResponse, plan: Plan): void {
    exchange.status = plan.status;
    if (res.destroyed) return void (plan.body.kind === 'source' && plan.body.source.close());
    const common = this.#hooks.commonHeaders(exchange.facts.headers);
    const closing = this.#draining && !plan.close ? { ...plan, close: true } : plan;
    send(res, exchange.facts.method, closing, common, exchange.progress);
  }

  /** The one boundary for errors: the catalogue's go to the client, all others become a 500 and a log line. */
  #fail(exchange: Exchange, res: http.ServerResponse, error: unknown): void {
    if (error instanceof HttpError) return this.#answer(exchange, res, errorPlan(error.code, error.headers));
    this.#hooks.onFault(error, exchange);
    if (res.headersSent) res.destroy();
    else this.#answer(exchange, res, errorPlan('internal'));
  }

  #end(connection: Connection, exchange: Exchange): void {
    const { socket, waiting } = connection;
    connection.current = undefined;
    connection.reading = false;
    this.#hooks.onEnd(exchange);
    if (socket.destroyed || connection.refused) return;
    const next = waiting.shift();
    if (next) {
      this.#pipelined -= 1;
      next();
    } else if (connection.lastWord) this.#refuse(connection, connection.lastWord);
    else if (this.#draining) socket.destroySoon();
    else if (connection.paused) {
      connection.paused = false;
      socket.resume();
    }
  }

  /** Answers outside of `node:http` and closes; the parser may go on, but is not listened to any more. */
  #refuse(connection: Connection, plan: Plan): void {
    connection.refused = true;
    refuse(connection.socket, plan, this.#hooks.commonHeaders({}));
  }

  /** Refuses what came in, but never in the middle of an answer to an earlier request. */
  #deny(socket: Duplex, plan: Plan): void {
    const connection = this.#connections.get(socket);
    if (!connection || connection.refused) return;
    const { current, reading } = connection;
    if (current && !reading) {
      connection.lastWord = plan;
      return;
    }
    if (current) current.status = plan.status;
    else this.#hooks.onRefused(plan.status, connection.client);
    this.#refuse(connection, plan);
  }

  #clientError(error: ClientError, socket: Duplex): void {
    if (error.code === 'ECONNRESET' || !socket.writable) return void socket.destroy();
    this.#deny(socket, errorPlan(codeOf(error)));
  }
}

/** What the request expects of us before its body comes (RFC 9110 §10.1.1). */
type Expectation = 'none' | 'continue' | 'unknown';

interface ClientError extends Error {
  readonly code?: string;
  readonly rawPacket?: Buffer;
}

function declaresMoreThan(req: http.IncomingMessage, maxBytes: number): boolean {
  return Number(req.headers['content-length'] ?? 0) > maxBytes;
}

/** The catalogue entry for an error of the parser or of its timers. */
function codeOf({ code, rawPacket }: ClientError): ErrorCode {
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return 'request_timeout';
  if (code === 'HPE_CHUNK_EXTENSIONS_OVERFLOW') return 'content_too_large';
  if (code !== 'HPE_HEADER_OVERFLOW') return 'bad_request';
  // Whether the target or the fields were too long shows in the first line, where it came in one piece.
  return rawPacket && rawPacket.indexOf(10) < 0 && /^[A-Z]+ /.test(rawPacket.toString('latin1', 0, 16))
    ? 'uri_too_long'
    : 'headers_too_large';
}

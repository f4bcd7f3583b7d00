/**
 * One connection: its requests in order, one at a time, and how it ends.
 *
 * One at a time, so that pipelining cannot multiply open files; `node:http` parses ahead all the same, and the
 * parsed requests wait here.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { hasBody, readBody } from './body.ts';
import { type ErrorCode, errorPlan, HttpError } from './errors.ts';
import { refusalOf, type SplitTarget, splitTarget } from './guard.ts';
import type { Handle } from './router.ts';
import { closeQuietly, type Progress, refuse, send, sendContinue } from './send.ts';
import type { HeaderList, Plan, RequestFacts } from './types.ts';

/**
 * Requests parsed ahead: how many make reading pause, how many end the connection (a burst is parsed before the
 * pause takes hold), and how many there may be on all connections together before any with more than its fair
 * share is ended. Each costs some kilobytes that its few bytes do not show.
 */
const MANY_PIPELINED = 64;
const MAX_PIPELINED = 1024;
const MAX_PIPELINED_IN_ALL = 8192;
const FAIR_SHARE_PIPELINED = 16;

export interface ConnectionLimits {
  readonly sendTimeoutMs: number;
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

/** What the rest of the program does for a connection. */
export interface Hooks {
  readonly handle: Handle;
  /** The answer to a body that is refused, where it is not the usual line. */
  readonly refusalOf?: ((facts: RequestFacts, code: ErrorCode) => Plan | undefined) | undefined;
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

/** What all connections of a server share. */
export interface Shared {
  readonly limits: ConnectionLimits;
  readonly hooks: Hooks;
  draining: boolean;
  /** Requests that wait behind others of their connections. */
  pipelined: number;
}

/** What the request expects of us before its body comes (RFC 9110 §10.1.1). */
export type Expectation = 'none' | 'continue';

/** A parsed request that waits to be answered. */
interface Turn {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly expects: Expectation;
}

const closing = /(?:^|[,\t ])close(?:[,\t ]|$)/i;
const nowhere: SplitTarget = { path: '', query: '' };

export class Connection {
  readonly socket: Socket;
  readonly #shared: Shared;
  /** The peer's address, empty on a unix socket. */
  readonly #peer: string;
  /** The peer as the log names it, where no proxy speaks for somebody else. */
  readonly #client: string;
  readonly #waiting: Turn[] = [];
  #current: Exchange | undefined;
  /** The current request, while its body is wanted. */
  #reading: IncomingMessage | undefined;
  #paused = false;
  #requests = 0;
  /** Said once the answers that are owed are out: what follows on this connection is unusable. */
  #lastWord: Plan | undefined;
  /** The last answer is on its way; nothing more is taken. */
  #over = false;

  constructor(socket: Socket, shared: Shared) {
    this.socket = socket;
    this.#shared = shared;
    this.#peer = socket.remoteAddress ?? '';
    this.#client = shared.hooks.clientOf(this.#peer, {});
    socket.once('close', () => {
      shared.pipelined -= this.#waiting.length;
    });
  }

  get idle(): boolean {
    return this.#current === undefined && this.#waiting.length === 0;
  }

  /** Answers the request, now or after those before it. */
  take(turn: Turn): void {
    if (this.#over) return;
    if (!this.#current) return this.#begin(turn);
    if (this.#isGreedy()) return this.#abandon();
    this.#shared.pipelined += 1;
    this.#waiting.push(turn);
    if (this.#waiting.length >= MANY_PIPELINED) this.#pause();
  }

  #isGreedy(): boolean {
    const { length } = this.#waiting;
    const crowded = this.#shared.pipelined >= MAX_PIPELINED_IN_ALL;
    return length >= MAX_PIPELINED || (crowded && length >= FAIR_SHARE_PIPELINED);
  }

  /** Reads no more until the answers that are owed are out. */
  #pause(): void {
    if (this.#paused) return;
    this.#paused = true;
    // Later: node:http goes on reading at the end of each request, after it was handed over.
    setImmediate(() => {
      if (this.#paused) this.socket.pause();
    });
  }

  /** Refuses what came in, but never in the middle of an answer to an earlier request. */
  deny(plan: Plan): void {
    if (this.#over) return;
    if (this.#current && (!this.#reading || this.#reading.complete)) {
      this.#lastWord = plan;
      return this.#pause();
    }
    if (this.#current) this.#current.status = plan.status;
    else this.#shared.hooks.onRefused(plan.status, this.#client);
    this.#refuse(plan);
  }

  /** Nothing came or went for the time that the server allows. */
  timedOut(): void {
    // While a head or a body comes in or an answer is made, other timers count.
    if (this.#current ? this.#current.status === 0 : this.#requests === 0) return;
    this.cut(`the client took nothing for ${this.#shared.limits.sendTimeoutMs} ms`);
  }

  /** Ends the connection now, whatever it is in the middle of. */
  cut(fault: string): void {
    if (this.#current) this.#current.progress.fault = fault;
    this.socket.destroy();
  }

  /** Requests that nobody has room for are not worth an answer. */
  #abandon(): void {
    this.#over = true;
    this.#shared.hooks.onRefused(errorPlan('overloaded').status, this.#client);
    this.socket.destroy();
  }

  #begin({ req, res, expects }: Turn): void {
    const { hooks, limits } = this.#shared;
    const split = splitTarget(req.method as string, req.url as string);
    const exchange = this.#exchangeOf(req, split ?? nowhere);
    this.#current = exchange;
    this.#requests += 1;
    hooks.onStart();
    res.on('close', () => this.#end(exchange));
    const refusal = refusalOf(exchange.facts.target, req.httpVersion, req.rawHeaders, limits.maxTargetBytes);
    if (refusal || !split) this.#answer(exchange, res, errorPlan(refusal ?? 'bad_request'));
    else if (hasBody(req)) void this.#receive(exchange, { req, res, expects });
    else this.#respond(exchange, res, exchange.facts);
  }

  #exchangeOf(req: IncomingMessage, { path, query }: SplitTarget): Exchange {
    const headers = req.headers as RequestFacts['headers'];
    const client =
      headers['x-forwarded-for'] === undefined
        ? this.#client
        : this.#shared.hooks.clientOf(this.#peer, headers);
    return {
      facts: { method: req.method as string, target: req.url as string, path, query, headers, client },
      httpVersion: req.httpVersion,
      startedMs: performance.now(),
      status: 0,
      progress: { bodyBytes: 0 },
    };
  }

  /** Reads the body before anyone looks at the request, so that an answer never races with its upload. */
  async #receive(exchange: Exchange, { req, res, expects }: Turn): Promise<void> {
    const { maxBodyBytes } = this.#shared.limits;
    this.#reading = req;
    try {
      const coming = readBody(req, maxBodyBytes);
      if (expects === 'continue' && Number(req.headers['content-length'] ?? 0) <= maxBodyBytes) {
        sendContinue(res);
      }
      const body = await coming;
      this.#reading = undefined;
      this.#respond(exchange, res, { ...exchange.facts, body });
    } catch (error) {
      // A broken or timed-out upload has had its answer from `deny`, a closed one needs none.
      if (!(error instanceof HttpError)) return;
      const { code } = error;
      this.deny(this.#shared.hooks.refusalOf?.(exchange.facts, code) ?? errorPlan(code));
    }
  }

  #respond(exchange: Exchange, res: ServerResponse, facts: RequestFacts): void {
    try {
      const plan = this.#shared.hooks.handle(facts);
      if (!(plan instanceof Promise)) return this.#answer(exchange, res, plan);
      plan
        .then((late) => this.#answer(exchange, res, late))
        .catch((error) => this.#fail(exchange, res, error));
    } catch (error) {
      this.#fail(exchange, res, error);
    }
  }

  #answer(exchange: Exchange, res: ServerResponse, plan: Plan): void {
    exchange.status = plan.status;
    if (res.destroyed) return void (plan.body.kind === 'source' && closeQuietly(plan.body.source));
    const { facts, progress } = exchange;
    this.#over = plan.close === true || this.#isLast(exchange);
    const last = this.#over && !plan.close ? { ...plan, close: true } : plan;
    send(res, facts.method, last, this.#shared.hooks.commonHeaders(facts.headers), progress);
    // Nothing more is taken while this answer waits for its client, who could else look alive by talking.
    if (last.body.kind === 'source' || this.socket.writableLength > 0) this.#pause();
  }

  #isLast({ facts: { headers }, httpVersion }: Exchange): boolean {
    const { draining, limits } = this.#shared;
    // node:http loses what was pipelined behind an Upgrade that nobody took: better to say that this is the end.
    const full = this.#requests >= limits.maxRequestsPerConnection;
    if (draining || full || headers.upgrade !== undefined) return true;
    // Of «keep-alive, close» node:http sees the first (RFC 9112 §9.3).
    return httpVersion === '1.0' && closing.test(headers.connection ?? '');
  }

  /** The one boundary for errors: the catalogue's go to the client, all others become a 500 and a log line. */
  #fail(exchange: Exchange, res: ServerResponse, error: unknown): void {
    if (error instanceof HttpError) return this.#answer(exchange, res, errorPlan(error.code, error.headers));
    this.#shared.hooks.onFault(error, exchange);
    if (res.headersSent) res.destroy();
    else this.#answer(exchange, res, errorPlan('internal'));
  }

  #end(exchange: Exchange): void {
    this.#current = undefined;
    this.#reading = undefined;
    this.#shared.hooks.onEnd(exchange);
    if (this.socket.destroyed || this.#over) return;
    const next = this.#waiting.shift();
    if (next) {
      this.#shared.pipelined -= 1;
      this.#begin(next);
    } else if (this.#lastWord) this.#refuse(this.#lastWord);
    else if (this.#shared.draining) this.socket.destroySoon();
    else if (this.#paused) {
      this.#paused = false;
      this.socket.resume();
    }
  }

  /** Answers outside of `node:http` and closes; the parser may go on, but is not listened to any more. */
  #refuse(plan: Plan): void {
    this.#over = true;
    refuse(this.socket, plan, this.#shared.hooks.commonHeaders({}));
  }
}

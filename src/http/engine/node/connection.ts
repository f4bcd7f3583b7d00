/**
 * One connection: its requests in order, one at a time, and how it ends.
 *
 * Requests are handled one at a time so that pipelining cannot multiply open files. Later input waits as
 * bytes (`intake.ts`); the few requests that node:http parses ahead anyway wait here.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { forReader } from '../../error-page.ts';
import { errorPlan, HttpError } from '../../errors.ts';
import { headRefusal, type SplitTarget, splitTarget } from '../../guard.ts';
import { refuse } from '../../send.ts';
import type { HeaderList, Plan, RequestFacts } from '../../types.ts';
import {
  answer,
  endExchange,
  handleRequest,
  type LastWord,
  type Responder,
  refusalOf,
  sizeRefusal,
  takeRoom,
} from '../boundary.ts';
import type { OpenConnection } from '../connections.ts';
import { CLIENT_HEADER, type Exchange, type Shared } from '../contract.ts';
import { hasBody, type Received, receiveBody } from './body.ts';
import { type Consumer, type Demand, Intake } from './intake.ts';
import { send, sendContinue } from './writer.ts';

/** What the client expects before it sends the body (RFC 9110 §10.1.1). */
export type Expectation = 'none' | 'continue';

/** A parsed request that waits for its response. */
interface Turn {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly expects: Expectation;
}

interface NodeExchange extends Exchange {
  readonly res: ServerResponse;
}

const closing = /(?:^|[,\t ])close(?:[,\t ]|$)/i;
const nowhere: SplitTarget = { path: '', query: '' };

export class Connection implements Consumer, OpenConnection, Responder<NodeExchange> {
  readonly socket: Socket;
  readonly #shared: Shared;
  /** The peer's address, empty on a unix socket. */
  readonly #peer: string;
  /** The client name for the log unless a proxy forwards another one. */
  readonly #client: string;
  readonly #waiting: Turn[] = [];
  #current: NodeExchange | undefined;
  /** The request whose body is being read, and how much of it has been read. */
  #reading: IncomingMessage | undefined;
  #received: Received = { bytes: 0 };
  readonly #intake: Intake;
  #requests = 0;
  /** A refusal to send after all outstanding responses, because later input is unusable. */
  #lastWord: Plan | undefined;
  /** The last response is being sent; no further input is accepted. */
  #over = false;
  #left = false;
  readonly #isGone = (): boolean => this.socket.destroyed || this.socket.readableEnded;

  constructor(socket: Socket, shared: Shared) {
    this.socket = socket;
    this.#shared = shared;
    this.#peer = socket.remoteAddress ?? '';
    this.#client = shared.hooks.clientOf(this.#peer, {});
    this.#intake = new Intake(socket, this, shared.inputTurns);
  }

  /** Whether a request is being handled. */
  get isHandling(): boolean {
    return this.#current !== undefined || this.#waiting.length > 0;
  }

  get isIdle(): boolean {
    return !this.isHandling && !this.#over && this.socket.readableLength === 0;
  }

  get demand(): Demand {
    if (this.#left) return 'elsewhere';
    if (this.#over) return 'over';
    if (this.#lastWord) return 'nothing';
    if (!this.#current) return 'head';
    return this.#reading && !this.#reading.complete ? 'body' : 'nothing';
  }

  get bodyBytes(): number {
    // Bytes that node:http still buffers have been received, too.
    return this.#received.bytes + (this.#reading?.readableLength ?? 0);
  }

  onExcessFraming(): void {
    this.#denyBody();
  }

  /** Under overload the connection is dropped without a response. */
  onOverload(): void {
    this.#over = true;
    this.#shared.hooks.onRefused(errorPlan('overloaded').status, this.#client);
    this.socket.destroy();
  }

  /** Handles the request now, or queues it behind earlier ones. */
  take(turn: Turn): void {
    if (this.#over) return;
    if (!this.#current) this.#begin(turn);
    else this.#waiting.push(turn);
  }

  /** Refuses the input, but never in the middle of the response to an earlier request. */
  deny(plan: Plan): void {
    if (this.#over) return;
    if (this.#current && (!this.#reading || this.#reading.complete)) {
      this.#lastWord = plan;
      return this.#intake.pause();
    }
    const refusal = refusalOf(plan, this.#shared.hooks, this.#current);
    if (!this.#current) this.#shared.hooks.onRefused(refusal.plan.status, this.#client);
    this.#sayLast(refusal);
  }

  /** Another connection object takes over this socket. */
  leave(): void {
    this.#over = true;
    this.#left = true;
  }

  /** The socket was inactive for as long as the server allows. */
  timedOut(): void {
    // Other timers apply while a head or a body is being received and while a response is being prepared.
    if (this.#current ? this.#current.status === 0 : this.#requests === 0) return;
    this.cut(`the client took nothing for ${this.#shared.limits.sendTimeoutMs} ms`);
  }

  /** Closes the connection immediately, even in the middle of a response. */
  cut(fault: string): void {
    if (this.#current) this.#current.progress.fault = fault;
    this.socket.destroy();
  }

  #begin({ req, res, expects }: Turn): void {
    const { hooks, limits } = this.#shared;
    const split = splitTarget(req.method as string, req.url as string);
    const exchange = this.#exchangeOf(req, res, split ?? nowhere);
    this.#current = exchange;
    this.#requests += 1;
    hooks.onStart();
    res.on('close', () => this.#end(exchange));
    const refusal = headRefusal(
      exchange.facts.target,
      req.httpVersion,
      req.rawHeaders,
      limits.maxTargetBytes,
    );
    if (refusal || !split) answer(exchange, errorPlan(refusal ?? 'bad_request'), this, this.#shared);
    else if (hasBody(req)) void this.#receive(exchange, { req, res, expects });
    else handleRequest(exchange, exchange.facts, this, this.#shared);
  }

  #exchangeOf(req: IncomingMessage, res: ServerResponse, { path, query }: SplitTarget): NodeExchange {
    const headers = req.headers as RequestFacts['headers'];
    const { clientHeader = CLIENT_HEADER, clientOf } = this.#shared.hooks;
    const client = headers[clientHeader] === undefined ? this.#client : clientOf(this.#peer, headers);
    const { method, url: target } = req as { method: string; url: string };
    return {
      facts: { method, target, path, query, headers, client, isGone: this.#isGone },
      httpVersion: req.httpVersion,
      startedMs: performance.now(),
      status: 0,
      progress: { bodyBytes: 0 },
      res,
    };
  }

  /** Reads the whole body before the request is handled, so that the response cannot race with the upload. */
  async #receive(exchange: NodeExchange, { req, res, expects }: Turn): Promise<void> {
    this.#reading = req;
    this.#received = { bytes: 0 };
    this.#intake.beginBody();
    const maxBodyBytes = takeRoom(exchange, this.#shared);
    // The body stays unread, so that nothing can be read behind it.
    if (maxBodyBytes === undefined) return this.#denyBody(errorPlan('internal'));
    const coming = receiveBody(req, maxBodyBytes, this.#received);
    if (expects === 'continue' && Number(req.headers['content-length'] ?? 0) <= maxBodyBytes)
      sendContinue(res);
    try {
      const body = await coming;
      this.#reading = undefined;
      handleRequest(exchange, { ...exchange.facts, body }, this, this.#shared);
    } catch (error) {
      // `deny` has already refused a broken or timed-out upload, and a closed connection needs no response.
      if (error instanceof HttpError) this.#denyBody();
    }
  }

  /** Refuses the current body, for its size unless there is another plan, even if it is complete by now. */
  #denyBody(other?: Plan): void {
    const exchange = this.#current;
    if (this.#over || !exchange) return;
    this.#refuse(other ?? sizeRefusal(exchange, this.#shared.hooks));
  }

  isClosed({ res }: NodeExchange): boolean {
    return res.destroyed;
  }

  hasBegun({ res }: NodeExchange): boolean {
    return res.headersSent;
  }

  abort({ res }: NodeExchange): void {
    res.destroy();
  }

  send(exchange: NodeExchange, plan: Plan, common: HeaderList): void {
    const { facts, progress, res } = exchange;
    this.#over = plan.close === true || this.#isLast(exchange);
    const shown = forReader(plan, facts.headers);
    const last = this.#over && !plan.close ? { ...shown, close: true } : shown;
    send(res, facts.method, last, common, progress);
    // Reading stops while the response waits for the client; otherwise a client that keeps sending would
    // never reach the send timeout.
    if (last.body.kind === 'source' || this.socket.writableLength > 0) this.#intake.pause();
  }

  #isLast({ facts: { headers }, httpVersion }: Exchange): boolean {
    const { state, limits } = this.#shared;
    // node:http loses requests that were pipelined after a declined Upgrade, so the connection is closed.
    const full = this.#requests >= limits.maxRequestsPerConnection;
    if (state.draining || full || headers.upgrade !== undefined) return true;
    // node:http ignores the `close` in «keep-alive, close», which takes precedence (RFC 9112 §9.3).
    return httpVersion === '1.0' && closing.test(headers.connection ?? '');
  }

  #end(exchange: NodeExchange): void {
    this.#current = undefined;
    this.#reading = undefined;
    endExchange(exchange, this.#shared.hooks);
    if (this.socket.destroyed || this.#over) return;
    const next = this.#waiting.shift();
    if (next) {
      this.#begin(next);
      // Part of its body may be waiting.
      this.#intake.resume();
    } else if (this.#lastWord) this.#refuse(this.#lastWord);
    else if (this.#shared.state.draining) this.socket.destroySoon();
    else this.#intake.resume();
  }

  #refuse(plan: Plan): void {
    this.#sayLast(refusalOf(plan, this.#shared.hooks, this.#current));
  }

  /** Writes the response without `node:http` and closes the connection. */
  #sayLast({ plan, common }: LastWord): void {
    this.#over = true;
    if (this.#current) this.#current.status = plan.status;
    refuse(this.socket, plan, common);
  }
}

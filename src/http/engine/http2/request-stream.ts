/** One stream of HTTP/2: a request, from its head to the end of its response. */
import type { ServerHttp2Stream } from 'node:http2';
import { forReader } from '../../error-page.ts';
import { errorPlan } from '../../errors.ts';
import { type HeaderList, type Plan, type RequestFacts, SAFE_METHODS } from '../../types.ts';
import { answer, endExchange, handleRequest, type Responder, sizeRefusal, takeRoom } from '../boundary.ts';
import type { Exchange, Limits, Shared } from '../contract.ts';
import { FramedBody } from './body.ts';
import type { StreamHead } from './request.ts';
import { askForBody, type Onlooker, respond } from './writer.ts';

const CANCEL = 8;

/** Where the request came from. */
export interface Origin {
  readonly shared: Shared<Limits>;
  readonly client: string;
  /** A stream of this connection has made progress. */
  onTaken(): void;
  /** The stream is closed. */
  onClosed(): void;
}

export class RequestStream implements Onlooker, Responder<Exchange> {
  readonly #stream: ServerHttp2Stream;
  readonly #origin: Origin;
  readonly #exchange: Exchange;
  #body: FramedBody | undefined;
  /** When the client took something of the response, by the clock of `performance.now()`. */
  #takenMs = Number.POSITIVE_INFINITY;

  constructor(
    stream: ServerHttp2Stream,
    { method, target, path, query, headers }: StreamHead,
    origin: Origin,
  ) {
    const isGone = () => this.isClosed();
    this.#stream = stream;
    this.#origin = origin;
    this.#exchange = {
      facts: { method, target, path, query, headers, client: origin.client, isGone },
      httpVersion: '2.0',
      startedMs: performance.now(),
      status: 0,
      progress: { bodyBytes: 0 },
    };
    origin.shared.hooks.onStart();
    // What ends a stream is in its code; nothing depends on the error.
    stream.on('error', () => undefined);
    stream.once('close', () => this.#onClose());
  }

  get progress(): Exchange['progress'] {
    return this.#exchange.progress;
  }

  /** Part of the response waits for the client. */
  get isWaiting(): boolean {
    return this.#takenMs < Number.POSITIVE_INFINITY;
  }

  onTaken(): void {
    this.#takenMs = performance.now();
    this.#origin.onTaken();
  }

  /** Refuses the request, whose body is not read. */
  refuse(plan: Plan): void {
    this.#body = undefined;
    answer(this.#exchange, plan, this, this.#origin.shared);
  }

  begin({ refusal }: StreamHead): void {
    if (refusal)
      return this.refuse(errorPlan(refusal, refusal === 'method_not_allowed' ? ['Allow', SAFE_METHODS] : []));
    const { facts } = this.#exchange;
    if (this.#stream.endAfterHeaders) this.#handle(facts);
    else this.#awaitBody(facts);
  }

  /** Closes the stream even in the middle of the response, for this reason. */
  cut(fault: string): void {
    this.#exchange.progress.fault = fault;
    this.#stream.close(CANCEL);
  }

  /** Gives up a request that is received too slowly, or a response of which nothing was taken for `patienceMs`. */
  checkTime(nowMs: number, patienceMs: number): void {
    const { requestTimeoutMs } = this.#origin.shared.limits;
    if (this.#body && nowMs - this.#exchange.startedMs > requestTimeoutMs)
      this.refuse(errorPlan('request_timeout'));
    else if (nowMs - this.#takenMs > patienceMs)
      this.cut(`the client took nothing for ${Math.round(patienceMs)} ms`);
  }

  /** Reads the whole body before the request is handled, so that the response cannot race with the upload. */
  #awaitBody(facts: RequestFacts): void {
    const maxBytes = takeRoom(this.#exchange, this.#origin.shared);
    if (maxBytes === undefined) return this.refuse(errorPlan('internal'));
    if (Number(facts.headers['content-length'] ?? 0) > maxBytes) return this.#refuseSize();
    const body = new FramedBody(maxBytes);
    this.#body = body;
    this.#stream.on('data', (part: Uint8Array) => {
      if (this.#body && !body.take(part)) this.#refuseSize();
    });
    this.#stream.once('end', () => {
      // Node ends the stream as well where the client has reset it.
      if (!this.#body || this.isClosed()) return;
      this.#body = undefined;
      this.#handle({ ...facts, body: body.content });
    });
    if (facts.headers.expect !== undefined) askForBody(this.#stream);
  }

  #refuseSize(): void {
    this.refuse(sizeRefusal(this.#exchange, this.#origin.shared.hooks));
  }

  #handle(facts: RequestFacts): void {
    handleRequest(this.#exchange, facts, this, this.#origin.shared);
  }

  isClosed(): boolean {
    return this.#stream.destroyed || this.#stream.closed;
  }

  hasBegun(): boolean {
    return this.#stream.headersSent || this.isClosed();
  }

  send({ facts: { method, headers } }: Exchange, plan: Plan, common: HeaderList): void {
    this.onTaken();
    respond(this.#stream, method, forReader(plan, headers), common, this);
  }

  abort(): void {
    this.#stream.close();
  }

  #onClose(): void {
    this.#body = undefined;
    endExchange(this.#exchange, this.#origin.shared.hooks);
    this.#origin.onClosed();
  }
}

/**
 * One connection of the engine `wire`: its requests in order, one at a time, read by the codec of `../wire`.
 *
 * Input that arrives before the response has been sent stays in the stream as bytes. Connections take turns
 * (`input-turns.ts`), so that a client that pipelines requests does not hold up the others.
 */
import type { Socket } from 'node:net';
import { forWriterOf } from '../../error-page.ts';
import { type ErrorCode, errorPlan } from '../../errors.ts';
import { refuse } from '../../send.ts';
import { type HeaderList, type Plan, SAFE_METHODS } from '../../types.ts';
import { BodyReader } from '../../wire/body.ts';
import { type Head, leavesHttp, type Progress, parseHead, type RefusedHead } from '../../wire/head.ts';
import type { KnownHead } from '../../wire/memo.ts';
import {
  answer,
  endExchange,
  handleRequest,
  type Responder,
  refusalOf,
  sizeRefusal,
  takeRoom,
} from '../boundary.ts';
import type { OpenConnection } from '../connections.ts';
import { CLIENT_HEADER, type Exchange } from '../contract.ts';
import { type Begun, giveBack, newExchange, notAsked, takeEnded } from './exchange.ts';
import type { WireShared } from './shared.ts';
import { type Author, Writer } from './writer.ts';

/**
 * How much input is first decoded in search of a head. A small window matters because substrings of the head
 * that are kept later keep the whole decoded string alive.
 */
const WINDOW_BYTES = 2048;
/** The first request of a chunk of at most this size is processed without checking the time. */
const SMALL_BYTES = 1024;
const CR = 13;
const NEVER = Number.POSITIVE_INFINITY;
/** How long a keep-alive connection outlives its announced timeout, for requests that are in transit. */
const KEEP_ALIVE_GRACE_MS = 1000;

/**
 * What the connection waits for. `first`: the first byte; `head`: the rest of a head; `body`: the rest of a
 * body; `idle`: the next request; `answer`: our response; `over`: nothing, because the last response is being
 * sent or the connection was handed over.
 */
type Phase = 'first' | 'head' | 'body' | 'idle' | 'answer' | 'over';

export class WireConnection implements Author, OpenConnection, Responder<Exchange> {
  readonly socket: Socket;
  readonly #shared: WireShared;
  /** The peer's address, empty on a unix socket. */
  readonly #peer: string;
  /** The client name for the log unless a proxy forwards another one. */
  readonly #client: string;
  #phase: Phase = 'first';
  /** When the connection is given up, by the clock of `performance.now()`. */
  #deadlineMs: number;
  /** When the first byte of the current request arrived. */
  #beganMs = 0;
  /** The part of a head received so far, and how far it has been parsed. */
  #head = '';
  #progress: Progress | undefined;
  #body: BodyReader | undefined;
  #current: Exchange | undefined;
  /** The last head whose response was repeated. */
  #repeated: KnownHead | undefined;
  #isPersistent = true;
  #requestsLeft: number;
  /** The client has closed its half of the connection. */
  #hasEnded = false;
  #isPaused = false;
  #isResuming = false;
  #waitingBytes = 0;
  readonly #writer: Writer;

  constructor(socket: Socket, shared: WireShared) {
    this.socket = socket;
    this.#shared = shared;
    this.#writer = new Writer(socket, shared, this);
    this.#peer = socket.remoteAddress ?? '';
    this.#client = shared.hooks.clientOf(this.#peer, {});
    this.#deadlineMs = performance.now() + shared.limits.headerTimeoutMs;
    this.#requestsLeft = shared.limits.maxRequestsPerConnection;
  }

  get isIdle(): boolean {
    return this.#isListening && !this.#body && this.socket.readableLength === 0;
  }

  onData(chunk: Buffer): void {
    const { length } = chunk;
    // The way of most requests: the same head as before on this connection.
    const last = this.#repeated;
    const mayRepeat = last?.text.length === length && this.#phase === 'idle';
    if (mayRepeat && this.#repeat(last, chunk.toString('latin1'))) return;
    const { inputTurns } = this.#shared;
    let at = 0;
    let hasTime = length <= SMALL_BYTES || inputTurns.hasTime;
    while (at < length && hasTime && this.#isListening) {
      at = this.#body ? this.#takeBody(this.#body, chunk, at) : this.#takeHead(chunk, at, length);
      hasTime = at === length || inputTurns.hasTime;
    }
    if (at < length && this.#phase !== 'over') this.#putBack(chunk.subarray(at));
  }

  get #isListening(): boolean {
    return this.#phase !== 'answer' && this.#phase !== 'over';
  }

  /** Part of a request has arrived, not just the empty line that some clients send after a body. */
  get #isInRequest(): boolean {
    return this.#phase === 'body' || (this.#phase === 'head' && this.#head.charCodeAt(0) !== CR);
  }

  /** The client has closed its half, but still gets its response (RFC 9112 §9.6). */
  onEnd(): void {
    this.#hasEnded = true;
    if (this.#isInRequest) this.deny(errorPlan('bad_request'));
    else if (this.#isListening) this.socket.destroySoon();
  }

  onClose(): void {
    this.#count(0);
    this.#writer.onClose();
    const exchange = this.#current;
    this.#current = undefined;
    if (exchange) endExchange(exchange, this.#shared.hooks);
  }

  /** The client accepted no data for as long as the server allows. */
  onTimeout(): void {
    this.cut(`the client took nothing for ${this.#shared.limits.sendTimeoutMs} ms`);
  }

  /** Gives up a request or an idle connection that has taken too long. */
  checkTime(nowMs: number): void {
    // Only the memo keeps what has not been asked for of late.
    this.#repeated = undefined;
    if (nowMs < this.#deadlineMs) return;
    if (this.#isInRequest) this.deny(errorPlan('request_timeout'));
    else this.socket.destroy();
  }

  /** Closes the connection immediately, even in the middle of a response. */
  cut(fault: string): void {
    if (this.#current) this.#current.progress.fault = fault;
    this.socket.destroy();
  }

  /** Refuses input that is not a usable request. */
  deny(plan: Plan): void {
    if (this.#phase === 'over') return;
    const { hooks } = this.#shared;
    this.#end();
    const refusal = refusalOf(plan, hooks, this.#current);
    if (this.#current) this.#current.status = refusal.plan.status;
    else hooks.onRefused(refusal.plan.status, this.#client);
    refuse(this.socket, refusal.plan, refusal.common);
  }

  /** Accepts no further input. */
  #end(): void {
    this.#phase = 'over';
    this.#deadlineMs = NEVER;
    this.#body = undefined;
    this.#head = '';
  }

  /** Consumes a head from `at` on and handles its request if it is complete; returns where the head ends. */
  #takeHead(chunk: Buffer, at: number, length: number): number {
    const { limits, memo } = this.#shared;
    for (let end = Math.min(length, at + WINDOW_BYTES); ; ) {
      const text = this.#head + chunk.toString('latin1', at, end);
      const known = memo.get(text);
      if (known && this.#repeat(known, text)) return end;
      const result = known?.result ?? parseHead(text, limits, this.#progress);
      if (result.kind === 'head') {
        if (!known) memo.add(text, result);
        const next = at + result.length - this.#head.length;
        this.#takeRequest(result.head, known, chunk, at, next);
        return next;
      }
      if (result.kind === 'refused') {
        this.#refuseHead(result, this.#head + chunk.toString('latin1', at, at + limits.maxHeaderBytes));
        return length;
      }
      this.#progress = result.progress;
      if (end === length) {
        this.#head = text;
        this.#awaitHead();
        return end;
      }
      end = Math.min(length, at + limits.maxHeaderBytes + 1);
    }
  }

  #refuseHead({ code, words }: RefusedHead, received: string): void {
    if (!words) return this.deny(forWriterOf(received, errorPlan(code)));
    const exchange = this.#begin({ ...words, path: '', query: '', isPersistent: true });
    answer(exchange, errorPlan(code), this, this.#shared);
  }

  #awaitHead(): void {
    if (this.#phase === 'head') return;
    const { headerTimeoutMs, requestTimeoutMs } = this.#shared.limits;
    this.#phase = 'head';
    this.#beganMs = performance.now();
    this.#deadlineMs = this.#beganMs + Math.min(headerTimeoutMs, requestTimeoutMs);
  }

  /** Sends the last response to the same head once more, if a handler would make the same one. */
  #repeat(known: KnownHead, text: string): boolean {
    const { prepared } = known;
    if (prepared === undefined || text !== known.text || this.#isLast(1)) return false;
    const nowMs = performance.now();
    if (!prepared.reuse.isFresh(nowMs)) return false;
    this.#head = '';
    this.#progress = undefined;
    this.#repeated = known;
    const ended = takeEnded(known, this.#client);
    const exchange = ended ? this.#start(ended, nowMs) : this.#begin(known.result.head, known, notAsked);
    exchange.status = prepared.status;
    this.#writer.sendPrepared(exchange, prepared);
    if (this.#current !== exchange) giveBack(exchange, known, this.#client);
    return true;
  }

  #takeRequest(head: Head, known: KnownHead | undefined, chunk: Buffer, at: number, next: number): void {
    const { handOver } = this.#shared;
    if (handOver && leavesHttp(head)) {
      const unread = Buffer.concat([Buffer.from(this.#head, 'latin1'), chunk.subarray(at)]);
      this.#end();
      return handOver(this.socket, unread);
    }
    const cameWhole = this.#phase !== 'head';
    this.#head = '';
    this.#progress = undefined;
    if (head.method === 'CONNECT') return this.deny(errorPlan('method_not_allowed', ['Allow', SAFE_METHODS]));
    const exchange = this.#begin(head, known);
    if (cameWhole) this.#beganMs = exchange.startedMs;
    if (head.framing.kind === 'none') handleRequest(exchange, exchange.facts, this, this.#shared);
    else this.#awaitBody(exchange, head, next < chunk.length);
  }

  #begin(head: Begun, known?: KnownHead, isGone?: () => boolean): Exchange {
    const { hooks } = this.#shared;
    const isForwarded = head.headers[hooks.clientHeader ?? CLIENT_HEADER] !== undefined;
    const client = isForwarded ? hooks.clientOf(this.#peer, head.headers) : this.#client;
    const asked = isGone ?? (() => this.socket.destroyed || this.socket.readableEnded);
    this.#isPersistent = head.isPersistent;
    return this.#start(newExchange(head, client, asked, known));
  }

  #start(exchange: Exchange, nowMs = performance.now()): Exchange {
    exchange.startedMs = nowMs;
    this.#current = exchange;
    this.#requestsLeft -= 1;
    this.#phase = 'answer';
    this.#deadlineMs = NEVER;
    this.#shared.hooks.onStart();
    return exchange;
  }

  /** Reads the whole body before the request is handled, so that the response cannot race with the upload. */
  #awaitBody(exchange: Exchange, { framing, expectsContinue }: Head, isComing: boolean): void {
    const maxBytes = takeRoom(exchange, this.#shared);
    // The body stays unread, so no later request can be read from this connection.
    if (maxBytes === undefined) return this.deny(errorPlan('internal'));
    this.#body = new BodyReader(framing, maxBytes);
    if (this.#body.refusal) return this.#denyBody(this.#body.refusal);
    this.#phase = 'body';
    this.#deadlineMs = this.#beganMs + this.#shared.limits.requestTimeoutMs;
    if (expectsContinue && !isComing) this.#writer.askForBody();
  }

  #takeBody(body: BodyReader, chunk: Buffer, at: number): number {
    const exchange = this.#current as Exchange;
    const next = body.take(chunk, at);
    if (body.refusal) this.#denyBody(body.refusal);
    else if (body.isComplete) {
      this.#body = undefined;
      this.#phase = 'answer';
      this.#deadlineMs = NEVER;
      handleRequest(exchange, { ...exchange.facts, body: body.content }, this, this.#shared);
    }
    return next;
  }

  #denyBody(code: ErrorCode): void {
    const isSize = code === 'content_too_large';
    this.deny(isSize ? sizeRefusal(this.#current, this.#shared.hooks) : errorPlan(code));
  }

  isClosed(): boolean {
    return this.socket.destroyed;
  }

  hasBegun(exchange: Exchange): boolean {
    return this.#current !== exchange;
  }

  send(exchange: Exchange, plan: Plan, common: HeaderList): void {
    this.#writer.send(exchange, plan, common, plan.close === true || this.#isLast());
  }

  abort(): void {
    this.socket.destroy();
  }

  #isLast(more = 0): boolean {
    return this.#requestsLeft <= more || !this.#isPersistent || this.#shared.state.draining;
  }

  onStall(): void {
    this.socket.pause();
    this.#isPaused = true;
  }

  onSent(exchange: Exchange, isLast: boolean): void {
    const shared = this.#shared;
    this.#current = undefined;
    const nowMs = endExchange(exchange, shared.hooks);
    if (this.socket.destroyed) return;
    // Requests that arrived before the drain still get a response, and the last one announces the close.
    const drains = shared.state.draining && this.socket.readableLength === 0;
    if (isLast || drains || this.#hasEnded) return this.#close();
    this.#phase = 'idle';
    this.#deadlineMs = nowMs + shared.limits.idleTimeoutMs + KEEP_ALIVE_GRACE_MS;
    if (this.#isPaused) this.#resume();
  }

  #close(): void {
    this.#end();
    this.#writer.close(!this.#hasEnded && (this.#isPersistent || this.#isPaused));
  }

  /** Uses the stream instead of a list of our own, so that its end is reported after the remaining bytes. */
  #putBack(chunk: Buffer): void {
    this.socket.pause();
    this.socket.unshift(chunk);
    this.#isPaused = true;
    if (this.#phase !== 'answer') return this.#resume();
    this.#count(this.socket.readableLength);
    if (!this.#shared.inputTurns.isCrowdedBy(this.#waitingBytes)) return;
    // Under overload the connection is dropped without a response.
    this.#shared.hooks.onRefused(errorPlan('overloaded').status, this.#client);
    this.#end();
    this.socket.destroy();
  }

  /** Resumes reading in one of the next turns, so that other connections get theirs. */
  #resume(): void {
    if (this.#isResuming) return;
    this.#isResuming = true;
    this.#shared.inputTurns.queue(() => {
      this.#isResuming = false;
      if (this.socket.destroyed || this.#phase === 'answer' || this.#phase === 'over') return;
      this.#isPaused = false;
      this.#count(0);
      this.socket.resume();
    });
  }

  #count(waitingBytes: number): void {
    this.#shared.inputTurns.waitingBytes += waitingBytes - this.#waitingBytes;
    this.#waitingBytes = waitingBytes;
  }
}

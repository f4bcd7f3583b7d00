/** One connection of the engine `http2`: its streams, what it may cost, and how it ends. */
import { performServerHandshake, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2';
import type { Socket } from 'node:net';
import { statusOf } from '../../errors.ts';
import { MAX_HEADER_FIELDS } from '../../guard.ts';
import { noBody, type Plan } from '../../types.ts';
import type { OpenConnection } from '../connections.ts';
import { CLIENT_HEADER, type Limits, type Shared } from '../contract.ts';
import { readHead } from './request.ts';
import { RequestStream } from './request-stream.ts';

/** Streams of one connection at a time (RFC 9113 §5.1.2 recommends no fewer). */
const MAX_STREAMS = 100;
/** Streams beyond that number, or frames that are not valid, until the connection ends. */
const MAX_REFUSED_STREAMS = 100;
const MAX_INVALID_FRAMES = 100;
/** Streams that the client may reset at once, and how many more each second (CVE-2023-44487). */
const RESETS = 200;
const RESETS_PER_SECOND = 33;
/** Fields from which on nobody answers: as many as a 431 can still be sent for. */
const MAX_FIELDS = MAX_HEADER_FIELDS + 56;
/** What a field costs beside its text in the size that is announced (RFC 9113 §6.5.2). */
const FIELD_OVERHEAD_BYTES = 32;
/** A connection with so many streams gets no more while all connections together have half of what they may. */
const FAIR_STREAMS = 8;
/** Streams of all connections together where few connections are allowed. */
const MIN_ALL_STREAMS = 2 * MAX_STREAMS;
/** Frames between two looks at the clock that a client can have answered without a request (CVE-2019-9512, -9515). */
const MAX_CONTROL_FRAMES = 1000;
const ENHANCE_YOUR_CALM = 11;
/** How long a client may take to close a connection after all was said. */
const LINGER_MS = 1000;

/** Without content, which would stay in memory until the client opens a window: this says all, and ends the stream. */
const OVERLOADED: Plan = {
  status: statusOf('overloaded'),
  headers: ['Retry-After', '1', 'Cache-Control', 'no-store'],
  body: noBody,
};

/** How many streams are open on all connections together. */
export interface StreamCount {
  open: number;
}

export class Http2Connection implements OpenConnection {
  readonly socket: Socket;
  /** A drain says goodbye first. */
  readonly isIdle = false;
  readonly #shared: Shared<Limits>;
  /** The peer's address, empty on a unix socket. */
  readonly #peer: string;
  /** The client name for the log unless a proxy forwards another one. */
  readonly #client: string;
  readonly #count: StreamCount;
  readonly #session: ServerHttp2Session;
  readonly #requests = new Set<RequestStream>();
  #taken = 0;
  #controlFrames = 0;
  /** When something of any response was taken, by the clock of `performance.now()`. */
  #takenMs = performance.now();
  /** When the connection is given up if it has no streams. */
  #deadlineMs: number;
  /** The session was over when the clock looked last. */
  #wasOver = false;

  constructor(socket: Socket, shared: Shared<Limits>, count: StreamCount) {
    const { limits, hooks } = shared;
    this.socket = socket;
    this.#shared = shared;
    this.#count = count;
    this.#peer = socket.remoteAddress ?? '';
    this.#client = hooks.clientOf(this.#peer, {});
    this.#deadlineMs = performance.now() + limits.headerTimeoutMs;
    this.#session = performServerHandshake(socket, {
      maxHeaderListPairs: MAX_FIELDS,
      maxSessionInvalidFrames: MAX_INVALID_FRAMES,
      maxSessionRejectedStreams: MAX_REFUSED_STREAMS,
      streamResetBurst: RESETS,
      streamResetRate: RESETS_PER_SECOND,
      strictSingleValueFields: false,
      settings: {
        enablePush: false,
        maxConcurrentStreams: MAX_STREAMS,
        maxHeaderListSize: limits.maxHeaderBytes + MAX_HEADER_FIELDS * FIELD_OVERHEAD_BYTES,
      },
    });
    // Node ends the connection itself, and so do its streams.
    this.#session.on('error', () => undefined);
    // Sockets are accepted half-open, which HTTP/2 does not know: who has ended it has left.
    socket.once('end', () => this.#session.destroy());
    this.#session.on('ping', () => this.#onControl());
    this.#session.on('remoteSettings', () => this.#onControl());
    this.#session.on('stream', (stream, _headers, _flags, list) => this.#take(stream, list));
  }

  deny({ status }: Plan): void {
    this.#shared.hooks.onRefused(status, this.#client);
    this.#session.destroy();
  }

  /** Lets streams that have begun end, and tells the client that further ones belong on another connection. */
  drain(): void {
    this.#session.close();
    this.#deadlineMs = performance.now() + LINGER_MS;
  }

  cut(fault: string): void {
    for (const request of this.#requests) request.cut(fault);
    this.#session.destroy();
  }

  /** Gives up a connection that is idle or has taken nothing for too long, and streams of which nothing is taken. */
  checkTime(nowMs: number): void {
    this.#controlFrames = 0;
    if (this.#session.destroyed) return this.#bury();
    const { sendTimeoutMs } = this.#shared.limits;
    if (this.#requests.size === 0) return this.#checkIdle(nowMs);
    const requests = [...this.#requests];
    if (requests.some(({ isWaiting }) => isWaiting) && nowMs - this.#takenMs > sendTimeoutMs)
      return this.cut(`the client took nothing for ${sendTimeoutMs} ms`);
    // Streams share what the client takes.
    for (const request of requests) request.checkTime(nowMs, sendTimeoutMs * requests.length);
  }

  /**
   * A session that is destroyed closes its socket when its last write has ended, which one that the client has reset
   * never does: the socket would stay open for ever, and its streams with it (node#61304).
   */
  #bury(): void {
    if (this.#wasOver) this.socket.destroy();
    this.#wasOver = true;
  }

  #onClosed(request: RequestStream): void {
    if (!this.#requests.delete(request)) return;
    this.#count.open -= 1;
    this.#takenMs = performance.now();
    this.#deadlineMs = this.#takenMs + (this.#session.closed ? LINGER_MS : this.#shared.limits.idleTimeoutMs);
  }

  #onControl(): void {
    this.#controlFrames += 1;
    if (this.#controlFrames !== MAX_CONTROL_FRAMES) return;
    // Not while nghttp2 is reading.
    setImmediate(() => this.#session.destroy(new Error('too many control frames'), ENHANCE_YOUR_CALM));
  }

  #checkIdle(nowMs: number): void {
    if (nowMs < this.#deadlineMs) return;
    if (this.#session.closed) this.#session.destroy();
    else this.drain();
  }

  #take(stream: ServerHttp2Stream, list: readonly string[]): void {
    const { limits, hooks, state } = this.#shared;
    const head = readHead(list, limits);
    const isForwarded = head.headers[hooks.clientHeader ?? CLIENT_HEADER] !== undefined;
    const client = isForwarded ? hooks.clientOf(this.#peer, head.headers) : this.#client;
    const request: RequestStream = new RequestStream(stream, head, {
      shared: this.#shared,
      client,
      onTaken: () => (this.#takenMs = performance.now()),
      onClosed: () => this.#onClosed(request),
    });
    this.#requests.add(request);
    this.#count.open += 1;
    this.#taken += 1;
    if (this.#isCrowd(limits.maxConnections)) request.refuse(OVERLOADED);
    else request.begin(head);
    if (state.draining || this.#taken >= limits.maxRequestsPerConnection) this.#session.close();
  }

  /** Each stream can hold what a connection of HTTP/1.1 does, so all of them together have the same limit. */
  #isCrowd(maxConnections: number): boolean {
    const { open } = this.#count;
    const most = Math.max(maxConnections, MIN_ALL_STREAMS);
    return open > most || (2 * open > most && this.#requests.size > FAIR_STREAMS);
  }
}

/**
 * Reads a connection: its bytes are passed to the parser of `node:http` message by message.
 *
 * By default the parser gets 64 kB at a time and parses everything in it: 3,600 requests, each with objects of some
 * kilobytes, or 11,000 chunks. The input of a client must neither take a multiple of its size in memory nor delay
 * other clients. So it waits as bytes until the connection can use it, and connections with much input take turns.
 */
import type { Socket } from 'node:net';
import type { InputTurns } from '../input-turns.ts';

/**
 * What a connection can use next. `nothing`: a response is due first. `over`: all further input is discarded.
 * `elsewhere`: another listener of the socket takes it.
 */
export type Demand = 'head' | 'body' | 'nothing' | 'over' | 'elsewhere';

export interface Consumer {
  readonly demand: Demand;
  /** The received part of the current body, without its framing. */
  readonly bodyBytes: number;
  /** The framing of the body has more bytes than any legitimate client sends. */
  onExcessFraming(): void;
  /** There is no room for the input that waits. */
  onOverload(): void;
}

/** Input up to this size is passed on unexamined: it contains at most a dozen requests. */
const SMALL_BYTES = 256;
/** The part of a body that the parser gets at a time: with chunks of one byte, 700 chunks or about 1 ms. */
const SLICE_BYTES = 4096;
/** Sizes, extensions and trailers of a chunked body: this many bytes, plus this share of the body itself. */
const MAX_FRAMING_BYTES = 16 * 1024;
const MAX_FRAMING_SHARE = 2;

/** The end of a head and of a chunked body: apart from the end of a body with a length, no request begins elsewhere. */
const END = Buffer.from('\r\n\r\n');

type SocketListener = (this: Socket, ...args: unknown[]) => void;

export class Intake {
  readonly #socket: Socket;
  readonly #consumer: Consumer;
  readonly #inputTurns: InputTurns;
  readonly #parse: (chunk: Buffer) => void;
  readonly #stops: readonly SocketListener[];
  #paused = false;
  #resuming = false;
  #waitingBytes = 0;
  /** Bytes passed to the parser since the last body began. */
  #fedBytes = 0;

  /** Replaces the parser that `node:http` has just attached to the socket. */
  constructor(socket: Socket, consumer: Consumer, inputTurns: InputTurns) {
    this.#socket = socket;
    this.#consumer = consumer;
    this.#inputTurns = inputTurns;
    const [parse] = socket.listeners('data');
    this.#parse = parse as (chunk: Buffer) => void;
    this.#stops = socket.listeners('pause') as SocketListener[];
    const starts = socket.listeners('resume') as SocketListener[];
    socket.removeAllListeners('data');
    // node:http then also removes the listeners by which a pause stops the reading.
    socket.on('data', (chunk: Buffer) => this.#take(chunk));
    for (const stop of this.#stops) socket.on('pause', stop);
    for (const start of starts) socket.on('resume', start);
    socket.once('close', () => this.#count(0));
  }

  /** Further input of the parser belongs to a body. */
  beginBody(): void {
    this.#fedBytes = 0;
  }

  /** Reads no more until `resume`. */
  pause(): void {
    if (this.#paused) return;
    this.#paused = true;
    // Later: node:http goes on reading at the end of each request, after it was handed over.
    setImmediate(() => {
      if (!this.#paused || this.#socket.destroyed) return;
      this.#socket.pause();
      // A stream that is paused already would not tell.
      for (const stop of this.#stops) stop.call(this.#socket);
    });
  }

  /** Continues with the waiting input, then with the socket, in a later iteration so that others get their turn. */
  resume(): void {
    if (!this.#paused || this.#resuming) return;
    this.#resuming = true;
    this.#inputTurns.queue(() => {
      this.#resuming = false;
      if (this.#socket.destroyed || this.#consumer.demand === 'nothing') return;
      this.#paused = false;
      this.#count(0);
      this.#socket.resume();
    });
  }

  #take(chunk: Buffer): void {
    const { demand } = this.#consumer;
    if (demand === 'head' && chunk.length <= SMALL_BYTES) this.#parse(chunk);
    else if (demand === 'nothing') this.#putBack(chunk);
    else if (demand === 'body' && this.#hasExcessFraming()) this.#consumer.onExcessFraming();
    else if (demand === 'head' || demand === 'body') this.#takeFirst(chunk, demand);
  }

  #hasExcessFraming(): boolean {
    const { bodyBytes } = this.#consumer;
    return this.#fedBytes - bodyBytes > MAX_FRAMING_BYTES + MAX_FRAMING_SHARE * bodyBytes;
  }

  /** Passes on the first part of `chunk`; the rest waits. */
  #takeFirst(chunk: Buffer, demand: 'head' | 'body'): void {
    const length = this.#inputTurns.hasTime ? lengthOfFirst(chunk, demand) : 0;
    if (length > 0) {
      this.#fedBytes += length;
      this.#parse(length < chunk.length ? chunk.subarray(0, length) : chunk);
    }
    if (length === chunk.length || this.#consumer.demand === 'over') return;
    if (this.#consumer.demand === 'elsewhere') return void this.#socket.unshift(chunk.subarray(length));
    this.#putBack(chunk.subarray(length));
    this.resume();
  }

  /** Into the stream rather than into a separate list: so the end of the stream stays behind its data. */
  #putBack(chunk: Buffer): void {
    const socket = this.#socket;
    // A flowing stream would emit it again at once.
    socket.pause();
    socket.unshift(chunk);
    this.pause();
    if (this.#consumer.demand !== 'nothing') return;
    this.#count(socket.readableLength);
    if (this.#inputTurns.isCrowdedBy(this.#waitingBytes)) this.#consumer.onOverload();
  }

  #count(waitingBytes: number): void {
    this.#inputTurns.waitingBytes += waitingBytes - this.#waitingBytes;
    this.#waitingBytes = waitingBytes;
  }
}

/** How much of `chunk` to parse at a time: at most to the end of a message. */
function lengthOfFirst(chunk: Buffer, demand: 'head' | 'body'): number {
  const slice = demand === 'body' ? chunk.subarray(0, SLICE_BYTES) : chunk;
  const end = slice.indexOf(END);
  return end < 0 ? slice.length : end + END.length;
}

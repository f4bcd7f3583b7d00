/**
 * Reading a connection: its bytes go to the parser of `node:http` message by message.
 *
 * Left alone the parser is given 64 kB at a time and makes of them whatever is in them: 3,600 requests, each with
 * objects of some kilobytes, or 11,000 chunks. What a client sends must neither cost a multiple of its bytes nor
 * hold up the others, so here it waits as bytes until the connection can use it, and what has much in it takes turns.
 */
import type { Socket } from 'node:net';

/**
 * What a connection can use next. `nothing`: it owes an answer first. `over`: whatever comes is thrown away. `elsewhere`:
 * another listener of the socket takes it.
 */
export type Demand = 'head' | 'body' | 'nothing' | 'over' | 'elsewhere';

export interface Consumer {
  readonly demand: Demand;
  /** How much of the body that is being read has come, without its framing. */
  readonly bodyBytes: number;
  /** The body is framed in more bytes than a client has reason to. */
  onExcessFraming(): void;
  /** More waits here than there is room for. */
  onOverload(): void;
}

/** A request that comes alone and is no larger is passed on without a look: at most a dozen requests are in it. */
const SMALL_BYTES = 256;
/** Of a body that the parser gets at a time: with one byte in a chunk, 700 chunks, a good millisecond. */
const SLICE_BYTES = 4096;
/** How long all connections together may parse large input before others get their turn. */
const TURN_MS = 10;
/** The same while there are newcomers. */
const SHORT_TURN_MS = 1;
/** Sizes, extensions and trailers of a chunked body: this much, and as many bytes for each of the body itself. */
const MAX_FRAMING_BYTES = 16 * 1024;
const MAX_FRAMING_SHARE = 2;
/** Bytes that wait behind unanswered requests, of all connections; and what each may keep when it is exceeded. */
const MAX_WAITING_BYTES = 32 * 1024 * 1024;
const FAIR_WAITING_BYTES = 16 * 1024;

/** The end of a head, and of a chunked body: no request begins anywhere else but behind a body with a length. */
const END = Buffer.from('\r\n\r\n');

type SocketListener = (this: Socket, ...args: unknown[]) => void;

/** What the connections of a server share: the time of one turn of the event loop, and the room for what waits. */
export class InputTurns {
  waitingBytes = 0;
  /** In order of their coming, each connection at most once. */
  #queue: (() => void)[] = [];
  #turnEndsMs: number | undefined;
  #isServing = false;
  #accepted = false;

  /** A connection was accepted: more may wait for it, and only one is accepted in each turn. */
  onAccept(): void {
    this.#accepted = true;
  }

  /** Whether there is time left for large input in this turn. */
  get hasTime(): boolean {
    const nowMs = performance.now();
    if (this.#turnEndsMs === undefined) {
      this.#turnEndsMs = nowMs + (this.#accepted ? SHORT_TURN_MS : TURN_MS);
      this.#accepted = false;
      setImmediate(() => (this.#turnEndsMs = undefined));
    }
    return nowMs < this.#turnEndsMs;
  }

  /** Calls `goOn` in one of the next turns. */
  queue(goOn: () => void): void {
    this.#queue.push(goOn);
    if (this.#isServing) return;
    this.#isServing = true;
    setImmediate(() => this.#serve(this.#queue.length));
  }

  /** Those that were here when the turn began; who comes back meanwhile does not push in. */
  #serve(count: number): void {
    if (count > 0 && this.hasTime) {
      this.#queue.shift()?.();
      // A stream goes on in a tick that it has scheduled by now, so the next one comes after its work is done.
      process.nextTick(() => this.#serve(count - 1));
      return;
    }
    this.#isServing = this.#queue.length > 0;
    if (this.#isServing) setImmediate(() => this.#serve(this.#queue.length));
  }
}

export class Intake {
  readonly #socket: Socket;
  readonly #consumer: Consumer;
  readonly #inputTurns: InputTurns;
  readonly #parse: (chunk: Buffer) => void;
  readonly #stops: readonly SocketListener[];
  #paused = false;
  #resuming = false;
  #waitingBytes = 0;
  /** Given to the parser since the last body began. */
  #fedBytes = 0;

  /** Takes the place of the parser that `node:http` has just put on the socket. */
  constructor(socket: Socket, consumer: Consumer, inputTurns: InputTurns) {
    this.#socket = socket;
    this.#consumer = consumer;
    this.#inputTurns = inputTurns;
    const [parse] = socket.listeners('data');
    this.#parse = parse as (chunk: Buffer) => void;
    this.#stops = socket.listeners('pause') as SocketListener[];
    const starts = socket.listeners('resume') as SocketListener[];
    socket.removeAllListeners('data');
    // With it node:http takes away the listeners by which a pause really stops the reading.
    socket.on('data', (chunk: Buffer) => this.#take(chunk));
    for (const stop of this.#stops) socket.on('pause', stop);
    for (const start of starts) socket.on('resume', start);
    socket.once('close', () => this.#count(0));
  }

  /** What is given to the parser from now on belongs to a body. */
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

  /** Goes on with what waits, and then with the socket; in the next turn, so that others get theirs. */
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

  /** Passes on the first part of `chunk`; the rest has to wait. */
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

  /** Into the stream, not into a list of our own: so its end is not heard before what comes before it. */
  #putBack(chunk: Buffer): void {
    const socket = this.#socket;
    // A stream that flows would hand it out again at once.
    socket.pause();
    socket.unshift(chunk);
    this.pause();
    if (this.#consumer.demand !== 'nothing') return;
    this.#count(socket.readableLength);
    const crowded = this.#inputTurns.waitingBytes > MAX_WAITING_BYTES;
    if (crowded && this.#waitingBytes > FAIR_WAITING_BYTES) this.#consumer.onOverload();
  }

  #count(waitingBytes: number): void {
    this.#inputTurns.waitingBytes += waitingBytes - this.#waitingBytes;
    this.#waitingBytes = waitingBytes;
  }
}

/** How much of `chunk` to parse at a time: never more than to the end of a message. */
function lengthOfFirst(chunk: Buffer, demand: 'head' | 'body'): number {
  const slice = demand === 'body' ? chunk.subarray(0, SLICE_BYTES) : chunk;
  const end = slice.indexOf(END);
  return end < 0 ? slice.length : end + END.length;
}

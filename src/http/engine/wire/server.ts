/** The engine `wire`: listens with `node:net`, checks deadlines, and drains connections at shutdown. */
import { Server, type Socket } from 'node:net';
import { Descriptors } from '../../descriptors.ts';
import { errorPlan } from '../../errors.ts';
import { type Address, listen } from '../../listen.ts';
import { HeadMemo } from '../../wire/memo.ts';
import { PreparedResponses } from '../../wire/prepared.ts';
import { HttpClock } from '../../wire/response.ts';
import type { Hooks } from '../node/connection.ts';
import { InputTurns } from '../node/intake.ts';
import { type HttpServer, type Limits, MAX_REFUSED_CONNECTIONS, TIMEOUT_CHECK_MS } from '../node/server.ts';
import { WireConnection } from './connection.ts';
import type { WireShared } from './shared.ts';

/**
 * How much a paused socket reads ahead: nothing once it has any data. So at most one read waits while a
 * response is being sent, and a client that keeps sending cannot postpone its send timeout.
 */
const READ_AHEAD_BYTES = 1;

export class WireServer {
  readonly #limits: Limits;
  readonly #shared: WireShared;
  readonly #server: Server;
  readonly #connections = new Map<Socket, WireConnection>();
  readonly #listeners: Readonly<Record<string, (this: Socket, chunk: Buffer) => void>>;
  readonly #node: HttpServer | undefined;
  #clock: NodeJS.Timeout | undefined;
  #onEmpty: (() => void) | undefined;

  /** With `node`, this engine handles only plain requests and hands all other connections over to `node`. */
  constructor(limits: Limits, hooks: Hooks, node?: HttpServer) {
    this.#limits = limits;
    this.#node = node;
    this.#shared = {
      limits,
      hooks,
      handOver: node && this.#handOver.bind(this, node),
      draining: false,
      clock: new HttpClock(),
      memo: new HeadMemo(),
      prepared: new PreparedResponses(),
      inputTurns: new InputTurns(),
      descriptors: new Descriptors(hooks.onExhausted),
    };
    const connections = this.#connections;
    this.#listeners = {
      data(chunk) {
        connections.get(this)?.onData(chunk);
      },
      end() {
        connections.get(this)?.onEnd();
      },
      timeout() {
        connections.get(this)?.onTimeout();
      },
      error() {
        this.destroy();
      },
      close: this.#closed(),
    };
    const options = { allowHalfOpen: true, noDelay: true, highWaterMark: READ_AHEAD_BYTES };
    this.#server = new Server(options, (socket) => this.#open(socket));
    this.#server.maxConnections = limits.maxConnections + MAX_REFUSED_CONNECTIONS;
  }

  /** Resolves when connections are accepted; rejects with the system's error. */
  async listen(address: Address): Promise<void> {
    await listen(this.#server, address);
    this.#server.on('error', (error) => this.#shared.hooks.onFault(error));
    this.#clock = setInterval(() => this.#checkTime(), TIMEOUT_CHECK_MS).unref();
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
    this.#server.close();
    const cutByNode = this.#node?.stop(graceMs);
    for (const connection of this.#connections.values()) {
      if (connection.isIdle) connection.socket.destroy();
    }
    let cut = 0;
    const timer = setTimeout(() => {
      cut = this.#connections.size;
      for (const connection of this.#connections.values())
        connection.cut('the grace time of the shutdown is over');
    }, graceMs);
    if (this.#connections.size > 0) await new Promise<void>((resolve) => (this.#onEmpty = resolve));
    clearTimeout(timer);
    clearInterval(this.#clock);
    return cut + ((await cutByNode) ?? 0);
  }

  #open(socket: Socket): void {
    const connection = new WireConnection(socket, this.#shared);
    this.#connections.set(socket, connection);
    this.#shared.hooks.onConnection(1);
    this.#shared.descriptors.onUse();
    this.#shared.inputTurns.onAccept();
    for (const [event, listener] of Object.entries(this.#listeners)) socket.on(event, listener);
    const count = this.#connections.size + (this.#node?.size ?? 0);
    if (count > this.#limits.maxConnections) connection.deny(errorPlan('overloaded', ['Retry-After', '1']));
  }

  #closed(): (this: Socket) => void {
    const forget = (socket: Socket) => this.#forget(socket)?.onClose();
    return function () {
      forget(this);
    };
  }

  #forget(socket: Socket): WireConnection | undefined {
    const connection = this.#connections.get(socket);
    if (!this.#connections.delete(socket)) return undefined;
    this.#shared.hooks.onConnection(-1);
    if (this.#connections.size === 0) this.#onEmpty?.();
    return connection;
  }

  /** Hands over synchronously and without pausing the socket: later bytes could overtake on a paused one. */
  #handOver(node: HttpServer, socket: Socket, bytes: Buffer, requests: number): void {
    for (const [event, listener] of Object.entries(this.#listeners)) socket.off(event, listener);
    this.#forget(socket)?.onClose();
    socket.setTimeout(0);
    node.adopt(socket, bytes, requests);
  }

  #checkTime(): void {
    this.#shared.memo.sweep();
    this.#shared.prepared.sweep();
    const nowMs = performance.now();
    for (const connection of this.#connections.values()) connection.checkTime(nowMs);
  }
}

/** The engine `wire`: connections are handled by the codec of `../../wire`. */
import { Server, type Socket } from 'node:net';
import { HeadMemo } from '../../wire/memo.ts';
import { HttpClock } from '../../wire/response.ts';
import type { Connections } from '../connections.ts';
import type { Limits, Shared } from '../contract.ts';
import { WireConnection } from './connection.ts';
import type { Successor, WireShared } from './shared.ts';

/** How often to check for slow requests, and thus the precision of the header and request timeouts. */
const TIMEOUT_CHECK_MS = 500;
/**
 * How much a paused socket reads ahead: nothing once it has any data. So at most one read waits while a
 * response is being sent, and a client that keeps sending cannot postpone its send timeout.
 */
const READ_AHEAD_BYTES = 1;
/** How a server accepts connections for this engine, and for the other one as its successor. */
export const ACCEPT_OPTIONS = { allowHalfOpen: true, noDelay: true, highWaterMark: READ_AHEAD_BYTES };

export class WireEngine {
  readonly listener: Server;
  readonly #shared: WireShared;
  readonly #open: Connections;
  readonly #connections = new Map<Socket, WireConnection>();
  readonly #listeners: Readonly<Record<string, (this: Socket, chunk: Buffer) => void>>;
  #clock: NodeJS.Timeout | undefined;

  constructor(shared: Shared<Limits>, open: Connections, successor?: Successor) {
    this.#open = open;
    const handOver = successor && this.#handOver.bind(this, successor);
    this.#shared = { ...shared, handOver, clock: new HttpClock(), memo: new HeadMemo() };
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
    this.listener = new Server(ACCEPT_OPTIONS, (socket) => this.#accept(socket));
    this.listener.on('listening', () => {
      this.#clock = setInterval(() => this.#checkTime(), TIMEOUT_CHECK_MS).unref();
    });
  }

  end(): void {
    clearInterval(this.#clock);
  }

  #accept(socket: Socket): void {
    const connection = new WireConnection(socket, this.#shared);
    this.#connections.set(socket, connection);
    for (const [event, listener] of Object.entries(this.#listeners)) socket.on(event, listener);
    this.#open.accept(connection);
  }

  #closed(): (this: Socket) => void {
    const forget = (socket: Socket) => this.#forget(socket);
    return function () {
      forget(this);
    };
  }

  #forget(socket: Socket): void {
    const connection = this.#connections.get(socket);
    if (!connection) return;
    this.#connections.delete(socket);
    connection.onClose();
    this.#open.forget(connection);
  }

  /** Hands over synchronously and without pausing the socket: later bytes could overtake on a paused one. */
  #handOver(successor: Successor, socket: Socket, bytes: Buffer, requests: number): void {
    const connection = this.#connections.get(socket) as WireConnection;
    for (const [event, listener] of Object.entries(this.#listeners)) socket.off(event, listener);
    this.#connections.delete(socket);
    connection.onClose();
    socket.setTimeout(0);
    successor.adopt(socket, bytes, { connection, requests });
  }

  #checkTime(): void {
    const nowMs = performance.now();
    for (const connection of this.#connections.values()) connection.checkTime(nowMs);
  }
}

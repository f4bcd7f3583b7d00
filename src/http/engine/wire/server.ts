/** The engine `wire`: connections are handled by the codec of `../../wire`. */
import { Server, type Socket } from 'node:net';
import { HeadMemo } from '../../wire/memo.ts';
import { PreparedResponses } from '../../wire/prepared.ts';
import { HttpClock } from '../../wire/response.ts';
import type { Connections, OpenConnection } from '../connections.ts';
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
  readonly #listeners: readonly (readonly [event: string, listener: (this: Socket, chunk: Buffer) => void])[];
  readonly #loadSuccessor: (() => Promise<Successor>) | undefined;
  #successor: Promise<Successor> | undefined;
  #clock: NodeJS.Timeout | undefined;

  constructor(shared: Shared<Limits>, open: Connections, loadSuccessor?: () => Promise<Successor>) {
    this.#open = open;
    this.#loadSuccessor = loadSuccessor;
    const handOver = loadSuccessor && this.#handOver.bind(this);
    this.#shared = {
      ...shared,
      handOver,
      clock: new HttpClock(),
      memo: new HeadMemo(),
      prepared: new PreparedResponses(),
    };
    const connections = this.#connections;
    this.#listeners = Object.entries({
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
    });
    this.listener = new Server(ACCEPT_OPTIONS, (socket) => this.#accept(socket));
    this.listener.on('listening', () => this.#startClock());
  }

  #startClock(): void {
    // After the input that has arrived is read: while the process was halted, it could not be.
    const check = () => this.#checkTime();
    this.#clock ??= setInterval(() => setImmediate(check), TIMEOUT_CHECK_MS).unref();
  }

  /** Takes over a connection, nothing of which has been read. */
  adopt(socket: Socket, before: OpenConnection): void {
    this.#startClock();
    this.#open.replace(before, this.#handle(socket));
  }

  end(): void {
    clearInterval(this.#clock);
    void this.#successor?.then((successor) => successor.end());
  }

  #accept(socket: Socket): void {
    this.#open.accept(this.#handle(socket));
  }

  #handle(socket: Socket): WireConnection {
    const connection = new WireConnection(socket, this.#shared);
    this.#connections.set(socket, connection);
    for (const [event, listener] of this.#listeners) socket.on(event, listener);
    return connection;
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

  /**
   * Nothing is read while the other engine is being loaded for its first connection: the input waits in the stream,
   * where the end of the connection stays behind it.
   */
  async #handOver(socket: Socket, unread: Buffer): Promise<void> {
    socket.pause();
    socket.unshift(unread);
    this.#successor ??= this.#loadSuccessor?.();
    const successor = await this.#successor;
    const connection = this.#connections.get(socket);
    if (!successor || !connection) return;
    for (const [event, listener] of this.#listeners) socket.off(event, listener);
    this.#connections.delete(socket);
    connection.onClose();
    socket.setTimeout(0);
    successor.adopt(socket, connection);
  }

  #checkTime(): void {
    this.#shared.memo.sweep();
    this.#shared.prepared.sweep();
    const nowMs = performance.now();
    for (const connection of this.#connections.values()) connection.checkTime(nowMs);
  }
}

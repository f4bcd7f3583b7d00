/** The engine `http2`: connections that chose HTTP/2 in their handshake are handled by `node:http2`. */
import type { Socket } from 'node:net';
import type { Connections, OpenConnection } from '../connections.ts';
import type { Limits, Shared } from '../contract.ts';
import { Http2Connection, type StreamCount } from './connection.ts';

/** How often to check for slow clients, and thus the precision of the timeouts. */
const TIMEOUT_CHECK_MS = 500;

export class Http2Engine {
  readonly #shared: Shared<Limits>;
  readonly #open: Connections;
  readonly #connections = new Set<Http2Connection>();
  readonly #count: StreamCount = { open: 0 };
  readonly #clock: NodeJS.Timeout;

  constructor(shared: Shared<Limits>, open: Connections) {
    this.#shared = shared;
    this.#open = open;
    this.#clock = setInterval(() => setImmediate(() => this.#checkTime()), TIMEOUT_CHECK_MS).unref();
  }

  /** Takes over a connection whose handshake is complete. */
  adopt(socket: Socket, before: OpenConnection): void {
    const connection = new Http2Connection(socket, this.#shared, this.#count);
    this.#connections.add(connection);
    this.#open.replace(before, connection);
    socket.once('close', () => {
      this.#connections.delete(connection);
      this.#open.forget(connection);
    });
  }

  /** The last connection is closed. */
  end(): void {
    clearInterval(this.#clock);
  }

  #checkTime(): void {
    const nowMs = performance.now();
    for (const connection of this.#connections) connection.checkTime(nowMs);
  }
}

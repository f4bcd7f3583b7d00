/** The open connections of a server, whichever engine handles them: how many there may be, and how they end. */
import type { Duplex } from 'node:stream';
import { errorPlan } from '../errors.ts';
import type { Plan } from '../types.ts';
import type { Limits, Shared } from './contract.ts';

/** What the connections of both engines have in common. */
export interface OpenConnection {
  readonly socket: Duplex;
  /** No request is being received behind its head or handled, no input waits, and no response is being sent. */
  readonly isIdle: boolean;
  /** Refuses all further input. */
  deny(plan: Plan): void;
  /** Closes immediately, even in the middle of a response, for this reason. */
  cut(fault: string): void;
  /** Ends what is idle, and says that the rest is the last; absent where each response says so itself. */
  drain?(): void;
}

export class Connections {
  readonly #shared: Shared<Limits>;
  readonly #open = new Set<OpenConnection>();
  #onEmpty: (() => void) | undefined;

  constructor(shared: Shared<Limits>) {
    this.#shared = shared;
  }

  /** A new connection; one beyond the limit is refused. */
  accept(connection: OpenConnection): void {
    const { limits, hooks, descriptors, inputTurns } = this.#shared;
    this.#open.add(connection);
    hooks.onConnection(1);
    descriptors.onUse();
    inputTurns.onAccept();
    if (this.#open.size > limits.maxConnections)
      connection.deny(errorPlan('overloaded', ['Retry-After', '1']));
  }

  /** Another object takes over: from the client's view it is the same connection. */
  replace(before: OpenConnection, after: OpenConnection): void {
    this.#open.delete(before);
    this.#open.add(after);
  }

  /** The connection is closed. */
  forget(connection: OpenConnection): void {
    if (!this.#open.delete(connection)) return;
    this.#shared.hooks.onConnection(-1);
    if (this.#open.size === 0) this.#onEmpty?.();
  }

  /**
   * Closes idle connections now and lets all others end after their response. Resolves when none are left, to the
   * number of those that had to be cut after `graceMs`.
   */
  async drain(graceMs: number): Promise<number> {
    this.#shared.state.draining = true;
    // What has arrived is read first: a connection may only seem to be idle. The second turn has polled.
    for (let turn = 0; turn < 2; turn++) await new Promise((resolve) => setImmediate(resolve));
    for (const connection of this.#open) {
      if (connection.isIdle) connection.socket.destroy();
      else connection.drain?.();
    }
    if (this.#open.size === 0) return 0;
    const empty = new Promise<void>((resolve) => (this.#onEmpty = resolve));
    let cut = 0;
    const timer = setTimeout(() => {
      cut = this.#open.size;
      for (const connection of this.#open) connection.cut('the grace time of the shutdown is over');
    }, graceMs);
    await empty;
    clearTimeout(timer);
    return cut;
  }
}

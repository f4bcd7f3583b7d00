/**
 * The HTTP server: an engine that listens, and for `auto` a second one that takes over connections. Both have the
 * same limits, count their connections together, and end them in one drain.
 */
import type { Server } from 'node:net';
import { Descriptors } from '../descriptors.ts';
import type { Address, BoundAddress } from '../listen.ts';
import { Connections } from './connections.ts';
import type { Hooks, Limits, Shared } from './contract.ts';
import { InputTurns } from './input-turns.ts';
import { Listeners } from './listeners.ts';
import { NodeEngine } from './node/server.ts';
import { ACCEPT_OPTIONS, WireEngine } from './wire/server.ts';

/** `auto`: `wire`, which hands over to `node` what it leaves to it. */
export type EngineName = 'auto' | 'node' | 'wire';

/** How many connections over the limit may wait for a 503 at a time; further ones are dropped silently. */
const MAX_REFUSED_CONNECTIONS = 64;

export interface Engine {
  /** Handles the connections that it accepts. */
  readonly listener: Server;
  /** The last connection is closed. */
  end(): void;
}

export class HttpServer {
  readonly #shared: Shared<Limits>;
  readonly #connections: Connections;
  readonly #engines: readonly Engine[];
  readonly #listeners: Listeners;

  constructor(limits: Limits, hooks: Hooks, name: EngineName) {
    const descriptors = new Descriptors(hooks.onExhausted);
    this.#shared = { limits, hooks, inputTurns: new InputTurns(), descriptors, state: { draining: false } };
    this.#connections = new Connections(this.#shared);
    const [first, ...others] = this.#enginesOf(name);
    this.#engines = [first, ...others];
    first.listener.maxConnections = limits.maxConnections + MAX_REFUSED_CONNECTIONS;
    this.#listeners = new Listeners(first.listener, ACCEPT_OPTIONS);
  }

  /** The first one listens. */
  #enginesOf(name: EngineName): [Engine, ...Engine[]] {
    const wire = (successor?: NodeEngine) => new WireEngine(this.#shared, this.#connections, successor);
    if (name === 'wire') return [wire()];
    const node = new NodeEngine(this.#shared, this.#connections);
    return name === 'node' ? [node] : [wire(node), node];
  }

  /** Resolves when connections are accepted at every address; rejects with the system's error. */
  listen(...addresses: [Address, ...Address[]]): Promise<void> {
    return this.#listeners.listen(addresses, (error) => this.#shared.hooks.onFault(error));
  }

  get boundTo(): readonly BoundAddress[] {
    return this.#listeners.boundTo;
  }

  /** The first port; 0 on a unix socket. */
  get port(): number {
    const [address] = this.boundTo;
    return address && 'port' in address ? address.port : 0;
  }

  /**
   * Stops accepting, closes idle connections now and busy ones after their response.
   * Resolves to the number of connections that had to be cut after `graceMs`.
   */
  async stop(graceMs: number): Promise<number> {
    this.#listeners.close();
    const cut = await this.#connections.drain(graceMs);
    for (const engine of this.#engines) engine.end();
    return cut;
  }
}

/** Several addresses for the engine that listens: a server of Node has one. */
import { Server, type ServerOpts } from 'node:net';
import { type Address, type BoundAddress, boundTo, listen } from '../listen.ts';

export class Listeners {
  readonly #first: Server;
  /** What further ones accept, they pass on to the first. */
  readonly #others: Server[] = [];

  readonly #options: ServerOpts;

  /** Further addresses accept with `options`. */
  constructor(first: Server, options: ServerOpts) {
    this.#first = first;
    this.#options = options;
  }

  get #all(): readonly Server[] {
    return [this.#first, ...this.#others];
  }

  /** Resolves when connections are accepted at every address; rejects with the system's error. */
  async listen(addresses: readonly [Address, ...Address[]], onError: (error: Error) => void): Promise<void> {
    const [first, ...others] = addresses;
    await listen(this.#first, first);
    for (const address of others) {
      const server = new Server(this.#options, (socket) => this.#first.emit('connection', socket));
      server.maxConnections = this.#first.maxConnections;
      this.#others.push(server);
      await listen(server, address);
    }
    for (const server of this.#all) server.on('error', onError);
  }

  get boundTo(): readonly BoundAddress[] {
    return this.#all.map(boundTo);
  }

  close(): void {
    // Not by the method of node:http, which has an own notion of idle connections.
    for (const server of this.#all) Server.prototype.close.call(server);
  }
}

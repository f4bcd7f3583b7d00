/**
 * The HTTP server: an engine that listens, and for `auto` a second one that takes over connections. Both have the
 * same limits, count their connections together, and end them in one drain.
 */
import type { Server, Socket } from 'node:net';
import { Descriptors } from '../descriptors.ts';
import type { Address, BoundAddress } from '../listen.ts';
import { guardHooks } from './boundary.ts';
import { Connections, type OpenConnection } from './connections.ts';
import type { Hooks, Limits, Shared } from './contract.ts';
import { InputTurns } from './input-turns.ts';
import { Listeners } from './listeners.ts';
import type { KeyPair, TlsFront } from './tls/front.ts';
import { ACCEPT_OPTIONS, WireEngine } from './wire/server.ts';

/** `auto`: `wire`, which hands over to `node` what it leaves to it. */
export type EngineName = 'auto' | 'node' | 'wire';

/** How many connections over the limit may wait for a 503 at a time; further ones are dropped silently. */
const MAX_REFUSED_CONNECTIONS = 64;

export interface Engine {
  /** Handles the connections that it accepts. */
  readonly listener: Server;
  /** Takes over a connection, nothing of which has been read. */
  adopt(socket: Socket, before: OpenConnection): void;
  /** Called when the last connection is closed. */
  end(): void;
}

/** What only a server with a certificate has. */
interface Secure {
  readonly front: TlsFront;
  readonly http2: { end(): void };
}

export class HttpServer {
  readonly #shared: Shared<Limits>;
  readonly #connections: Connections;
  readonly #engine: Engine;
  readonly #secure: Secure | undefined;
  readonly #listeners: Listeners;

  private constructor(shared: Shared<Limits>, connections: Connections, engine: Engine, secure?: Secure) {
    this.#shared = shared;
    this.#connections = connections;
    this.#engine = engine;
    this.#secure = secure;
    const { listener } = secure?.front ?? engine;
    listener.maxConnections = shared.limits.maxConnections + MAX_REFUSED_CONNECTIONS;
    this.#listeners = new Listeners(listener, ACCEPT_OPTIONS);
  }

  /**
   * `node:http` is loaded only by what needs it: the engine `node`, or the first connection that is handed over.
   * With a key pair the server speaks TLS, and HTTP/2 with clients that can; both are loaded only then.
   */
  static async create(
    limits: Limits,
    hooks: Hooks,
    name: EngineName,
    keyPair?: KeyPair,
  ): Promise<HttpServer> {
    const guarded = guardHooks(hooks);
    const shared: Shared<Limits> = {
      limits,
      hooks: guarded,
      inputTurns: new InputTurns(),
      descriptors: new Descriptors(guarded.onExhausted),
      state: { draining: false },
    };
    const connections = new Connections(shared);
    const loadNode = async () => {
      const { NodeEngine } = await import('./node/server.ts');
      return new NodeEngine(shared, connections);
    };
    const engine =
      name === 'node'
        ? await loadNode()
        : new WireEngine(shared, connections, name === 'auto' ? loadNode : undefined);
    const secure = keyPair && (await secureWith(keyPair, shared, connections, engine));
    return new HttpServer(shared, connections, engine, secure);
  }

  /** New connections get this certificate. Throws if OpenSSL does not take it. */
  renew(keyPair: KeyPair): void {
    this.#secure?.front.renew(keyPair);
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
    this.#engine.end();
    this.#secure?.http2.end();
    return cut;
  }
}

async function secureWith(
  keyPair: KeyPair,
  shared: Shared<Limits>,
  connections: Connections,
  http1: Engine,
): Promise<Secure> {
  const { TlsFront } = await import('./tls/front.ts');
  const { Http2Engine } = await import('./http2/server.ts');
  const http2 = new Http2Engine(shared, connections);
  return {
    front: new TlsFront({ shared, connections, http1, http2, keyPair, accept: ACCEPT_OPTIONS }),
    http2,
  };
}

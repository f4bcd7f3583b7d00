/**
 * A server behind whatever address it has now: connects again with growing pauses, asks the sentinels where the primary
 * is, follows a cluster to the node of its keys. While there is no connection, commands are refused at once instead of
 * being collected.
 */
import { createHash } from 'node:crypto';
import type { RedisAddress, RedisTarget } from '../../util/redis-url.ts';
import { type Login, openConnection, type RedisConnection, RedisUnavailable } from './connection.ts';
import { RedisError, type RedisReply } from './resp.ts';

const FIRST_PAUSE_MS = 100;
const MAX_PAUSE_MS = 5000;
/** A cluster leads to the right node in one step; more say that it is being changed. */
const MAX_REDIRECTIONS = 3;

export interface Script {
  /** Lua. */
  readonly text: string;
  /** Its SHA-1, by which a server knows it. */
  readonly sha: string;
}

export function makeScript(text: string): Script {
  return { text, sha: createHash('sha1').update(text).digest('hex') };
}

export interface RedisClientOptions {
  readonly target: RedisTarget;
  readonly trust: Login['trust'];
  /** One of the keys that are used, all of which have the same hash tag. */
  readonly probeKey: string;
  /** Of messages that are wanted (PUBLISH); the text of each is given. */
  readonly channel: string;
  onMessage(text: string): void;
  /** Connected, and subscribed: what was published before is lost. */
  onUp(): void;
  onDown(reason: string): void;
}

/** Errors after which the connection is of no use: this is not the server that takes writes. */
const movedAway = new Set(['READONLY', 'MASTERDOWN', 'MOVED', 'NOAUTH']);
/** What a server says while it starts, while roles change, or while a cluster moves the keys. */
const passing = new Set([
  'LOADING',
  'BUSY',
  'CLUSTERDOWN',
  'TRYAGAIN',
  'NOREPLICAS',
  'READONLY',
  'MASTERDOWN',
  'MOVED',
  'ASK',
  'MISCONF',
]);
/** The server is there but cannot do it now; the command was not executed. */
const notNow = new Set([...passing, ...movedAway]);

export class RedisClient {
  readonly #options: RedisClientOptions;
  readonly #login: Login;
  #connection: RedisConnection | undefined;
  /** Where the cluster said that the keys are. */
  #moved: RedisAddress | undefined;
  #failures = 0;
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;
  #fault = 'not connected yet';

  constructor(options: RedisClientOptions) {
    const { user, password, database, isSecure } = options.target;
    this.#options = options;
    this.#login = { user, password, database, isSecure, trust: options.trust };
  }

  get isUp(): boolean {
    return this.#connection !== undefined;
  }

  /** Why there is no connection. */
  get fault(): string {
    return this.#fault;
  }

  /** The server that is connected. */
  get place(): string {
    return this.#connection?.place ?? '';
  }

  /**
   * Resolves after the first attempt to connect; goes on with it by itself. Rejects with the {@link RedisError} of a
   * server that refuses what it will refuse again.
   */
  async start(): Promise<void> {
    await this.#tryToConnect(true);
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    this.#connection?.close('the client was closed');
  }

  /** Rejects with a {@link RedisError} or a {@link RedisUnavailable}. */
  async command(words: readonly (string | number)[]): Promise<RedisReply> {
    const connection = this.#connection;
    if (!connection) throw new RedisUnavailable(this.#fault, false);
    try {
      return await connection.send(words);
    } catch (error) {
      throw this.#judge(connection, error);
    }
  }

  /** The keys that a script uses are all named, as a cluster wants it. */
  async run(
    { text, sha }: Script,
    keys: readonly string[],
    args: readonly (string | number)[],
  ): Promise<RedisReply> {
    const operands = [keys.length, ...keys, ...args];
    try {
      return await this.command(['EVALSHA', sha, ...operands]);
    } catch (error) {
      if (!(error instanceof RedisError) || error.code !== 'NOSCRIPT') throw error;
      // It was not executed; EVAL makes the script known as well.
      return await this.command(['EVAL', text, ...operands]);
    }
  }

  #judge(connection: RedisConnection, error: unknown): unknown {
    if (!(error instanceof RedisError) || !notNow.has(error.code)) return error;
    if (movedAway.has(error.code)) {
      this.#moved = movedTo(error, connection.place);
      connection.close(error.message);
    }
    return new RedisUnavailable(`${connection.place}: ${error.message}`, false);
  }

  async #tryToConnect(isFirst = false): Promise<void> {
    try {
      const connection = await this.#connect();
      if (this.#isClosed) return connection.close('the client was closed');
      if (!connection.isOpen) throw new RedisUnavailable(`${connection.place}: closed at once`, false);
      this.#failures = 0;
      this.#connection = connection;
      this.#options.onUp();
    } catch (error) {
      if (isFirst && error instanceof RedisError && !isPassing(error)) throw error;
      this.#fault = (error as Error).message;
      this.#options.onDown(this.#fault);
      this.#plan();
    }
  }

  #plan(): void {
    if (this.#isClosed) return;
    const longestMs = Math.min(MAX_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(this.#failures, 16));
    this.#failures += 1;
    // Replicas that lost the server at the same time do not come back at the same time.
    this.#timer = setTimeout(() => void this.#tryToConnect(), longestMs * (0.5 + Math.random() / 2));
  }

  async #connect(): Promise<RedisConnection> {
    const moved = this.#moved;
    this.#moved = undefined;
    const address = moved ?? (await this.#whereItIs());
    return this.#follow(address, MAX_REDIRECTIONS);
  }

  /** Only sentinels are several. */
  async #whereItIs(): Promise<RedisAddress> {
    const { addresses, sentinel } = this.#options.target;
    if (sentinel === undefined) return addresses[0];
    let last: unknown;
    for (const address of addresses) {
      try {
        return await this.#askSentinel(address, sentinel);
      } catch (error) {
        last = error;
      }
    }
    throw last;
  }

  /** Sentinels often have no password although the servers have one. */
  async #askSentinel(address: RedisAddress, name: string): Promise<RedisAddress> {
    const anonymous = { ...this.#login, password: '', database: 0 };
    const connection = await openConnection(address, anonymous, silent).catch((error) => {
      if (!(error instanceof RedisError) || error.code !== 'NOAUTH') throw error;
      return openConnection(address, { ...this.#login, database: 0 }, silent);
    });
    try {
      const reply = await connection.send(['SENTINEL', 'GET-MASTER-ADDR-BY-NAME', name]).catch((error) => {
        const isServer = error instanceof RedisError && /unknown command/i.test(error.message);
        throw isServer ? new RedisError(`${connection.place} is a server, and no sentinel`) : error;
      });
      const [host, port] = Array.isArray(reply) ? (reply as readonly RedisReply[]) : [];
      if (typeof host !== 'string') {
        throw new RedisUnavailable(`${connection.place}: this sentinel knows no ${name}`, false);
      }
      return { kind: 'tcp', host, port: Number(port) };
    } finally {
      connection.close('asked');
    }
  }

  /** Connects, and goes on to the node that has the keys. */
  async #follow(address: RedisAddress, left: number): Promise<RedisConnection> {
    const connection = await openConnection(address, this.#login, {
      onPush: (push) => this.#onPush(push),
      onClose: (closed, reason) => this.#onClose(closed, reason),
    });
    try {
      await this.#prepare(connection);
      return connection;
    } catch (error) {
      connection.close('it is of no use');
      const next = error instanceof RedisError ? movedTo(error, connection.place) : undefined;
      if (!next || left === 0) throw error;
      return this.#follow(next, left - 1);
    }
  }

  /** PING would say nothing: it is answered by a server that refuses all else. */
  async #prepare(connection: RedisConnection): Promise<void> {
    const { probeKey, channel } = this.#options;
    const role = await connection.send(['ROLE']);
    const kind = Array.isArray(role) ? String(role[0]) : '';
    if (kind !== 'master')
      throw new RedisUnavailable(`${connection.place} is a ${kind}, not the primary`, false);
    await connection.send(['EXISTS', probeKey]);
    await connection.send(['SUBSCRIBE', channel]);
  }

  #onPush([kind, , text]: readonly RedisReply[]): void {
    if (kind === 'message' && typeof text === 'string') this.#options.onMessage(text);
  }

  #onClose(connection: RedisConnection, reason: string): void {
    if (this.#connection !== connection) return;
    this.#connection = undefined;
    this.#fault = reason;
    if (this.#isClosed) return;
    this.#options.onDown(reason);
    this.#plan();
  }
}

function isPassing({ code, message }: RedisError): boolean {
  return passing.has(code) || message.startsWith('ERR max number of clients');
}

const silent = { onPush: () => undefined, onClose: () => undefined };

/** `MOVED 3999 host:port`; an empty host is that of the node which said it. */
function movedTo({ code, message }: RedisError, from: string): RedisAddress | undefined {
  if (code !== 'MOVED') return undefined;
  const place = message.split(' ')[2] ?? '';
  const colon = place.lastIndexOf(':');
  const port = Number(place.slice(colon + 1));
  if (colon < 0 || !(port > 0 && port < 65_536)) return undefined;
  const host = place.slice(0, colon) || from.slice(0, from.lastIndexOf(':'));
  return { kind: 'tcp', host: host.replace(/^\[|\]$/g, ''), port };
}

/**
 * One connection to a Redis or Valkey server. A command is sent once: where its reply is lost, it is unknown whether it
 * was executed, and nobody here repeats it.
 */
import type { Socket } from 'node:net';
import type { SecureContext } from 'node:tls';
import { placeOf, type RedisAddress } from '../../util/redis-url.ts';
import { dial, dialUnix, secure } from '../connect.ts';
import { networkFaultOf } from '../network-fault.ts';
import { RedisError, type RedisOutput, type RedisReply, ReplyReader, renderCommand } from './resp.ts';

/** For lookup, connection and TLS together; each command of the login has the time of a reply. */
const LOGIN_TIMEOUT_MS = 5000;
/** A connection on which a reply takes longer is closed, or a late reply would be taken for that of another command. */
export const REPLY_TIMEOUT_MS = 5000;
/** Commands that wait for their replies. */
const MAX_PENDING = 10_000;
/** What the kernel has not taken yet. */
const MAX_UNSENT_BYTES = 64 * 1024 * 1024;
/** Of Redis, for flags of scripts; the first Valkey was 7.2. */
const OLDEST_MAJOR = 7;
const OLDEST = 'Redis 7.0 or Valkey 7.2 is the oldest that will do';

/** The server could not be asked, or its reply got lost. */
export class RedisUnavailable extends Error {
  /** Whether the command may have been executed. */
  readonly isUnknown: boolean;

  constructor(message: string, isUnknown: boolean) {
    super(message);
    this.name = 'RedisUnavailable';
    this.isUnknown = isUnknown;
  }
}

export interface Login {
  readonly user: string;
  readonly password: string;
  readonly database: number;
  readonly isSecure: boolean;
  /** The CAs to trust. */
  readonly trust: () => SecureContext;
}

export interface ConnectionEvents {
  /** Something that the server says unasked. */
  onPush(push: readonly RedisReply[]): void;
  /** Once, after the last command was rejected; also where the login failed. */
  onClose(connection: RedisConnection, reason: string): void;
}

interface Pending {
  readonly resolve: (reply: RedisReply) => void;
  readonly reject: (error: Error) => void;
  /** It is confirmed by a push, or refused by an error. */
  readonly isSubscription: boolean;
  readonly untilMs: number;
}

/** Rejects with a {@link RedisUnavailable}, or with the {@link RedisError} by which the server refuses. */
export async function openConnection(
  address: RedisAddress,
  login: Login,
  events: ConnectionEvents,
): Promise<RedisConnection> {
  const limit = AbortSignal.timeout(LOGIN_TIMEOUT_MS);
  let socket: Socket;
  try {
    socket = await reach(address, login, limit);
  } catch (error) {
    throw new RedisUnavailable(`${placeOf(address)}: ${networkFaultOf(error)}`, false);
  }
  const connection = new RedisConnection(socket, placeOf(address), events);
  try {
    await logIn(connection, login);
    return connection;
  } catch (error) {
    connection.close('the server refused the login');
    throw error;
  }
}

async function reach(address: RedisAddress, login: Login, signal: AbortSignal): Promise<Socket> {
  if (address.kind === 'unix') return dialUnix(address.path, signal);
  const socket = await dial(address, signal);
  socket.setNoDelay(true);
  socket.setKeepAlive(true, 60_000);
  return login.isSecure ? secure(socket, { host: address.host, trust: login.trust }, signal) : socket;
}

async function logIn(connection: RedisConnection, { user, password, database }: Login): Promise<void> {
  const credentials = password === '' ? [] : ['AUTH', user === '' ? 'default' : user, password];
  const hello = await connection.send(['HELLO', '3', ...credentials, 'SETNAME', 'mote']).catch(refuseOld);
  const version = versionIn(hello);
  if (isTooOld(version)) throw new RedisError(`it is version ${version}; ${OLDEST}`);
  if (database > 0) await connection.send(['SELECT', database]);
}

/** Its own words would quote the password. */
function refuseOld(error: unknown): never {
  const isOld = error instanceof RedisError && /unknown command|^NOPROTO/i.test(error.message);
  throw isOld ? new RedisError(`it does not speak RESP3; ${OLDEST}`) : error;
}

/** Of the reply to HELLO, a map: `server`, `version` and more. */
function versionIn(hello: RedisReply): string {
  const parts = Array.isArray(hello) ? (hello as readonly RedisReply[]) : [];
  const at = parts.indexOf('version');
  return at < 0 ? '' : String(parts[at + 1]);
}

/** What does not tell its version is taken for new. */
function isTooOld(version: string): boolean {
  return Number.parseInt(version, 10) < OLDEST_MAJOR;
}

export class RedisConnection {
  readonly place: string;
  readonly #socket: Socket;
  readonly #events: ConnectionEvents;
  readonly #reader = new ReplyReader();
  readonly #pending: Pending[] = [];
  #timer: NodeJS.Timeout | undefined;
  #isOpen = true;

  constructor(socket: Socket, place: string, events: ConnectionEvents) {
    this.place = place;
    this.#socket = socket;
    this.#events = events;
    socket.on('data', (bytes: Buffer) => this.#take(bytes));
    socket.on('error', (error) => this.close(networkFaultOf(error)));
    socket.on('close', () => this.close('the server closed the connection'));
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Rejects with a {@link RedisError} or a {@link RedisUnavailable}. */
  send(words: readonly (string | number)[]): Promise<RedisReply> {
    const isSubscription = words[0] === 'SUBSCRIBE';
    const { promise, resolve, reject } = Promise.withResolvers<RedisReply>();
    if (
      !this.#isOpen ||
      this.#pending.length >= MAX_PENDING ||
      this.#socket.writableLength > MAX_UNSENT_BYTES
    ) {
      reject(
        new RedisUnavailable(this.#isOpen ? 'too many commands wait' : 'the connection is closed', false),
      );
      return promise;
    }
    this.#pending.push({ resolve, reject, isSubscription, untilMs: performance.now() + REPLY_TIMEOUT_MS });
    this.#socket.write(renderCommand(words));
    this.#watch();
    return promise;
  }

  /** All that wait are rejected. */
  close(reason: string): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    clearTimeout(this.#timer);
    this.#socket.destroy();
    const error = new RedisUnavailable(`${this.place}: ${reason}`, true);
    for (const { reject } of this.#pending.splice(0)) reject(error);
    this.#events.onClose(this, error.message);
  }

  #take(bytes: Buffer): void {
    try {
      for (const found of this.#reader.take(bytes)) this.#settle(found);
    } catch (error) {
      this.close((error as Error).message);
    }
  }

  #settle({ isPush, reply }: RedisOutput): void {
    if (!this.#isOpen) return;
    if (isPush) return this.#settlePush(reply as readonly RedisReply[]);
    const pending = this.#pending.shift();
    if (!pending) return this.close('it replied to nothing');
    if (reply instanceof RedisError) pending.reject(reply);
    else pending.resolve(reply);
  }

  #settlePush(push: readonly RedisReply[]): void {
    const isConfirmation = push[0] === 'subscribe' && this.#pending[0]?.isSubscription;
    if (isConfirmation) this.#pending.shift()?.resolve(null);
    else this.#events.onPush(push);
  }

  /** One timer for all commands: their replies come in turn. */
  #watch(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      const [oldest] = this.#pending;
      if (!oldest || !this.#isOpen) return;
      if (performance.now() >= oldest.untilMs) this.close(`no reply within ${REPLY_TIMEOUT_MS / 1000} s`);
      else this.#watch();
    }, this.#leftMs());
  }

  #leftMs(): number {
    const [oldest] = this.#pending;
    return oldest ? Math.max(1, Math.ceil(oldest.untilMs - performance.now())) : REPLY_TIMEOUT_MS;
  }
}

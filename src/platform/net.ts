/** Node's `net`: sockets and servers over descriptors of the host, and IP addresses. */
import { Buffer } from './buffer.ts';
import { Duplex } from './duplex.ts';
import { EventEmitter } from './events.ts';
import { callSync, EVENTS, host, systemError } from './host.ts';
import { isIP } from './ip.ts';
import { type LookupFunction, lookup } from './lookup.ts';
import { setInterest, setReferenced, setTimeout, unwatch, watch } from './loop.ts';

export { BlockList, isIP, isIPv4, isIPv6, SocketAddress } from './ip.ts';
export type { LookupFunction } from './lookup.ts';

/** What one read takes at most: connections take turns. */
const READ_BYTES = 65536;
const EAGAIN = -11;
const ECONNABORTED = -103;
const nothing = new Uint8Array(0);

export interface NetConnectOpts {
  readonly port?: number;
  readonly host?: string;
  readonly path?: string;
  readonly lookup?: LookupFunction | undefined;
  readonly family?: number;
  readonly signal?: AbortSignal | undefined;
  readonly noDelay?: boolean;
  readonly allowHalfOpen?: boolean;
  readonly timeout?: number;
}

export class Socket extends Duplex {
  connecting = false;
  remoteAddress: string | undefined;
  remotePort: number | undefined;
  localAddress: string | undefined;
  localPort: number | undefined;
  #descriptor = -1;
  #isReading = true;
  #isFull = false;
  #isReferenced = true;

  constructor({ allowHalfOpen = false, highWaterMark }: ServerOptions = {}) {
    super();
    this.allowHalfOpen = allowHalfOpen;
    if (highWaterMark !== undefined) this.highWaterMark = highWaterMark;
  }

  /** Takes over a connected descriptor. */
  adopt(descriptor: number): void {
    this.#descriptor = descriptor;
    [this.remoteAddress, this.remotePort] = addressOf(descriptor, true);
    watch(descriptor, this.#onEvents, this.#interest, this.#isReferenced);
  }

  get #interest(): number {
    if (this.connecting) return EVENTS.writable;
    return (this.#isReading ? EVENTS.readable : 0) | (this.#isFull ? EVENTS.writable : 0);
  }

  #update(): void {
    if (this.#descriptor >= 0) setInterest(this.#descriptor, this.#interest);
  }

  readonly #onEvents = (events: number): void => {
    if (this.connecting) return this.#onConnected();
    if (events & EVENTS.readable && this.#isReading) this.#read();
    if (this.destroyed) return;
    if (events & EVENTS.writable) this.flush();
    if (this.destroyed) return;
    // Without interest in reading the kernel still tells of failures, again and again: the connection is lost.
    if (events & (EVENTS.failed | EVENTS.hungUp) && !(events & EVENTS.readable)) this.#onFailure();
  };

  #onFailure(): void {
    const error = host.connectError(this.#descriptor);
    this.destroy(error < 0 ? systemError(error, 'read') : undefined);
  }

  #read(): void {
    const answer = host.read(this.#descriptor, READ_BYTES);
    if (typeof answer === 'number') {
      if (answer !== EAGAIN) this.destroy(systemError(answer, 'read'));
    } else if (answer.byteLength === 0) {
      this.receivedEnd();
    } else {
      this.received(new Buffer(answer));
    }
  }

  protected override setReading(isReading: boolean): void {
    if (this.#isReading === isReading) return;
    this.#isReading = isReading;
    this.#update();
  }

  /** A text and the bytes after it leave in one system call. */
  protected override flush(): void {
    if (this.connecting || this.isCorked || this.#descriptor < 0) return;
    for (let first = this.pending[0]; first; first = this.pending[0]) {
      const { content } = first;
      const second = this.pending[1]?.content;
      const count =
        typeof content !== 'string'
          ? content.length === 0
            ? 0
            : host.write(this.#descriptor, content)
          : host.writeHead(this.#descriptor, content, typeof second === 'object' ? second : nothing);
      if (count < 0) return this.#onWriteError(count);
      const wanted =
        content.length + (typeof content === 'string' && typeof second === 'object' ? second.length : 0);
      this.sent(count);
      if (count < wanted) return this.#setFull(true);
    }
    this.#setFull(false);
  }

  #onWriteError(result: number): void {
    if (result === EAGAIN) this.#setFull(true);
    else this.destroy(systemError(result, 'write'));
  }

  #setFull(isFull: boolean): void {
    if (this.#isFull === isFull) return;
    this.#isFull = isFull;
    this.#update();
  }

  protected override get canEnd(): boolean {
    return !this.connecting;
  }

  protected override sendEnd(): void {
    if (this.#descriptor >= 0) host.shutdown(this.#descriptor);
  }

  protected override release(): void {
    this.connecting = false;
    if (this.#descriptor < 0) return;
    unwatch(this.#descriptor);
    host.close(this.#descriptor);
    this.#descriptor = -1;
  }

  connect(options: NetConnectOpts, listener?: () => void): this {
    if (listener) this.once('connect', listener);
    this.connecting = true;
    if (options.allowHalfOpen) this.allowHalfOpen = true;
    if (options.timeout) this.setTimeout(options.timeout);
    const { signal } = options;
    signal?.addEventListener('abort', () => this.destroy(signal.reason as Error));
    void this.#open(options).catch((error) => this.destroy(error));
    return this;
  }

  async #open({
    path,
    host: name = 'localhost',
    port = 0,
    lookup: find = lookup,
    family = 0,
  }: NetConnectOpts) {
    if (path !== undefined) return this.#connectTo(path, 0);
    if (isIP(name)) return this.#connectTo(name, port);
    const address = await new Promise<string>((resolve, reject) => {
      find(name, { family, all: false }, (error, found) => {
        if (error) reject(error);
        else resolve(typeof found === 'string' ? found : (found[0]?.address ?? ''));
      });
    });
    this.emit('lookup', null, address, isIP(address), name);
    this.#connectTo(address, port);
  }

  #connectTo(address: string, port: number): void {
    if (this.destroyed) return;
    const about = port === 0 ? ` ${address}` : ` ${address}:${port}`;
    const descriptor = host.connect(address, port);
    if (descriptor < 0) return void this.destroy(systemError(descriptor, 'connect', about));
    this.#descriptor = descriptor;
    this.remoteAddress = address;
    this.remotePort = port;
    watch(descriptor, this.#onEvents, this.#interest, this.#isReferenced);
  }

  #onConnected(): void {
    const about = ` ${this.remoteAddress}:${this.remotePort}`;
    const error = host.connectError(this.#descriptor);
    if (error < 0) return void this.destroy(systemError(error, 'connect', about));
    this.connecting = false;
    host.noDelay(this.#descriptor, true);
    [this.localAddress, this.localPort] = addressOf(this.#descriptor, false);
    this.#update();
    this.emit('connect');
    this.emit('ready');
    if (this.destroyed) return;
    this.flush();
    if (this.writableEnded && this.writableLength === 0) this.sent(0);
  }

  setNoDelay(on = true): this {
    if (this.#descriptor >= 0) host.noDelay(this.#descriptor, on);
    return this;
  }

  /** Connections of mote end by its own deadlines. */
  setKeepAlive(): this {
    return this;
  }

  ref(): this {
    this.#isReferenced = true;
    if (this.#descriptor >= 0) setReferenced(this.#descriptor, true);
    return this;
  }

  unref(): this {
    this.#isReferenced = false;
    if (this.#descriptor >= 0) setReferenced(this.#descriptor, false);
    return this;
  }
}

function addressOf(
  descriptor: number,
  isPeer: boolean,
): [address: string | undefined, port: number | undefined] {
  const text = host.address(descriptor, isPeer);
  const [address, port] = text.split(' ');
  return text === '' || text.includes('/') ? [undefined, undefined] : [address, Number(port)];
}

export interface ServerOptions {
  readonly allowHalfOpen?: boolean;
  readonly noDelay?: boolean;
  readonly highWaterMark?: number;
}

export interface ListenOptions {
  readonly host?: string;
  readonly port?: number;
  readonly path?: string;
  /** A socket that was inherited. */
  readonly fd?: number;
  readonly backlog?: number;
}

/** Connections accepted in one turn: a burst must not hold up those that are open. */
const MAX_ACCEPTS = 16;
const BACKLOG = 511;
/** Out of descriptors: how long the server does not accept. The kernel keeps what waits. */
const EXHAUSTED_MS = 100;

export class Server extends EventEmitter {
  maxConnections = Number.POSITIVE_INFINITY;
  listening = false;
  readonly #options: ServerOptions;
  readonly #sockets = new Set<Socket>();
  #descriptor = -1;
  #isClosing = false;
  #isInherited = false;
  #port = 0;
  #host = '';
  #path: string | undefined;

  constructor(options: ServerOptions = {}, listener?: (socket: Socket) => void) {
    super();
    this.#options = options;
    if (listener) this.on('connection', listener);
  }

  listen(where: ListenOptions | string, listener?: () => void): this {
    const options: ListenOptions = typeof where === 'string' ? { path: where } : where;
    const { host: name, port = 0, path, fd, backlog = BACKLOG } = options;
    if (listener) this.once('listening', listener);
    const attempt = async () => {
      if (fd !== undefined) return this.#inherit(fd, backlog);
      if (path !== undefined) return this.#listenAt(path, 0, backlog);
      if (name === undefined) {
        // As Node does: both families if there is IPv6, else IPv4 alone.
        const both = host.listen('::', port, backlog);
        return both >= 0 || both === EADDRINUSE
          ? this.#take(both, '::', port)
          : this.#listenAt('0.0.0.0', port, backlog);
      }
      const address = isIP(name) ? name : await addressFor(name);
      this.#listenAt(address, port, backlog);
    };
    void attempt().catch((error) => this.emit('error', error));
    return this;
  }

  #listenAt(address: string, port: number, backlog: number): void {
    this.#take(host.listen(address, port, backlog), address, port);
  }

  #inherit(fd: number, backlog: number): void {
    const descriptor = host.inherit(fd, backlog);
    if (descriptor < 0) throw systemError(descriptor, 'listen');
    const place = host.address(descriptor, false);
    const [address = '', port = '0'] = place.includes('/') ? [place] : place.split(' ');
    this.#take(descriptor, address, Number(port));
    // Who made its file removes it.
    this.#isInherited = true;
  }

  #take(descriptor: number, address: string, port: number): void {
    if (descriptor < 0) {
      const about = address.includes('/') ? ` ${address}` : ` ${address}:${port}`;
      throw Object.assign(systemError(descriptor, 'listen', about), { address, port });
    }
    this.#descriptor = descriptor;
    if (address.includes('/')) this.#path = address;
    else [this.#host, this.#port] = [address, addressOf(descriptor, false)[1] ?? port];
    this.listening = true;
    watch(descriptor, () => this.#accept(), EVENTS.readable);
    host.queueMicrotask(() => this.listening && this.emit('listening'));
  }

  #accept(): void {
    for (let i = 0; i < MAX_ACCEPTS && this.#descriptor >= 0; i += 1) {
      const descriptor = host.accept(this.#descriptor);
      if (descriptor === EAGAIN) return;
      if (descriptor === ECONNABORTED) continue;
      if (descriptor < 0) return this.#rest(descriptor);
      this.#open(descriptor);
    }
  }

  #rest(result: number): void {
    setInterest(this.#descriptor, 0);
    setTimeout(() => setInterest(this.#descriptor, EVENTS.readable), EXHAUSTED_MS).unref();
    this.emit('error', systemError(result, 'accept'));
  }

  #open(descriptor: number): void {
    if (this.#sockets.size >= this.maxConnections) {
      host.close(descriptor);
      this.emit('drop', {});
      return;
    }
    const socket = new Socket(this.#options);
    socket.adopt(descriptor);
    if (this.#options.noDelay && this.#path === undefined) socket.setNoDelay(true);
    this.#sockets.add(socket);
    socket.once('close', () => {
      this.#sockets.delete(socket);
      this.#closeIfOver();
    });
    this.emit('connection', socket);
  }

  address(): { address: string; port: number; family: string } | string | null {
    if (this.#descriptor < 0) return null;
    if (this.#path !== undefined) return this.#isInherited ? null : this.#path;
    return { address: this.#host, port: this.#port, family: this.#host.includes(':') ? 'IPv6' : 'IPv4' };
  }

  close(listener?: (error?: Error) => void): this {
    if (listener) this.once('close', () => listener());
    this.#isClosing = true;
    if (this.#descriptor >= 0) {
      unwatch(this.#descriptor);
      host.close(this.#descriptor);
      this.#descriptor = -1;
      if (this.#path !== undefined && !this.#isInherited) removeSocket(this.#path);
    }
    this.listening = false;
    host.queueMicrotask(() => this.#closeIfOver());
    return this;
  }

  #closeIfOver(): void {
    if (!this.#isClosing || this.#sockets.size > 0) return;
    this.#isClosing = false;
    this.emit('close');
  }

  ref(): this {
    if (this.#descriptor >= 0) setReferenced(this.#descriptor, true);
    return this;
  }

  unref(): this {
    if (this.#descriptor >= 0) setReferenced(this.#descriptor, false);
    return this;
  }
}

const EADDRINUSE = -98;

/** Somebody else may have removed it. */
function removeSocket(path: string): void {
  try {
    callSync('unlink', path);
  } catch {
    // Nothing to remove.
  }
}

async function addressFor(name: string): Promise<string> {
  return new Promise((resolve, reject) => {
    lookup(name, { family: 0, all: false }, (error, found) => {
      if (error) reject(error);
      else resolve(found as string);
    });
  });
}

export function connect(where: NetConnectOpts | string, listener?: () => void): Socket {
  const options = typeof where === 'string' ? { path: where } : where;
  return new Socket(options).connect(options, listener);
}

export const createConnection: typeof connect = connect;

export function createServer(options: ServerOptions, listener?: (socket: Socket) => void): Server {
  return new Server(options, listener);
}

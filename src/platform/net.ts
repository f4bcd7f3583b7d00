/** Node's `net`: servers over descriptors of the host, and what else of it the product uses. */
import { EventEmitter } from './events.ts';
import { callSync, EVENTS, host, systemError } from './host.ts';
import { isIP } from './ip.ts';
import { addressesOf } from './lookup.ts';
import { setInterest, setReferenced, setTimeout, unwatch, watch } from './loop.ts';
import { addressOf, type NetConnectOpts, type ServerOptions, Socket } from './socket.ts';

export { BlockList, isIP, isIPv4, isIPv6, SocketAddress } from './ip.ts';
export type { LookupFunction } from './lookup.ts';
export { type NetConnectOpts, Socket } from './socket.ts';

const EAGAIN = -11;
const ECONNABORTED = -103;

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
  #connections = 0;
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

  listen(where: ListenOptions | string, queueOrListener?: number | (() => void), last?: () => void): this {
    const options: ListenOptions = typeof where === 'string' ? { path: where } : where;
    const queue = typeof queueOrListener === 'number' ? queueOrListener : BACKLOG;
    const listener = typeof queueOrListener === 'function' ? queueOrListener : last;
    const { host: name, port = 0, path, fd, backlog = queue } = options;
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
    watch(descriptor, { onEvents: () => this.#accept() }, EVENTS.readable);
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
    if (this.#connections >= this.maxConnections) {
      host.close(descriptor);
      this.emit('drop', {});
      return;
    }
    const socket = new Socket(this.#options);
    socket.adopt(descriptor);
    if (this.#options.noDelay && this.#path === undefined) socket.setNoDelay(true);
    this.#connections += 1;
    socket.on('close', this.#onClosed);
    this.emit('connection', socket);
  }

  /** One for all sockets: a listener of its own would be a fifth of what a connection takes. */
  readonly #onClosed = (): void => {
    this.#connections -= 1;
    this.#closeIfOver();
  };

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
    if (!this.#isClosing || this.#connections > 0) return;
    this.#isClosing = false;
    this.emit('close');
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
  const all = await addressesOf(name);
  // A name that has both is usually asked for by the older one.
  return (all.find(({ family }) => family === 4) ?? all[0])?.address ?? '';
}

export function connect(where: NetConnectOpts | string, listener?: () => void): Socket {
  const options = typeof where === 'string' ? { path: where } : where;
  return new Socket(options).connect(options, listener);
}

export const createConnection: typeof connect = connect;

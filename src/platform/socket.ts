/** A TCP or unix socket over a descriptor of the host. */
import { Buffer } from './buffer.ts';
import { Duplex } from './duplex.ts';
import { EVENTS, host, systemError } from './host.ts';
import { isIP } from './ip.ts';
import { addressesOf, type LookupAddress, type LookupFunction } from './lookup.ts';
import { clearTimeout, setInterest, setReferenced, setTimeout, type Timer, unwatch, watch } from './loop.ts';

/** What one read takes at most: connections take turns. */
const READ_BYTES = 65536;
const { readable, writable, failed, hungUp } = EVENTS;
const EAGAIN = -11;
const ETIMEDOUT = -110;
/** How long one of several addresses is waited for. */
const ATTEMPT_MS = 250;
const nobody: readonly string[] = [];

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
  readonly autoSelectFamilyAttemptTimeout?: number;
}

export class Socket extends Duplex {
  connecting = false;
  remoteAddress: string | undefined;
  remotePort: number | undefined;
  #descriptor = -1;
  #isReading = true;
  #isFull = false;
  #isReferenced = true;
  /** Addresses to try if the one before cannot be reached, or not in time (RFC 8305). */
  #others: readonly string[] = nobody;
  #attemptMs = ATTEMPT_MS;
  #attempt: Timer | undefined;

  constructor({ allowHalfOpen = false, highWaterMark }: ServerOptions = {}) {
    super();
    this.allowHalfOpen = allowHalfOpen;
    if (highWaterMark !== undefined) this.highWaterMark = highWaterMark;
  }

  /** Takes over a connected descriptor. */
  adopt(descriptor: number): void {
    this.#descriptor = descriptor;
    [this.remoteAddress, this.remotePort] = addressOf(descriptor, true);
    watch(descriptor, this, this.#interest, this.#isReferenced);
  }

  get #interest(): number {
    if (this.connecting) return writable;
    return (this.#isReading ? readable : 0) | (this.#isFull ? writable : 0);
  }

  #update(): void {
    if (this.#descriptor >= 0) setInterest(this.#descriptor, this.#interest);
  }

  onEvents(events: number): void {
    if (events & readable && this.#isReading) {
      const answer = host.read(this.#descriptor, READ_BYTES);
      if (typeof answer !== 'number') this.received(new Buffer(answer));
      else if (answer === 0) this.receivedEnd();
      else if (answer !== EAGAIN) this.destroy(systemError(answer, 'read'));
    }
    if (events === readable || this.destroyed) return;
    if (this.connecting) return this.#onConnected();
    if (events & writable) this.flush();
    if (this.destroyed) return;
    // Without interest in reading the kernel still tells of failures, again and again: the connection is lost.
    if (events & (failed | hungUp) && !(events & readable)) this.#onFailure();
  }

  #onFailure(): void {
    const error = host.connectError(this.#descriptor);
    this.destroy(error < 0 ? systemError(error, 'read') : undefined);
  }

  protected override setReading(isReading: boolean): void {
    if (this.#isReading === isReading) return;
    this.#isReading = isReading;
    this.#update();
  }

  protected override get canSend(): boolean {
    return this.#descriptor >= 0 && !this.connecting;
  }

  /** Both in one system call. */
  protected override send(content: string | Uint8Array, more: Uint8Array): number {
    const count =
      typeof content === 'string'
        ? host.writeHead(this.#descriptor, content, more)
        : host.write(this.#descriptor, content);
    if (count >= 0) return count;
    if (count !== EAGAIN) this.destroy(systemError(count, 'write'));
    return 0;
  }

  protected override setFull(isFull: boolean): void {
    this.#isFull = isFull;
    this.#update();
  }

  protected override sendEnd(): void {
    if (this.#descriptor >= 0) host.shutdown(this.#descriptor);
  }

  protected override release(): void {
    this.connecting = false;
    clearTimeout(this.#attempt);
    this.#closeDescriptor();
  }

  #closeDescriptor(): void {
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

  async #open({ path, host: name = 'localhost', port = 0, family = 0, ...options }: NetConnectOpts) {
    if (path !== undefined) return this.#connectTo(path, 0);
    if (isIP(name)) return this.#connectTo(name, port);
    const found = await addressesOf(name, family, options.lookup);
    const [first, ...others] = alternating(found);
    this.#others = others;
    this.#attemptMs = options.autoSelectFamilyAttemptTimeout ?? ATTEMPT_MS;
    if (first !== undefined) this.#connectTo(first, port);
  }

  #connectTo(address: string, port: number): void {
    if (this.destroyed) return;
    this.remoteAddress = address;
    this.remotePort = port;
    const descriptor = host.connect(address, port);
    if (descriptor < 0) return this.#failAttempt(descriptor);
    this.#descriptor = descriptor;
    watch(descriptor, this, this.#interest, this.#isReferenced);
    if (this.#others.length > 0)
      this.#attempt = setTimeout(() => this.#failAttempt(ETIMEDOUT), this.#attemptMs);
  }

  /** Goes on to the next address, if there is one. */
  #failAttempt(result: number): void {
    clearTimeout(this.#attempt);
    const [address, port = 0] = [this.remoteAddress, this.remotePort];
    const [next, ...others] = this.#others;
    this.#others = others;
    const about = port === 0 ? ` ${address}` : ` ${address}:${port}`;
    if (next === undefined) return void this.destroy(systemError(result, 'connect', about));
    this.#closeDescriptor();
    this.#connectTo(next, port);
  }

  #onConnected(): void {
    const error = host.connectError(this.#descriptor);
    if (error < 0) return this.#failAttempt(error);
    clearTimeout(this.#attempt);
    this.connecting = false;
    host.noDelay(this.#descriptor, true);
    this.#update();
    this.emit('connect');
    if (!this.destroyed) this.flush();
  }

  setNoDelay(on = true): this {
    if (this.#descriptor >= 0) host.noDelay(this.#descriptor, on);
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

/** The families in turn, as the resolver orders them: a network may lack one of them. */
function alternating(found: readonly LookupAddress[]): string[] {
  const [first] = found;
  const same = found.filter(({ family }) => family === first?.family);
  const other = found.filter(({ family }) => family !== first?.family);
  return found.flatMap((_, i) => [same[i], other[i]].flatMap((one) => one?.address ?? []));
}

export function addressOf(
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

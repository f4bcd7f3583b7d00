/** Node's `tls`, for connections that mote opens: the session of the host over a socket. */
import { Buffer } from './buffer.ts';
import { Duplex } from './duplex.ts';
import { host } from './host.ts';
import { isIP } from './ip.ts';
import { connect as connectSocket, type Socket } from './net.ts';

export class SecureContext {
  readonly trust: object;

  constructor(trust: object) {
    this.trust = trust;
  }
}

const certificate = /-----BEGIN (?:TRUSTED )?CERTIFICATE-----([A-Za-z\d+/=\s]*)-----END/g;

/** Certificates in PEM; what is around them is ignored. */
export function createSecureContext({ ca }: { readonly ca: string }): SecureContext {
  const der = Array.from(ca.matchAll(certificate), ([, text = '']) => Buffer.from(text, 'base64'));
  const lengths = Int32Array.from(der, ({ length }) => length);
  return new SecureContext(host.trust(Buffer.concat(der), lengths));
}

/** Flags of a refused certificate (x509.h of Mbed TLS), the most telling first. */
const flags: readonly (readonly [flag: number, code: string, message: string])[] = [
  [0x01, 'CERT_HAS_EXPIRED', 'certificate has expired'],
  [0x02, 'CERT_REVOKED', 'certificate is revoked'],
  [0x200, 'CERT_NOT_YET_VALID', 'certificate is not yet valid'],
  [0x08, 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY', 'unable to get local issuer certificate'],
  [0x04, 'ERR_TLS_CERT_ALTNAME_INVALID', 'the certificate is for another host'],
];

/** The alert of a peer, and what its handshake may do against the rules, by the numbers of Mbed TLS. */
const faults: Readonly<Record<string, readonly [code: string, message: string]>> = {
  '7780': ['ERR_SSL_TLS_ALERT', 'the peer refused the handshake'],
  '7200': ['ERR_SSL_WRONG_VERSION_NUMBER', 'the peer does not speak TLS'],
  '6e80': ['ERR_SSL_UNSUPPORTED_PROTOCOL', 'the peer offers no version of TLS that is allowed'],
};

function faultOf(session: object): Error {
  const [number = '', shown = '0'] = host.tlsFault(session).split(' ');
  const seen = Number.parseInt(shown, 16);
  const flag = flags.find(([bit]) => seen & bit && seen !== 0xffffffff);
  const [code, message] = flag
    ? [flag[1], flag[2]]
    : (faults[number] ?? [`ERR_TLS_${number.toUpperCase()}`, `the TLS handshake failed (0x${number})`]);
  return Object.assign(new Error(message), { code });
}

interface SessionOptions {
  readonly host?: string;
  /** Empty where the host is an address, which has no such name. */
  readonly servername?: string;
  readonly secureContext: SecureContext;
}

/** A socket, or where to connect to. */
export type ConnectionOptions = SessionOptions &
  ({ readonly socket: Socket } | { readonly host: string; readonly port: number });

export class TLSSocket extends Duplex {
  readonly encrypted = true;
  authorized = false;
  #isSecure = false;
  #isReading = true;
  #hasRawEnded = false;
  readonly #session: object;
  readonly #socket: Socket;

  constructor(socket: Socket, { host: name = '', servername, secureContext }: SessionOptions) {
    super();
    this.#socket = socket;
    const peer = servername || name;
    const session = host.tls(secureContext.trust, peer, isIP(peer) !== 0);
    if (typeof session === 'number') throw new Error(`TLS cannot be used (${session})`);
    this.#session = session;
    socket.once('connect', () => this.emit('connect'));
    socket.on('data', (chunk: Buffer) => this.#onData(chunk));
    socket.on('end', () => this.#onRawEnd());
    socket.on('error', (error: Error) => this.destroy(error));
    socket.on('close', () => this.#onRawClose());
    host.queueMicrotask(() => this.#shake());
  }

  get remoteAddress(): string | undefined {
    return this.#socket.remoteAddress;
  }

  get remotePort(): number | undefined {
    return this.#socket.remotePort;
  }

  get connecting(): boolean {
    return this.#socket.connecting;
  }

  #onData(chunk: Buffer): void {
    if (this.destroyed) return;
    host.tlsFeed(this.#session, chunk);
    if (this.#isSecure) this.#readAll();
    else this.#shake();
  }

  #shake(): void {
    if (this.destroyed || this.#isSecure) return;
    const state = host.tlsHandshake(this.#session);
    this.#sendOutput();
    if (state < 0) return void this.destroy(faultOf(this.#session));
    if (state === 0) return;
    this.#isSecure = true;
    this.authorized = true;
    this.emit('secureConnect');
    if (this.destroyed) return;
    this.flush();
    this.#readAll();
  }

  #readAll(): void {
    while (!this.destroyed) {
      const answer = host.tlsRead(this.#session);
      if (answer === 0) break;
      if (typeof answer === 'number') return void this.destroy(faultOf(this.#session));
      if (answer.byteLength === 0) return this.receivedEnd();
      this.received(new Buffer(answer));
    }
    if (!this.destroyed) this.#sendOutput();
  }

  /** Without the alert that announces it, what came may be cut: HTTP by its length, or SMTP by its reply, tells. */
  #onRawEnd(): void {
    this.#hasRawEnded = true;
    if (this.#isSecure) this.receivedEnd();
    else this.destroy(Object.assign(new Error('the peer closed the connection'), { code: 'ECONNRESET' }));
  }

  #onRawClose(): void {
    if (!this.#hasRawEnded && !this.destroyed) this.destroy();
  }

  #sendOutput(done?: () => void): void {
    const output = host.tlsOutput(this.#session);
    if (output.byteLength > 0 || done) this.#socket.write(new Buffer(output), done);
  }

  protected override get canSend(): boolean {
    return this.#isSecure;
  }

  /** The session takes all; what the socket does not take is counted there. */
  protected override send(content: string | Uint8Array, more: Uint8Array): number {
    for (const part of [content, more]) {
      const bytes = typeof part === 'string' ? Buffer.from(part, 'latin1') : part;
      if (bytes.length > 0 && host.tlsWrite(this.#session, bytes) < 0) this.destroy(faultOf(this.#session));
      if (this.destroyed) return 0;
      this.#sendOutput();
    }
    return content.length + more.length;
  }

  protected override setFull(): void {}

  protected override sendEnd(): void {
    host.tlsEnd(this.#session);
    this.#sendOutput();
    this.#socket.end();
  }

  protected override setReading(isReading: boolean): void {
    if (!this.#isSecure || this.#isReading === isReading) return;
    this.#isReading = isReading;
    if (isReading) this.#socket.resume();
    else this.#socket.pause();
  }

  protected override release(): void {
    host.tlsRelease(this.#session);
    this.#socket.destroy();
  }

  setNoDelay(): this {
    return this;
  }

  ref(): this {
    this.#socket.ref();
    return this;
  }

  unref(): this {
    this.#socket.unref();
    return this;
  }
}

export function connect(options: ConnectionOptions, listener?: () => void): TLSSocket {
  const raw =
    'socket' in options ? options.socket : connectSocket({ host: options.host, port: options.port });
  const socket = new TLSSocket(raw, options);
  if (listener) socket.once('secureConnect', listener);
  return socket;
}

/**
 * What stands in front of the engines where the server has a certificate: it accepts connections, has Node do the
 * handshakes, and passes each connection on to the engine of the protocol that the client has chosen (RFC 7301).
 */
import { Server, type Socket } from 'node:net';
import tls, { type TLSSocket } from 'node:tls';
import type { Connections, OpenConnection } from '../connections.ts';
import type { Limits, Shared } from '../contract.ts';
import { Handshake } from './handshake.ts';

/** A certificate with its chain, and its private key, as PEM. */
export interface KeyPair {
  readonly cert: string;
  readonly key: string;
  /** 48 bytes that encrypt session tickets: a client resumes at one worker what it began at another. */
  readonly ticketKeys: Buffer;
}

interface Successor {
  adopt(socket: Socket, before: OpenConnection): void;
}

export interface FrontParts {
  readonly shared: Shared<Limits>;
  readonly connections: Connections;
  readonly http1: Successor;
  readonly http2: Successor;
  readonly keyPair: KeyPair;
  /** How connections are accepted. */
  readonly accept: {
    readonly allowHalfOpen: boolean;
    readonly noDelay: boolean;
    readonly highWaterMark: number;
  };
}

const HTTP2 = 'h2';

export class TlsFront {
  readonly listener: Server;
  readonly #parts: FrontParts;
  readonly #handshakes = new WeakMap<Socket, Handshake>();
  /** Never listens. */
  readonly #tls: tls.Server;

  constructor(parts: FrontParts) {
    const { shared, connections, keyPair, accept } = parts;
    this.#parts = parts;
    this.#tls = new tls.Server({
      ...contextOf(keyPair),
      allowHalfOpen: accept.allowHalfOpen,
      ALPNProtocols: [HTTP2, 'http/1.1'],
    });
    this.#tls.on('secureConnection', (socket) => this.#pass(socket));
    // The connection is closed already; that strangers speak badly is no news.
    this.#tls.on('tlsClientError', () => undefined);
    this.listener = new Server(accept, (socket) => {
      const handshake = new Handshake(socket, shared, () => this.#tls.emit('connection', socket));
      this.#handshakes.set(socket, handshake);
      socket.once('close', () => connections.forget(handshake));
      connections.accept(handshake);
    });
  }

  /** From the next handshake on. Throws if OpenSSL does not take it. */
  renew(keyPair: KeyPair): void {
    this.#tls.setSecureContext(contextOf(keyPair));
  }

  #pass(socket: TLSSocket): void {
    const { http1, http2, accept } = this.#parts;
    const handshake = this.#handshakes.get(rawOf(socket));
    if (!handshake || socket.destroyed) return void socket.destroy();
    handshake.end();
    socket.disableRenegotiation();
    limitReadAhead(socket, accept.highWaterMark);
    const successor = socket.alpnProtocol === HTTP2 ? http2 : http1;
    successor.adopt(socket, handshake);
  }
}

function contextOf({ cert, key, ticketKeys }: KeyPair): tls.TlsOptions {
  return { cert, key, ticketKeys, minVersion: 'TLSv1.2' };
}

/** Not documented, but as old as the class: what it encrypts. */
function rawOf(socket: TLSSocket): Socket {
  return (socket as unknown as { readonly _parent: Socket })._parent;
}

/** For sockets that it makes itself, Node takes no such option. */
function limitReadAhead(socket: TLSSocket, bytes: number): void {
  const { _readableState: state } = socket as unknown as {
    readonly _readableState?: { highWaterMark: number };
  };
  if (state) state.highWaterMark = bytes;
}

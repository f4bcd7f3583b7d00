/** A connection until its TLS handshake is complete: it counts, has little time, and then becomes another one. */
import type { Socket } from 'node:net';
import { errorPlan } from '../../errors.ts';
import { refuse } from '../../send.ts';
import type { Plan } from '../../types.ts';
import type { OpenConnection } from '../connections.ts';
import type { Limits, Shared } from '../contract.ts';
import { HTTPS_ONLY } from './plain.ts';

/** The content type of a handshake record (RFC 8446 §5.1), with which TLS begins. */
const HANDSHAKE = 22;
const isMethod = /^[A-Z]{1,20} /;

export class Handshake implements OpenConnection {
  readonly socket: Socket;
  /** It has no request yet. */
  readonly isIdle = true;
  readonly #shared: Shared<Limits>;
  readonly #timer: NodeJS.Timeout;

  /** `begin` continues with a connection that speaks TLS, whose bytes are all unread. */
  constructor(socket: Socket, shared: Shared<Limits>, begin: () => void) {
    this.socket = socket;
    this.#shared = shared;
    // One deadline from the beginning on: each byte would put off a timeout of the socket.
    this.#timer = setTimeout(() => socket.destroy(), shared.limits.headerTimeoutMs);
    socket.once('close', () => clearTimeout(this.#timer));
    socket.on('error', () => socket.destroy());
    // Before the first byte the connection costs no state of TLS.
    socket.once('readable', () => this.#look(begin));
  }

  end(): void {
    clearTimeout(this.#timer);
  }

  /** Without a word, since the client would have to be able to read it. */
  deny({ status }: Plan): void {
    this.#shared.hooks.onRefused(status, this.#client);
    this.cut();
  }

  cut(): void {
    this.socket.destroy();
  }

  get #client(): string {
    return this.#shared.hooks.clientOf(this.socket.remoteAddress ?? '', {});
  }

  #look(begin: () => void): void {
    if (this.socket.destroyed) return;
    const first: Buffer | null = this.socket.read();
    // The client has left without a word.
    if (first === null) return this.cut();
    if (first[0] === HANDSHAKE) {
      this.socket.unshift(first);
      return begin();
    }
    if (!isMethod.test(first.toString('latin1', 0, 32))) return this.deny(errorPlan('bad_request'));
    this.#shared.hooks.onRefused(HTTPS_ONLY.status, this.#client);
    refuse(this.socket, HTTPS_ONLY, []);
  }
}

/**
 * Requests whose query contains raw UTF-8, as curl sends it (`/KEY.send?title=测试`). The parser of `node:http` rejects
 * them; other servers do not. So the rejected request is percent-encoded as the client should have done it (RFC 3986
 * §2.1) and passed to the server again, as a new connection with this one request.
 */
import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { encodeQuery } from '../../guard.ts';

const LINE_END = '\r\n';
const requestLine = /^([A-Z]{1,10}) ([!->@-~]+\?[!-~\x80-\xff]+) (HTTP\/1\.[01])$/;

/** `packet` with its query percent-encoded; `undefined` if that does not repair it. */
export function mendTarget(packet: Buffer): Buffer | undefined {
  const end = packet.indexOf(LINE_END);
  if (end < 0) return undefined;
  const [, method, target = '', version] = requestLine.exec(packet.toString('latin1', 0, end)) ?? [];
  const mended = encodeQuery(target);
  if (mended === target) return undefined;
  const line = `${method} ${mended} ${version}${LINE_END}Connection: close`;
  return Buffer.concat([Buffer.from(line, 'latin1'), packet.subarray(end)]);
}

/** The same connection, starting with `first`. The original parser no longer receives its data. */
export class Retold extends Duplex {
  readonly remoteAddress: string | undefined;
  readonly #socket: Socket;

  constructor(socket: Socket, first: Buffer) {
    super({ allowHalfOpen: true });
    this.#socket = socket;
    this.remoteAddress = socket.remoteAddress;
    socket.removeAllListeners('data');
    socket.on('data', (bytes: Buffer) => {
      if (!this.push(bytes)) socket.pause();
    });
    socket.once('end', () => this.push(null));
    socket.once('close', () => this.destroy());
    socket.on('timeout', () => this.emit('timeout'));
    this.push(first);
  }

  override _read(): void {
    this.#socket.resume();
  }

  override _write(bytes: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#socket.write(bytes, done);
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#socket.end(() => done());
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#socket.destroy();
    done(error);
  }

  /** Like `net.Socket.destroySoon`. */
  destroySoon(): void {
    this.end(() => this.destroy());
  }
}

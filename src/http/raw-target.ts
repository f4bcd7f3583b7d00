/**
 * Requests whose query has raw UTF-8, as curl sends what was typed (`/KEY.send?title=测试`). The parser of `node:http`
 * refuses them, and other servers do not. So the request that it refused is written as its sender should have written
 * it (RFC 3986 §2.1) and goes to the server once more, as a connection of its own with this one request.
 */
import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { encodeQuery } from './guard.ts';

const LINE_END = '\r\n';
const requestLine = /^([A-Z]{1,10}) ([!->@-~]+\?[!-~\x80-\xff]+) (HTTP\/1\.[01])$/;

/** `packet` with its query percent-encoded; `undefined` where something else is wrong with it. */
export function mendTarget(packet: Buffer): Buffer | undefined {
  const end = packet.indexOf(LINE_END);
  if (end < 0) return undefined;
  const [, method, target = '', version] = requestLine.exec(packet.toString('latin1', 0, end)) ?? [];
  const mended = encodeQuery(target);
  if (mended === target) return undefined;
  const line = `${method} ${mended} ${version}${LINE_END}Connection: close`;
  return Buffer.concat([Buffer.from(line, 'latin1'), packet.subarray(end)]);
}

/** The connection once more, from `first` on. Its parser hears no more of it. */
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

  /** As `net.Socket` has it. */
  destroySoon(): void {
    this.end(() => this.destroy());
  }
}

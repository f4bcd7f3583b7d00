/** A server that says what a test wants to every line, however wrong: what real ones cannot be made to do. */
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises';
import { createServer as createTlsServer } from 'node:tls';
import { certificate, key } from '../certificates.ts';

/** Lines without their CRLF, or what broken servers do. */
export type Line = string | 'silence' | 'hang up' | Pieces;

/** Written as they are, each by itself; at the end the connection is closed if `end` says so. */
export interface Pieces {
  readonly pieces: readonly string[];
  /** Default: a turn of the event loop. */
  readonly everyMs?: number;
  readonly end?: boolean;
}

/** `line` is a command, or one of these; the content of a message is skipped. */
export type Say = (line: string | typeof GREETING | typeof END_OF_CONTENT) => Line;

export const GREETING = '(greeting)';
export const END_OF_CONTENT = '(end of content)';

export interface ScriptedSmtp {
  readonly port: number;
  /** All that was said to, in order. */
  readonly heard: string[];
  readonly connections: () => number;
  close(): Promise<void>;
}

/** The right reply, of a server that offers what a login needs. */
export function usual(line: string): Line {
  if (line === GREETING) return '220 scripted ESMTP';
  if (line === END_OF_CONTENT) return '250 2.0.0 Ok';
  if (line.startsWith('EHLO')) return '250-scripted\r\n250 AUTH PLAIN';
  if (line.startsWith('AUTH')) return '235 2.7.0 Ok';
  if (line === 'DATA') return '354 Go on';
  return line === 'QUIT' ? '221 Bye' : '250 Ok';
}

export async function startScriptedSmtp(say: Say, { tls = false } = {}): Promise<ScriptedSmtp> {
  const heard: string[] = [];
  const sockets = new Set<Socket>();
  let connections = 0;
  const serve = (socket: Socket): void => {
    connections++;
    sockets.add(socket);
    socket
      .setNoDelay()
      .on('error', () => undefined)
      .on('close', () => sockets.delete(socket));
    converse(socket, (line) => {
      heard.push(line);
      return say(line);
    });
  };
  const server = tls ? createTlsServer({ key, cert: certificate }, serve) : createServer(serve);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    heard,
    connections: () => connections,
    close: async () => {
      server.close();
      for (const socket of sockets) socket.destroy();
      await once(server, 'close');
    },
  };
}

function converse(socket: Socket, say: Say): void {
  const pieces: Pieces[] = [];
  let isContent = false;
  let isWriting = false;
  const reply = (line: string): void => {
    const words = say(line);
    isContent = line === 'DATA' && /^3/.test(typeof words === 'string' ? words : words.pieces.join(''));
    if (typeof words !== 'string') pieces.push(words);
    else if (words === 'hang up') socket.destroy();
    else if (words !== 'silence') pieces.push({ pieces: [`${words}\r\n`] });
    if (!isWriting) write();
  };
  const write = async (): Promise<void> => {
    isWriting = true;
    for (let next = pieces.shift(); next; next = pieces.shift()) await writeTo(socket, next);
    isWriting = false;
  };
  createInterface({ input: socket }).on('line', (line) => {
    if (!isContent) reply(line);
    else if (line === '.') reply(END_OF_CONTENT);
  });
  reply(GREETING);
}

async function writeTo(socket: Socket, { pieces, everyMs, end }: Pieces): Promise<void> {
  for (const piece of pieces) {
    if (!socket.writable) return;
    socket.write(piece, 'latin1');
    // So that pieces are pieces for the client too.
    if (pieces.length > 1) await (everyMs ? sleep(everyMs) : turn());
  }
  if (end) socket.end();
}

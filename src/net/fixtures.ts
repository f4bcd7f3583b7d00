/** What the tests of the HTTP client share. */
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import type { TestContext } from 'node:test';
import type { ClientResult } from './http-client.ts';

export const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';

/** A server on loopback; `onConnection` is all that it does, with the number of the connection, from 1. */
export async function serve(
  t: TestContext,
  onConnection: (socket: Socket, number: number) => void,
): Promise<number> {
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    onConnection(socket, sockets.size);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return (server.address() as AddressInfo).port;
}

/** Calls `respond` with the first bytes of the first request. */
export function onRequest(respond: (socket: Socket) => void): (socket: Socket) => void {
  return (socket) => {
    socket.once('data', () => respond(socket));
  };
}

export function said(result: ClientResult): string {
  if (result.kind !== 'response') return `${result.kind}: ${result.fault}`;
  return `${result.status} ${result.body}${result.complete ? '' : ', not complete'}`;
}

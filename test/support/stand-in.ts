/** What stands in for a provider: a real server on loopback that responds as scripted and keeps what it received. */
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { certificate, key } from './certificates.ts';

export interface Received {
  readonly method: string;
  /** Path and query as they came. */
  readonly target: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** A response, or what broken servers do after they have read the request. */
export type Reply =
  | {
      readonly status?: number;
      readonly headers?: Record<string, string>;
      readonly body?: string | Uint8Array;
    }
  /** Nothing, ever. */
  | 'silence'
  /** The connection ends without a response. */
  | 'hang up'
  /** The header section and half of the body. */
  | 'break off'
  /** What is not HTTP. */
  | 'garbage';

export type Answerer = (received: Received) => Reply | Promise<Reply>;

export interface StandIn {
  /** `http://127.0.0.1:port` or `https://localhost:port`. */
  readonly origin: string;
  readonly port: number;
  /** Every request, in the order in which they were read. */
  readonly received: Received[];
  /** How many connections came, whether or not a request followed. */
  readonly connections: () => number;
  close(): Promise<void>;
}

export interface StandInOptions {
  /** A certificate for the key of the tests, or `true` for the one of localhost. */
  readonly tls?: boolean | string;
}

export async function startStandIn(
  respond: Answerer,
  { tls = false }: StandInOptions = {},
): Promise<StandIn> {
  const received: Received[] = [];
  let connections = 0;
  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const { method = '', url: target = '', headers } = request;
    const facts = { method, target, headers, body: Buffer.concat(chunks) };
    received.push(facts);
    perform(await respond(facts), response);
  };
  const onRequest = (request: IncomingMessage, response: ServerResponse) => {
    handle(request, response).catch(() => response.destroy());
  };
  const server = tls
    ? createTlsServer({ key, cert: tls === true ? certificate : tls }, onRequest)
    : createServer(onRequest);
  server.on('connection', () => connections++);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    origin: tls ? `https://localhost:${port}` : `http://127.0.0.1:${port}`,
    port,
    received,
    connections: () => connections,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function perform(reply: Reply, response: ServerResponse): void {
  const { socket } = response;
  if (reply === 'silence') return;
  if (reply === 'hang up') socket?.destroy();
  else if (reply === 'garbage') socket?.end('nonsense\r\n\r\n');
  else if (reply === 'break off') {
    response.writeHead(200, { 'content-length': '1000' });
    response.write('{"errcode":', () => socket?.destroy());
  } else {
    const { status = 200, headers = {}, body = '' } = reply;
    response.writeHead(status, headers).end(body);
  }
}

/** A JSON response. */
export function json(value: unknown, status = 200, headers: Record<string, string> = {}): Reply {
  return {
    status,
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(value),
  };
}

/**
 * One outgoing request, one response. The channels need to know how far a request got: a short message may only be
 * repeated if it certainly was not sent. So each request has a connection of its own, made and
 * secured before the first byte is sent; on a kept one, which the server may close at that moment, it would
 * be open whether the request was read. Redirects are not followed.
 */
import { once } from 'node:events';
import { type IncomingHttpHeaders, type IncomingMessage, request as startRequest } from 'node:http';
import type { Socket } from 'node:net';
import { type ConnectOptions, connect } from './connect.ts';
import { decodeContent } from './decode.ts';
import { ForbiddenDestination, networkFaultOf } from './network-fault.ts';

export interface OutgoingRequest {
  readonly method: string;
  /** `http:` or `https:`; credentials and fragment are ignored. */
  readonly url: URL;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | string;
  /** Ends before the first byte is sent, when there is a connection. */
  readonly beforeSending?: () => Promise<void>;
  /** The only time limit once the connection stands. */
  readonly signal: AbortSignal;
}

/** How far a request got. Faults are one line for the sender, without any part of the URL. */
export type ClientResult =
  /** It will never be sent: a forbidden address, or an invalid header. */
  | { readonly kind: 'refused'; readonly fault: string }
  /** There was no connection, so nothing was sent. */
  | { readonly kind: 'unsent'; readonly fault: string }
  /** Some or all of it was sent, and whether the server acted on it is unknown. */
  | { readonly kind: 'no-response'; readonly fault: string }
  | ClientResponse;

export interface ClientResponse {
  readonly kind: 'response';
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** Without its content codings. */
  readonly body: Buffer;
  /** False if the body exceeds the limit, encoded or not, or broke off. */
  readonly complete: boolean;
}

/** Never rejects. */
export type Send = (request: OutgoingRequest) => Promise<ClientResult>;

export interface ClientOptions extends ConnectOptions {
  /** Default {@link MAX_RESPONSE_BYTES}. */
  readonly maxResponseBytes?: number;
}

/** Providers respond with a few hundred bytes. */
export const MAX_RESPONSE_BYTES = 64 * 1024;
/** Cookies and policies make some headers longer than the 16 KiB that Node accepts. */
const MAX_HEADER_BYTES = 64 * 1024;

export function createClient(options: ClientOptions = {}): Send {
  return (request) => send(request, options);
}

async function send(request: OutgoingRequest, options: ClientOptions): Promise<ClientResult> {
  const { url, signal } = request;
  let socket: Socket;
  try {
    socket = await connect(url, signal, options);
  } catch (error) {
    return {
      kind: error instanceof ForbiddenDestination ? 'refused' : 'unsent',
      fault: networkFaultOf(error),
    };
  }
  const abort = () => socket.destroy();
  signal.addEventListener('abort', abort, { once: true });
  try {
    await request.beforeSending?.();
    return await exchange(socket, request, options.maxResponseBytes ?? MAX_RESPONSE_BYTES);
  } finally {
    signal.removeEventListener('abort', abort);
    socket.destroy();
  }
}

async function exchange(
  socket: Socket,
  request: OutgoingRequest,
  maxResponseBytes: number,
): Promise<ClientResult> {
  const { method, url, headers, body, signal } = request;
  let outgoing: ReturnType<typeof startRequest>;
  try {
    outgoing = startRequest({
      createConnection: () => socket,
      method,
      path: url.pathname + url.search,
      headers: { host: url.host, 'user-agent': 'mote', 'accept-encoding': 'identity', ...headers },
      // Small devices end lines as they like. A response that is refused for that is a message that is sent again and
      // again; and no other response follows on this connection, that could be smuggled in.
      insecureHTTPParser: true,
      maxHeaderSize: MAX_HEADER_BYTES,
    });
  } catch {
    return { kind: 'refused', fault: 'the method or a header holds characters that HTTP does not allow' };
  }
  // Once a response has begun, errors show in the response.
  outgoing.on('error', () => undefined);
  // A string would be joined to the header section, whose Latin-1 would then become UTF-8.
  outgoing.end(typeof body === 'string' ? Buffer.from(body) : body);
  try {
    const [response] = (await Promise.race([
      once(outgoing, 'response', { signal }),
      // A switch to a protocol that was not requested (101); without a listener nothing would happen.
      once(outgoing, 'upgrade', { signal }),
    ])) as [IncomingMessage];
    return await read(response, maxResponseBytes);
  } catch (error) {
    return { kind: 'no-response', fault: networkFaultOf(error) };
  }
}

async function read(response: IncomingMessage, maxResponseBytes: number): Promise<ClientResponse> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  let complete = true;
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      chunks.push(chunk.subarray(0, maxResponseBytes - bytes));
      bytes += chunk.length;
      complete = bytes <= maxResponseBytes;
      if (!complete) break;
    }
  } catch {
    complete = false;
  }
  const { statusCode: status = 0, headers } = response;
  const content = complete
    ? await decodeContent(Buffer.concat(chunks), headers, maxResponseBytes)
    : Buffer.concat(chunks);
  return {
    kind: 'response',
    status,
    headers,
    ...(content ? { body: content, complete } : { body: Buffer.alloc(0), complete: false }),
  };
}

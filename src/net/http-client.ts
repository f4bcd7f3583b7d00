/**
 * One outgoing request, one response, over a socket. Redirects are not followed.
 *
 * The channels need to know how far a request got: a short message may only be repeated if it certainly was not
 * sent. So a request has a connection of its own, made and secured before its first byte is sent. Only a request
 * that may arrive twice goes out on a kept connection, which the server may be closing at that moment: then it is
 * sent again at once, on a connection of its own.
 */

import type { Socket } from 'node:net';
import type { ResponseHead } from '../http/wire/client/head.ts';
import { renderRequestHead } from '../http/wire/client/request.ts';
import type { ResponseReader } from '../http/wire/client/response.ts';
import { type ConnectOptions, connect } from './connect.ts';
import { ConnectionPool, idleMsOf, type Opened } from './connection-pool.ts';
import { decodeContent } from './decode.ts';
import { type Ending, HttpConnection, type Transfer } from './http-connection.ts';
import { ForbiddenDestination, NetworkFault, networkFaultOf } from './network-fault.ts';

export interface OutgoingRequest {
  readonly method: string;
  /** `http:` or `https:`; credentials and fragment are ignored. */
  readonly url: URL;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | string;
  /** Ends before the first byte is sent, when there is a connection. */
  readonly beforeSending?: () => Promise<void>;
  /**
   * Whether the server can tell that it has the request already, or does the same by it: then it may go out on a
   * kept connection. Default false.
   */
  readonly isRepeatable?: boolean;
  /** The only time limit from the request to the head of the response. */
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
  readonly headers: ResponseHead['headers'];
  /** Without its content codings. */
  readonly body: Buffer;
  /** False if the body exceeds the limit, encoded or not, or broke off. */
  readonly complete: boolean;
}

/** Never rejects. */
export type Send = (request: OutgoingRequest) => Promise<ClientResult>;

export interface KeepingClient {
  readonly send: Send;
  /** Closes kept connections, and keeps no more. */
  close(): void;
}

export interface ClientOptions extends ConnectOptions {
  /** Default {@link MAX_RESPONSE_BYTES}. */
  readonly maxResponseBytes?: number;
  /** From the end of the head to the end of the body; default {@link BODY_TIMEOUT_MS}. */
  readonly bodyTimeoutMs?: number;
}

/** Providers respond with a few hundred bytes. */
export const MAX_RESPONSE_BYTES = 64 * 1024;
/** Cookies and policies make some heads longer than servers allow for requests. */
export const MAX_HEAD_BYTES = 64 * 1024;
/** Some servers announce more than they send, and leave the connection open. */
export const BODY_TIMEOUT_MS = 10_000;

const defaults: Readonly<Record<string, string>> = { 'user-agent': 'mote', 'accept-encoding': 'identity' };

/** A client with a connection of its own for each request. */
export function createClient(options: ClientOptions = {}): Send {
  return (request) => send(request, options);
}

/** A client that keeps connections for requests that are repeatable. */
export function createKeepingClient(options: ClientOptions = {}): KeepingClient {
  const pool = new ConnectionPool(() => performance.now());
  return {
    send: (request) => {
      const mayKeep = request.isRepeatable === true && request.beforeSending === undefined;
      return send(request, options, mayKeep ? pool : undefined);
    },
    close: () => pool.close(),
  };
}

async function send(
  request: OutgoingRequest,
  options: ClientOptions,
  pool?: ConnectionPool,
): Promise<ClientResult> {
  const bytes = render(request, pool !== undefined);
  if (bytes === undefined) {
    return { kind: 'refused', fault: 'the method or a header holds characters that HTTP does not allow' };
  }
  const transfer: Transfer = {
    method: request.method,
    bytes,
    limits: { maxHeadBytes: MAX_HEAD_BYTES, maxBodyBytes: options.maxResponseBytes ?? MAX_RESPONSE_BYTES },
    bodyTimeoutMs: options.bodyTimeoutMs ?? BODY_TIMEOUT_MS,
    signal: request.signal,
  };
  const kept = pool && (await takeKept(pool, request.url.origin));
  if (kept) {
    const ending = await exchange(kept, transfer, request.url.origin, pool);
    if (!isStale(ending, request.signal)) return conclude(ending, transfer);
  }
  const opened = await open(request, options);
  if ('kind' in opened) return opened;
  return conclude(await exchange(opened, transfer, request.url.origin, pool), transfer);
}

/** A kept connection on which nothing has come: what has arrived already would be taken for the response. */
async function takeKept(pool: ConnectionPool, origin: string): Promise<Opened | undefined> {
  for (let kept = pool.take(origin); kept; kept = pool.take(origin)) {
    await untilRead();
    if (kept.connection.isOpen) return kept;
  }
  return undefined;
}

/** Until what has arrived is read: between the ends of two turns, the event loop looks at every socket. */
async function untilRead(): Promise<void> {
  await endOfTurn();
  await endOfTurn();
}

function endOfTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** The whole request; `undefined` if HTTP does not allow it. */
function render(request: OutgoingRequest, isKept: boolean): Uint8Array | string | undefined {
  const { method, url, headers = {}, body } = request;
  const expectsBody = method !== 'GET' && method !== 'HEAD';
  const bodyBytes = body === undefined ? 0 : Buffer.byteLength(body);
  const head = renderRequestHead({
    method,
    target: url.pathname + url.search,
    defaults: { host: url.host, ...defaults },
    headers,
    bodyBytes: body !== undefined || expectsBody ? bodyBytes : undefined,
    connection: isKept ? 'keep-alive' : 'close',
  });
  if (head === undefined || bodyBytes === 0 || body === undefined) return head;
  // Head and body leave in one write. The head is Latin-1, as is a body of nothing but ASCII.
  if (typeof body === 'string' && bodyBytes === body.length) return head + body;
  return Buffer.concat([Buffer.from(head, 'latin1'), typeof body === 'string' ? Buffer.from(body) : body]);
}

/** A connection of its own, or how far the request got. */
async function open(request: OutgoingRequest, options: ClientOptions): Promise<Opened | ClientResult> {
  const { url, signal, beforeSending } = request;
  let socket: Socket;
  try {
    socket = await connect(url, signal, options);
  } catch (error) {
    const kind = error instanceof ForbiddenDestination ? 'refused' : 'unsent';
    return { kind, fault: networkFaultOf(error) };
  }
  const connection = new HttpConnection(socket);
  try {
    await beforeSending?.();
  } catch (error) {
    connection.destroy();
    throw error;
  }
  if (signal.aborted || !connection.isOpen) {
    connection.destroy();
    return { kind: 'unsent', fault: signal.aborted ? 'it took too long' : 'the connection was closed' };
  }
  return { connection, openedMs: performance.now() };
}

async function exchange(
  opened: Opened,
  transfer: Transfer,
  origin: string,
  pool: ConnectionPool | undefined,
): Promise<Ending> {
  const { connection } = opened;
  const ending = await connection.exchange(transfer);
  if (pool && mayKeep(ending, connection)) {
    pool.put(origin, opened, idleMsOf(ending.response.head?.headers['keep-alive']));
  } else connection.destroy();
  return ending;
}

/** After anything but a success the server may not have read the request to its end, whatever it says. */
function mayKeep({ response }: Ending, connection: HttpConnection): boolean {
  const status = response.head?.status ?? 0;
  return status >= 200 && status < 300 && response.isPersistent && connection.isFlushed && connection.isOpen;
}

/** Whether the server was closing the kept connection, also with a 408 to nobody (RFC 9110 §15.5.9). */
function isStale({ response }: Ending, signal: AbortSignal): boolean {
  return !signal.aborted && (response.head === undefined || response.head.status === 408);
}

async function conclude({ response, error }: Ending, { limits }: Transfer): Promise<ClientResult> {
  const { head, state, content } = response;
  if (!head) return { kind: 'no-response', fault: faultOf(response, error) };
  const { status, headers } = head;
  const bytes = Buffer.from(content.buffer, content.byteOffset, content.length);
  if (state !== 'complete') return { kind: 'response', status, headers, body: bytes, complete: false };
  const body = await decodeContent(bytes, headers, limits.maxBodyBytes);
  if (body) return { kind: 'response', status, headers, body, complete: true };
  return { kind: 'response', status, headers, body: Buffer.alloc(0), complete: false };
}

function faultOf({ fault }: ResponseReader, error: unknown): string {
  if (fault === 'not HTTP') return 'the response is not HTTP';
  if (fault === 'too large') return 'the head of the response is too large';
  return networkFaultOf(error ?? new NetworkFault('the connection was reset'));
}

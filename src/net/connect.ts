/**
 * A connection that is ready for a request: lookup, check of the address, TCP, the proxy's tunnel, TLS.
 * TLS always verifies, whatever the environment says.
 */
import { type LookupAddress, lookup as lookUp } from 'node:dns';
import { once } from 'node:events';
import { isIP, type LookupFunction, Socket } from 'node:net';
import { type SecureContext, connect as startTls } from 'node:tls';
import { ResponseHeadReader } from '../http/wire/client/head.ts';
import { renderRequestHead } from '../http/wire/client/request.ts';
import type { MayConnect } from './addresses.ts';
import { basicOf } from './credentials.ts';
import { ForbiddenDestination, NetworkFault, networkFaultOf } from './network-fault.ts';

/** Directly to the server, whose addresses are checked after the lookup, or through an HTTP proxy. */
export type Route =
  | { readonly kind: 'direct'; readonly mayConnect?: MayConnect }
  /** `http://[user:password@]host:port`. The proxy is asked for a tunnel (RFC 9110 §9.3.6), for `http:` too. */
  | { readonly kind: 'proxy'; readonly url: URL };

export interface ConnectOptions {
  /** Default: direct, to any address. */
  readonly route?: Route;
  /** The CAs to trust instead of Node's own list. Its error messages are shown to senders and operators. */
  readonly trust?: () => SecureContext;
  /** For lookup, connection, proxy and TLS together. Default {@link CONNECT_TIMEOUT_MS}. */
  readonly connectTimeoutMs?: number;
  /** Instead of the system's resolver. */
  readonly lookup?: LookupFunction;
}

export const CONNECT_TIMEOUT_MS = 10_000;
/**
 * For each address but the last. Node's own 250 ms are less than some ways are long; then no server can be reached that
 * has an IPv6 address, too, where there is no IPv6. This lets the system ask once more, which it does after a second.
 */
const ADDRESS_TIMEOUT_MS = 2000;
const MAX_PROXY_HEAD_BYTES = 64 * 1024;

const DEFAULT_PORTS: Readonly<Record<string, number>> = { 'http:': 80, 'https:': 443 };

/** Rejects with a {@link ForbiddenDestination} where connecting is not allowed, otherwise with the error. */
export async function connect(url: URL, signal: AbortSignal, options: ConnectOptions): Promise<Socket> {
  if (!(url.protocol in DEFAULT_PORTS)) throw new ForbiddenDestination('the URL is neither http: nor https:');
  const limit = new AbortController();
  const abort = () => limit.abort();
  const timer = setTimeout(abort, options.connectTimeoutMs ?? CONNECT_TIMEOUT_MS);
  signal.addEventListener('abort', abort, { once: true });
  if (signal.aborted) abort();
  try {
    const socket = await reach(url, limit.signal, options);
    if (url.protocol !== 'https:') return socket;
    const { trust } = options;
    return await secure(
      socket,
      { host: hostOf(url), protocol: 'http/1.1', ...(trust && { trust }) },
      limit.signal,
    );
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', abort);
  }
}

async function reach(url: URL, signal: AbortSignal, { route, lookup }: ConnectOptions): Promise<Socket> {
  if (route?.kind !== 'proxy') return dial(peerOf(url), signal, { lookup, mayConnect: route?.mayConnect });
  try {
    const socket = await dial(peerOf(route.url), signal, { lookup });
    return await tunnel(socket, `${url.hostname}:${portOf(url)}`, route.url, signal);
  } catch (error) {
    throw new NetworkFault(`proxy: ${networkFaultOf(error)}`);
  }
}

export interface Peer {
  /** A name or an address. */
  readonly host: string;
  readonly port: number;
}

interface DialOptions {
  readonly lookup?: LookupFunction | undefined;
  /** Default: any address. */
  readonly mayConnect?: MayConnect | undefined;
}

/** A TCP connection. */
export async function dial(
  { host, port }: Peer,
  signal: AbortSignal,
  { lookup = lookUp, mayConnect }: DialOptions = {},
): Promise<Socket> {
  // An address needs no lookup.
  if (isIP(host) && mayConnect && !mayConnect(host)) throw forbidden();
  signal.throwIfAborted();
  const socket = new Socket();
  const connected = ready(socket, 'connect', signal);
  socket.connect({
    host,
    port,
    autoSelectFamilyAttemptTimeout: ADDRESS_TIMEOUT_MS,
    lookup: mayConnect ? allowedBy(mayConnect, lookup) : lookup,
  });
  await connected;
  // The final check, before anything is sent, is of the address of the connection itself.
  const { remoteAddress } = socket;
  if (!mayConnect || (remoteAddress !== undefined && mayConnect(remoteAddress))) return socket;
  socket.destroy();
  // A connection that was reset at once has none, which says nothing about where it led.
  throw remoteAddress === undefined ? new NetworkFault('the connection was reset') : forbidden();
}

/** A connection to a unix socket. */
export async function dialUnix(path: string, signal: AbortSignal): Promise<Socket> {
  signal.throwIfAborted();
  const socket = new Socket();
  const connected = ready(socket, 'connect', signal);
  socket.connect({ path });
  return connected;
}

/**
 * Finds only what may be connected to, so that not even a port of the rest can be probed. `localhost` and the names of
 * containers often have addresses of both kinds, of which one is allowed.
 */
function allowedBy(mayConnect: MayConnect, lookup: LookupFunction): LookupFunction {
  return (host, options, done) =>
    lookup(host, options, (error, found, family) => {
      if (error) return done(error, found, family);
      const all: LookupAddress[] =
        typeof found === 'string' ? [{ address: found, family: family ?? 4 }] : found;
      const allowed = all.filter(({ address }) => mayConnect(address));
      const [first] = allowed;
      if (!first) return done(forbidden(), '');
      return options.all ? done(null, allowed) : done(null, first.address, first.family);
    });
}

function forbidden(): ForbiddenDestination {
  return new ForbiddenDestination(
    'the host has a private or special address, which allowAddresses (WEBHOOK_ALLOW_ADDRESSES) does not allow',
  );
}

/** The same socket once `event` has come; it is destroyed if something else comes first. */
async function ready<S extends Socket>(socket: S, event: string, signal: AbortSignal): Promise<S> {
  // A late error must not end the process.
  socket.on('error', () => undefined);
  try {
    await once(socket, event, { signal });
    return socket;
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

async function tunnel(socket: Socket, authority: string, proxy: URL, signal: AbortSignal): Promise<Socket> {
  try {
    const credentials = basicOf(proxy);
    if (!credentials.ok) throw new NetworkFault(credentials.error);
    const authorization = credentials.value;
    const head = renderRequestHead({
      method: 'CONNECT',
      target: authority,
      defaults: { host: authority },
      headers: authorization ? { 'proxy-authorization': authorization } : {},
      bodyBytes: undefined,
      connection: undefined,
    });
    if (head === undefined) throw new NetworkFault('it cannot be asked for that host');
    socket.write(head, 'latin1');
    const status = await tunnelStatus(socket, signal);
    if (status < 200 || status > 299) throw new NetworkFault(`it responded with ${status}`);
    return socket;
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

/** The proxy's response; what follows it is the server's and stays in the socket. */
async function tunnelStatus(socket: Socket, signal: AbortSignal): Promise<number> {
  const reader = new ResponseHeadReader('CONNECT', MAX_PROXY_HEAD_BYTES);
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const take = (bytes: Buffer) => {
    const end = reader.take(bytes, 0);
    if (reader.fault) reject(new NetworkFault('the response is not HTTP'));
    if (!reader.head) return;
    socket.pause();
    socket.off('data', take);
    if (end < bytes.length) socket.unshift(bytes.subarray(end));
    resolve(reader.head.status);
  };
  const ended = () => reject(new NetworkFault('the connection was reset'));
  socket.on('data', take).on('end', ended).on('error', reject);
  const abort = () => reject(new NetworkFault('it took too long'));
  signal.addEventListener('abort', abort);
  if (signal.aborted) abort();
  try {
    return await promise;
  } finally {
    signal.removeEventListener('abort', abort);
    socket.off('data', take).off('end', ended).off('error', reject);
  }
}

interface SecureOptions {
  readonly host: string;
  /** The one protocol that is offered (RFC 7301). */
  readonly protocol?: string;
  readonly trust?: () => SecureContext;
}

/** TLS over a connection. */
export function secure(
  socket: Socket,
  { host, protocol, trust }: SecureOptions,
  signal: AbortSignal,
): Promise<Socket> {
  const named = isIP(host) === 0;
  const secured = startTls({
    socket,
    host,
    rejectUnauthorized: true,
    minVersion: 'TLSv1.2',
    ...(protocol && { ALPNProtocols: [protocol] }),
    // RFC 6066 §3: an address is no server name, and the dot behind a full name no part of one; Go's servers refuse it.
    ...(named && { servername: host.replace(/\.$/, '') }),
    ...(trust && { secureContext: contextOf(socket, trust) }),
  });
  return ready(secured, 'secureConnect', signal);
}

function contextOf(socket: Socket, trust: () => SecureContext): SecureContext {
  try {
    return trust();
  } catch (error) {
    socket.destroy();
    throw new NetworkFault((error as Error).message);
  }
}

function peerOf(url: URL): Peer {
  return { host: hostOf(url), port: portOf(url) };
}

function hostOf({ hostname }: URL): string {
  return hostname.startsWith('[') ? hostname.slice(1, -1) : hostname;
}

function portOf({ port, protocol }: URL): number {
  return port === '' ? (DEFAULT_PORTS[protocol] ?? 0) : Number(port);
}

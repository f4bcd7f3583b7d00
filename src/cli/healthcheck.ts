/**
 * `mote healthcheck [URL]`: one request, for images that have no shell and no curl. It speaks HTTP over a
 * plain socket, because loading an HTTP client takes longer than the whole check.
 */
import { connect, isIP, isIPv6, type NetConnectOpts, type Socket } from 'node:net';

export interface HealthTarget {
  /** As configured: empty or a wildcard for every address, a unix socket path where it holds a `/`. */
  readonly host: string;
  readonly port: number;
  readonly healthPath: string;
  /** Empty where the server speaks plain HTTP. */
  readonly tlsCert?: string;
}

export type ProbeOutcome =
  | { readonly kind: 'healthy' }
  /** `reason` is one line of plain text. */
  | { readonly kind: 'unhealthy'; readonly reason: string };

/** Its `User-Agent`, so that a server can keep its own checks out of its log. */
export const PROBE_AGENT = 'mote-healthcheck';
/** From the start of the connection to the status line. */
export const HEALTHCHECK_TIMEOUT_MS = 2000;
const MAX_STATUS_LINE_BYTES = 256;

/** Sends one request to a server of mote. Never rejects. */
export async function healthcheck(
  target: HealthTarget,
  timeoutMs: number = HEALTHCHECK_TIMEOUT_MS,
): Promise<ProbeOutcome> {
  if (target.healthPath === '')
    return unhealthy('the health path is empty, so that there is nothing to request');
  const { options, name, authority } = endpointOf(target);
  const request = requestText(target.healthPath, authority);
  return judge(name, async () => {
    const dial = target.tlsCert ? await ownDialler() : connect;
    return firstLine(dial(options), request, timeoutMs);
  });
}

/** Where the CA bundle comes from. */
export interface CaSource {
  /** Empty for the system's. */
  readonly caFile: string;
  /** Throws the system's error when it cannot read. */
  readonly readFile: (path: string) => string;
}

/** The same for any server, by an http or https URL. Redirects are not followed: they count as unhealthy. */
export function probe(
  { protocol, origin, host: authority, hostname, port: givenPort, pathname, search }: URL,
  caSource: CaSource,
  timeoutMs: number = HEALTHCHECK_TIMEOUT_MS,
): Promise<ProbeOutcome> {
  const host = hostname.replace(/^\[(.*)\]$/, '$1');
  const request = requestText(pathname + search, authority);
  return judge(origin, async () => {
    const secure = protocol === 'https:';
    const endpoint = { host, port: Number(givenPort || (secure ? 443 : 80)) };
    const dial = secure ? await tlsDialler(endpoint, caSource) : () => connect(endpoint);
    return firstLine(dial(), request, timeoutMs);
  });
}

/** TLS is loaded here and only here: the check of a container comes every few seconds and needs none. */
async function tlsDialler(
  endpoint: { readonly host: string; readonly port: number },
  { caFile, readFile }: CaSource,
): Promise<() => Socket> {
  const [tls, { readTrust }] = await Promise.all([import('node:tls'), import('../net/ca-bundle.ts')]);
  const trust = readTrust(caFile, readFile);
  // The name to verify, sent so that the server can choose its certificate; never an address (RFC 6066 §3).
  const servername = isIP(endpoint.host) === 0 ? endpoint.host : '';
  return () => tls.connect({ ...endpoint, ...trust, servername, ALPNProtocols: ['http/1.1'] });
}

/** The certificate is for the public name, not for the loopback, and who answers there is not in question. */
async function ownDialler(): Promise<(options: NetConnectOpts) => Socket> {
  const tls = await import('node:tls');
  return (options) => tls.connect({ ...options, rejectUnauthorized: false, ALPNProtocols: ['http/1.1'] });
}

interface Endpoint {
  readonly options: NetConnectOpts;
  /** For people. */
  readonly name: string;
  /** For the Host header. */
  readonly authority: string;
}

/** Wildcards are addresses to listen on, not to connect to. */
const loopbacks: Readonly<Record<string, string>> = { '': '127.0.0.1', '0.0.0.0': '127.0.0.1', '::': '::1' };

function endpointOf({ host: configured, port }: HealthTarget): Endpoint {
  if (configured.includes('/')) {
    return { options: { path: configured }, name: `unix:${configured}`, authority: 'localhost' };
  }
  const host = loopbacks[configured] ?? configured;
  const authority = `${isIPv6(host) ? `[${host}]` : host}:${port}`;
  return { options: { host, port }, name: authority, authority };
}

function requestText(target: string, authority: string): string {
  return `GET ${target} HTTP/1.1\r\nHost: ${authority}\r\nUser-Agent: ${PROBE_AGENT}\r\nConnection: close\r\n\r\n`;
}

async function judge(name: string, readStatusLine: () => Promise<string>): Promise<ProbeOutcome> {
  try {
    return verdict(await readStatusLine(), name);
  } catch (error) {
    return unhealthy(`${name}: ${(error as Error).message}`);
  }
}

function verdict(line: string, name: string): ProbeOutcome {
  const status = /^HTTP\/1\.[01] (\d{3})(?: |$)/.exec(line)?.[1];
  if (status === undefined) return unhealthy(`${name}: the response is not HTTP`);
  return status.startsWith('2') ? { kind: 'healthy' } : unhealthy(`${name}: responded with status ${status}`);
}

function unhealthy(reason: string): ProbeOutcome {
  return { kind: 'unhealthy', reason };
}

/** Sends `request` and resolves to the first line of the response. */
function firstLine(socket: Socket, request: string, timeoutMs: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(
      () => socket.destroy(new Error(`no response within ${timeoutMs} ms`)),
      timeoutMs,
    );
    let trouble = 'cannot connect';
    let text = '';
    socket.once('connect', () => {
      trouble = 'encrypted' in socket ? 'no trusted TLS' : 'the connection was lost';
    });
    socket.once('secureConnect', () => {
      trouble = 'the connection was lost';
    });
    socket.setEncoding('latin1');
    socket.on('data', (chunk: string) => {
      text += chunk;
      const end = text.indexOf('\r\n');
      if (end < 0 && text.length <= MAX_STATUS_LINE_BYTES) return;
      resolve(end < 0 ? text : text.slice(0, end));
      socket.destroy();
    });
    socket.on('error', (error: NodeJS.ErrnoException) => {
      reject(error.code === undefined ? error : new Error(`${trouble} (${error.code})`));
    });
    // Without effect after a line or an error: a promise settles once.
    socket.on('close', () => {
      clearTimeout(timer);
      reject(new Error('the connection was closed without a response'));
    });
    socket.write(request);
  });
}

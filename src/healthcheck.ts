/**
 * `mote healthcheck`: one request to the health URL, for images that have no shell and no curl. It speaks
 * HTTP over a plain socket, because loading an HTTP client takes longer than the whole check.
 */
import { connect, isIPv6, type NetConnectOpts } from 'node:net';

export interface HealthTarget {
  /** As configured: empty or a wildcard for every address, a unix socket path where it holds a `/`. */
  readonly host: string;
  readonly port: number;
  readonly healthPath: string;
}

export type Health = { readonly ok: true } | { readonly ok: false; readonly reason: string };

/** From the start of the connection to the status line. */
export const HEALTHCHECK_TIMEOUT_MS = 2000;
const MAX_STATUS_LINE_BYTES = 256;

/** Asks once. Never rejects: every failure is one line of plain text in `reason`. */
export async function healthcheck(
  target: HealthTarget,
  timeoutMs: number = HEALTHCHECK_TIMEOUT_MS,
): Promise<Health> {
  if (target.healthPath === '') return failure('the health path is empty, so there is nothing to ask');
  const { options, name, authority } = endpointOf(target);
  try {
    const head = `GET ${target.healthPath} HTTP/1.1\r\nHost: ${authority}\r\nConnection: close\r\n\r\n`;
    return verdict(await firstLine(options, head, timeoutMs), name);
  } catch (error) {
    return failure(`${name}: ${(error as Error).message}`);
  }
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

function verdict(line: string, name: string): Health {
  const status = /^HTTP\/1\.[01] (\d{3})(?: |$)/.exec(line)?.[1];
  if (status === undefined) return failure(`${name}: the answer is not HTTP`);
  return status.startsWith('2') ? { ok: true } : failure(`${name}: answered with status ${status}`);
}

function failure(reason: string): Health {
  return { ok: false, reason };
}

/** Sends `request` and resolves to the first line of the answer. */
function firstLine(options: NetConnectOpts, request: string, timeoutMs: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(options);
    const timer = setTimeout(() => socket.destroy(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs);
    let trouble = 'cannot connect';
    let text = '';
    socket.once('connect', () => {
      trouble = 'the connection broke';
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
    // After a line or an error this says nothing: a promise settles once.
    socket.on('close', () => {
      clearTimeout(timer);
      reject(new Error('the connection was closed without an answer'));
    });
    socket.write(request);
  });
}

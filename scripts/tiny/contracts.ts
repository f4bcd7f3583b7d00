/** Runs the contracts of `src/platform/contracts` on Node and as a program of the tiny platform, and compares lines. */
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { createServer as createTlsServer, type TlsOptions } from 'node:tls';
import { promisify } from 'node:util';
import {
  authority,
  certificate,
  certificateForOther,
  expiredCertificate,
  key,
} from '../../test/support/certificates.ts';
import { REPOSITORY } from '../bundle/bundle.ts';

const run = promisify(execFile);
const TIMEOUT_MS = 120_000;
const MAX_OUTPUT_BYTES = 64 * 1024 * 1024;
const NAMES = ['address', 'calls', 'deflate', 'events', 'streams', 'text', 'url'];
const ANSWER = `HTTP/1.1 200 OK\r\n\r\n${'x'.repeat(100_000)}`;

function ignore(): void {}

/** Each line of `program` that differs from Node's. */
export async function compareContracts(program: string): Promise<string[]> {
  const differences: string[] = [];
  for (const name of NAMES) differences.push(...(await differencesOf(program, [name])));
  return [...differences, ...(await differencesOfTls(program))];
}

async function differencesOf(program: string, args: readonly string[]): Promise<string[]> {
  const node = [join(REPOSITORY, 'src/platform/contracts/node-fixtures.ts'), ...args];
  const [expected, actual] = await Promise.all([linesOf(process.execPath, node), linesOf(program, args)]);
  const count = Math.max(expected.length, actual.length);
  return Array.from({ length: count }, (_, i) => i)
    .filter((i) => expected[i] !== actual[i])
    .map((i) => `${args[0]}: ${expected[i]} was to be, and is ${actual[i]}`);
}

async function linesOf(program: string, args: readonly string[]): Promise<string[]> {
  const { stdout } = await run(program, [...args], { timeout: TIMEOUT_MS, maxBuffer: MAX_OUTPUT_BYTES });
  return stdout.split('\n');
}

function overTls(cert: string, options: TlsOptions = {}): Server {
  const server = createTlsServer({ key, cert, ...options }, (socket) => {
    socket.on('error', ignore).on('data', () => socket.end(ANSWER));
  });
  return server.on('tlsClientError', ignore);
}

/** What it does once it has got something, or at once. */
function raw(handle: (socket: Socket) => void, isAtOnce = false): Server {
  return createServer((socket) => {
    socket.on('error', ignore);
    if (isAtOnce) handle(socket);
    else socket.once('data', () => handle(socket));
  });
}

const servers: Readonly<Record<string, () => Server>> = {
  right: () => overTls(certificate),
  'TLS 1.2 only': () => overTls(certificate, { maxVersion: 'TLSv1.2' }),
  'TLS 1.3 only': () => overTls(certificate, { minVersion: 'TLSv1.3' }),
  expired: () => overTls(expiredCertificate),
  'another host': () => overTls(certificateForOther),
  'no TLS': () => raw((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'), true),
  garbage: () => raw((socket) => socket.end(Buffer.alloc(3000, 0x16)), true),
  'closed at once': () => raw((socket) => socket.end(), true),
  'reset after the hello': () => raw((socket) => socket.resetAndDestroy()),
  'closed after the hello': () => raw((socket) => socket.end()),
  silence: () => raw(ignore),
  'an alert': () => raw((socket) => socket.end(Buffer.from([0x15, 3, 3, 0, 2, 2, 40]))),
  'a handshake that is cut': () =>
    raw((socket) => socket.end(Buffer.from([0x16, 3, 3, 0, 100, 2, 0, 0, 80, 3, 3]))),
};

async function differencesOfTls(program: string): Promise<string[]> {
  const open: Server[] = [];
  const places: [name: string, url: string][] = [];
  for (const [name, start] of Object.entries(servers)) {
    const server = start();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    open.push(server);
    const { port } = server.address() as { port: number };
    for (const host of ['localhost', '127.0.0.1']) places.push([name, `https://${host}:${port}/`]);
  }
  const known = JSON.stringify({ servers: places, authority });
  // The certificate of a server is no authority: nothing is trusted.
  const unknown = JSON.stringify({ servers: places, authority: certificateForOther });
  const differences = [
    ...(await differencesOf(program, ['tls', known])),
    ...(await differencesOf(program, ['tls', unknown])),
  ];
  for (const server of open) server.close();
  return differences;
}

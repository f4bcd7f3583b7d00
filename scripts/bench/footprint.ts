/**
 * What a server takes of memory and time, by the situations that small hosts meet: `npm run footprint`. `MOTE_TARGET`
 * names another program than the sources, as for the tests. Each situation has a server of its own. Beside the figures of
 * mote-tiny are its goals.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { authority } from '../../test/support/certificates.ts';
import { makeFolder } from '../../test/support/folder.ts';
import { freePort } from '../../test/support/free-port.ts';
import { startStandIn } from '../../test/support/stand-in.ts';
import { neutralEnvironment, type Server, start, target, without } from '../../test/support/target.ts';
import { rssKiB } from './process.ts';
import { median } from './statistics.ts';

const STARTS = 21;
const START_LIMIT_MS = 10_000;
const MESSAGES = 20;
const CONNECTIONS = 1000;
const STALLED = 50;
const BIG_BYTES = 10_000_000;
/** The kernel frees sockets, and the program what it has collected, a little later. */
const SETTLE_MS = 300;
const TOKEN = 'a-token-for-the-footprint';

const root = makeFolder({ 'index.html': 'x'.repeat(1000), 'ca.pem': authority });
writeFileSync(join(root, 'big.bin'), Buffer.alloc(BIG_BYTES, 1));

async function withServer<T>(
  use: (server: Server) => Promise<T>,
  env: Record<string, string> = {},
): Promise<T> {
  const server = await start({ root, env, args: ['--log-format', 'off'] });
  try {
    return await use(server);
  } finally {
    await server.stop('SIGKILL');
  }
}

async function settledKiB({ pid }: Server): Promise<number> {
  await delay(SETTLE_MS);
  return rssKiB(pid);
}

async function open({ port }: Server, request: string): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  socket.write(request);
  await once(socket, 'readable');
  return socket;
}

/** Connections that have had a response and are kept, or whose response is not read on. */
async function connected(server: Server, count: number, path: string, isRead: boolean): Promise<number> {
  const request = `GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`;
  const sockets: Socket[] = [];
  for (let i = 0; i < count; i += 1) {
    const socket = await open(server, request);
    if (isRead) socket.resume();
    sockets.push(socket);
  }
  const kiB = await settledKiB(server);
  for (const socket of sockets) socket.destroy();
  return kiB;
}

async function withMessages(): Promise<number> {
  const provider = await startStandIn(() => ({ status: 204 }), { tls: true });
  const env = {
    SSL_CERT_FILE: join(root, 'ca.pem'),
    MOTE_NOTIFY_TOKEN: TOKEN,
    WEBHOOK_URL: `${provider.origin}/hook`,
    WEBHOOK_ALLOW_ADDRESSES: '127.0.0.1',
  };
  try {
    return await withServer(async (server) => {
      for (let i = 0; i < MESSAGES; i += 1) {
        const headers = { authorization: `Bearer ${TOKEN}` };
        const response = await fetch(`${server.url}/notify`, {
          method: 'POST',
          headers,
          body: new URLSearchParams({ text: `message ${i}` }),
        });
        if (response.status !== 200)
          throw new Error(`a message: ${response.status} ${await response.text()}`);
        await response.arrayBuffer();
      }
      return await settledKiB(server);
    }, env);
  } finally {
    await provider.close();
  }
}

/** Tells when it becomes the program. */
const STARTER = 'echo $EPOCHREALTIME; exec "$@"';

/** From the start of the program, by a small shell, to the first byte of a response. */
async function startMs(): Promise<number> {
  const port = await freePort();
  const args = ['-c', STARTER, 'bash', ...target, root, String(port), '--log-format', 'off'];
  const child = spawn('bash', args, { env: neutralEnvironment(), stdio: ['ignore', 'pipe', 'ignore'] });
  try {
    const [began] = await once(child.stdout, 'data');
    const endMs = performance.now() + START_LIMIT_MS;
    while (!(await responds(port))) if (performance.now() > endMs) throw new Error('it does not respond');
    return performance.timeOrigin + performance.now() - Number(String(began).split('\n')[0]) * 1000;
  } finally {
    child.kill('SIGKILL');
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  }
}

function responds(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () =>
      socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n'),
    );
    const settle = (isThere: boolean) => {
      socket.destroy();
      resolve(isThere);
    };
    socket
      .once('data', () => settle(true))
      .once('error', () => settle(false))
      .once('close', () => settle(false));
  });
}

async function medianStartMs(): Promise<number> {
  const times: number[] = [];
  for (let i = 0; i < STARTS; i += 1) times.push(await startMs());
  return median(times);
}

interface Row {
  readonly name: string;
  readonly unit: 'ms' | 'KiB';
  /** What mote-tiny is to reach; other builds have no goals here. */
  readonly goal: number;
  readonly measure: () => Promise<number>;
}

const rows: readonly Row[] = [
  { name: 'start to first response', unit: 'ms', goal: 15, measure: medianStartMs },
  {
    name: 'idle, after one response',
    unit: 'KiB',
    goal: 2560,
    measure: () => withServer((server) => connected(server, 1, '/', true)),
  },
  { name: `after ${MESSAGES} messages over TLS`, unit: 'KiB', goal: 3584, measure: withMessages },
  {
    name: `with ${CONNECTIONS} idle connections`,
    unit: 'KiB',
    goal: 6144,
    measure: () => withServer((server) => connected(server, CONNECTIONS, '/', true)),
  },
  {
    name: `with ${STALLED} stalled downloads of 10 MB`,
    unit: 'KiB',
    goal: 9765,
    measure: () => withServer((server) => connected(server, STALLED, '/big.bin', false)),
  },
];

const hasGoals = without('nodeHttp') !== false;
for (const { name, unit, goal, measure } of rows) {
  const value = await measure();
  const shown = `${value.toLocaleString('en', { maximumFractionDigits: unit === 'ms' ? 1 : 0 })} ${unit}`;
  const verdict = `≤ ${goal.toLocaleString('en')} ${unit}: ${value <= goal ? 'yes' : 'no'}`;
  process.stdout.write(`${shown.padStart(12)}  ${hasGoals ? verdict.padEnd(18) : ''}${name}\n`);
}

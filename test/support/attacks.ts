/** What clients that mean harm send, and what it costs the server: its memory, and the time of everybody else. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { loopMs } from './turn-meter.ts';

export interface Attack {
  readonly connections: number;
  /** Sent by each connection when it is open. */
  readonly opening?: Uint8Array;
  /** Sent when all are open and have sent theirs. */
  readonly messages?: Uint8Array;
  /** Whether responses are taken. */
  readonly reads?: true;
}

/** A file that is too big to be kept in memory or to fit into the buffers of a connection. */
export const BIG_FILE = 'big.bin';
export const BIG_BYTES = 100_000_000;

const get = (path: string, fields = '') => `GET /${path} HTTP/1.1\r\nHost: a\r\n${fields}\r\n`;
const post = (fields: string) => `POST / HTTP/1.1\r\nHost: a\r\n${fields}\r\n`;
const chunked = post('Transfer-Encoding: chunked\r\n');
const latin1 = (text: string) => Buffer.from(text, 'latin1');
const times = (count: number, text: string) => latin1(text.repeat(count));
const joined = (...texts: string[]) => latin1(texts.join(''));
/** The shortest fields there are, each with a name of its own. */
const fields = (count: number) => Array.from({ length: count }, (_, i) => `${i.toString(36)}:\r\n`).join('');

const oneByteChunks = '1\r\nx\r\n'.repeat(65_000);
/** A response that does not end, so that what follows it waits. */
const slow = latin1(get(BIG_FILE));

export const attacks: Readonly<Record<string, Attack>> = {
  'one-byte chunks': { connections: 100, messages: joined(chunked, oneByteChunks) },
  'one-byte chunks behind a response': {
    connections: 100,
    opening: slow,
    messages: joined(chunked, oneByteChunks),
  },
  'one-byte chunks, the connection refused before': {
    connections: 100,
    opening: latin1('nonsense\r\n\r\n'),
    messages: joined(chunked, oneByteChunks),
  },
  'chunk extensions': {
    connections: 100,
    messages: joined(chunked, `1;${'e'.repeat(1000)}\r\nx\r\n`.repeat(400)),
  },
  'chunk extensions of one byte': {
    connections: 100,
    messages: joined(chunked, '1;e\r\nx\r\n'.repeat(40_000)),
  },
  trailers: { connections: 100, messages: joined(chunked, `0\r\n${fields(900)}\r\n`) },
  'trailers of many requests': {
    connections: 100,
    messages: times(60, `${chunked}0\r\n${fields(900)}\r\n`),
  },
  'pipelined requests with 900 fields': { connections: 300, messages: times(60, get('', fields(900))) },
  'pipelined requests with 190 fields': { connections: 300, messages: times(300, get('', fields(190))) },
  'pipelined requests with 190 fields behind a response': {
    connections: 300,
    opening: slow,
    messages: times(300, get('', fields(190))),
  },
  'tiny pipelined requests': { connections: 300, messages: times(8000, get('')) },
  'tiny pipelined requests behind a response': {
    connections: 300,
    opening: slow,
    messages: times(8000, get('')),
  },
  'pipelined bodies behind a response': {
    connections: 300,
    opening: slow,
    messages: times(2500, `${post('Content-Length: 10\r\n')}0123456789`),
  },
  'declared bodies that do not come': {
    connections: 1000,
    opening: latin1(`${post('Content-Length: 65536\r\n')}x`),
  },
  'a header section of many fields': {
    connections: 300,
    messages: joined('GET / HTTP/1.1\r\n', fields(12_000)),
  },
  'upgrades with one-byte chunks': {
    connections: 100,
    messages: joined(
      post('Upgrade: x\r\nConnection: upgrade\r\nTransfer-Encoding: chunked\r\n'),
      oneByteChunks,
    ),
  },
  'upgrades behind a response': {
    connections: 300,
    opening: slow,
    messages: times(5000, get('', 'Upgrade: x\r\nConnection: upgrade\r\n')),
  },
  'expectations without a body': {
    connections: 1000,
    opening: latin1(post('Content-Length: 10\r\nExpect: 100-continue\r\n')),
  },
  'empty lines': { connections: 100, messages: times(200_000, '\r\n') },
  'downloads that nobody reads': { connections: 1000, opening: slow },
};

/** What an attack cost. */
export interface Cost {
  /** How much the resident memory grew at most, in bytes. */
  readonly grownBytes: number;
  /** How long `/healthz` took on new connections, from first to last; `Infinity` without a response. */
  readonly healthMs: readonly number[];
  /** How long the server computed meanwhile, for each of them: other work on the machine hardly changes it. */
  readonly busyMs: readonly number[];
}

const HEALTH_EVERY_MS = 25;
const HEALTH_LIMIT_MS = 20_000;
/** The server is looked at for this long after all is sent. */
const AFTERMATH_MS = 500;

/** Attacks the server of process `pid` that listens on `port`, and measures it meanwhile. */
export async function costOf(
  name: string,
  { pid, port }: { readonly pid: number; readonly port: number },
): Promise<Cost> {
  // What any work costs once (compiled code, the first buffers) is not growth.
  for (let i = 0; i < 100; i++) await healthMsOf(port);
  const before = memoryOf(pid, 'VmRSS');
  const attacker = spawn(
    process.execPath,
    [fileURLToPath(new URL('attacker.ts', import.meta.url)), name, String(port)],
    {
      stdio: ['pipe', 'pipe', 'inherit'],
    },
  );
  let over = false;
  const ended = once(attacker, 'exit');
  const sent = Promise.race([once(attacker.stdout, 'data'), ended])
    .then(() => delay(AFTERMATH_MS))
    .then(() => {
      over = true;
    });
  const healthMs: number[] = [];
  const busyMs: number[] = [];
  while (!over) {
    const beforeMs = loopMs(pid);
    healthMs.push(await healthMsOf(port));
    busyMs.push(loopMs(pid) - beforeMs);
    await delay(HEALTH_EVERY_MS);
  }
  await sent;
  const grownBytes = memoryOf(pid, 'VmHWM') - before;
  attacker.stdin.end();
  await ended;
  return { grownBytes, healthMs, busyMs };
}

function memoryOf(pid: number, field: string): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(new RegExp(`${field}:\\s+(\\d+) kB`).exec(status)?.[1]) * 1024;
}

function healthMsOf(port: number): Promise<number> {
  const began = performance.now();
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' });
    const finish = (ms: number) => {
      socket.destroy();
      resolve(ms);
    };
    socket.setTimeout(HEALTH_LIMIT_MS, () => finish(Number.POSITIVE_INFINITY));
    socket.on('error', () => finish(Number.POSITIVE_INFINITY));
    socket.once('data', (bytes) => {
      const well = bytes.toString('latin1').startsWith('HTTP/1.1 200 ');
      finish(well ? performance.now() - began : Number.POSITIVE_INFINITY);
    });
    socket.write('GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
  });
}

/**
 * Measures one row of one server once. The server runs alone on core 0, and wrk loads it from core 1 over 64
 * connections. Time is that of the server's processes (`schedstat`): it does not count what else the machine does,
 * and says what the server could do where wrk is the limit.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { on, once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Peer } from '../../bench/peers.ts';
import { runRequests } from './client.ts';
import { measureMessages } from './load.ts';
import { anonymousKiB, coreMs, processesOf, rssKiB, threadsMs } from './process.ts';
import type { Sample } from './results.ts';
import {
  closing,
  type LoadRow,
  large,
  type RequestShape,
  type Row,
  SMALL,
  SMALL_BYTES,
  small,
} from './rows.ts';
import { ACCESS_LOG, ask, BOTH_CORES, check, LOAD_CORE, type Mode, type Running, start } from './server.ts';
import { median } from './statistics.ts';
import { parseStrace } from './strace.ts';
import { CONNECTIONS, type Load, wrk } from './wrk.ts';

/** What V8 needs of a core to compile what it will; it has it at once where nothing else runs. */
const WARM_UP_CORE_MS = 500;
const MAX_WARM_UPS = 5;
/** Time for a server to settle before its memory is read. */
const SETTLE_MS = 300;
const LOGGED_SHARE = 0.99;
const IDLE_CONNECTIONS = 1000;
/** Connections that are opened at a time: fewer than the shortest backlog. */
const BURST_CONNECTIONS = 50;
const STARTS = 5;
/**
 * On each connection: fewer than any server allows, and so many that what opens and closes connections, and wakes
 * threads up now and then, does not show in the second decimal.
 */
const COUNTED_REQUESTS = 900;
const MESSAGE_SECONDS = 10;

/** What a measurement needs to know. */
export interface Setup {
  readonly peer: Peer;
  /** The folder that is served. */
  readonly root: string;
  readonly seconds: number;
  /** The command that starts mote, for what only mote does. */
  readonly mote: readonly string[];
}

/** Throws if the server does not give the right responses. */
export function measure(row: Row, setup: Setup): Promise<Sample> {
  switch (row.kind) {
    case 'load':
      return measureLoad(row, setup);
    case 'memory':
      return measureMemory(setup);
    case 'idle':
      return measureIdleConnections(setup);
    case 'start':
      return measureStart(setup);
    case 'syscalls':
      return measureSystemCalls(setup);
    case 'message':
      return measureMessages(setup.mote, MESSAGE_SECONDS).then((messageMs) => ({ messageMs }));
  }
}

async function withServer<Value>(
  { peer, root }: Setup,
  mode: Mode,
  use: (server: Running) => Promise<Value>,
): Promise<Value> {
  const server = await start(peer, root, mode);
  try {
    return await use(server);
  } finally {
    await server.stop();
  }
}

type Drive = (seconds: number) => Promise<Load>;

async function warmUp({ pid }: Running, drive: Drive, wantedMs = WARM_UP_CORE_MS): Promise<void> {
  const before = coreMs(pid);
  for (let count = 0; count < MAX_WARM_UPS; count++) {
    await drive(1);
    if (coreMs(pid) - before >= wantedMs) return;
  }
}

function measureLoad(row: LoadRow, setup: Setup): Promise<Sample> {
  const { log = false, workers = 1 } = row;
  const shared = row.workers !== undefined;
  return withServer(setup, { log, workers, shared }, async (server) => {
    const driveOnce = await prepare(server, setup.root, row.request, shared);
    let requests = 0;
    const drive: Drive = async (seconds) => {
      const load = await driveOnce(seconds);
      requests += load.requests;
      return load;
    };
    await warmUp(server, drive);
    const before = threadsMs(server.pid);
    const load = await drive(setup.seconds);
    const spent = Array.from(threadsMs(server.pid), ([thread, ms]) => ms - (before.get(thread) ?? 0));
    if (log) await checkLog(server, requests);
    return sampleOf(load, spent, workers, setup.seconds);
  });
}

/** What leaves lines out has less to do. Those of a last buffer may be missing. */
async function checkLog({ folder }: Running, requests: number): Promise<void> {
  await delay(SETTLE_MS);
  const lines = linesIn(readFileSync(join(folder, ACCESS_LOG)));
  assert.ok(lines >= requests * LOGGED_SHARE, `it logged ${lines} of ${requests} requests`);
}

function linesIn(bytes: Buffer): number {
  let lines = 0;
  for (let at = bytes.indexOf('\n'); at >= 0; at = bytes.indexOf('\n', at + 1)) lines += 1;
  return lines;
}

/**
 * `spent`: the milliseconds of each thread of the server. What several workers could do on cores of their own is
 * bounded by the busiest thread, and by the sum of all over the number of cores.
 */
export function sampleOf(load: Load, spent: readonly number[], cores: number, seconds: number): Sample {
  const sum = spent.reduce((total, ms) => total + ms, 0);
  const neededMs = cores === 1 ? sum : Math.max(sum / cores, ...spent);
  return {
    perCoreSecond: (load.requests / neededMs) * 1000,
    microseconds: (sum / load.requests) * 1000,
    perSecond: load.requestsPerSecond,
    p99Ms: load.p99Ms,
    busy: sum / (seconds * cores * 1000),
    errors: load.errors,
  };
}

/** Checks the server's response to a request, and returns what loads it with that request. */
async function prepare(server: Running, root: string, shape: RequestShape, shared = false): Promise<Drive> {
  const { port, folder } = server;
  const tag = shape.revalidates ? (await ask(port, { file: shape.file })).headers.etag : undefined;
  const headers = { ...shape.headers, ...(tag === undefined ? {} : { 'If-None-Match': tag }) };
  await check(port, root, { ...shape, headers });
  const script = join(folder, 'request.lua');
  writeFileSync(script, scriptOf(shape));
  return (seconds) =>
    wrk({
      url: `http://127.0.0.1:${port}/${shape.file}`,
      headers,
      seconds,
      script,
      cores: shared ? BOTH_CORES : LOAD_CORE,
      threads: shared ? 2 : 1,
    });
}

/** Lua for wrk; without a function `request` wrk sends the same bytes again and again. */
function scriptOf({ method = 'GET', file, distinct = false }: RequestShape): string {
  if (!distinct) return `wrk.method = "${method}"\n`;
  return `local count = 0
local before = "${method} /${file} HTTP/1.1\\r\\nHost: 127.0.0.1\\r\\nX-Request-Id: "
request = function()
  count = count + 1
  return before .. count .. "\\r\\n\\r\\n"
end
`;
}

function measureMemory(setup: Setup): Promise<Sample> {
  return withServer(setup, {}, async (server) => {
    await delay(SETTLE_MS);
    const idleMiB = rssKiB(server.pid) / 1024;
    for (const shape of [small, large, closing]) {
      const drive = await prepare(server, setup.root, shape);
      await drive(setup.seconds);
    }
    await delay(SETTLE_MS);
    return { idleMiB, residentMiB: rssKiB(server.pid) / 1024 };
  });
}

/** Connections that had one response each, and wait for more to ask. */
function measureIdleConnections(setup: Setup): Promise<Sample> {
  return withServer(setup, {}, async ({ pid, port }) => {
    await delay(SETTLE_MS);
    const before = anonymousKiB(pid);
    const sockets: Socket[] = [];
    try {
      while (sockets.length < IDLE_CONNECTIONS) {
        const burst = Array.from({ length: BURST_CONNECTIONS }, () => openIdle(port));
        sockets.push(...(await Promise.all(burst)));
      }
      await delay(SETTLE_MS);
      const open = sockets.filter(({ readyState }) => readyState === 'open').length;
      assert.equal(open, IDLE_CONNECTIONS, `only ${open} connections stayed open`);
      return { connectionsMiB: (anonymousKiB(pid) - before) / 1024 };
    } finally {
      for (const socket of sockets) socket.destroy();
    }
  });
}

async function openIdle(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => socket.destroy());
  await once(socket, 'connect');
  socket.write(`GET /${SMALL} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`);
  let text = '';
  for await (const [chunk] of on(socket, 'data', { close: ['close'] })) {
    text += chunk.toString('latin1');
    const [head = '', body = ''] = text.split('\r\n\r\n', 2);
    if (body.length >= SMALL_BYTES) break;
    assert.ok(head.startsWith('HTTP/1.1 200'), `it answers ${head}`);
  }
  return socket;
}

async function measureStart(setup: Setup): Promise<Sample> {
  const samples: { startMs: number; startCoreMs: number }[] = [];
  for (let count = 0; count < STARTS; count++) {
    samples.push(
      await withServer(setup, {}, async ({ pid, startMs }) => ({ startMs, startCoreMs: coreMs(pid) })),
    );
  }
  return {
    startMs: median(samples.map(({ startMs }) => startMs)),
    startCoreMs: median(samples.map(({ startCoreMs }) => startCoreMs)),
  };
}

/**
 * Of a server that has warmed up, by `strace -c`, which slows it down and does not change what it calls. The requests
 * are counted: wrk leaves some unanswered at its end, and does not tell how many.
 */
function measureSystemCalls(setup: Setup): Promise<Sample> {
  return withServer(setup, {}, async (server) => {
    const drive = await prepare(server, setup.root, small);
    // A thread of V8 that still compiles makes calls of its own.
    await warmUp(server, drive, 2 * WARM_UP_CORE_MS);
    const file = join(server.folder, 'strace');
    const tracer = await attach(processesOf(server.pid), file);
    const requests = CONNECTIONS * COUNTED_REQUESTS;
    const head = `GET /${SMALL} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`;
    await runRequests(server.port, { head }, requests, CONNECTIONS, COUNTED_REQUESTS);
    await tracer.detach();
    return parseStrace(readFileSync(file, 'utf8'), requests);
  });
}

async function attach(pids: readonly number[], file: string): Promise<{ detach: () => Promise<unknown> }> {
  const targets = pids.flatMap((pid) => ['-p', `${pid}`]);
  const command = ['-c', LOAD_CORE, 'strace', '-f', '-c', '-o', file, ...targets];
  const child = spawn('taskset', command, { stdio: ['ignore', 'ignore', 'pipe'] });
  const ended = once(child, 'exit');
  let text = '';
  for await (const chunk of child.stderr) {
    text += chunk;
    if (pids.every((pid) => text.includes(`Process ${pid} attached`))) {
      const detach = () => {
        child.kill('SIGINT');
        return ended;
      };
      return { detach };
    }
  }
  throw new Error(text.trim());
}

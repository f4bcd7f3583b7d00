/**
 * Measures servers on this machine. Every server runs alone, as a fresh process on core 0; wrk loads it from
 * core 1 over 64 keep-alive connections. Rounds are interleaved and each begins with another server, so that
 * slow changes of the machine touch all servers alike.
 */

import assert from 'node:assert/strict';
import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { get } from 'node:http';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { type Peer, peerEnvironment } from '../../bench/peers.ts';
import { freePort } from '../../test/support/free-port.ts';
import { cpuSeconds } from './process.ts';

const SERVER_CORE = '0';
const LOAD_CORE = '1';
export const CONNECTIONS = 64;
const WARM_UP_SECONDS = 1;
const START_LIMIT_MS = 10_000;
const STOP_LIMIT_MS = 3000;
/** Time for a server that has just answered its first request to settle before its memory is read. */
const SETTLE_MS = 300;
const files = { '1k.txt': 1000, '100k.txt': 100_000 } as const;
type FileName = keyof typeof files;

const runFile = promisify(execFile);

/** What wrk saw. */
export interface Load {
  readonly requests: number;
  readonly requestsPerSecond: number;
  readonly p99Ms: number;
  /** Connections that failed or requests that timed out. */
  readonly errors: number;
}

/** What one round found out about one server. Memory in MiB. */
export interface Sample {
  readonly startMs: number;
  readonly idleMiB: number;
  readonly loadedMiB: number;
  readonly small: Load;
  /** For each second that the server had of its core: says the same on a machine with other work. */
  readonly smallPerCoreSecond: number;
  readonly large: Load;
}

const unitMs: Readonly<Record<string, number>> = { us: 0.001, ms: 1, s: 1000, m: 60_000 };

/** Reads what `wrk --latency` prints; throws where an answer was not a success. */
export function parseWrk(output: string): Load {
  const field = (pattern: RegExp) => {
    const match = pattern.exec(output);
    if (!match) throw new Error(`wrk printed no ${pattern.source}:\n${output}`);
    return match;
  };
  if (/Non-2xx/.test(output)) throw new Error(`not every answer was a success:\n${output}`);
  const [, p99 = '', unit = ''] = field(/99%\s+([\d.]+)(us|ms|s|m)\b/);
  const errors = /Socket errors: (.*)/.exec(output)?.[1]?.match(/\d+/g) ?? [];
  return {
    requests: Number(field(/(\d+) requests in/)[1]),
    requestsPerSecond: Number(field(/Requests\/sec:\s+([\d.]+)/)[1]),
    p99Ms: Number(p99) * (unitMs[unit] ?? Number.NaN),
    errors: errors.reduce((sum, count) => sum + Number(count), 0),
  };
}

interface Running {
  readonly child: ChildProcess;
  readonly pid: number;
  readonly port: number;
  readonly startMs: number;
}

/** One request on a connection of its own. */
function fetchOnce(port: number, path: string): Promise<{ status: number | undefined; body: Buffer }> {
  return new Promise((settle, reject) => {
    const request = get({ host: '127.0.0.1', port, path, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => settle({ status: response.statusCode, body: Buffer.concat(chunks) }));
    });
    request.on('error', reject);
  });
}

async function start(peer: Peer, root: string): Promise<Running> {
  const port = await freePort();
  const began = performance.now();
  const child = spawn('taskset', ['-c', SERVER_CORE, ...peer.command({ root, port })], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, ...peerEnvironment },
  });
  let complaint = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaint = (complaint + text).slice(-2000);
  });
  const endWithUs = () => child.kill('SIGKILL');
  process.on('exit', endWithUs);
  child.on('exit', () => process.off('exit', endWithUs));
  while (performance.now() - began < START_LIMIT_MS && child.exitCode === null) {
    const answer = await fetchOnce(port, '/1k.txt').catch(() => undefined);
    // `taskset` becomes the server by exec, so this is the server's own process.
    if (answer?.status === 200 && child.pid)
      return { child, pid: child.pid, port, startMs: performance.now() - began };
    await delay(1);
  }
  child.kill('SIGKILL');
  throw new Error(`${peer.name} did not answer: ${complaint}`);
}

async function stop({ child }: Running): Promise<void> {
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_LIMIT_MS);
  await ended;
  clearTimeout(timer);
}

function residentMiB(pid: number): number {
  const match = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return Number(match?.[1]) / 1024;
}

async function wrk(port: number, file: FileName, seconds: number): Promise<Load> {
  const url = `http://127.0.0.1:${port}/${file}`;
  const load = ['wrk', '--latency', '-t1', `-c${CONNECTIONS}`, `-d${seconds}s`, url];
  return parseWrk((await runFile('taskset', ['-c', LOAD_CORE, ...load])).stdout);
}

/** One round of one server. Throws if it does not give the right answers. */
async function measure(peer: Peer, root: string, seconds: number): Promise<Sample> {
  const running = await start(peer, root);
  const { pid, port, startMs } = running;
  try {
    for (const name of Object.keys(files)) {
      const { status, body } = await fetchOnce(port, `/${name}`);
      assert.equal(status, 200, `${peer.name} answers ${status} for ${name}`);
      assert.ok(body.equals(readFileSync(join(root, name))), `${peer.name} sends wrong bytes for ${name}`);
    }
    await delay(SETTLE_MS);
    const idleMiB = residentMiB(pid);
    await wrk(port, '1k.txt', WARM_UP_SECONDS);
    const before = cpuSeconds(pid);
    const small = await wrk(port, '1k.txt', seconds);
    const smallPerCoreSecond = small.requests / (cpuSeconds(pid) - before);
    await wrk(port, '100k.txt', WARM_UP_SECONDS);
    const large = await wrk(port, '100k.txt', seconds);
    return { startMs, idleMiB, loadedMiB: residentMiB(pid), small, smallPerCoreSecond, large };
  } finally {
    await stop(running);
  }
}

/** A temporary folder with one file of each size; gone when the bench ends. */
function makeRoot(): string {
  const root = mkdtempSync(join(tmpdir(), 'mote-bench-'));
  process.on('exit', () => rmSync(root, { recursive: true, force: true }));
  for (const [name, bytes] of Object.entries(files)) {
    writeFileSync(join(root, name), 'A mote is a speck of dust.\n'.repeat(bytes).slice(0, bytes));
  }
  return root;
}

/** All samples by the name of the server. `report` hears which one is measured. */
export async function interleave(
  peers: readonly Peer[],
  rounds: number,
  seconds: number,
  report: (line: string) => void,
): Promise<Map<string, Sample[]>> {
  // Polling for the first answer must not take time from the server that is starting.
  execFileSync('taskset', ['-acp', LOAD_CORE, `${process.pid}`]);
  const root = makeRoot();
  const results = new Map(peers.map(({ name }): [string, Sample[]] => [name, []]));
  for (let round = 0; round < rounds; round++) {
    for (let turn = 0; turn < peers.length; turn++) {
      const peer = peers[(round + turn) % peers.length];
      if (!peer) continue;
      report(`round ${round + 1} of ${rounds}: ${peer.name}`);
      results.get(peer.name)?.push(await measure(peer, root, seconds));
    }
  }
  return results;
}

/** What keeps the bench from running here, or nothing. */
export function obstacle(): string | undefined {
  const missing = (command: string) => {
    try {
      execFileSync('sh', ['-c', 'command -v "$0"', command]);
      return false;
    } catch {
      return true;
    }
  };
  if (missing('taskset')) return 'taskset is missing: the bench needs Linux with util-linux';
  if (missing('wrk')) return 'wrk is missing: install it (Debian: apt-get install wrk)';
  if (availableParallelism() < 2) return 'the bench needs two cores: one for the server, one for wrk';
  return undefined;
}

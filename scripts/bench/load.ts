/**
 * Loads the notify endpoint: `npm run load`. The server runs on core 0, all else on core 1: senders at a steady
 * rate over 32 kept connections, and a webhook that takes every message. For each store it prints what was
 * accepted, how long senders waited, what was delivered, and the server's memory over time.
 *
 *   --seconds 20  --memory-rate 2000  --spool-rate 500  --target 'dist/mote'
 */
import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { Agent, createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { REPOSITORY } from '../bundle/bundle.ts';
import { coreMs, rssKiB } from './process.ts';

const SERVER_CORE = '0';
const LOAD_CORE = '1';
const CONNECTIONS = 32;
/** Messages are sent in slices of this length, to hold the rate. */
const SLICE_MS = 10;
/** After the last message was sent, until all are delivered. */
const DRAIN_LIMIT_MS = 120_000;
const START_LIMIT_MS = 10_000;
const STOP_LIMIT_MS = 15_000;
const TOKEN = 'the-token-of-the-load-test';

export interface Plan {
  readonly name: string;
  readonly perSecond: number;
  readonly args: readonly string[];
}

interface Result {
  readonly accepted: number;
  readonly refused: number;
  readonly seconds: number;
  readonly waitsMs: readonly number[];
  readonly delivered: number;
  readonly drainMs: number;
  /** One a second. */
  readonly residentMiB: readonly number[];
  /** Of the server, after it had started. */
  readonly coreMs: number;
}

const inMemory = (perSecond: number): Plan => ({ name: 'in memory', perSecond, args: [] });
const MEMORY_RATE = 2000;

/** Milliseconds of a core that a message by webhook takes from memory. Throws if one was refused or lost. */
export async function measureMessages(command: readonly string[], seconds: number): Promise<number> {
  const { accepted, refused, delivered, coreMs } = await load(inMemory(MEMORY_RATE), seconds, command);
  assert.equal(refused, 0, `it refused ${refused} messages`);
  assert.equal(delivered, accepted, `it delivered ${delivered} of ${accepted} messages`);
  return coreMs / delivered;
}

/** Takes messages and counts how often each came. */
export async function startReceiver() {
  const counts = new Map<string, number>();
  const server = createServer((message, response) => {
    const id = String(message.headers['idempotency-key']);
    counts.set(id, (counts.get(id) ?? 0) + 1);
    message.resume().once('end', () => response.end('{}'));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { counts, port: (server.address() as AddressInfo).port, close: () => server.close() };
}

export interface Server {
  readonly child: ChildProcess;
  readonly port: number;
}

export async function startServer(
  command: readonly string[],
  args: readonly string[],
  cores = SERVER_CORE,
): Promise<Server> {
  const child = spawn('taskset', ['-c', cores, ...command, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const port = await new Promise<number>((resolve, reject) => {
    let text = '';
    const refuse = () => {
      child.kill('SIGKILL');
      reject(new Error('the server did not start'));
    };
    const timer = setTimeout(refuse, START_LIMIT_MS);
    child.once('exit', refuse);
    child.stdout.on('data', (chunk) => {
      if (text.length < 1000) text += chunk;
      const found = / on http:\/\/localhost:(\d+)/.exec(text)?.[1];
      if (!found) return;
      clearTimeout(timer);
      resolve(Number(found));
    });
  });
  return { child, port };
}

export function send(agent: Agent, port: number, number: number): Promise<number> {
  const body = JSON.stringify({ title: `message ${number}`, text: 'The disk of web1 is full. '.repeat(4) });
  const headers = {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
    authorization: `Bearer ${TOKEN}`,
  };
  return new Promise((resolve, reject) => {
    const outgoing = request({ agent, port, host: '127.0.0.1', method: 'POST', path: '/notify', headers });
    outgoing.once('error', reject);
    outgoing.once('response', (response) => {
      response.resume().once('end', () => resolve(response.statusCode ?? 0));
    });
    outgoing.end(body);
  });
}

const LIMIT_ARGS = [
  '--max-queued-messages 1000000',
  '--max-queued-bytes 1G',
  '--max-requests-per-connection 1000000',
];

/** Writes what the server is configured by into `folder`; returns its arguments, the folder to serve first. */
export function configure(plan: Plan, folder: string, receiverPort: number): string[] {
  // mote refuses to serve its own configuration.
  const [file, site] = [join(folder, 'notify.json'), join(folder, 'site')];
  mkdirSync(site);
  const hook = { kind: 'webhook', url: `http://127.0.0.1:${receiverPort}/`, allowAddresses: ['127.0.0.1'] };
  const hash = createHash('sha256').update(TOKEN).digest('hex');
  const users = { load: { tokens: [hash], burst: 1_000_000, perMinute: 1_000_000 } };
  writeFileSync(file, JSON.stringify({ users, channels: { hook } }));
  const own = ['--notify', file, '--notify-wait', '0', '--log-format', 'off'];
  const limits = LIMIT_ARGS.flatMap((arg) => arg.split(' '));
  return [site, '0', ...own, ...limits, ...plan.args.map((arg) => arg.replace('FOLDER', folder))];
}

async function load(plan: Plan, seconds: number, command: readonly string[]): Promise<Result> {
  const folder = mkdtempSync(join(tmpdir(), 'mote-load-'));
  const receiver = await startReceiver();
  try {
    const server = await startServer(command, configure(plan, folder, receiver.port));
    return await loadServer(server, receiver.counts, plan, seconds).finally(() => stop(server.child));
  } finally {
    receiver.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function loadServer(
  { child, port }: Server,
  counts: ReadonlyMap<string, number>,
  plan: Plan,
  seconds: number,
): Promise<Result> {
  const pid = child.pid ?? 0;
  const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });
  const memory: number[] = [];
  const sampler = setInterval(() => memory.push(rssKiB(pid) / 1024), 1000);
  try {
    const startedMs = coreMs(pid);
    const sent = await sendSteadily(plan.perSecond, seconds, (number) => send(agent, port, number));
    const drainMs = await drain(counts, sent.accepted);
    const doubled = [...counts.values()].filter((count) => count > 1).length;
    assert.equal(doubled, 0, 'nothing was delivered twice');
    const spentMs = coreMs(pid) - startedMs;
    return { ...sent, delivered: counts.size, drainMs, residentMiB: memory, coreMs: spentMs };
  } finally {
    clearInterval(sampler);
    agent.destroy();
  }
}

/** An open loop: what is slow makes senders wait, and does not make them fewer. */
async function sendSteadily(
  perSecond: number,
  seconds: number,
  sendOne: (number: number) => Promise<number>,
) {
  const began = performance.now();
  const waitsMs: number[] = [];
  let [accepted, refused, sent] = [0, 0, 0];
  const pending = new Set<Promise<void>>();
  while (performance.now() - began < seconds * 1000) {
    const due = Math.floor(((performance.now() - began) / 1000) * perSecond);
    for (; sent < due; sent++) {
      const startedMs = performance.now();
      const one: Promise<void> = sendOne(sent).then((status) => {
        waitsMs.push(performance.now() - startedMs);
        if (status >= 200 && status < 300) accepted += 1;
        else refused += 1;
        pending.delete(one);
      });
      pending.add(one);
    }
    await delay(SLICE_MS);
  }
  await Promise.all(pending);
  return { accepted, refused, waitsMs, seconds: (performance.now() - began) / 1000 };
}

export async function drain(counts: ReadonlyMap<string, number>, wanted: number): Promise<number> {
  const began = performance.now();
  while (counts.size < wanted && performance.now() - began < DRAIN_LIMIT_MS) await delay(SLICE_MS);
  return performance.now() - began;
}

export async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  const killer = setTimeout(() => child.kill('SIGKILL'), STOP_LIMIT_MS);
  await ended;
  clearTimeout(killer);
}

function describe({ name, perSecond }: Plan, result: Result): string {
  const { accepted, refused, seconds, waitsMs, delivered, drainMs, residentMiB: memory } = result;
  const sorted = waitsMs.toSorted((a, b) => a - b);
  const at = (share: number): string => (sorted[Math.floor(sorted.length * share)] ?? 0).toFixed(1);
  const later = (index: number): string => (memory.at(index) ?? 0).toFixed(0);
  const half = Math.floor(memory.length / 2);
  return [
    `${name}, ${perSecond} messages/s asked for`,
    `  accepted   ${accepted} in ${seconds.toFixed(1)} s: ${(accepted / seconds).toFixed(0)}/s, refused ${refused}`,
    `  waited     ${at(0.5)} ms in the median, ${at(0.99)} ms at 99 %`,
    `  delivered  ${delivered}, none twice; the last ${drainMs.toFixed(0)} ms after the last was sent`,
    `  memory     ${later(1)} MiB after 2 s, ${later(half)} in the middle, ${later(-1)} at the end`,
    `  processor  ${((result.coreMs / accepted) * 1e3).toFixed(0)} µs for each message`,
  ].join('\n');
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      seconds: { type: 'string', default: '20' },
      'memory-rate': { type: 'string', default: String(MEMORY_RATE) },
      'spool-rate': { type: 'string', default: '500' },
      target: { type: 'string' },
    },
  });
  execFileSync('taskset', ['-cp', LOAD_CORE, String(process.pid)]);
  const command = values.target?.split(' ') ?? [process.execPath, join(REPOSITORY, 'src/cli/bin.ts')];
  const plans: readonly Plan[] = [
    inMemory(Number(values['memory-rate'])),
    { name: 'with a spool', perSecond: Number(values['spool-rate']), args: ['--spool', 'FOLDER/spool'] },
  ];
  for (const plan of plans) {
    process.stdout.write(`${describe(plan, await load(plan, Number(values.seconds), command))}\n`);
  }
}

if (import.meta.main) await main();

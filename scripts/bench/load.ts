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
import { cpuSeconds, rssKiB } from './process.ts';

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

interface Plan {
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
  /** Without the start. */
  readonly cpuSeconds: number;
}

/** Takes messages and counts how often each came. */
async function startReceiver() {
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

async function startServer(command: readonly string[], root: string, args: readonly string[]) {
  const child = spawn('taskset', ['-c', SERVER_CORE, ...command, root, '0', ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const port = await new Promise<number>((resolve, reject) => {
    let text = '';
    setTimeout(() => reject(new Error('the server did not start')), START_LIMIT_MS).unref();
    child.stdout.on('data', (chunk) => {
      if (text.length < 1000) text += chunk;
      const found = / on http:\/\/localhost:(\d+)/.exec(text)?.[1];
      if (found) resolve(Number(found));
    });
  });
  return { child, port };
}

function send(agent: Agent, port: number, number: number): Promise<number> {
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

async function load(plan: Plan, seconds: number, command: readonly string[]): Promise<Result> {
  const folder = mkdtempSync(join(tmpdir(), 'mote-load-'));
  // Secrets must not lie in what is served.
  const root = join(folder, 'root');
  mkdirSync(root);
  const receiver = await startReceiver();
  const file = join(folder, 'notify.json');
  const hook = { kind: 'webhook', url: `http://127.0.0.1:${receiver.port}/`, allowAddresses: ['127.0.0.1'] };
  const hash = createHash('sha256').update(TOKEN).digest('hex');
  const users = { load: { tokens: [hash], burst: 1_000_000, perMinute: 1_000_000 } };
  writeFileSync(file, JSON.stringify({ users, channels: { hook } }));
  const own = ['--notify', file, '--notify-wait', '0', '--log-format', 'off'];
  const more = [
    '--max-queued-messages',
    '1000000',
    '--max-queued-bytes',
    '1G',
    '--max-requests-per-connection',
    '1000000',
  ];
  const args = [...own, ...more, ...plan.args.map((arg) => arg.replace('FOLDER', folder))];
  const { child, port } = await startServer(command, root, args);
  const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });
  try {
    const memory: number[] = [];
    const sampler = setInterval(() => memory.push(rssKiB(child.pid ?? 0) / 1024), 1000);
    const startedSeconds = cpuSeconds(child.pid ?? 0);
    const sent = await sendSteadily(plan.perSecond, seconds, (number) => send(agent, port, number));
    const drainMs = await drain(receiver.counts, sent.accepted);
    clearInterval(sampler);
    const doubled = [...receiver.counts.values()].filter((count) => count > 1).length;
    assert.equal(doubled, 0, 'nothing was delivered twice');
    return {
      ...sent,
      delivered: receiver.counts.size,
      drainMs,
      residentMiB: memory,
      cpuSeconds: cpuSeconds(child.pid ?? 0) - startedSeconds,
    };
  } finally {
    agent.destroy();
    await stop(child);
    receiver.close();
    rmSync(folder, { recursive: true, force: true });
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

async function drain(counts: ReadonlyMap<string, number>, wanted: number): Promise<number> {
  const began = performance.now();
  while (counts.size < wanted && performance.now() - began < DRAIN_LIMIT_MS) await delay(SLICE_MS);
  return performance.now() - began;
}

async function stop(child: ChildProcess): Promise<void> {
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
    `  processor  ${((result.cpuSeconds / accepted) * 1e6).toFixed(0)} µs for each message`,
  ].join('\n');
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      seconds: { type: 'string', default: '20' },
      'memory-rate': { type: 'string', default: '2000' },
      'spool-rate': { type: 'string', default: '500' },
      target: { type: 'string' },
    },
  });
  execFileSync('taskset', ['-cp', LOAD_CORE, String(process.pid)]);
  const command = values.target?.split(' ') ?? [process.execPath, join(REPOSITORY, 'src/cli/bin.ts')];
  const plans: readonly Plan[] = [
    { name: 'in memory', perSecond: Number(values['memory-rate']), args: [] },
    { name: 'with a spool', perSecond: Number(values['spool-rate']), args: ['--spool', 'FOLDER/spool'] },
  ];
  for (const plan of plans) {
    process.stdout.write(`${describe(plan, await load(plan, Number(values.seconds), command))}\n`);
  }
}

if (import.meta.main) await main();

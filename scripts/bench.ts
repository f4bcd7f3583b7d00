/**
 * Compares mote with other servers on this machine: `npm run bench -- [options]`
 *
 *   --rounds N      rounds over all servers (default 5); each figure is the median of the rounds
 *   --seconds N     seconds of load for each file and round (default 3), after one second of warm-up
 *   --only A,B      just these servers (names in bench/peers.ts)
 *   --target FILE   the mote to measure: a script or an executable (default src/bin.ts)
 *   --markdown      print the table as Markdown
 *
 * Every server runs alone, as a fresh process on core 0; wrk loads it from core 1 over 64 keep-alive
 * connections. The rounds are interleaved and each begins with another server, so that slow changes of the
 * machine touch all servers alike. Before it is measured, each server must give the right answers. Absolute
 * figures belong to the machine; the ratios carry over.
 */
import assert from 'node:assert/strict';
import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { get } from 'node:http';
import { createServer } from 'node:net';
import { availableParallelism, cpus, loadavg, tmpdir } from 'node:os';
import { join, relative, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs, promisify } from 'node:util';
import { type Peer, peerEnvironment, peers } from '../bench/peers.ts';

const SERVER_CORE = '0';
const LOAD_CORE = '1';
const CONNECTIONS = 64;
const WARM_UP_SECONDS = 1;
const START_LIMIT_MS = 10_000;
const STOP_LIMIT_MS = 3000;
/** Above this the machine has other work, and even the ratios are doubtful. */
const BUSY_LOAD = 0.7;
/** Time for a server that has just answered its first request to settle before its memory is read. */
const SETTLE_MS = 300;
const files = { '1k.txt': 1000, '100k.txt': 100_000 } as const;
type FileName = keyof typeof files;

const projectFolder = resolve(import.meta.dirname, '..');
const runFile = promisify(execFile);

export interface Load {
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
    requestsPerSecond: Number(field(/Requests\/sec:\s+([\d.]+)/)[1]),
    p99Ms: Number(p99) * (unitMs[unit] ?? Number.NaN),
    errors: errors.reduce((sum, count) => sum + Number(count), 0),
  };
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 ? upper : (upper + (sorted[middle - 1] ?? Number.NaN)) / 2;
}

const whole = (value: number) => Math.round(value).toLocaleString('en');
const oneDecimal = (value: number) => value.toFixed(1);

const columns: readonly [title: string, of: (sample: Sample) => number, show: (value: number) => string][] = [
  ['1 kB req/s', (sample) => sample.small.requestsPerSecond, whole],
  ['p99 ms', (sample) => sample.small.p99Ms, oneDecimal],
  ['100 kB req/s', (sample) => sample.large.requestsPerSecond, whole],
  ['p99 ms', (sample) => sample.large.p99Ms, oneDecimal],
  ['idle MiB', (sample) => sample.idleMiB, oneDecimal],
  ['loaded MiB', (sample) => sample.loadedMiB, oneDecimal],
  ['start ms', (sample) => sample.startMs, whole],
];

/** The table: for every server the median of each column and, in brackets, its ratio to mote's. */
export function tabulate(results: ReadonlyMap<string, readonly Sample[]>): string[][] {
  const medians = (samples: readonly Sample[]) => columns.map(([, of]) => median(samples.map(of)));
  const base = medians(results.get('mote') ?? []);
  const rows = [...results].map(([name, samples]) => [
    name,
    ...medians(samples).map((value, column) => {
      const shown = columns[column]?.[2](value) ?? '';
      const ratio = value / (base[column] ?? Number.NaN);
      return Number.isFinite(ratio) ? `${shown} (${ratio.toFixed(2)})` : shown;
    }),
  ]);
  return [['server', ...columns.map(([title]) => title)], ...rows];
}

/** Aligned columns, numbers to the right; with `markdown` as a Markdown table. */
export function render(rows: readonly (readonly string[])[], markdown: boolean): string {
  const header = rows[0] ?? [];
  const widths = header.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const line = (cells: readonly string[]) => (markdown ? `| ${cells.join(' | ')} |` : cells.join('  '));
  const lines = rows.map((row) =>
    line(row.map((cell, i) => (i ? cell.padStart(widths[i] ?? 0) : cell.padEnd(widths[i] ?? 0)))),
  );
  const rule = line(
    widths.map((width, i) => (markdown && i ? `${'-'.repeat(width - 1)}:` : '-'.repeat(width))),
  );
  return [...lines.slice(0, 1), rule, ...lines.slice(1)].join('\n');
}

interface Running {
  readonly child: ChildProcess;
  readonly pid: number;
  readonly port: number;
  readonly startMs: number;
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const address = probe.address();
  probe.close();
  await once(probe, 'close');
  if (typeof address !== 'object' || !address) throw new Error('the probe has no port');
  return address.port;
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
    const under = async (file: FileName) => {
      await wrk(port, file, WARM_UP_SECONDS);
      return wrk(port, file, seconds);
    };
    const small = await under('1k.txt');
    const large = await under('100k.txt');
    return { startMs, idleMiB, loadedMiB: residentMiB(pid), small, large };
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

/** What keeps the bench from running here, or nothing. */
function obstacle(): string | undefined {
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
  if (!existsSync(join(projectFolder, 'bench/node_modules'))) {
    return 'the other servers are not installed: npm ci --prefix bench';
  }
  return undefined;
}

const wholeNumber = (name: string, text: string) => {
  if (!/^[1-9]\d{0,3}$/.test(text))
    throw new Error(`--${name} wants a whole number from 1 to 9999, got ${text}`);
  return Number(text);
};

function parseOptions(args: string[]) {
  const { values } = parseArgs({
    args,
    options: {
      rounds: { type: 'string', default: '5' },
      seconds: { type: 'string', default: '3' },
      only: { type: 'string' },
      target: { type: 'string', default: join(projectFolder, 'src/bin.ts') },
      markdown: { type: 'boolean', default: false },
    },
  });
  const target = resolve(values.target);
  const all = peers(process.execPath, target);
  const wanted = values.only?.split(',') ?? all.map(({ name }) => name);
  const unknown = wanted.filter((name) => !all.some((peer) => peer.name === name));
  if (unknown.length) throw new Error(`--only: no server is called ${unknown.join(', ')}`);
  return {
    chosen: all.filter(({ name }) => wanted.includes(name)),
    rounds: wholeNumber('rounds', values.rounds),
    seconds: wholeNumber('seconds', values.seconds),
    target,
    markdown: values.markdown,
  };
}

async function main(args: string[]): Promise<void> {
  const { chosen, rounds, seconds, target, markdown } = parseOptions(args);
  const problem = obstacle();
  if (problem) throw new Error(problem);
  // Polling for the first answer must not take time from the server that is starting.
  execFileSync('taskset', ['-acp', LOAD_CORE, `${process.pid}`]);
  const [loadBefore = 0] = loadavg();
  const root = makeRoot();
  const results = new Map(chosen.map(({ name }): [string, Sample[]] => [name, []]));
  for (let round = 0; round < rounds; round++) {
    for (let turn = 0; turn < chosen.length; turn++) {
      const peer = chosen[(round + turn) % chosen.length];
      if (!peer) continue;
      process.stderr.write(`round ${round + 1} of ${rounds}: ${peer.name}\n`);
      results.get(peer.name)?.push(await measure(peer, root, seconds));
    }
  }
  const failed = [...results].flatMap(([name, samples]) => {
    const errors = samples.reduce((sum, { small, large }) => sum + small.errors + large.errors, 0);
    return errors ? [`${name}: ${errors} socket errors`] : [];
  });
  const lines = [
    `Node ${process.version}, ${cpus()[0]?.model}, ${CONNECTIONS} connections`,
    `${rounds} rounds of ${seconds} s for each file; mote is ${relative(projectFolder, target)}`,
    '',
    render(tabulate(results), markdown),
    '',
    'In brackets: the ratio to mote.',
    ...(target.endsWith('.ts') ? ["mote's start and memory include stripping types: see --target."] : []),
    ...(loadBefore > BUSY_LOAD
      ? [`The machine was busy before the start: load ${loadBefore.toFixed(1)}.`]
      : []),
    ...failed,
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
}

if (import.meta.main) {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
  await main(process.argv.slice(2)).catch((error: Error) => {
    process.stderr.write(`bench: ${error.message}\n`);
    process.exitCode = 1;
  });
}

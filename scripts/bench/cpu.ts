/**
 * What one request costs servers in processor time: `npm run bench:cpu -- [options]`
 *
 *   --rounds N     rounds over all servers (default 5)
 *   --requests N   requests for each row and round (default 20,000)
 *   --rows A,B     only these rows
 *   --only A,B     only these servers: mote, mote-log, base, base-log, bare, nginx, nginx-log, plain,
 *                  plain-log (nginx that opens its files at each request)
 *   --target FILE  the mote to measure: a script or an executable (default src/cli/bin.ts)
 *   --base FILE    another mote to compare with, for example that of another work tree
 *
 * Each figure is the least of the rounds, with the median in brackets: microseconds of user and system time of the
 * server's processes for each request. Such figures bear other work on the machine better than requests per second,
 * as long as all servers suffer alike; so the rounds are interleaved. Memory is that of the last round.
 */
import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, closeSync, mkdirSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { gzipSync } from 'node:zlib';
import { nginx, OPEN_FILE_CACHE, programOf } from '../../bench/peers.ts';
import { freePort } from '../../test/support/free-port.ts';
import { answerHelp } from '../help.ts';
import { connectIdly, exchange, type Load, runConnections, runRequests } from './client.ts';
import { coreMs, rssKiB } from './process.ts';
import { median } from './statistics.ts';

const SERVER_CORE = '0';
const LOAD_CORE = '1';
const START_LIMIT_MS = 10_000;
const CONNECTIONS = 64;
const IDLE_CONNECTIONS = 1000;
const WARM_UP_SHARE = 0.5;
const SETTLE_MS = 300;
const repository = resolve(import.meta.dirname, '../..');

const agent = 'Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0';
const browser = [
  `User-Agent: ${agent}`,
  'Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8',
  'Accept-Language: en-US,en;q=0.5',
  'Connection: keep-alive',
  'Upgrade-Insecure-Requests: 1',
  'Sec-Fetch-Dest: document',
  'Sec-Fetch-Mode: navigate',
  'Sec-Fetch-Site: none',
];

/** A request as a browser sends it. */
function request(method: string, path: string, ...fields: string[]): string {
  return [`${method} ${path} HTTP/1.1`, 'Host: 127.0.0.1', ...browser, ...fields, '', ''].join('\r\n');
}

interface Row {
  readonly name: string;
  readonly load: (tag: string) => Load;
  /** Each request has a connection of its own. */
  readonly closes?: true;
  readonly status: number;
  /** The share of `--requests`, because it takes longer. */
  readonly share?: number;
}

const rows: readonly Row[] = [
  { name: '1 kB', status: 200, load: () => ({ head: request('GET', '/1k.txt') }) },
  { name: '304', status: 304, load: (tag) => ({ head: request('GET', '/1k.txt', `If-None-Match: ${tag}`) }) },
  { name: 'HEAD', status: 200, load: () => ({ head: request('HEAD', '/1k.txt') }) },
  {
    name: 'coded',
    status: 200,
    load: () => ({ head: request('GET', '/c.txt', 'Accept-Encoding: gzip, br') }),
  },
  { name: 'range', status: 206, load: () => ({ head: request('GET', '/1k.txt', 'Range: bytes=100-199') }) },
  {
    name: 'different',
    status: 200,
    load: () => ({ head: request('GET', '/1k.txt', 'X-Number: 0000000000'), counter: '0000000000' }),
  },
  { name: '100 kB', status: 200, share: 0.25, load: () => ({ head: request('GET', '/100k.txt') }) },
  {
    name: 'close',
    status: 200,
    share: 0.5,
    closes: true,
    load: () => ({ head: request('GET', '/1k.txt').replace('keep-alive', 'close') }),
  },
];

interface Server {
  readonly name: string;
  readonly command: (folder: string, root: string, port: number) => readonly string[];
}

function mote(target: string, ...args: string[]): Server['command'] {
  const program = programOf(process.execPath, target);
  return (_, root, port) => [...program, root, `${port}`, ...args];
}

/** One worker. The fastest configuration of a plain file server keeps its files open. */
function nginxServer(name: string, hasLog: boolean, keepsFiles: boolean): Server {
  return {
    name,
    command(parent, root, port) {
      const folder = join(parent, name);
      mkdirSync(folder, { recursive: true });
      const log = hasLog ? { log: join(folder, 'access.log') } : {};
      return nginx({ root, folder, port, workers: 1, ...log }, keepsFiles ? OPEN_FILE_CACHE : '');
    },
  };
}

function serversOf(target: string, base: string | undefined): Server[] {
  const bare = join(repository, 'bench/bare.mjs');
  const motes = (name: string, file: string): Server[] => [
    { name, command: mote(file, '--log-format', 'off') },
    { name: `${name}-log`, command: mote(file) },
  ];
  return [
    ...motes('mote', target),
    ...(base === undefined ? [] : motes('base', resolve(base))),
    { name: 'bare', command: (_, root, port) => [process.execPath, bare, root, `${port}`] },
    nginxServer('nginx', false, true),
    nginxServer('nginx-log', true, true),
    nginxServer('plain', false, false),
    nginxServer('plain-log', true, false),
  ];
}

interface Running {
  readonly child: ChildProcess;
  readonly pid: number;
  readonly port: number;
}

async function start({ name, command }: Server, folder: string, root: string): Promise<Running> {
  const port = await freePort();
  const log = openSync(join(folder, `${name}.log`), 'w');
  const child = spawn('taskset', ['-c', SERVER_CORE, ...command(folder, root, port)], {
    stdio: ['ignore', log, 'inherit'],
  });
  closeSync(log);
  const endWithUs = () => child.kill('SIGKILL');
  process.on('exit', endWithUs);
  child.on('exit', () => process.off('exit', endWithUs));
  const deadline = performance.now() + START_LIMIT_MS;
  while (performance.now() < deadline && child.exitCode === null) {
    const response = await exchange(port, request('GET', '/1k.txt')).catch(() => undefined);
    if (response?.status === 200 && child.pid && child.exitCode === null)
      return { child, pid: child.pid, port };
    await delay(5);
  }
  child.kill('SIGKILL');
  throw new Error(`${name} did not start`);
}

async function stop({ child }: Running): Promise<void> {
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  await ended;
}

/** Microseconds for each request, and memory in MiB, by the name of the row. */
type Figures = Record<string, number>;

async function measure(
  server: Server,
  chosen: readonly Row[],
  requests: number,
  folder: string,
  root: string,
): Promise<Figures> {
  const running = await start(server, folder, root);
  const { pid, port } = running;
  const figures: Figures = {};
  try {
    await delay(SETTLE_MS);
    const first = await exchange(port, request('GET', '/1k.txt'));
    const tag = /\r\netag: (.*)/i.exec(first.head)?.[1] ?? '"none"';
    figures['idle MiB'] = rssKiB(pid) / 1024;
    const sockets = await connectIdly(port, IDLE_CONNECTIONS);
    await delay(SETTLE_MS);
    figures['1000 idle MiB'] = rssKiB(pid) / 1024 - figures['idle MiB'];
    for (const socket of sockets) socket.destroy();
    await runRequests(port, { head: request('GET', '/1k.txt') }, requests, CONNECTIONS);
    for (const row of chosen) {
      const load = row.load(tag);
      const { status } = await exchange(port, load.head);
      // `bare` knows no such requests.
      if (status !== row.status) continue;
      const count = Math.ceil(requests * (row.share ?? 1));
      const run = row.closes ? runConnections : runRequests;
      await run(port, load, Math.ceil(count * WARM_UP_SHARE), CONNECTIONS);
      const before = coreMs(pid);
      await run(port, load, count, CONNECTIONS);
      figures[row.name] = ((coreMs(pid) - before) * 1000) / count;
    }
    figures['loaded MiB'] = rssKiB(pid) / 1024;
    return figures;
  } finally {
    await stop(running);
  }
}

function makeRoot(folder: string): string {
  const root = join(folder, 'root');
  mkdirSync(root);
  const text = (bytes: number) => 'A mote is a speck of dust.\n'.repeat(bytes).slice(0, bytes);
  writeFileSync(join(root, '1k.txt'), text(1000));
  writeFileSync(join(root, '100k.txt'), text(100_000));
  writeFileSync(join(root, 'c.txt'), text(4000));
  writeFileSync(join(root, 'c.txt.gz'), gzipSync(text(4000)));
  return root;
}

function table(results: ReadonlyMap<string, readonly Figures[]>): string {
  const names = [...new Set([...results.values()].flat().flatMap((figures) => Object.keys(figures)))];
  const lines = [['', ...results.keys()]];
  for (const name of names) {
    const cells = [...results.values()].map((rounds) => {
      const values = rounds.map((figures) => figures[name]).filter((value) => value !== undefined);
      if (values.length === 0) return '-';
      if (name.endsWith('MiB')) return median(values).toFixed(1);
      return `${Math.min(...values).toFixed(1)} (${median(values).toFixed(1)})`;
    });
    lines.push([name, ...cells]);
  }
  return lines
    .map((cells) =>
      cells
        .map((cell) => cell.padEnd(15))
        .join('')
        .trimEnd(),
    )
    .join('\n');
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      rounds: { type: 'string', default: '5' },
      requests: { type: 'string', default: '20000' },
      rows: { type: 'string' },
      only: { type: 'string' },
      target: { type: 'string', default: join(repository, 'src/cli/bin.ts') },
      base: { type: 'string' },
    },
  });
  const all = serversOf(resolve(values.target), values.base);
  const chosen = all.filter(({ name }) => values.only?.split(',').includes(name) ?? true);
  const chosenRows = rows.filter(({ name }) => values.rows?.split(',').includes(name) ?? true);
  assert.ok(chosen.length > 0 && chosenRows.length > 0, 'nothing to measure: see --only and --rows');
  execFileSync('taskset', ['-acp', LOAD_CORE, `${process.pid}`]);
  const folder = mkdtempSync(join(tmpdir(), 'mote-cpu-'));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  // nginx gives up its rights before it opens files.
  chmodSync(folder, 0o755);
  const root = makeRoot(folder);
  const results = new Map(chosen.map(({ name }): [string, Figures[]] => [name, []]));
  const rounds = Number(values.rounds);
  for (let round = 0; round < rounds; round++) {
    for (let turn = 0; turn < chosen.length; turn++) {
      const server = chosen[(round + turn) % chosen.length] as Server;
      results
        .get(server.name)
        ?.push(await measure(server, chosenRows, Number(values.requests), folder, root));
    }
  }
  const load = loadavg()[0]?.toFixed(1);
  process.stdout.write(
    `µs a request: least of ${rounds} rounds (median); load at the end ${load}\n${table(results)}\n`,
  );
}

if (import.meta.main) {
  answerHelp(import.meta.filename);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
  await main();
}

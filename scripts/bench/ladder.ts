/**
 * The size ladder: mote's rungs beside servers that Debian packages: `npm run ladder -- [--rounds N]`
 *
 * All serve one page of 1,000 bytes, alone on core 0, loaded by wrk from core 1 over 64 connections; the rounds
 * are interleaved, and each figure is the median. Requests are counted for each second that the server had of its
 * core, so that other work on the machine matters less. A server that is not installed, or mote where
 * `npm run build` has not made it, is left out. Start is the time of a core from the fork in a small shell to the
 * first connection that is accepted: what runs beside it does not count. The last lines quote published figures.
 */
import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { lighttpd, nginx } from '../../bench/peers.ts';
import { build, type Input, imageOf } from '../micro/micro.ts';
import { trustedRoots } from '../oci/ca-bundle.ts';
import { moteImage, readSite } from '../oci/image.ts';
import { sizes } from '../oci/oci.ts';
import { coreMs, cpuSeconds, rssKiB } from './process.ts';
import { median } from './statistics.ts';
import { parseWrk } from './wrk.ts';

const [SERVER_CORE, LOAD_CORE] = ['0', '1'];
const CONNECTIONS = 64;
const SECONDS = 2;
const PAGE_BYTES = 1000;
const START_LIMIT_MS = 5000;
const runFile = promisify(execFile);

interface Server {
  readonly name: string;
  readonly port: number;
  readonly command: readonly [string, ...string[]];
  /** Of the executable alone, without libraries and configuration. */
  readonly programBytes: number;
  readonly imageBytes?: number;
  readonly pullBytes?: number;
}

interface Sample {
  readonly startMs: number;
  readonly rssKiB: number;
  readonly requestsPerSecond: number;
}

const REPOSITORY = resolve(import.meta.dirname, '../..');

/** One for each server: `record` leaves its port in a state in which nobody else can have it. */
const PORTS = {
  record: 18_480,
  standard: 18_481,
  full: 18_486,
  site: 18_487,
  nginx: 18_482,
  lighttpd: 18_483,
  busybox: 18_484,
  mote: 18_485,
} as const;
const published = [
  'node:14 with a small server (published): image 943 MB; slim 167 MB; alpine 116 MB',
  'scratch-node: Node 12 with UPX (published): image 8.41 MB; Node 18 partly static: 47.5 MB, pull 18.7 MB',
  'Go FileServer from scratch (published): image 8.65 MB; Go with UPX and the CA bundle: 2.64 MB',
  'asmttpd (published): image 6.34 kB; measured before in the same way: 24k requests/s, 0.1 MB, start 0.36 ms',
  'nolibc-httpd (published): program 831 to 851 bytes and its page, no response header, one file for every path',
];

const microProfiles = ['record', 'standard', 'full', 'site'] as const;

/** In a site the page is the only file. */
function microServer(folder: string, profile: (typeof microProfiles)[number], content: Buffer): Server {
  const port = PORTS[profile];
  const path = join(folder, profile);
  const page = { content, contentType: 'text/html; charset=utf-8' };
  const input: Input =
    profile === 'site'
      ? { kind: 'site', files: [{ ...page, segments: ['index.html'] }] }
      : { kind: 'page', page };
  const { bytes } = build(profile, input, { port });
  writeFileSync(path, bytes, { mode: 0o755 });
  const { fileBytes, pullBytes } = sizes(imageOf(bytes, port, profile));
  return {
    name: `mote-micro ${profile}`,
    port,
    command: [path, String(port)],
    programBytes: bytes.length,
    imageBytes: fileBytes,
    pullBytes,
  };
}

/** The whole product: the executable of `npm run build`, and the image of `npm run image`. */
function moteServer(root: string): Server[] {
  const path = join(REPOSITORY, 'dist/mote');
  if (!existsSync(path)) {
    process.stderr.write('dist/mote is missing: npm run build makes it\n');
    return [];
  }
  const executable = readFileSync(path);
  const product = JSON.parse(readFileSync(join(REPOSITORY, 'package.json'), 'utf8'));
  const site = readSite(join(REPOSITORY, 'web_root'));
  const parts = { architecture: 'amd64', executable, caBundle: trustedRoots(), site } as const;
  const { fileBytes, pullBytes } = sizes(moteImage(parts, product, undefined));
  const command = [path, root, String(PORTS.mote)] as const;
  const measures = { programBytes: executable.length, imageBytes: fileBytes, pullBytes };
  return [{ name: 'mote', port: PORTS.mote, command, ...measures }];
}

function debianServers(folder: string, root: string): Server[] {
  const site = { folder, root, workers: 1 };
  const all: readonly [name: string, port: number, ...command: string[]][] = [
    ['nginx', PORTS.nginx, ...nginx({ ...site, port: PORTS.nginx })],
    ['lighttpd', PORTS.lighttpd, ...lighttpd({ ...site, port: PORTS.lighttpd })],
    [
      'busybox httpd',
      PORTS.busybox,
      ...`/usr/bin/busybox httpd -f -p ${PORTS.busybox} -h ${root}`.split(' '),
    ],
  ];
  return all.flatMap(([name, port, path = '', ...args]) => {
    try {
      return [{ name, port, command: [path, ...args] as const, programBytes: readFileSync(path).length }];
    } catch {
      process.stderr.write(`${name} is not installed\n`);
      return [];
    }
  });
}

interface Started {
  readonly shell: ChildProcess;
  readonly pid: number;
}

/** By a small shell, whose fork costs little, on the core of the servers. */
async function startServer(command: readonly string[]): Promise<Started> {
  const script = '"$@" >/dev/null 2>&1 & echo $!; wait';
  const shell = spawn('taskset', ['-c', SERVER_CORE, 'sh', '-c', script, 'sh', ...command], {
    env: {},
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const [text] = await once(shell.stdout, 'data');
  return { shell, pid: Number(text) };
}

/** Resolves when a connection was. */
async function accepted({ shell }: Started, port: number): Promise<void> {
  const began = performance.now();
  while (performance.now() - began < START_LIMIT_MS && shell.exitCode === null) {
    const socket = connect(port, '127.0.0.1');
    const open = await once(socket, 'connect').then(
      () => true,
      () => false,
    );
    socket.destroy();
    if (open) return;
  }
  throw new Error('the server does not listen');
}

async function measure({ name, port, command }: Server): Promise<Sample> {
  const started = await startServer(command);
  const { pid, shell } = started;
  try {
    await accepted(started, port);
    const startMs = coreMs(pid);
    const load = ['-c', LOAD_CORE, 'wrk', '-t1', `-c${CONNECTIONS}`, `-d${SECONDS}s`, '--latency'];
    const url = `http://127.0.0.1:${port}/`;
    // What answers once for every connection, wrk counts as errors.
    if (name.endsWith('record')) return { startMs, rssKiB: rssKiB(pid), requestsPerSecond: Number.NaN };
    const before = cpuSeconds(pid);
    const { stdout } = await runFile('taskset', [...load, url]);
    const { errors, requests } = parseWrk(stdout);
    if (errors > 0) process.stderr.write(`${name}: ${errors} socket errors\n`);
    const requestsPerSecond = requests / (cpuSeconds(pid) - before);
    return { startMs, rssKiB: rssKiB(pid), requestsPerSecond };
  } finally {
    process.kill(pid, 'SIGTERM');
    if (shell.exitCode === null) await once(shell, 'exit');
  }
}

function row({ name, programBytes, imageBytes, pullBytes }: Server, samples: readonly Sample[]): string {
  const of = (field: keyof Sample) => median(samples.map((sample) => sample[field]));
  const whole = (value: number | undefined) =>
    value === undefined || Number.isNaN(value) ? '–' : Math.round(value).toLocaleString('en');
  const cells = [programBytes, imageBytes, pullBytes, of('rssKiB')].map(whole);
  return `| ${[name, ...cells, of('startMs').toFixed(2), whole(of('requestsPerSecond'))].join(' | ')} |`;
}

async function main(args: string[]): Promise<void> {
  const { values } = parseArgs({ args, options: { rounds: { type: 'string', default: '3' } } });
  execFileSync('taskset', ['-acp', LOAD_CORE, String(process.pid)]);
  const folder = mkdtempSync(join(tmpdir(), 'mote-ladder-'));
  // nginx gives up its rights.
  chmodSync(folder, 0o755);
  const root = join(folder, 'root');
  mkdirSync(root);
  const page = readFileSync(new URL('../../web_root/index.html', import.meta.url)).subarray(0, PAGE_BYTES);
  writeFileSync(join(root, 'index.html'), page);
  const servers = [
    ...microProfiles.map((profile) => microServer(folder, profile, page)),
    ...moteServer(root),
    ...debianServers(folder, root),
  ];
  const results = new Map(servers.map((server): [Server, Sample[]] => [server, []]));
  for (let round = 0; round < Number(values.rounds); round++) {
    for (const [server, samples] of results) samples.push(await measure(server));
  }
  rmSync(folder, { recursive: true, force: true });
  const lines = [
    '| | program B | image B | pull B | RSS KiB | start, core ms | requests per core-second |',
    '| --- | --: | --: | --: | --: | --: | --: |',
    ...[...results].map(([server, samples]) => row(server, samples)),
    '',
    ...published,
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
}

if (import.meta.main) await main(process.argv.slice(2));

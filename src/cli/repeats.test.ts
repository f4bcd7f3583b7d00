/**
 * A head that comes again gets what an engine without a memory of responses says, over a folder that changes all the
 * time: the same bytes but for the date, and the same lines in the log. The clock is moved on instead of waited for.
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import { connect, type Socket } from 'node:net';
import { dirname, join } from 'node:path';
import { mock, type TestContext, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { hashPassword } from '../http/middleware/basic-auth.ts';
import { makeFolder, serve } from './fixtures.ts';

/** Longer than a change of a file may take to be seen. */
const UNSEEN_MS = 1000;
const STEPS = 120;
const SEEDS = [1];
const MAX_RECENT = 12;
const TOKEN = `mote_${'0123456789'.repeat(5).slice(0, 43)}`;

/** It stands still meanwhile, so that both servers look at the same files at the same times. */
let clockMs = performance.now();
mock.method(performance, 'now', () => clockMs);

type Random = (below: number) => number;

/** The same numbers for the same seed (mulberry32). */
function randomBy(seed: number): Random {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

const files = [
  'index.html',
  'a.txt',
  'b.js',
  'sub/index.html',
  'sub/c.txt',
  '404.html',
  'r1/x.txt',
  'r2/x.txt',
];
const paths = [
  '/',
  '/a.txt',
  '/a.txt?v=1',
  `/a.txt?token=secret&t=${TOKEN}`,
  '/b.js',
  '/sub',
  '/sub/',
  '/sub/c.txt',
].concat([
  '/current/x.txt',
  '/nosuch',
  '/nosuch/page',
  '/%61.txt',
  '/empty/',
  '/.hidden',
  '/a.txt/',
  '/a.txt.gz',
]);
const fixedFields = [
  '',
  'Accept-Encoding: gzip',
  'Accept-Encoding: br, gzip;q=0.5',
  'Accept-Encoding: identity;q=0',
  'Range: bytes=0-4',
  'Range: bytes=-3',
  'Range: bytes=0-1,3-4',
  'Range: bytes=999999-',
  'If-None-Match: *',
  'If-Match: "nothing"',
  'Origin: http://a.example',
  'Origin: http://other.example',
  'X-Forwarded-For: 203.0.113.1',
  'X-Forwarded-For: 203.0.113.2',
  `Referer: http://x/?token=${TOKEN}`,
  'User-Agent: curl/8',
  'Accept: text/html',
  'Authorization: Basic YTpi',
  'Authorization: Basic YTpj',
];
/** What is taken from an earlier response. */
const validators = [
  'If-None-Match: TAG',
  'If-Match: TAG',
  'If-Modified-Since: DATE',
  'If-Unmodified-Since: DATE',
];
const rangeValidators = ['Range: bytes=1-3\r\nIf-Range: TAG', 'Range: bytes=1-3\r\nIf-Range: DATE'];

interface Known {
  tag: string;
  date: string;
}

/** A head; equal choices make equal heads, so that many come again. */
function headBy(random: Random, known: ReadonlyMap<string, Known>): string {
  const pick = <T>(list: readonly T[]) => list[random(list.length)] as T;
  const path = pick(paths);
  const { tag = '"x"', date = 'Thu, 01 Jan 1970 00:00:00 GMT' } = known.get(path) ?? {};
  const moved = new Date(Date.parse(date) + (random(3) - 1) * 1000).toUTCString();
  const fields = [pick(fixedFields)];
  if (random(3) === 0) fields.push(pick([...validators, ...rangeValidators]));
  const method = pick(['GET', 'GET', 'GET', 'GET', 'HEAD', 'HEAD', 'OPTIONS', 'POST']);
  const host = pick(['a', 'a', 'a', 'b.example:80']);
  const ends = random(12) === 0 ? 'Connection: close' : '';
  const all = [
    `Host: ${host}`,
    ...fields.map((field) => field.replace('TAG', tag).replace('DATE', moved)),
    ends,
  ];
  return `${method} ${path} HTTP/1.1\r\n${all.filter(Boolean).join('\r\n')}\r\n\r\n`;
}

/** Something that happens to a published folder. */
function change(root: string, random: Random): void {
  const path = join(root, files[random(files.length)] as string);
  const text = (bytes: number) => String(random(10)).repeat(bytes);
  const remove = () => fs.rmSync(path, { recursive: true, force: true });
  const write = (bytes: number) => {
    if (fs.existsSync(path) && fs.statSync(path).isDirectory()) remove();
    fs.mkdirSync(dirname(path), { recursive: true });
    fs.writeFileSync(path, text(bytes));
  };
  const changes = [
    () => write(20),
    () => write(2000),
    () => write(40_000),
    () => write(0),
    () => write(1),
    remove,
    () => fs.existsSync(path) && fs.utimesSync(path, 1_000_000_000 + random(3), 1_000_000_000 + random(3)),
    () => {
      write(10);
      fs.renameSync(path, `${path}.new`);
      fs.writeFileSync(path, text(10));
      fs.renameSync(`${path}.new`, path);
    },
    () => {
      remove();
      fs.mkdirSync(path, { recursive: true });
    },
    () => {
      fs.rmSync(join(root, 'current'), { force: true });
      fs.symlinkSync(`r${1 + random(2)}`, join(root, 'current'));
    },
    () => {
      write(3000);
      fs.writeFileSync(`${path}.gz`, gzipSync(fs.readFileSync(path)));
    },
    () => fs.rmSync(`${path}.gz`, { force: true }),
  ];
  changes[random(changes.length)]?.();
}

/** A connection that is opened again when the server has closed it. */
class Client {
  readonly #port: number;
  #socket: Socket | undefined;
  #received = '';
  #wake = () => {};

  constructor(port: number) {
    this.#port = port;
  }

  #open(): Socket {
    const socket = connect({ port: this.#port, host: '127.0.0.1', noDelay: true });
    const end = () => {
      if (this.#socket === socket) this.#socket = undefined;
      this.#wake();
    };
    socket.on('data', (chunk) => {
      this.#received += chunk.toString('latin1');
      this.#wake();
    });
    socket.on('error', end).on('close', end);
    return socket;
  }

  /** What the server says to `heads`, which are sent at once, without its dates; and whether it closed. */
  async say(heads: readonly string[], rest: string): Promise<string[]> {
    this.#received = '';
    this.#socket ??= this.#open();
    this.#socket.write(heads.join('') + rest, 'latin1');
    const responses: string[] = [];
    while (responses.length < heads.length) {
      const next = firstResponse(this.#received, (heads[responses.length] as string).startsWith('HEAD'));
      if (next) {
        responses.push(next.replace(/\r\nDate: [^\r]*/i, ''));
        this.#received = this.#received.slice(next.length);
        if (/\r\nConnection: close/i.test(next)) break;
      } else if (!this.#socket) break;
      else await new Promise<void>((resolve) => (this.#wake = resolve));
    }
    if (/\r\nConnection: close/i.test(responses.at(-1) ?? '')) this.close();
    return responses;
  }

  close(): void {
    this.#socket?.destroy();
    this.#socket = undefined;
  }
}

function firstResponse(text: string, isHead: boolean): string | undefined {
  const end = text.indexOf('\r\n\r\n') + 4;
  if (end < 4) return undefined;
  const head = text.slice(0, end);
  const hasBody = !isHead && !/^HTTP\/1.1 (204|304) /.test(head);
  const length = hasBody ? Number(/\r\nContent-Length: (\d+)/i.exec(head)?.[1] ?? 0) : 0;
  return text.length < end + length ? undefined : text.slice(0, end + length);
}

/** The fields in any order: engines place those about the connection differently. */
function comparable(response: string): string {
  const end = response.indexOf('\r\n\r\n');
  const [line, ...fields] = response.slice(0, end).split('\r\n');
  return [line, ...fields.toSorted(), response.slice(end)].join('\n');
}

/** The access log without its times. */
function linesOf(out: string): string[] {
  return out
    .split('\n')
    .flatMap((line) => {
      if (line.startsWith('{')) {
        const { time: _, duration_ms: __, ...rest } = JSON.parse(line);
        return rest.method ? [JSON.stringify(rest)] : [];
      }
      return / HTTP\/1\.1" /.test(line) ? [line.replace(/\[[^\]]*\]/, '')] : [];
    })
    .filter((line) => !line.includes('/metrics'));
}

function publish(t: TestContext): string {
  const root = makeFolder(t);
  fs.mkdirSync(join(root, 'empty'));
  fs.writeFileSync(join(root, '.hidden'), 'hidden');
  for (const file of files) {
    fs.mkdirSync(dirname(join(root, file)), { recursive: true });
    fs.writeFileSync(join(root, file), `first ${file}`);
  }
  fs.symlinkSync('r1', join(root, 'current'));
  return root;
}

/** Both servers, by the same connections. */
class Pair {
  readonly #clients: readonly (readonly Client[])[];
  readonly #random: Random;
  readonly known = new Map<string, Known>();

  constructor(ports: readonly number[], random: Random) {
    this.#clients = [0, 1, 2].map(() => ports.map((port) => new Client(port)));
    this.#random = random;
  }

  async compare(heads: readonly string[], rest = ''): Promise<void> {
    const pair = this.#clients[this.#random(this.#clients.length)] as readonly Client[];
    const [byNode = [], byWire = []] = await Promise.all(pair.map((client) => client.say(heads, rest)));
    assert.deepEqual(byWire.map(comparable), byNode.map(comparable), heads.join('') + rest);
    for (const [index, response] of byNode.entries()) learn(this.known, heads[index] as string, response);
  }

  /** The same head again and again: alone, several at once, or with a body behind it. */
  async repeat(head: string): Promise<void> {
    const random = this.#random;
    const hasBody = random(10) === 0 && !head.includes('Connection: close');
    for (let times = 1 + random(4); times > 0; times--) {
      if (random(5) === 0) await this.compare([head, head, head]);
      else if (!hasBody) await this.compare([head]);
      else await this.compare([head.replace(/\r\n\r\n$/, '\r\nContent-Length: 3\r\n\r\n')], 'abc');
    }
  }

  close(): void {
    for (const client of this.#clients.flat()) client.close();
  }
}

/** Sends requests, most of them for the second time or more, while the folder changes. */
async function exercise(pair: Pair, root: string, random: Random): Promise<void> {
  const recent: string[] = [];
  for (let step = 0; step < STEPS; step++) {
    if (random(3) === 0) {
      for (let count = random(3); count >= 0; count--) change(root, random);
      clockMs += UNSEEN_MS;
    }
    const isOld = recent.length > 0 && random(3) > 0;
    const head = isOld ? (recent[random(recent.length)] as string) : headBy(random, pair.known);
    if (!isOld) recent.push(head);
    if (recent.length > MAX_RECENT) recent.shift();
    await pair.repeat(head);
  }
}

async function compareEngines(t: TestContext, seed: number, flags: readonly string[]): Promise<void> {
  const random = randomBy(seed);
  const root = publish(t);
  const all = [...flags, '--trusted-proxies', '127.0.0.1', '--compression', '--metrics-path', '/metrics'];
  const servers = [
    await serve(t, root, '--http-engine', 'node', ...all),
    await serve(t, root, '--http-engine', 'wire', ...all),
  ];
  const ports = servers.map(({ port }) => port);
  const pair = new Pair(ports, random);
  await exercise(pair, root, random);
  pair.close();
  const [one, other] = await Promise.all(ports.map(countsOf));
  assert.deepEqual(other, one);
  for (const { world, exit } of servers) {
    world.signal('SIGTERM');
    await exit;
  }
  const [byNode = [], byWire = []] = servers.map(({ world }) => linesOf(world.out).toSorted());
  assert.deepEqual(byWire, byNode);
  assert.ok(byNode.length > STEPS, `${byNode.length} lines`);
  assert.doesNotMatch(byNode.join('\n'), /secret|mote_0/);
}

function learn(known: Map<string, Known>, head: string, response: string): void {
  const path = head.split(' ')[1] ?? '';
  const tag = /\r\nETag: ([^\r]*)/i.exec(response)?.[1];
  const date = /\r\nLast-Modified: ([^\r]*)/i.exec(response)?.[1];
  if (tag) known.set(path, { tag, date: date ?? known.get(path)?.date ?? new Date(0).toUTCString() });
}

/** What the metrics count of requests. */
async function countsOf(port: number): Promise<string[]> {
  const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  return text
    .split('\n')
    .filter((line) => /^mote_http_(requests_total|response_body|request_duration_seconds_count)/.test(line));
}

const settings: readonly (readonly [name: string, ...flags: string[]])[] = [
  ['as it comes'],
  ['JSON, CORS with an origin, listings', '--log-format', 'json', '--cors', 'http://a.example', '--listing'],
  ['a cache for few files', '--cache-bytes', '30000'],
  ['no cache', '--cache-bytes', '0'],
  ['a single-page application, few requests on a connection', '--spa', '--max-requests-per-connection', '5'],
];

for (const [name, ...flags] of settings) {
  for (const seed of SEEDS) test(`${name}, seed ${seed}`, (t) => compareEngines(t, seed, flags));
}

test('passwords', async (t) => {
  const line = await hashPassword('a', 'b');
  await compareEngines(t, 1, ['--auth', line]);
});

test('notify, whose dialects have tokens in paths', async (t) => {
  const users = { ann: { tokens: [`sha256:${createHash('sha256').update(TOKEN).digest('hex')}`] } };
  const channels = { hook: { kind: 'webhook', url: 'http://127.0.0.1:9', allowAddresses: ['127.0.0.1'] } };
  const file = join(makeFolder(t), 'notify.json');
  fs.writeFileSync(file, JSON.stringify({ users, channels }));
  await compareEngines(t, 2, [
    '--notify',
    file,
    '--notify-dialects',
    'gotify,ntfy,bark,apprise,alertmanager',
  ]);
});

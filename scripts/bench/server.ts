/** Starts and stops the servers of the bench, and asks them single requests. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type IncomingHttpHeaders, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { type Peer, peerEnvironment } from '../../bench/peers.ts';
import { freePort } from '../../test/support/free-port.ts';
import { CODED, EMPTY, LARGE, LARGE_BYTES, type RequestShape, SMALL, SMALL_BYTES } from './rows.ts';

export const SERVER_CORE = '0';
export const LOAD_CORE = '1';
export const BOTH_CORES = '0,1';
/** In the folder of a server. */
export const ACCESS_LOG = 'access.log';
const START_LIMIT_MS = 30_000;
const STOP_LIMIT_MS = 3000;
const ANSWER_LIMIT_MS = 5000;
const MAX_COMPLAINT_CHARACTERS = 300;

/** How a server is run. */
export interface Mode {
  readonly log?: boolean;
  readonly workers?: number;
  /** On the core of wrk too. */
  readonly shared?: boolean;
}

export interface Running {
  readonly pid: number;
  readonly port: number;
  /** For what concerns this server alone; goes with it. */
  readonly folder: string;
  /** From the fork to the first response. */
  readonly startMs: number;
  readonly stop: () => Promise<void>;
}

/** Where all that the bench writes stands; gone when it ends. */
function makeWorkspace(): string {
  const folder = mkdtempSync(join(tmpdir(), 'mote-bench-'));
  // nginx gives up its rights.
  chmodSync(folder, 0o755);
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A temporary folder with the files that rows ask for. */
export function makeRoot(): string {
  const root = join(makeWorkspace(), 'root');
  mkdirSync(root);
  const sentence = 'A mote is a speck of dust.\n';
  for (const [name, bytes] of Object.entries({ [SMALL]: SMALL_BYTES, [LARGE]: LARGE_BYTES, [EMPTY]: 0 }))
    writeFileSync(join(root, name), sentence.repeat(bytes).slice(0, bytes));
  // Digits of hashes, of which gzip leaves about 1,000 bytes.
  const digits = Array.from({ length: 30 }, (_, n) => createHash('sha256').update(`${n}`).digest('hex'));
  writeFileSync(join(root, CODED), digits.join(''));
  writeFileSync(join(root, `${CODED}.gz`), gzipSync(digits.join('')));
  return root;
}

interface Answer {
  readonly status: number | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** One request on a connection of its own. */
export function ask(
  port: number,
  { file, method = 'GET', headers = {} }: Pick<RequestShape, 'file' | 'method' | 'headers'>,
): Promise<Answer> {
  return new Promise((settle, reject) => {
    const target = { host: '127.0.0.1', port, path: `/${file}`, method, headers, agent: false };
    const outgoing = request({ ...target, timeout: ANSWER_LIMIT_MS }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () =>
        settle({ status: response.statusCode, headers: response.headers, body: Buffer.concat(chunks) }),
      );
    });
    outgoing.on('error', reject);
    outgoing.on('timeout', () => outgoing.destroy(new Error('no answer in time')));
    outgoing.end();
  });
}

/** Asserts that the server gives the right response. */
export async function check(port: number, root: string, shape: RequestShape): Promise<void> {
  const { status, body } = await ask(port, shape);
  const { file, bytes } = shape.body ?? {};
  const expected = file === undefined ? Buffer.alloc(0) : readFileSync(join(root, file)).subarray(0, bytes);
  assert.equal(status, shape.status, `it answers ${status} instead of ${shape.status}`);
  assert.ok(
    body.equals(expected),
    `it sends ${body.length} bytes that are not the ${expected.length} wanted`,
  );
}

/** Resolves when the server has answered. Rejects with what it printed if it does not. */
export async function start(
  peer: Peer,
  root: string,
  { log = false, workers = 1, shared = false }: Mode = {},
): Promise<Running> {
  const port = await freePort();
  const folder = mkdtempSync(join(root, '..', 'server-'));
  chmodSync(folder, 0o777);
  const site = { root, folder, port, workers, ...(log ? { log: join(folder, ACCESS_LOG) } : {}) };
  const command = peer.command(site);
  const began = performance.now();
  const child = spawn('taskset', ['-c', shared ? BOTH_CORES : SERVER_CORE, ...command], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, ...peerEnvironment },
  });
  let complaint = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    if (complaint.length < MAX_COMPLAINT_CHARACTERS) complaint += text;
  });
  const endWithUs = () => child.kill('SIGKILL');
  process.on('exit', endWithUs);
  child.on('exit', () => process.off('exit', endWithUs));
  const stop = async () => {
    await end(child);
    rmSync(folder, { recursive: true, force: true });
  };
  while (performance.now() - began < START_LIMIT_MS && child.exitCode === null) {
    const answer = await ask(port, { file: SMALL }).catch(() => undefined);
    // `taskset` becomes the server by exec, so this is the server's own process.
    if (answer?.status === 200 && child.pid)
      return { pid: child.pid, port, folder, startMs: performance.now() - began, stop };
    await delay(1);
  }
  await stop();
  throw new Error(`it did not start: ${complaint.slice(0, MAX_COMPLAINT_CHARACTERS).trim()}`);
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_LIMIT_MS);
  await ended;
  clearTimeout(timer);
}

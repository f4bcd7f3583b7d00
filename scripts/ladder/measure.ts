/**
 * Measures one server: alone on a core, asked from the other one. Start is the time from the fork in a small shell,
 * which costs little, to the first byte of a response.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { coreMs, cpuSeconds, processesOf, rssKiB } from '../bench/process.ts';
import { LOAD_CORE, SERVER_CORE } from '../bench/server.ts';
import { wrk } from '../bench/wrk.ts';
import type { Sample } from './results.ts';
import type { Rung } from './rungs.ts';

const START_LIMIT_MS = 10_000;
const STOP_LIMIT_MS = 3000;
const ANSWER_LIMIT_MS = 5000;
/** Tells when it forks, and which process. */
const STARTER = 'echo $EPOCHREALTIME; "$@" >/dev/null 2>&1 & echo $!; wait';

export interface Conditions {
  readonly root: string;
  /** For configurations and logs. */
  readonly folder: string;
  readonly port: number;
  readonly seconds: number;
}

export interface Measured {
  readonly sample: Sample;
  /** The files that the program has mapped: itself and its libraries. */
  readonly mapped: readonly string[];
}

/** Rejects where the server does not start, or does not answer right. */
export async function measure(rung: Rung, conditions: Conditions): Promise<Measured> {
  const { seconds, port } = conditions;
  return await running(rung, conditions, undefined, async ({ pid, startMs }) => {
    const first = { startMs, startCoreMs: coreMs(pid), idleKiB: rssKiB(pid) };
    const perCoreSecond = rung.answersOnce ? undefined : await rateOf(pid, port, seconds);
    const load = perCoreSecond === undefined ? {} : { perCoreSecond, loadedKiB: rssKiB(pid) };
    return { sample: { ...first, ...load }, mapped: mappedFiles(pid) };
  });
}

/** Requests for each second of the core, while it writes an access log. */
export function measureLogged(rung: Rung, conditions: Conditions): Promise<number> {
  const log = join(conditions.folder, `${rung.name}.log`);
  const rate = running(rung, conditions, log, ({ pid }) => rateOf(pid, conditions.port, conditions.seconds));
  return rate.finally(() => rmSync(log, { force: true }));
}

interface Started {
  readonly pid: number;
  readonly startMs: number;
}

async function running<T>(
  rung: Rung,
  { root, folder, port }: Conditions,
  log: string | undefined,
  use: (started: Started) => Promise<T>,
): Promise<T> {
  const own = mkdtempSync(join(folder, `${rung.name}-`));
  // nginx gives up its rights.
  chmodSync(own, 0o777);
  const command = rung.command?.({ root, folder: own, port, workers: 1, ...(log !== undefined && { log }) });
  if (!command) throw new Error('it is for another processor');
  const args = ['-c', SERVER_CORE, 'bash', '-c', STARTER, 'bash', ...command];
  const shell = spawn('taskset', args, { env: {}, stdio: ['ignore', 'pipe', 'ignore'] });
  const { pid, beganMs } = await announced(shell);
  const endWithUs = () => signal(pid, 'SIGKILL');
  process.on('exit', endWithUs);
  try {
    await answered(shell, port);
    return await use({ pid, startMs: performance.timeOrigin + performance.now() - beganMs });
  } finally {
    await end(shell, pid);
    process.off('exit', endWithUs);
    rmSync(own, { recursive: true, force: true });
  }
}

async function announced(shell: ChildProcess): Promise<{ readonly pid: number; readonly beganMs: number }> {
  let text = '';
  shell.once('error', () => undefined);
  for await (const chunk of shell.stdout ?? []) {
    text += chunk;
    const [, seconds, pid] = /^([\d.]+)\n(\d+)\n/.exec(text) ?? [];
    if (pid !== undefined) return { pid: Number(pid), beganMs: Number(seconds) * 1000 };
  }
  throw new Error('the shell did not start it');
}

/** Asks again and again, without a pause, until there is an answer. */
async function answered(shell: ChildProcess, port: number): Promise<void> {
  const began = performance.now();
  while (performance.now() - began < START_LIMIT_MS && shell.exitCode === null)
    if (await answers(port)) return;
  throw new Error('it did not answer');
}

function answers(port: number): Promise<boolean> {
  return new Promise((settle) => {
    const socket = connect(port, '127.0.0.1');
    const settled = (isThere: boolean) => {
      socket.destroy();
      settle(isThere);
    };
    socket.on('connect', () =>
      socket.write('GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n'),
    );
    socket.once('data', () => settled(true));
    socket.once('error', () => settled(false));
    socket.once('close', () => settled(false));
    socket.setTimeout(ANSWER_LIMIT_MS, () => settled(false));
  });
}

async function rateOf(pid: number, port: number, seconds: number): Promise<number> {
  const before = cpuSeconds(pid);
  const url = `http://127.0.0.1:${port}/`;
  const { requests, errors } = await wrk({ url, seconds, cores: LOAD_CORE, threads: 1 });
  if (errors > 0) throw new Error(`${errors} connections failed`);
  return requests / (cpuSeconds(pid) - before);
}

/** What a container of it would have to hold. */
function mappedFiles(pid: number): string[] {
  const paths = processesOf(pid).flatMap((one) => {
    const maps = readFileSync(`/proc/${one}/maps`, 'utf8');
    return [...maps.matchAll(/ (\/.*)$/gm)].map(([, path = '']) => path);
  });
  return [...new Set(paths)].filter((path) => statSync(path, { throwIfNoEntry: false })?.isFile()).toSorted();
}

/** The shell ends with its only child. */
async function end(shell: ChildProcess, pid: number): Promise<void> {
  if (shell.exitCode !== null) return;
  const ended = once(shell, 'exit');
  signal(pid, 'SIGTERM');
  const timer = setTimeout(() => signal(pid, 'SIGKILL'), STOP_LIMIT_MS);
  await ended;
  clearTimeout(timer);
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

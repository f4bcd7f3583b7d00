/** Debian's Redis, or Valkey, with a folder of its own and an append-only file, as its users run a queue. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { after } from 'node:test';
import { lacking } from '../../scripts/test/lacking.ts';
import { addTo, makeFolder } from './folder.ts';
import { freePort } from './free-port.ts';
import { eventually } from './raw.ts';
import { without } from './target.ts';

/** Why it cannot run here, or `false`. */
export const noRedis: string | false =
  without('replicas') ||
  lacking({
    'redis-server': 'redis-server',
    'redis-cli': 'redis-tools',
  });

const PATIENCE_MS = 30_000;
/** A node of a cluster has a second port, so far above the first, which must not be one that systems give away. */
const BUS_OFFSET = 10_000;
const LAST_CLUSTER_PORT = 32_000 - BUS_OFFSET;

const running = new Set<ChildProcess>();
// What a failed test leaves must not keep its file from ending.
after(() => {
  for (const program of running) program.kill('SIGKILL');
});

export interface Redis {
  readonly port: number;
  /** What `--spool` is to be. */
  readonly url: string;
  readonly pid: number;
  /** Runs `redis-cli` with these words; gives what it prints. */
  cli(...words: string[]): string;
  /** Ends it, and starts it again on the same files. */
  restart(signal?: NodeJS.Signals): Promise<void>;
  /** Sends a signal, such as SIGSTOP. */
  signal(signal: NodeJS.Signals): void;
  stop(signal?: NodeJS.Signals): Promise<void>;
}

export interface RedisOptions {
  /** Default: any free one. */
  readonly port?: number;
  /** Default: `redis-server`. */
  readonly program?: string;
  /** Default: with its port. */
  readonly listen?: readonly string[];
  /** How `redis-cli` comes to it. Default: by its port. */
  readonly reach?: readonly string[];
}

/** `settings` as on its command line, such as `--requirepass`. */
export async function startRedis(
  settings: readonly string[] = [],
  options: RedisOptions = {},
): Promise<Redis> {
  const { port = await freePort(), program: name = 'redis-server' } = options;
  const { listen = ['--port', `${port}`], reach = ['-p', `${port}`] } = options;
  const password = settings[settings.indexOf('--requirepass') + 1];
  const login = settings.includes('--requirepass') && password ? ['-a', password, '--no-auth-warning'] : [];
  const cli = (...words: string[]) =>
    execFileSync('redis-cli', [...reach, ...login, ...words], {
      encoding: 'utf8',
      timeout: PATIENCE_MS,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  const args = [...listen, '--bind', '127.0.0.1', '--dir', makeFolder(), '--save', ''];
  args.push('--appendonly', 'yes', '--appendfsync', 'always', ...settings);
  let program = await launch(name, args, cli);
  const stop = async (signal: NodeJS.Signals = 'SIGTERM') => {
    if (program.exitCode !== null || program.signalCode !== null) return;
    const ended = once(program, 'exit');
    program.kill(signal);
    await ended;
  };
  return {
    port,
    url: `redis://127.0.0.1:${port}`,
    get pid() {
      return program.pid ?? 0;
    },
    cli,
    signal: (signal) => void program.kill(signal),
    stop,
    async restart(signal) {
      await stop(signal);
      program = await launch(name, args, cli);
    },
  };
}

/** Starts it, and waits until it answers. */
async function launch(
  program: string,
  args: readonly string[],
  cli: (...words: string[]) => string,
): Promise<ChildProcess> {
  const started = spawn(program, args, { stdio: 'ignore' });
  running.add(started);
  started.once('exit', () => running.delete(started));
  const answer = () => {
    if (started.exitCode !== null) throw new Error(`${program} ended with ${started.exitCode}`);
    try {
      return cli('ping');
    } catch {
      return '';
    }
  };
  await eventually(PATIENCE_MS, answer, (text) => text.includes('PONG'));
  return started;
}

/** A port for a node of a cluster. */
export async function clusterPort(): Promise<number> {
  let port = await freePort();
  while (port > LAST_CLUSTER_PORT) port = await freePort();
  return port;
}

export interface Sentinel {
  readonly port: number;
  /** Runs `redis-cli` with these words. */
  cli(...words: string[]): string;
  stop(): Promise<void>;
}

/** One that watches a primary under the name `main`, and acts alone. */
export async function startSentinel(primary: Redis): Promise<Sentinel> {
  const [port, folder] = [await freePort(), makeFolder()];
  const lines = [
    `port ${port}`,
    'bind 127.0.0.1',
    `dir ${folder}`,
    `sentinel monitor main 127.0.0.1 ${primary.port} 1`,
    'sentinel down-after-milliseconds main 1000',
    'sentinel failover-timeout main 6000',
  ];
  addTo(folder, { 'sentinel.conf': `${lines.join('\n')}\n` });
  const cli = (...words: string[]) =>
    execFileSync('redis-cli', ['-p', `${port}`, ...words], {
      encoding: 'utf8',
      timeout: PATIENCE_MS,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  const program = await launch('redis-sentinel', [join(folder, 'sentinel.conf')], cli);
  const ended = once(program, 'exit');
  return {
    port,
    cli,
    async stop() {
      program.kill('SIGKILL');
      await ended;
    },
  };
}

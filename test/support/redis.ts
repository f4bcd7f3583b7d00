/** Debian's Redis with a folder of its own and an append-only file, as its users run a queue. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { lacking } from '../../scripts/test/lacking.ts';
import { makeFolder } from './folder.ts';
import { freePort } from './free-port.ts';
import { eventually } from './raw.ts';

/** Why it cannot run here, or `false`. */
export const noRedis: string | false = lacking({
  'redis-server': 'redis-server',
  'redis-cli': 'redis-tools',
});

const PATIENCE_MS = 30_000;

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

/** `settings` as on its command line, such as `--requirepass`. */
export async function startRedis(settings: readonly string[] = [], onPort?: number): Promise<Redis> {
  const [port, folder] = [onPort ?? (await freePort()), makeFolder()];
  const password = settings[settings.indexOf('--requirepass') + 1];
  const login = settings.includes('--requirepass') && password ? ['-a', password, '--no-auth-warning'] : [];
  const cli = (...words: string[]) =>
    execFileSync('redis-cli', ['-p', `${port}`, ...login, ...words], {
      encoding: 'utf8',
      timeout: PATIENCE_MS,
    });
  const args = ['--port', `${port}`, '--bind', '127.0.0.1', '--dir', folder, '--save', ''];
  args.push('--appendonly', 'yes', '--appendfsync', 'always', ...settings);
  const launch = async (): Promise<ChildProcess> => {
    const started = spawn('redis-server', args, { stdio: 'ignore' });
    const answer = () => {
      if (started.exitCode !== null) throw new Error(`redis-server ended with ${started.exitCode}`);
      try {
        return cli('ping');
      } catch {
        return '';
      }
    };
    await eventually(PATIENCE_MS, answer, (text) => text.includes('PONG'));
    return started;
  };
  let program = await launch();
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
      program = await launch();
    },
  };
}

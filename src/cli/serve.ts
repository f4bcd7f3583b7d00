/** `mote PATH PORT`: serves until a signal asks to stop. Loaded only for this: the other commands start faster. */
import { readFileSync } from 'node:fs';
import { availableParallelism, totalmem } from 'node:os';
import { type App, type AppOptions, createApp } from '../app/app.ts';
import { features } from '../build/features.ts';
import { AUTO } from '../config/option-kinds.ts';
import type { Config } from '../config/options.ts';
import { StartError } from '../util/start-error.ts';
import { checkDescriptors } from './descriptor-limit.ts';
import { type Io, OK, type StopSignal } from './io.ts';
import type { SignalQueue } from './signals.ts';

/** 128 + the number of the signal, as shells report a program that a signal ended. */
const SIGNALLED: Readonly<Record<StopSignal, number>> = {
  SIGHUP: 129,
  SIGINT: 130,
  SIGQUIT: 131,
  SIGTERM: 143,
};

/** Processes of Windows do not inherit sockets as descriptors. */
const canShare = features.workers && process.platform !== 'win32';

/** What a worker needs to start as this process did. */
interface OwnStart {
  readonly argv: readonly string[];
  readonly texts: Readonly<Record<string, string>>;
  readonly script: readonly string[];
}

/** Returns the exit code; rejects with a `StartError`. */
export async function serve(
  io: Io,
  config: Config,
  options: AppOptions,
  signals: SignalQueue,
  start: OwnStart,
): Promise<number> {
  checkDescriptors();
  const app = await openApp(io, config, options, start);
  const first = signals.next();
  // A second signal does not wait for what is in flight, nor for a start that takes long.
  const second = first
    .then(() => signals.next())
    .then((signal) => {
      app.kill?.();
      return SIGNALLED[signal];
    });
  return Promise.race([startAndStop(app, first), second]);
}

async function startAndStop(app: App, asked: Promise<StopSignal>): Promise<number> {
  await app.start();
  await app.stop(await asked);
  return OK;
}

async function openApp(
  { stdout }: Io,
  config: Config,
  options: AppOptions,
  { argv, texts, script }: OwnStart,
): Promise<App> {
  const workers = config.workers === AUTO ? await workersByMachine() : config.workers;
  if (workers === 1) return createApp(config, stdout, options);
  if (!canShare)
    throw new StartError(
      'workers_unsupported',
      `--workers ${workers}: this system has no shared sockets`,
      'use 1',
    );
  const { createLeader } = await import('../app/workers/leader.ts');
  return createLeader(config, stdout, { ...options, script, order: { argv, texts, workers } });
}

async function workersByMachine(): Promise<number> {
  if (!canShare) return 1;
  const { workersFor } = await import('../app/workers/parallelism.ts');
  const memoryBytes = Math.min(process.constrainedMemory() || Number.POSITIVE_INFINITY, totalmem());
  const readFile = (path: string) => readFileSync(path, 'utf8');
  return workersFor({ cores: availableParallelism(), memoryBytes, readFile });
}

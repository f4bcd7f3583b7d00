/** `mote PATH PORT`: serves until a signal says stop. Loaded only then: the other commands start faster without. */
import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { account } from '../app/advice.ts';
import { type App, createApp } from '../app/app.ts';
import type { Origins } from '../config/load.ts';
import type { NotifyConfig } from '../config/notify/file.ts';
import type { Config } from '../config/options.ts';
import { tooFewDescriptors } from './descriptors.ts';
import { complain, FAILED, type Io, OK, type StopSignal } from './io.ts';
import type { SignalQueue } from './signals.ts';

/** 128 + the number of the signal: what shells say of a program that one ended. */
const SIGNALLED: Readonly<Record<StopSignal, number>> = {
  SIGHUP: 129,
  SIGINT: 130,
  SIGQUIT: 131,
  SIGTERM: 143,
};

/** What is to be served, and how. */
export interface Service {
  readonly config: Config;
  readonly origins: Origins;
  readonly notify?: NotifyConfig | undefined;
  /** For the operator, once it serves. */
  readonly notice?: string | undefined;
  /** What the configuration was read from, which nobody may be served. */
  readonly files: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Returns the exit code. */
export async function serve(
  io: Io,
  { config, origins, ...extras }: Service,
  signals: SignalQueue,
): Promise<number> {
  const fail = (line: string): number => {
    io.stderr.write(`mote: ${line}\n`);
    return FAILED;
  };
  const scarcity = tooFewDescriptors();
  if (scarcity) return fail(scarcity);
  let app: App;
  try {
    app = await createApp(config, io.stdout, { ...extras, mayServeHere: origins.path === undefined });
  } catch (error) {
    const { name, message, problems } = error as Error & { problems?: readonly string[] };
    if (name === 'StoreError') return fail(message);
    if (problems) return complain(io, problems);
    if (name === 'NoSiteError') return complain(io, [message]);
    const path = `${JSON.stringify(config.path)}${sourceOf(origins.path)}`;
    return fail(`cannot serve ${path}: ${pathFailure(error as Failure, config.path)}`);
  }
  try {
    await app.start();
  } catch (error) {
    const { name, message } = error as Error;
    return fail(name === 'StoreError' ? message : listenFailure(error as Failure, config, origins));
  }
  const first = await signals.next();
  const drained = app.stop(first).then(() => OK);
  // Whoever asks twice is in a hurry.
  return Promise.race([drained, signals.next().then((signal) => SIGNALLED[signal])]);
}

type Failure = NodeJS.ErrnoException;

// One line for a failed start: what, which value, what to do.

function listenFailure(error: Failure, { host, port }: Config, origins: Origins): string {
  const where = host === '' ? 'port' : `${host}${sourceOf(origins.host)}`;
  if (host.includes('/')) return `cannot listen on ${where}: ${socketFailure(error, host)}`;
  return `cannot listen on ${where} ${port}${sourceOf(origins.port)}: ${portFailure(error)}`;
}

/** Named where it was not just typed: a variable may be inherited from anywhere. */
function sourceOf(origin: string | undefined): string {
  return origin === undefined || /^(--|the argument )/.test(origin) ? '' : ` (from ${origin})`;
}

function portFailure(error: Failure): string {
  switch (error.code) {
    case 'EADDRINUSE':
      return 'already in use; choose another with --port, or 0 for any free one';
    case 'EACCES':
      return 'not permitted; ports below 1024 need privileges, choose a higher one with --port';
    case 'EADDRNOTAVAIL':
      return 'this machine has no such address; --host takes one of its own';
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return 'no address of this name is known; --host takes one of this machine';
    default:
      return error.message;
  }
}

function socketFailure(error: Failure, path: string): string {
  switch (error.code) {
    case 'EADDRINUSE':
      return 'already in use, or not a socket; choose another path with --host';
    case 'EACCES':
    case 'EPERM':
      // Binding says so too where the folder is missing.
      return existsSync(dirname(path))
        ? `permission denied for ${account()}, which must be able to write to its folder`
        : 'its folder does not exist; make it first';
    default:
      return error.message;
  }
}

function pathFailure(error: Failure, path: string): string {
  switch (error.code) {
    case 'ENOENT':
      return /^\d+$/.test(path)
        ? `no such file or folder; for a port alone say mote --port ${path}`
        : 'no such file or folder; give one as the first argument';
    case 'EACCES':
    case 'EPERM':
      return `permission denied for ${account()}; it must be able to read it: chmod -R a+rX, or chown`;
    default:
      return error.message;
  }
}

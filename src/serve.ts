/** `mote PATH PORT`: serves until a signal says stop. Loaded only then: the other commands start faster without. */
import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { type App, createApp } from './app.ts';
import type { NotifyConfig } from './config/notify/file.ts';
import type { Config } from './config/options.ts';
import { complain, FAILED, type Io, OK, type StopSignal } from './io.ts';
import type { SignalQueue } from './signals.ts';

/** 128 + the number of the signal: what shells say of a program that one ended. */
const SIGNALLED: Readonly<Record<StopSignal, number>> = { SIGINT: 130, SIGTERM: 143 };

/** What is to be served, and how. */
export interface Service {
  readonly config: Config;
  readonly notify?: NotifyConfig | undefined;
  /** For the operator, once it serves. */
  readonly notice?: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Returns the exit code. */
export async function serve(io: Io, service: Service, signals: SignalQueue): Promise<number> {
  const { config, ...extras } = service;
  const fail = (line: string): number => {
    io.stderr.write(`mote: ${line}\n`);
    return FAILED;
  };
  let app: App;
  try {
    app = await createApp(config, io.stdout, extras);
  } catch (error) {
    const { name, message, problems } = error as Error & { problems?: readonly string[] };
    if (name === 'StoreError') return fail(message);
    if (problems) return complain(io, problems);
    return fail(`cannot serve ${JSON.stringify(config.path)}: ${pathFailure(error as Failure, config.path)}`);
  }
  try {
    await app.start();
  } catch (error) {
    const { name, message } = error as Error;
    return fail(name === 'StoreError' ? message : listenFailure(error as Failure, config));
  }
  const first = await signals.next();
  const drained = app.stop(first).then(() => OK);
  // Whoever asks twice is in a hurry.
  return Promise.race([drained, signals.next().then((signal) => SIGNALLED[signal])]);
}

type Failure = NodeJS.ErrnoException;

// One line for a failed start: what, which value, what to do.

function listenFailure(error: Failure, { host, port }: Config): string {
  if (host.includes('/')) return `cannot listen on ${host}: ${socketFailure(error, host)}`;
  return `cannot listen on ${host === '' ? 'port' : host} ${port}: ${portFailure(error)}`;
}

function portFailure(error: Failure): string {
  switch (error.code) {
    case 'EADDRINUSE':
      return 'already in use; choose another with --port, or 0 for any free one';
    case 'EACCES':
      return 'not permitted; ports below 1024 need privileges, choose a higher one with --port';
    case 'EADDRNOTAVAIL':
      return 'this machine has no such address; --host takes one of its own';
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
        ? 'permission denied; the user that mote runs as must be able to write to its folder'
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
      return 'permission denied; the user that mote runs as must be able to read it';
    default:
      return error.message;
  }
}

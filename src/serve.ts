/** `mote PATH PORT`: serves until a signal says stop. Loaded only then: the other commands start faster without. */
import { type App, createApp } from './app.ts';
import type { Config } from './config/options.ts';
import { FAILED, type Io, OK, type StopSignal } from './io.ts';

/** 128 + the number of the signal: what shells say of a program that one ended. */
const SIGNALLED: Readonly<Record<StopSignal, number>> = { SIGINT: 130, SIGTERM: 143 };

/** Returns the exit code. */
export async function serve(io: Io, config: Config): Promise<number> {
  // First of all: as PID 1 a signal without a listener would be lost.
  const signals = signalQueue(io);
  let app: App;
  try {
    app = await createApp(config, io.stdout);
    await app.start();
  } catch (error) {
    io.stderr.write(`mote: ${startFailure(error as NodeJS.ErrnoException, config)}\n`);
    return FAILED;
  }
  const first = await signals.next();
  const drained = app.stop(first).then(() => OK);
  // Whoever asks twice is in a hurry.
  return Promise.race([drained, signals.next().then((signal) => SIGNALLED[signal])]);
}

/** Signals one by one, none lost between two calls. */
function signalQueue(io: Io): { next(): Promise<StopSignal> } {
  const arrived: StopSignal[] = [];
  let wake: ((signal: StopSignal) => void) | undefined;
  io.onSignal((signal) => {
    if (!wake) return void arrived.push(signal);
    wake(signal);
    wake = undefined;
  });
  return {
    next: () =>
      new Promise((resolve) => {
        const signal = arrived.shift();
        if (signal) resolve(signal);
        else wake = resolve;
      }),
  };
}

/** One line for a failed start: what, which value, what to do. */
function startFailure(error: NodeJS.ErrnoException, { path, host, port }: Config): string {
  const where = host.includes('/') ? host : `${host === '' ? 'port' : host} ${port}`;
  if (error.syscall !== 'listen' && error.syscall !== 'bind' && error.syscall !== 'getaddrinfo') {
    return `cannot serve ${JSON.stringify(path)}: ${pathFailure(error, path)}`;
  }
  switch (error.code) {
    case 'EADDRINUSE':
      return `cannot listen on ${where}: already in use; choose another with --port, or 0 for any free one`;
    case 'EACCES':
      return `cannot listen on ${where}: not permitted; ports below 1024 need privileges, choose a higher one with --port`;
    case 'EADDRNOTAVAIL':
      return `cannot listen on ${where}: this machine has no such address; --host takes one of its own`;
    default:
      return `cannot listen on ${where}: ${error.message}`;
  }
}

function pathFailure(error: NodeJS.ErrnoException, path: string): string {
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

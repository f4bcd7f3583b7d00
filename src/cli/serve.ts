/** `mote PATH PORT`: serves until a signal asks to stop. Loaded only for this: the other commands start faster. */
import { type AppOptions, createApp } from '../app/app.ts';
import type { Config } from '../config/options.ts';
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

/** Returns the exit code; rejects with a `StartError`. */
export async function serve(
  io: Io,
  config: Config,
  options: AppOptions,
  signals: SignalQueue,
): Promise<number> {
  checkDescriptors();
  const app = await createApp(config, io.stdout, options);
  await app.start();
  const first = await signals.next();
  const drained = app.stop(first).then(() => OK);
  // A second signal does not wait for what is in flight.
  return Promise.race([drained, signals.next().then((signal) => SIGNALLED[signal])]);
}

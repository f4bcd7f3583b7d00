/**
 * The end of a queue: what is due is still tried within the grace time, then attempts are aborted, and the store gets
 * what it has not kept yet.
 */
import type { ActiveMessages } from './active-messages.ts';
import type { Clock } from './clock.ts';
import type { Dispatcher } from './dispatcher.ts';

/** At the end of the grace time: for aborted attempts to say how far they came. */
export const ABORT_MS = 500;
/** Before the end of the grace time, if it is long enough: for requests that wait to get their response. */
const RESPONSE_MS = 500;
const POLL_MS = 20;

export interface DrainOptions {
  readonly clock: Clock;
  readonly active: ActiveMessages;
  readonly dispatcher: Dispatcher;
  readonly graceMs: number;
  /** What is kept can be tried again after the next start: no later attempt is waited for. */
  readonly isDurable: boolean;
  /** Whether something else still has to end. */
  isBusy(): boolean;
  /** Ends the waits of requests. */
  release(): void;
}

/** Resolves when no attempt is under way and all is kept, or {@link ABORT_MS} after the grace time. */
export async function drain(options: DrainOptions): Promise<void> {
  const { clock, dispatcher, graceMs, isDurable, isBusy, release } = options;
  const cancelRelease = clock.after(Math.max(graceMs - RESPONSE_MS, graceMs / 2), release);
  const lastMs = clock.now() + (isDurable ? 0 : graceMs);
  await waitWhile(clock, () => isBusy() || isDue(options, lastMs), graceMs);
  dispatcher.close();
  dispatcher.abortAll();
  await waitWhile(clock, () => !isSettled(options), ABORT_MS);
  cancelRelease();
}

export function pause(clock: Clock, ms: number): Promise<void> {
  return new Promise((resolve) => clock.after(ms, resolve));
}

/** For `maxMs` at most, by a timer: the clock may be set meanwhile. */
async function waitWhile(clock: Clock, isSo: () => boolean, maxMs: number): Promise<void> {
  let isOver = false;
  const cancel = clock.after(maxMs, () => {
    isOver = true;
  });
  while (!isOver && isSo()) await pause(clock, POLL_MS);
  cancel();
}

/** Whether anything is to be kept, or to be tried until `lastMs`. */
function isDue({ dispatcher, active }: DrainOptions, lastMs: number): boolean {
  if (!dispatcher.isIdle) return true;
  return [...active.values()].some(
    ({ envelope, isOutdated, keeping }) =>
      isOutdated ||
      keeping !== undefined ||
      envelope.progress.some(
        (one) => one.kind === 'pending' && one.nextMs <= lastMs && dispatcher.opensMs(one.channel) <= lastMs,
      ),
  );
}

function isSettled({ dispatcher, active }: DrainOptions): boolean {
  return dispatcher.isIdle && [...active.values()].every(({ keeping }) => keeping === undefined);
}

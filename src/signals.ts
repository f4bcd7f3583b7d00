/** Signals one by one. */
import type { Io, StopSignal } from './io.ts';

export interface SignalQueue {
  /** The next signal; those that came before anybody asked are kept. */
  next(): Promise<StopSignal>;
}

/**
 * A signal that comes again so soon is the same request, by another way: a terminal sends Ctrl-C to npm and to mote,
 * and npm hands it on; an init stops all processes of a unit, with those that hand it on among them.
 */
const ECHO_MS = 200;

/** Listens from now on. */
export function signalQueue(io: Io, nowMs: () => number = () => performance.now()): SignalQueue {
  const arrived: StopSignal[] = [];
  const lastMs = new Map<StopSignal, number>();
  let wake: ((signal: StopSignal) => void) | undefined;
  io.onSignal((signal) => {
    const sinceMs = nowMs() - (lastMs.get(signal) ?? Number.NEGATIVE_INFINITY);
    if (sinceMs < ECHO_MS) return;
    lastMs.set(signal, nowMs());
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

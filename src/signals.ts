/** Signals one by one. */
import type { Io, StopSignal } from './io.ts';

export interface SignalQueue {
  /** The next signal; those that came before anybody asked are kept. */
  next(): Promise<StopSignal>;
}

/** Listens from now on. */
export function signalQueue(io: Io): SignalQueue {
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

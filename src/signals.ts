/**
 * Signals one by one.
 *
 * `SIGHUP` asks to stop where there is a terminal that can close. Where there is none, it comes from somebody who
 * wants a configuration read again, which mote does not do, or the program was started by `nohup`: Node undoes the
 * disposition that `nohup` leaves, but not that it takes all three streams away from the terminal.
 */
import type { Io, StopSignal } from './io.ts';

export interface SignalQueue {
  /** The next signal; those that came before anybody asked are kept. */
  next(): Promise<StopSignal>;
}

/** Listens from now on. */
export function signalQueue({ onSignal, hasTerminal }: Pick<Io, 'onSignal' | 'hasTerminal'>): SignalQueue {
  const arrived: StopSignal[] = [];
  let wake: ((signal: StopSignal) => void) | undefined;
  let isAsked = false;
  onSignal((signal) => {
    // It never hurries: the kernel and the shell both say that a terminal closes, and service managers send it along.
    if (signal === 'SIGHUP' && (isAsked || !hasTerminal)) return;
    isAsked = true;
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

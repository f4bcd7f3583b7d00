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

/**
 * A signal that comes again so soon is the same request, by another way: a terminal sends Ctrl-C to npm and to mote,
 * and npm hands it on; an init stops all processes of a unit, with those that hand it on among them.
 */
const ECHO_MS = 200;

/** Listens from now on. */
export function signalQueue(
  { onSignal, hasTerminal }: Pick<Io, 'onSignal' | 'hasTerminal'>,
  nowMs: () => number = () => performance.now(),
): SignalQueue {
  const arrived: StopSignal[] = [];
  const lastMs = new Map<StopSignal, number>();
  let wake: ((signal: StopSignal) => void) | undefined;
  let isAsked = false;
  onSignal((signal) => {
    // It never hurries: the kernel and the shell both say that a terminal closes, and service managers send it along.
    if (signal === 'SIGHUP' && (isAsked || !hasTerminal)) return;
    isAsked = true;
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

/**
 * Signals one by one.
 *
 * `SIGHUP` asks to stop if there is a terminal that can close. Without one it comes from somebody who wants a
 * configuration to be reloaded, which mote does not do, or the program was started by `nohup`: Node resets the
 * disposition that `nohup` leaves, but `nohup` also detaches all three streams from the terminal.
 */
import type { Io, StopSignal } from './io.ts';

export interface SignalQueue {
  /** The next signal; those that came before the call are kept. */
  next(): Promise<StopSignal>;
}

/**
 * A signal that comes again so soon is the same request by another way: a terminal sends Ctrl-C to npm and to mote, and
 * npm forwards it; an init stops all processes of a unit, including those that forward the signal.
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
    // It never means hurry: the kernel and the shell both report a closing terminal, and service managers send it too.
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

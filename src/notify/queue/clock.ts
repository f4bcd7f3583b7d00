/** The clock of the queue, an interface so that tests can control time. */

export interface Clock {
  /** In milliseconds since the epoch. */
  now(): number;
  /** Runs `action` after `ms`, unless the returned function is called first. */
  after(ms: number, action: () => void): () => void;
}

/** `setTimeout` treats longer delays as 1 ms. */
const MAX_TIMER_MS = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: () => Date.now(),
  after: (ms, action) => {
    const timer = setTimeout(action, Math.min(ms, MAX_TIMER_MS));
    return () => clearTimeout(timer);
  },
};

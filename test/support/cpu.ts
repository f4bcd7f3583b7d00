/** The time that work takes of a processor, which other work on the machine hardly changes. */

/** How long one turn of the event loop may take at most: everybody else waits meanwhile. */
export const MAX_TURN_MS = 50;
const RUNS = 10;

/** The least of some runs, since what else happens (compilation, garbage) only adds; one run suffices where it is far away. */
export function leastCpuMs(work: () => unknown): number {
  let leastMs = Number.POSITIVE_INFINITY;
  for (let run = 0; run < RUNS && leastMs >= MAX_TURN_MS / 2; run++) {
    const before = process.threadCpuUsage();
    work();
    const { user, system } = process.threadCpuUsage(before);
    leastMs = Math.min(leastMs, (user + system) / 1000);
  }
  return leastMs;
}

/** Of work that may be interrupted at each `yield`: the longest of its steps, the least of some runs. */
export function longestStepMs(work: () => Generator<undefined, unknown>): number {
  let leastMs = Number.POSITIVE_INFINITY;
  for (let run = 0; run < RUNS && leastMs >= MAX_TURN_MS / 2; run++) {
    const steps = work();
    let longestMs = 0;
    for (let isDone: boolean | undefined = false; !isDone; ) {
      const before = process.threadCpuUsage();
      isDone = steps.next().done;
      const { user, system } = process.threadCpuUsage(before);
      longestMs = Math.max(longestMs, (user + system) / 1000);
    }
    leastMs = Math.min(leastMs, longestMs);
  }
  return leastMs;
}

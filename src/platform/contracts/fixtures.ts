/**
 * What the contracts share. A contract prints what a module does, line by line; it runs on Node with Node's modules
 * and inside mote-tiny with those of `src/platform`, and both must print the same. So Node is the judge of every line.
 */

/** Numbers from a fixed seed: both platforms see the same inputs. */
export function numbersFrom(seed: number): (limit: number) => number {
  let state = seed;
  return (limit) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
}

/** One of them. */
export function pick<T>(next: (limit: number) => number, list: readonly T[]): T {
  return list[next(list.length)] as T;
}

/** The value, or the name of what was thrown. */
export function attempt(run: () => unknown): unknown {
  try {
    return run();
  } catch (error) {
    return `throws ${(error as Error).name}`;
  }
}

export function line(...values: readonly unknown[]): string {
  return values.map((value) => JSON.stringify(value) ?? 'undefined').join(' ');
}

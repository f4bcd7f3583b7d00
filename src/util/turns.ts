/** Turns of the event loop, one for each piece of work that would block it together with others. */

/** How long several steps of one work may take before all others get their turn. */
const SLICE_MS = 10;

/** Work that may be interrupted at each `yield`, and its result. */
export type Steps<T> = Generator<undefined, T>;

/** Does the work without interruption. */
export function resultOf<T>(steps: Steps<T>): T {
  for (;;) {
    const { done, value } = steps.next();
    if (done) return value;
  }
}

/** Thrown where work was given up between two steps. */
export class Unfinished extends Error {}

export class Turns {
  #last: Promise<void> = Promise.resolve();

  /** Waits for the turns that were taken before, and for the end of the current one. */
  take(): Promise<void> {
    this.#last = this.#last.then(() => new Promise((resolve) => setImmediate(resolve)));
    return this.#last;
  }

  /** In each turn as many steps as there is time for. @throws Unfinished when `signal` is aborted meanwhile. */
  async run<T>(steps: Steps<T>, signal?: AbortSignal): Promise<T> {
    for (let startMs = performance.now(); ; ) {
      const { done, value } = steps.next();
      if (done) return value;
      if (performance.now() - startMs < SLICE_MS) continue;
      await this.take();
      if (signal?.aborted) throw new Unfinished();
      startMs = performance.now();
    }
  }
}

/** Lets large bodies be read one after another, each in a turn of the event loop of its own: together they would block it. */
import type { Stage } from '../../http/types.ts';

/** Reading a smaller body takes a few milliseconds at most. */
export const LARGE_BODY_BYTES = 64 * 1024;

export class Turns {
  #last: Promise<void> = Promise.resolve();

  /** Waits for the turns that were taken before, and for the end of the current one. */
  take(): Promise<void> {
    this.#last = this.#last.then(() => new Promise((resolve) => setImmediate(resolve)));
    return this.#last;
  }

  /** The stage, for which a request with a large body waits. */
  of(stage: Stage): Stage {
    return (facts) => {
      const isLarge = (facts.body?.length ?? 0) > LARGE_BODY_BYTES;
      return isLarge ? this.take().then(() => stage(facts)) : stage(facts);
    };
  }
}

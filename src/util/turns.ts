/** Turns of the event loop, one for each piece of work that would block it together with others. */
export class Turns {
  #last: Promise<void> = Promise.resolve();

  /** Waits for the turns that were taken before, and for the end of the current one. */
  take(): Promise<void> {
    this.#last = this.#last.then(() => new Promise((resolve) => setImmediate(resolve)));
    return this.#last;
  }
}

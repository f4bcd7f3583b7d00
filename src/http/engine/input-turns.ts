/**
 * How connections share what input costs: large input is parsed in turns, and the room for input that waits is
 * limited.
 */

/** How long all connections together may parse large input in one iteration of the event loop. */
const TURN_MS = 10;
/** The same while there are new connections. */
const SHORT_TURN_MS = 1;
/** Bytes that wait behind pending requests of all connections, and what each may keep when this is exceeded. */
const MAX_WAITING_BYTES = 32 * 1024 * 1024;
const FAIR_WAITING_BYTES = 16 * 1024;

/** What the connections of a server share: the time in one iteration of the event loop, and the room for input. */
export class InputTurns {
  waitingBytes = 0;
  /** In order of arrival, each connection at most once. */
  #queue: (() => void)[] = [];
  #turnEndsMs: number | undefined;
  #isServing = false;
  #accepted = false;

  /** Whether too much input waits, and a connection with this much of it has more than a fair share. */
  isCrowdedBy(waitingBytes: number): boolean {
    return this.waitingBytes > MAX_WAITING_BYTES && waitingBytes > FAIR_WAITING_BYTES;
  }

  /** A connection was accepted: more may be pending, and only one is accepted per iteration. */
  onAccept(): void {
    this.#accepted = true;
  }

  /** Whether there is time left for large input in this iteration. */
  get hasTime(): boolean {
    const nowMs = performance.now();
    if (this.#turnEndsMs === undefined) {
      this.#turnEndsMs = nowMs + (this.#accepted ? SHORT_TURN_MS : TURN_MS);
      this.#accepted = false;
      setImmediate(() => (this.#turnEndsMs = undefined));
    }
    return nowMs < this.#turnEndsMs;
  }

  /** Calls `goOn` in one of the next iterations. */
  queue(goOn: () => void): void {
    this.#queue.push(goOn);
    if (this.#isServing) return;
    this.#isServing = true;
    setImmediate(() => this.#serve(this.#queue.length));
  }

  /** Serves those that were queued when the iteration began; others have to wait for the next one. */
  #serve(count: number): void {
    if (count > 0 && this.hasTime) {
      this.#queue.shift()?.();
      // The stream continues in a tick that is already scheduled, so that the next one follows after its work is done.
      process.nextTick(() => this.#serve(count - 1));
      return;
    }
    this.#isServing = this.#queue.length > 0;
    if (this.#isServing) setImmediate(() => this.#serve(this.#queue.length));
  }
}

/**
 * Notices that the process has no file descriptors left. A connection that cannot be accepted for want of one is
 * closed by libuv, which tells nobody; so it is tried now and then whether a file could be opened.
 */
import { open } from 'node:fs/promises';
import { devNull } from 'node:os';

/** How long after a connection came, and from then on how often for as long as there are none left. */
const CHECK_MS = 1000;
/** How often it is said. */
const REPORT_EVERY_MS = 60_000;

export class Descriptors {
  readonly #onExhausted: () => void;
  #timer: NodeJS.Timeout | undefined;
  #reportedMs = Number.NEGATIVE_INFINITY;

  constructor(onExhausted: () => void) {
    this.#onExhausted = onExhausted;
  }

  /** One was taken. */
  onUse(): void {
    this.#timer ??= setTimeout(() => void this.#check(), CHECK_MS).unref();
  }

  /** An error that a request ended with, whatever it was. */
  onError(error: unknown): void {
    const code = (error as NodeJS.ErrnoException | undefined)?.code;
    if (code === 'EMFILE' || code === 'ENFILE') this.#report();
  }

  async #check(): Promise<void> {
    this.#timer = undefined;
    try {
      await (await open(devNull)).close();
    } catch (error) {
      this.onError(error);
      this.onUse();
    }
  }

  #report(): void {
    const nowMs = performance.now();
    if (nowMs - this.#reportedMs < REPORT_EVERY_MS) return;
    this.#reportedMs = nowMs;
    this.#onExhausted();
  }
}

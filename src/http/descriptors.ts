/**
 * Detects that the process has no file descriptors left. libuv silently closes connections that it cannot accept for
 * lack of one; so mote occasionally tries to open a file.
 */
import { open } from 'node:fs/promises';
import { devNull } from 'node:os';

/** The delay of the check after a new connection, and its interval while there are none left. */
const CHECK_MS = 1000;
/** The shortest interval between two reports. */
const REPORT_EVERY_MS = 60_000;

export class Descriptors {
  readonly #onExhausted: () => void;
  #timer: NodeJS.Timeout | undefined;
  #reportedMs = Number.NEGATIVE_INFINITY;

  constructor(onExhausted: () => void) {
    this.#onExhausted = onExhausted;
  }

  /** A descriptor was taken. */
  onUse(): void {
    this.#timer ??= setTimeout(() => void this.#check(), CHECK_MS).unref();
  }

  /** Any error of a request. */
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

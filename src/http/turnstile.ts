/**
 * A fair queue for slow work. Few tasks run at a time; the others wait in lines, one for each pair of address and user
 * name, which are served round-robin, so that a client with many requests delays only itself. Addresses with too many
 * failures (suspects) have separate lines, which leave one of the two permits to the others and get one themselves.
 * So suspects cannot slow others down, and a legitimate user behind the same address is still served.
 */
import { ConcurrencyLimiter } from '../util/semaphore.ts';
import { HttpError } from './errors.ts';

/** Hashing uses the thread pool (4 threads) that also reads files: this many leave threads for the files. */
export const MAX_RUNNING = 2;
/** In all lines together. Beyond it, the first of the longest line is rejected: its client causes the crowd. */
export const MAX_WAITING = 512;
/** How long a task waits; by then most clients have given up. */
export const PATIENCE_MS = 30_000;
const RETRY_AFTER_SECONDS = '2';

/** Identifies a line. */
export interface Line {
  readonly address: string;
  /** The claimed user name; empty for unknown names, which share a line. */
  readonly name: string;
  readonly suspect: boolean;
}

interface Waiter {
  readonly admit: () => void;
  readonly reject: () => void;
}

/** In the order in which they are served next; none is empty. */
type Lines = Map<string, Waiter[]>;

export class Turnstile {
  readonly #good: Lines = new Map();
  readonly #suspect: Lines = new Map();
  readonly #permits = new ConcurrencyLimiter({ concurrency: MAX_RUNNING, maxWaiting: 0 });
  #waiting = 0;
  #suspectsRunning = 0;

  /** Runs `task` when it is its turn. Rejects with 503 `unavailable` if that takes too long. */
  async pass<T>(line: Line, task: () => Promise<T>): Promise<T> {
    // A permit is free only while nobody waits.
    if (!this.#permits.tryAcquire()) await this.#wait(line);
    else if (line.suspect) this.#suspectsRunning += 1;
    try {
      return await task();
    } finally {
      if (line.suspect) this.#suspectsRunning -= 1;
      this.#permits.release();
      this.#next();
    }
  }

  #wait({ address, name, suspect }: Line): Promise<void> {
    if (this.#waiting >= MAX_WAITING) this.#thin();
    return new Promise((resolve, reject) => {
      const lines = suspect ? this.#suspect : this.#good;
      const key = `${address} ${name}`;
      const timer = setTimeout(() => this.#leave(lines, key, waiter), PATIENCE_MS);
      const waiter: Waiter = {
        admit: () => {
          clearTimeout(timer);
          if (suspect) this.#suspectsRunning += 1;
          resolve();
        },
        reject: () => {
          clearTimeout(timer);
          reject(new HttpError('unavailable', ['Retry-After', RETRY_AFTER_SECONDS]));
        },
      };
      const line = lines.get(key);
      if (line) line.push(waiter);
      else lines.set(key, [waiter]);
      this.#waiting += 1;
    });
  }

  #next(): void {
    while (this.#waiting > 0 && this.#permits.tryAcquire()) {
      const isTheirs = this.#good.size === 0 || (this.#suspectsRunning === 0 && this.#suspect.size > 0);
      const lines = isTheirs ? this.#suspect : this.#good;
      // Not empty, because somebody waits.
      const [key, line] = lines.entries().next().value as [string, Waiter[]];
      const waiter = line.shift();
      lines.delete(key);
      if (line.length > 0) lines.set(key, line);
      this.#waiting -= 1;
      waiter?.admit();
    }
  }

  /** Rejects the first of the longest line. */
  #thin(): void {
    const all = [this.#good, this.#suspect].flatMap((lines) =>
      [...lines].map(([key, line]) => ({ lines, key, line })),
    );
    const longest = all.reduce((a, b) => (b.line.length > a.line.length ? b : a));
    this.#leave(longest.lines, longest.key, longest.line[0] as Waiter);
  }

  #leave(lines: Lines, key: string, waiter: Waiter): void {
    const left = (lines.get(key) ?? []).filter((other) => other !== waiter);
    if (left.length > 0) lines.set(key, left);
    else lines.delete(key);
    this.#waiting -= 1;
    waiter.reject();
  }
}

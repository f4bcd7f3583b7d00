/**
 * Lets slow work through, a few at a time, and those who want it stand in lines, one for each pair of address and
 * user name, which are served by turns: who asks much waits behind himself. Those who failed too often have lines
 * apart, which leave one of the two places to the others and get one themselves. So they cannot slow others down, and
 * still somebody who stands behind the same address gets through.
 */
import { HttpError } from './errors.ts';

/** Hashing happens in the thread pool (4 threads) that also reads files: these many leave threads for them. */
export const MAX_RUNNING = 2;
/** In all lines. Beyond it the first of the longest line is told to come back, which is the one to suffer. */
export const MAX_WAITING = 512;
/** Clients have given up by then, or will soon. */
export const PATIENCE_MS = 30_000;
const RETRY_AFTER_SECONDS = '2';

/** Which line somebody stands in. */
export interface Line {
  readonly address: string;
  /** Of the user who somebody says to be; empty for names that nobody has. */
  readonly name: string;
  readonly suspect: boolean;
}

interface Waiter {
  readonly letIn: () => void;
  readonly turnAway: () => void;
}

/** Lines in the order in which they are served next; none is empty. */
type Lines = Map<string, Waiter[]>;

export class Turnstile {
  readonly #good: Lines = new Map();
  readonly #suspect: Lines = new Map();
  #waiting = 0;
  #running = 0;
  #suspectsRunning = 0;

  /** Runs `task` when it is its turn. Rejects with 503 `unavailable` where that would not come in time. */
  async pass<T>(line: Line, task: () => Promise<T>): Promise<T> {
    // A place is free only where nobody waits for it.
    if (this.#running < MAX_RUNNING) this.#count(line.suspect, 1);
    else await this.#wait(line);
    try {
      return await task();
    } finally {
      this.#count(line.suspect, -1);
      this.#next();
    }
  }

  #count(suspect: boolean, delta: 1 | -1): void {
    this.#running += delta;
    if (suspect) this.#suspectsRunning += delta;
  }

  #wait({ address, name, suspect }: Line): Promise<void> {
    if (this.#waiting >= MAX_WAITING) this.#thin();
    return new Promise((resolve, reject) => {
      const lines = suspect ? this.#suspect : this.#good;
      const key = `${address} ${name}`;
      const timer = setTimeout(() => this.#leave(lines, key, waiter), PATIENCE_MS);
      const waiter: Waiter = {
        letIn: () => {
          clearTimeout(timer);
          this.#count(suspect, 1);
          resolve();
        },
        turnAway: () => {
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
    while (this.#running < MAX_RUNNING) {
      const isTheirs = this.#good.size === 0 || (this.#suspectsRunning === 0 && this.#suspect.size > 0);
      const lines = isTheirs ? this.#suspect : this.#good;
      const [first] = lines;
      if (!first) return;
      const [key, line] = first;
      const waiter = line.shift();
      lines.delete(key);
      if (line.length > 0) lines.set(key, line);
      this.#waiting -= 1;
      waiter?.letIn();
    }
  }

  /** Turns away who came first to the longest line of all. */
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
    waiter.turnAway();
  }
}

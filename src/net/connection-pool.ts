/**
 * Connections that are kept for the next request of the same client to the same origin. Few and for a short time:
 * they are for bursts of messages, and every one that waits costs the server something, too.
 */
import type { HttpConnection } from './http-connection.ts';

/** As many as a channel makes attempts at a time. */
export const MAX_KEPT_CONNECTIONS = 8;
/** Without a word from the server. Some close after two seconds without having said so. */
export const IDLE_MS = 1500;
/** Whatever the server offers. */
export const MAX_IDLE_MS = 10_000;
/** A request must not meet the server's close on its way. */
export const IDLE_MARGIN_MS = 1000;
/** Then the name is looked up again, and its addresses are checked again. */
export const MAX_AGE_MS = 60_000;

/** A connection, and since when it stands, in milliseconds from any start. */
export interface Opened {
  readonly connection: HttpConnection;
  readonly openedMs: number;
}

interface Kept extends Opened {
  readonly origin: string;
  readonly untilMs: number;
}

export class ConnectionPool {
  readonly #now: () => number;
  /** The one that was used last is the last. */
  readonly #kept: Kept[] = [];
  #sweeper: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** The one that was used last, since it is the least likely to be closed. */
  take(origin: string): Opened | undefined {
    const nowMs = this.#now();
    for (let i = this.#kept.length - 1; i >= 0; i--) {
      const one = this.#kept[i] as Kept;
      if (one.origin === origin && one.untilMs > nowMs && one.connection.isOpen) {
        this.#kept.splice(i, 1);
        one.connection.hold(true);
        return one;
      }
    }
    return undefined;
  }

  /** Keeps it for `idleMs` at most, or destroys it. */
  put(origin: string, { connection, openedMs }: Opened, idleMs: number): void {
    const untilMs = Math.min(this.#now() + idleMs, openedMs + MAX_AGE_MS);
    if (this.#isClosed || untilMs <= this.#now()) return connection.destroy();
    connection.hold(false);
    this.#kept.push({ connection, openedMs, origin, untilMs });
    if (this.#kept.length > MAX_KEPT_CONNECTIONS) this.#kept.shift()?.connection.destroy();
    this.#sweeper ??= setTimeout(() => this.#sweep(), idleMs).unref();
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#sweeper);
    for (const { connection } of this.#kept.splice(0)) connection.destroy();
  }

  #sweep(): void {
    const nowMs = this.#now();
    const [ended, live] = [this.#kept.filter(hasEnded), this.#kept.filter((one) => !hasEnded(one))];
    this.#kept.splice(0, this.#kept.length, ...live);
    for (const { connection } of ended) connection.destroy();
    const nextMs = Math.min(...live.map(({ untilMs }) => untilMs)) - nowMs;
    this.#sweeper = live.length > 0 ? setTimeout(() => this.#sweep(), nextMs).unref() : undefined;

    function hasEnded({ untilMs, connection }: Kept): boolean {
      return untilMs <= nowMs || !connection.isOpen;
    }
  }
}

/** How long a connection is kept, by the server's `Keep-Alive` (RFC 2068 §19.7.1.1); 0 for not at all. */
export function idleMsOf(keepAlive: string | undefined): number {
  if (keepAlive === undefined) return IDLE_MS;
  if (/(?:^|[ ,;])max=0+(?!\d)/i.test(keepAlive)) return 0;
  const timeout = /(?:^|[ ,;])timeout=(\d{1,6})(?!\d)/i.exec(keepAlive)?.[1];
  if (timeout === undefined) return IDLE_MS;
  return Math.max(0, Math.min(MAX_IDLE_MS, Number(timeout) * 1000 - IDLE_MARGIN_MS));
}

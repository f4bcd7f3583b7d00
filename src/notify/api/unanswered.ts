/**
 * Repetitions of requests whose senders never heard the answer. A client that gives up waiting, or that a proxy cuts
 * off, sends the same once more; where it names no idempotency key, only this tells it from a second alarm: its
 * connection had ended before the answer. Two equal requests that were both answered are two messages.
 *
 * Kept in memory only. After a restart it is not known which answers arrived, and twice is better than never.
 */
import { createHash } from 'node:crypto';
import { touch } from '../../util/bounded-map.ts';
import type { Acceptance } from '../queue/queue.ts';

/** After an answer that nobody heard: longer than clients pause before they try again. */
export const REPEAT_WINDOW_MS = 120_000;
/** Messages of which unanswered requests are known; the oldest are forgotten first. */
export const MAX_UNANSWERED = 1000;

/** One request on its way to its answer. */
export interface Attempt {
  readonly acceptance: Promise<Acceptance>;
  /** Whether the client has left. */
  readonly isGone: () => boolean;
  /** When the answer would have been sent to a client that had left. */
  missedMs?: number;
}

export class Unanswered {
  readonly #now: () => number;
  /** By what they ask for; those that came last stand last. */
  readonly #attempts = new Map<string, Attempt[]>();

  /** `now` is in milliseconds from any start. */
  constructor(now: () => number) {
    this.#now = now;
  }

  begin(key: string, attempt: Attempt): void {
    touch(this.#attempts, key, [...(this.#attempts.get(key) ?? []), attempt], MAX_UNANSWERED);
  }

  /** The answer goes out: only what its client does not hear is remembered. */
  end(key: string, attempt: Attempt): void {
    if (attempt.isGone()) attempt.missedMs = this.#now();
    else this.#forget(key, attempt);
  }

  /** A request for the same whose client left. Each is found once. */
  take(key: string): Attempt | undefined {
    const all = this.#attempts.get(key) ?? [];
    const found = all.find((attempt) => attempt.isGone() && !this.#isOld(attempt));
    for (const attempt of all) if (attempt === found || this.#isOld(attempt)) this.#forget(key, attempt);
    return found;
  }

  #isOld({ missedMs }: Attempt): boolean {
    return missedMs !== undefined && this.#now() - missedMs >= REPEAT_WINDOW_MS;
  }

  #forget(key: string, attempt: Attempt): void {
    const others = (this.#attempts.get(key) ?? []).filter((other) => other !== attempt);
    if (others.length > 0) this.#attempts.set(key, others);
    else this.#attempts.delete(key);
  }
}

/** Equal for the same token and the same message; `fingerprint` is of the message. */
export function unansweredKey(token: string, fingerprint: string): string {
  return createHash('sha256').update(`${token}\n${fingerprint}`).digest('base64url');
}

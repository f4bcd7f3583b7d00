/**
 * Repeated requests whose senders never received a response. A client that stops waiting, or is cut off by a proxy,
 * sends the same request once more; without an idempotency key only one thing distinguishes it from a second alarm: the
 * first connection had ended before the response. Two equal requests that both got a response are two messages.
 *
 * Kept in memory only. After a restart it is unknown which responses arrived, and twice is better than never.
 */
import { hash } from 'node:crypto';
import type { RequestFacts } from '../../http/types.ts';
import { BoundedMap } from '../../util/bounded-map.ts';
import type { Acceptance } from '../queue/idempotency.ts';

/** After a response that nobody received: longer than clients wait before they try again. */
export const UNANSWERED_WINDOW_MS = 120_000;
/** Messages with unanswered requests; the oldest are forgotten first. */
export const MAX_UNANSWERED = 1000;

/** One request that has no response yet, or whose client left before it. */
export interface UnansweredRequest {
  readonly acceptance: Promise<Acceptance>;
  /** Whether the client has left. */
  readonly isGone: NonNullable<RequestFacts['isGone']>;
  /** An equal request has asked whether the client has left, and waits for the response. */
  isAsked?: boolean;
  /** When the response was ready for a client that had left. */
  missedMs?: number;
}

export class UnansweredRequests {
  readonly #now: () => number;
  /** By message, the latest last. */
  readonly #requests = new BoundedMap<string, UnansweredRequest[]>({ maxEntries: MAX_UNANSWERED });

  /** `now` is in milliseconds from any start. */
  constructor(now: () => number) {
    this.#now = now;
  }

  begin(key: string, request: UnansweredRequest): void {
    this.#requests.set(key, [...(this.#requests.get(key) ?? []), request]);
  }

  /** The response is ready: the request is remembered only if its client has left. */
  async end(key: string, request: UnansweredRequest): Promise<void> {
    if (await request.isGone()) request.missedMs = this.#now();
    else this.#forget(key, request);
  }

  /** An equal request whose client has left. Each is found once. */
  async take(key: string): Promise<UnansweredRequest | undefined> {
    for (const request of this.#requests.get(key) ?? []) {
      if (this.#isOld(request)) this.#forget(key, request);
      else if (!request.isAsked && (await this.#isMissed(request))) {
        this.#forget(key, request);
        return request;
      }
    }
    return undefined;
  }

  async #isMissed(request: UnansweredRequest): Promise<boolean> {
    request.isAsked = true;
    const isGone = await request.isGone();
    request.isAsked = isGone;
    return isGone;
  }

  #isOld({ missedMs }: UnansweredRequest): boolean {
    return missedMs !== undefined && this.#now() - missedMs >= UNANSWERED_WINDOW_MS;
  }

  #forget(key: string, request: UnansweredRequest): void {
    const others = (this.#requests.get(key) ?? []).filter((other) => other !== request);
    if (others.length > 0) this.#requests.set(key, others);
    else this.#requests.delete(key);
  }
}

/** Equal for the same token and the same message; `fingerprint` is that of the message. */
export function unansweredKey(token: string, fingerprint: string): string {
  return hash('sha256', `${token}\n${fingerprint}`, 'base64url');
}

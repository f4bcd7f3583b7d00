/**
 * Idempotency keys for senders that repeat a request after a broken connection but name no key. Alertmanager does so
 * within seconds, and sends the very same bytes as a reminder when its `repeat_interval` has passed: only the time tells
 * the two apart.
 *
 * An equal request is a repetition for {@link REPEAT_WINDOW_MS} after the first was accepted: longer than senders need to
 * repeat it after a broken connection or to another member of a cluster, shorter than any sensible interval of reminders.
 * A later one is a new message: twice is better than never.
 *
 * The key contains the number of the window, so that it is usually the same after a restart too.
 */
import { createHash } from 'node:crypto';
import { BoundedMap } from '../../util/bounded-map.ts';

export const REPEAT_WINDOW_MS = 60_000;
/** The oldest are forgotten first. */
export const MAX_REMEMBERED = 1000;

export interface DerivedKey {
  readonly key: string;
  readonly digest: string;
  readonly firstMs: number;
}

export class Repeats {
  /** When each accepted subject came first, by its digest. */
  readonly #accepted = new BoundedMap<string, number>({ maxEntries: MAX_REMEMBERED });

  /** The key of a request about `subject`. */
  keyFor(subject: string, nowMs: number): DerivedKey {
    const digest = createHash('sha256').update(subject).digest('base64url');
    const before = this.#accepted.get(digest);
    // A clock that is set back far must not suppress reminders.
    const isRepeat = before !== undefined && Math.abs(nowMs - before) < REPEAT_WINDOW_MS;
    const firstMs = isRepeat ? before : nowMs;
    return { key: `${digest}.${Math.floor(firstMs / REPEAT_WINDOW_MS)}`, digest, firstMs };
  }

  /** To be called for accepted requests only: refused ones are meant to be sent again. */
  accept({ digest, firstMs }: DerivedKey): void {
    this.#accepted.set(digest, firstMs);
  }
}

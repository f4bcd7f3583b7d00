/**
 * Idempotency keys for senders that send a request again after a broken connection but name no key. Alertmanager
 * does so within seconds, and sends the very same bytes as a reminder when its `repeat_interval` has passed: only
 * the time tells the two apart.
 *
 * What was accepted is taken for the same for {@link REPEAT_WINDOW_MS}: longer than it takes to send again after a
 * broken connection or to another member of a cluster, shorter than reminders are in earnest. What comes later is
 * sent again: twice is better than never.
 *
 * The key has the number of the window in it, so that it is the same, mostly, after a restart too.
 */
import { createHash } from 'node:crypto';
import { touch } from '../../util/bounded-map.ts';

export const REPEAT_WINDOW_MS = 60_000;
/** The oldest are forgotten first. */
export const MAX_REMEMBERED = 1000;

export interface Occasion {
  readonly key: string;
  readonly digest: string;
  readonly firstMs: number;
}

export class Repeats {
  /** Digests of what was accepted, and when for the first time. */
  readonly #accepted = new Map<string, number>();

  /** `subject` and the key of its request. */
  occasionOf(subject: string, nowMs: number): Occasion {
    const digest = createHash('sha256').update(subject).digest('base64url');
    const before = this.#accepted.get(digest);
    // A clock that is set back far must not hold reminders up.
    const isRepeat = before !== undefined && Math.abs(nowMs - before) < REPEAT_WINDOW_MS;
    const firstMs = isRepeat ? before : nowMs;
    return { key: `${digest}.${Math.floor(firstMs / REPEAT_WINDOW_MS)}`, digest, firstMs };
  }

  /** Only what was accepted counts: what was refused is meant to be sent again. */
  accept({ digest, firstMs }: Occasion): void {
    touch(this.#accepted, digest, firstMs, MAX_REMEMBERED);
  }
}

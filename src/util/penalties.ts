/** What addresses have to bear that bring wrong tokens or passwords. Pure. */
import { BoundedMap } from './bounded-map.ts';

/** Failures that an address may have before it is slowed down … */
export const FREE_FAILURES = 5;
/** … by this long after the next, twice as long after each further one, … */
export const FIRST_PENALTY_MS = 1000;
/** … at most this long. */
export const MAX_PENALTY_MS = 60_000;
/** After this long without a failure all is forgiven. */
export const FORGIVEN_MS = 15 * 60_000;
/** Addresses whose failures are remembered; the one that failed longest ago is forgotten first. */
export const MAX_ADDRESSES = 4096;

interface Failures {
  /** Of different kinds. */
  readonly count: number;
  /** The latest of them, at most {@link FREE_FAILURES}. */
  readonly latest: readonly string[];
  readonly lastMs: number;
  readonly blockedUntilMs: number;
}

/** Counts failures by address. What a penalty keeps from doing is up to who asks. */
export class Penalties {
  readonly #now: () => number;
  readonly #failures = new BoundedMap<string, Failures>({ maxEntries: MAX_ADDRESSES });

  /** `now` is in milliseconds from any start; a clock that nobody sets keeps penalties right. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** How long the penalty of `address` (an {@link addressKey}) still lasts; 0 or less without one. */
  leftMs(address: string): number {
    return (this.#failures.get(address)?.blockedUntilMs ?? 0) - this.#now();
  }

  /** `mark` tells failures apart: the same one again is a mistake, not a guess, and counts once. */
  fail(address: string, mark?: string): void {
    const nowMs = this.#now();
    const known = this.#failures.get(address);
    const before = known && nowMs - known.lastMs < FORGIVEN_MS ? known : undefined;
    const isMistake = mark !== undefined && before?.latest.includes(mark) === true;
    const count = (before?.count ?? 0) + (isMistake ? 0 : 1);
    const latest = latestOf(before?.latest ?? [], isMistake ? undefined : mark);
    const blockedUntilMs = nowMs + (isMistake ? 0 : penaltyMsOf(count));
    this.#failures.set(address, { count, latest, lastMs: nowMs, blockedUntilMs });
  }
}

function latestOf(before: readonly string[], mark: string | undefined): readonly string[] {
  return mark === undefined ? before : [mark, ...before].slice(0, FREE_FAILURES);
}

function penaltyMsOf(count: number): number {
  if (count <= FREE_FAILURES) return 0;
  return Math.min(MAX_PENALTY_MS, FIRST_PENALTY_MS * 2 ** (count - FREE_FAILURES - 1));
}

/**
 * What counts as one address: an IPv4 address, also where it is written as IPv6 (RFC 4291 §2.5.5.2), and the
 * first 64 bits of other IPv6 addresses, because one host can have all of what follows.
 */
export function addressKey(client: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(client)?.[1];
  if (mapped || !client.includes(':')) return mapped ?? client;
  const [head = '', tail] = client
    .split('::', 2)
    .map((part) => part.split(':').filter((group) => group !== ''));
  const groups = [...(head || [])];
  const missing = tail ? Math.max(0, 8 - groups.length - tail.length) : 0;
  const all = [...groups, ...Array<string>(missing).fill('0'), ...(tail ?? [])];
  return `${all
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':')}::/64`;
}

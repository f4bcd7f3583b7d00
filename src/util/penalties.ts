/** Penalties for addresses that send wrong tokens or passwords. Pure. */
import { BoundedMap } from './bounded-map.ts';

/** Failures of an address without a penalty … */
export const FREE_FAILURES = 5;
/** … the penalty for the next one, doubled for each further one … */
export const FIRST_PENALTY_MS = 1000;
/** … up to this maximum. */
export const MAX_PENALTY_MS = 60_000;
/** After this time without a failure, earlier ones no longer count. */
export const FORGIVEN_MS = 15 * 60_000;
/** Addresses whose failures are remembered; the one with the oldest failure is forgotten first. */
export const MAX_ADDRESSES = 4096;

interface Failures {
  /** Repetitions of the same failure are not counted. */
  readonly count: number;
  /** The latest of them, at most {@link FREE_FAILURES}. */
  readonly latest: readonly string[];
  readonly lastMs: number;
  readonly blockedUntilMs: number;
}

/** Counts failures by address. The caller decides what a penalty prevents. */
export class Penalties {
  readonly #now: () => number;
  readonly #failures = new BoundedMap<string, Failures>({ maxEntries: MAX_ADDRESSES });

  /** `now` is a monotonic clock in milliseconds. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** The remaining penalty of `address` (an {@link addressKey}); 0 or less if there is none. */
  leftMs(address: string): number {
    return (this.#failures.get(address)?.blockedUntilMs ?? 0) - this.#now();
  }

  /** `mark` identifies a failure: a repetition is a misconfiguration, not a guess, and counts once. */
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
 * What counts as one address: an IPv4 address, also in its IPv6-mapped form (RFC 4291 §2.5.5.2), and the first 64 bits
 * of any other IPv6 address, because one host can use all addresses of that prefix.
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

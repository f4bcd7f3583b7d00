/**
 * Results that are expensive to make: all who ask at a time share one, and so do those who ask soon after. Bounded in
 * number and weight. Pure but for the clock.
 */
import { BoundedMap, type MapBounds } from '../util/bounded-map.ts';

/** A result is reused for this long after it was made … */
const FRESH_MS = 500;
/** … or for this multiple of the time that it took, so that ten of them use at most half a core … */
const FRESH_FACTOR = 20;
/** … but never longer. */
const MAX_FRESH_MS = 10_000;

export interface Made<V> {
  readonly value: V;
  readonly weight: number;
  /** It is made of something that is not made again before this time; by the clock of `performance.now()`. */
  readonly untilMs?: number;
}

export interface Fresh<V> {
  readonly value: V;
  readonly untilMs: number;
}

interface Entry<V> {
  readonly fresh: Promise<Fresh<V>>;
  /** `Infinity` while it is being made. */
  untilMs: number;
}

export class FreshCache<V> {
  readonly #entries: BoundedMap<string, Entry<V>>;

  constructor(bounds: Pick<MapBounds<string, unknown>, 'maxEntries' | 'maxWeight'>) {
    this.#entries = new BoundedMap(bounds);
  }

  /** Rejects as `make` does; a failure is not kept. */
  get(key: string, make: () => Promise<Made<V>>): Promise<Fresh<V>> {
    const known = this.#entries.get(key);
    if (known && performance.now() < known.untilMs) return known.fresh;
    const begunMs = performance.now();
    const making = make();
    const entry: Entry<V> = {
      fresh: making.then(({ value, untilMs }) => ({ value, untilMs: endOf(begunMs, untilMs) })),
      untilMs: Number.POSITIVE_INFINITY,
    };
    this.#entries.set(key, entry);
    const isCurrent = () => this.#entries.get(key) === entry;
    Promise.all([making, entry.fresh]).then(
      ([{ weight }, { untilMs }]) => {
        entry.untilMs = untilMs;
        if (isCurrent()) this.#entries.set(key, entry, weight);
      },
      () => isCurrent() && this.#entries.delete(key),
    );
    return entry.fresh;
  }
}

/** How long what is ready now is fresh. */
function endOf(begunMs: number, untilMs: number | undefined): number {
  const nowMs = performance.now();
  const forItsCost = nowMs + Math.min(MAX_FRESH_MS, FRESH_FACTOR * (nowMs - begunMs));
  return Math.max(untilMs ?? nowMs + FRESH_MS, forItsCost);
}

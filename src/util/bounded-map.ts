/** A map that remembers the latest of something, bounded in number and, where wanted, in weight. Pure. */

export interface MapBounds<K, V> {
  readonly maxEntries: number;
  /** The sum of the weights that {@link BoundedMap.set} is given, for example bytes. Unlimited by default. */
  readonly maxWeight?: number;
  /** Called with each entry that the bounds remove, after its removal; not for `delete`. */
  readonly onEvict?: (key: K, value: V) => void;
}

interface Weighted<V> {
  readonly value: V;
  readonly weight: number;
}

/** Iterates from the entry that was set longest ago, which is also the first to be evicted. */
export class BoundedMap<K, V> {
  readonly #entries = new Map<K, Weighted<V>>();
  readonly #bounds: MapBounds<K, V>;
  #weight = 0;

  constructor(bounds: MapBounds<K, V>) {
    this.#bounds = bounds;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** Of all entries together. */
  get weight(): number {
    return this.#weight;
  }

  has(key: K): boolean {
    return this.#entries.has(key);
  }

  get(key: K): V | undefined {
    return this.#entries.get(key)?.value;
  }

  /** Makes `key` the youngest and evicts the oldest beyond the bounds: itself, where it alone is too heavy. */
  set(key: K, value: V, weight = 0): void {
    this.delete(key);
    this.#entries.set(key, { value, weight });
    this.#weight += weight;
    this.#evict();
  }

  delete(key: K): void {
    const entry = this.#entries.get(key);
    if (!entry) return;
    this.#weight -= entry.weight;
    this.#entries.delete(key);
  }

  clear(): void {
    this.#entries.clear();
    this.#weight = 0;
  }

  *values(): Generator<V, void> {
    for (const { value } of this.#entries.values()) yield value;
  }

  *entries(): Generator<[K, V], void> {
    for (const [key, { value }] of this.#entries) yield [key, value];
  }

  #evict(): void {
    const { maxEntries, maxWeight = Number.POSITIVE_INFINITY, onEvict } = this.#bounds;
    for (const [key, { value }] of this.#entries) {
      if (this.#entries.size <= maxEntries && this.#weight <= maxWeight) return;
      this.delete(key);
      onEvict?.(key, value);
    }
  }
}

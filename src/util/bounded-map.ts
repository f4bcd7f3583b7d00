/** Maps that remember the latest of something. Pure. */

/** Sets `key` as the youngest of `map` and forgets the oldest beyond `max`. */
export function touch<V>(map: Map<string, V>, key: string, value: V, max: number): void {
  map.delete(key);
  map.set(key, value);
  if (map.size > max) map.delete(map.keys().next().value as string);
}

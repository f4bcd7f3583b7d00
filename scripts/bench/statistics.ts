/** Pure. */

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 ? upper : (upper + (sorted[middle - 1] ?? Number.NaN)) / 2;
}

/**
 * The median of the ratios of each round, in which both were measured within a short time of each other: what slowed
 * the machine down for a while slowed both down. A round in which one is missing has none.
 */
export function medianRatio(
  values: readonly (number | undefined)[],
  bases: readonly (number | undefined)[],
): number {
  return median(
    values.flatMap((value, round) => {
      const base = bases[round];
      return value === undefined || base === undefined ? [] : [value / base];
    }),
  );
}

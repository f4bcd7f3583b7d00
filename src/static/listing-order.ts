/** The order of the entries of a listing. Pure. */

export type Column = 'name' | 'size' | 'date';

export interface Order {
  readonly by: Column;
  readonly descending: boolean;
}

export const byName: Order = { by: 'name', descending: false };

/** What an order looks at. */
export interface Sortable {
  readonly name: string;
  readonly directory: boolean;
  readonly size: number;
  readonly modifiedMs: number | undefined;
}

/** The order that a query asks for; unknown values count as absent. */
export function orderOf(query: string): Order {
  const [, by] = /[?&]sort=(name|size|date)(?=&|$)/.exec(query) ?? [];
  const descending = /[?&]order=desc(?=&|$)/.test(query);
  return { by: (by ?? 'name') as Column, descending };
}

/** A new list: folders first, what is equal by size or date in natural order, what has no date last. */
export function inOrder<E extends Sortable>(entries: readonly E[], { by, descending }: Order): E[] {
  const keyed = entries.map((entry) => ({ entry, key: naturalKey(entry.name) }));
  const direction = descending ? -1 : 1;
  const names = by === 'name' ? direction : 1;
  keyed.sort(({ entry: a, key: keyOfA }, { entry: b, key: keyOfB }) => {
    if (a.directory !== b.directory) return a.directory ? -1 : 1;
    if (by === 'size' && a.size !== b.size && !a.directory) return direction * (a.size - b.size);
    if (by === 'date' && a.modifiedMs !== b.modifiedMs) return compareDates(a, b, direction);
    return names * (compare(keyOfA, keyOfB) || compare(a.name, b.name));
  });
  return keyed.map(({ entry }) => entry);
}

function compareDates(a: Sortable, b: Sortable, direction: number): number {
  if (a.modifiedMs === undefined) return 1;
  return b.modifiedMs === undefined ? -1 : direction * (a.modifiedMs - b.modifiedMs);
}

/** By code units, which is the same everywhere: the languages of `Intl` are not in every build. */
function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

/**
 * What sorts like the name for people: without case, and numbers by value. A number becomes `0`, so that it stays where
 * digits sort, its length, and its digits: of two numbers without leading zeros the longer one is larger. Comparing two
 * keys then costs what comparing two strings costs.
 */
export function naturalKey(name: string): string {
  return name.toLowerCase().replace(/[0-9]+/g, (digits) => {
    const value = digits.replace(/^0+(?=.)/, '');
    return `0${String.fromCharCode(value.length)}${value}`;
  });
}

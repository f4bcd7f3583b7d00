/**
 * Heads that came lately: a client repeats itself, and comparing a text costs a tenth of reading it. Pure: what is
 * remembered of a text is what would be read in it.
 */
import type { HeadResult } from './head.ts';

/** A power of two. */
const SLOTS = 256;
/** Longer heads are rare, and would be most of the memory. */
const MAX_CHARACTERS = 2048;

type Taken = Extract<HeadResult, { kind: 'head' }>;

/** A table in which each text has one place: what is remembered is bounded, and forgotten by what comes after it. */
export class HeadMemo {
  readonly #texts: (string | undefined)[] = Array(SLOTS).fill(undefined);
  readonly #results: (Taken | undefined)[] = Array(SLOTS).fill(undefined);

  /** What was read in `text`, if it is exactly one head. */
  get(text: string): Taken | undefined {
    const slot = slotOf(text);
    return this.#texts[slot] === text ? this.#results[slot] : undefined;
  }

  add(text: string, result: Taken): void {
    if (result.length !== text.length || text.length > MAX_CHARACTERS) return;
    const slot = slotOf(text);
    this.#texts[slot] = text;
    this.#results[slot] = result;
  }
}

/** By the length and some of the target, which is where heads of one client differ. */
function slotOf(text: string): number {
  const { length } = text;
  return (length * 7 + text.charCodeAt(5) + text.charCodeAt(8) * 3 + text.charCodeAt(13) * 5) & (SLOTS - 1);
}

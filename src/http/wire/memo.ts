/**
 * A cache of recently parsed heads, and of the responses to them: clients repeat their requests, and comparing a text
 * costs a tenth of parsing it. Pure: a cached result equals what the parser would return.
 */
import type { HeadResult } from './head.ts';
import type { Prepared } from './prepared.ts';

/** A power of two. */
const SLOTS = 256;
/** Longer heads are rare, and would take most of the memory. */
const MAX_CHARACTERS = 2048;

type Taken = Extract<HeadResult, { kind: 'head' }>;

/** What is known about a head that has come before. */
export interface KnownHead {
  readonly text: string;
  readonly result: Taken;
  /** Its last response, if that can be repeated. */
  prepared: Prepared | undefined;
  /** What the log keeps of its lines. */
  logged: unknown;
  /** What the engine keeps of its last request, to use it again. */
  ended: unknown;
}

/** A table of bounded size: each text has one slot, and a new entry replaces the old one in its slot. */
export class HeadMemo {
  readonly #heads: (KnownHead | undefined)[] = Array(SLOTS).fill(undefined);

  /** What is known about `text`, which must be exactly one head. */
  get(text: string): KnownHead | undefined {
    const known = this.#heads[slotOf(text)];
    return known?.text === text ? known : undefined;
  }

  add(text: string, result: Taken): void {
    if (result.length !== text.length || text.length > MAX_CHARACTERS) return;
    this.#heads[slotOf(text)] = { text, result, prepared: undefined, logged: undefined, ended: undefined };
  }

  /** Drops the responses that cannot be repeated any more. */
  sweep(): void {
    for (const head of this.#heads) if (head?.prepared?.reuse.isGone) head.prepared = undefined;
  }
}

/** A hash of the length and part of the target, since these differ between the heads of one client. */
function slotOf(text: string): number {
  const { length } = text;
  return (length * 7 + text.charCodeAt(5) + text.charCodeAt(8) * 3 + text.charCodeAt(13) * 5) & (SLOTS - 1);
}

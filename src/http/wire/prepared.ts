/**
 * Responses that are ready to be written: the bytes of their head, with a date that is kept current, and the body.
 * Pure.
 */
import { BoundedMap } from '../../util/bounded-map.ts';
import type { HeaderList, Plan, Reuse } from '../types.ts';
import type { HttpClock } from './response.ts';

/** Of all heads and texts together; larger bodies are shared with their owner, and not counted. */
const MAX_BYTES = 2 * 1024 * 1024;
const MAX_RESPONSES = 1024;
/** What an entry costs beside its bytes. */
const OVERHEAD_BYTES = 300;
const CRLF_BYTES = 2;

export class Prepared {
  readonly status: number;
  readonly reuse: Reuse;
  /** The common headers that are in the head. */
  readonly common: HeaderList;
  /** The body that follows the bytes of {@link withText}. */
  readonly body: Uint8Array | undefined;
  readonly bodyBytes: number;
  readonly #headBytes: number;
  #withText: Buffer;
  #head: Buffer;
  #dateLine = '';

  constructor({ status, body }: Plan, reuse: Reuse, head: string, common: HeaderList) {
    this.status = status;
    this.reuse = reuse;
    this.common = common;
    this.body = body.kind === 'bytes' ? body.bytes : undefined;
    const text = body.kind === 'text' ? body.text : '';
    this.bodyBytes = this.body?.length ?? text.length;
    this.#headBytes = head.length;
    this.#withText = Buffer.from(head + text, 'latin1');
    this.#head = this.#withText.subarray(0, head.length);
  }

  get weight(): number {
    return this.#withText.length + OVERHEAD_BYTES;
  }

  /** The bytes of the head alone, until the next call. */
  head(clock: HttpClock, nowMs: number): Buffer {
    const line = clock.dateLine(nowMs);
    if (line !== this.#dateLine) this.#setDate(line);
    return this.#head;
  }

  /** The bytes of the head and of a body that is text, until the next call. */
  withText(clock: HttpClock, nowMs: number): Buffer {
    const line = clock.dateLine(nowMs);
    if (line !== this.#dateLine) this.#setDate(line);
    return this.#withText;
  }

  /** Leaves the bytes of the last call to a write that is not finished yet. */
  leaveBytes(): void {
    this.#withText = Buffer.from(this.#withText);
    this.#head = this.#withText.subarray(0, this.#headBytes);
  }

  /** The line of the date is the last of the head, and its length never changes. */
  #setDate(line: string): void {
    this.#dateLine = line;
    this.#head.write(line, this.#headBytes - CRLF_BYTES - line.length, 'latin1');
  }
}

/** Finds what is prepared by its plan, so that all heads with the same response share one. */
export class PreparedResponses {
  readonly #seen = new WeakSet<Plan>();
  readonly #byPlan = new BoundedMap<Plan, Prepared>({ maxEntries: MAX_RESPONSES, maxWeight: MAX_BYTES });

  get(plan: Plan, common: HeaderList): Prepared | undefined {
    const prepared = this.#byPlan.get(plan);
    return prepared?.common === common ? prepared : undefined;
  }

  /** Whether the plan has been asked about before: what is used once is not worth its memory. */
  isKnown(plan: Plan): boolean {
    if (this.#seen.has(plan)) return true;
    this.#seen.add(plan);
    return false;
  }

  add(plan: Plan, prepared: Prepared): void {
    if (!this.#byPlan.has(plan)) this.#byPlan.set(plan, prepared, prepared.weight);
  }

  /** Drops the responses that cannot be repeated any more. */
  sweep(): void {
    for (const [plan, { reuse }] of this.#byPlan.entries()) if (reuse.isGone) this.#byPlan.delete(plan);
  }
}

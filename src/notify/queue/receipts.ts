/** Receipts of messages that have ended, bounded in number and age. */
import type { Receipt } from './envelope.ts';

export interface ReceiptBounds {
  readonly max: number;
  /** Counted from the end of the message. */
  readonly lifeMs: number;
}

export class Receipts {
  readonly #bounds: ReceiptBounds;
  readonly #onDrop: (receipt: Receipt) => void;
  /** In the order in which the messages ended. */
  readonly #receipts = new Map<string, Receipt>();

  /** `onDrop` is called for receipts that exceed the bounds. */
  constructor(bounds: ReceiptBounds, onDrop: (receipt: Receipt) => void) {
    this.#bounds = bounds;
    this.#onDrop = onDrop;
  }

  add(receipt: Receipt): void {
    this.#receipts.delete(receipt.id);
    this.#receipts.set(receipt.id, receipt);
  }

  get(id: string): Receipt | undefined {
    return this.#receipts.get(id);
  }

  values(): Iterable<Receipt> {
    return this.#receipts.values();
  }

  /** The message continues. */
  delete(id: string): void {
    this.#receipts.delete(id);
  }

  drop(nowMs: number): void {
    for (const receipt of this.#receipts.values()) {
      const isYoung = nowMs - receipt.endedMs < this.#bounds.lifeMs;
      if (isYoung && this.#receipts.size <= this.#bounds.max) return;
      this.#receipts.delete(receipt.id);
      this.#onDrop(receipt);
    }
  }
}

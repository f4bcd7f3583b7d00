/** Finds messages by idempotency key, and receipts by id: while a message is active, and for a while after its end. */
import type { Envelope, Idempotency, Receipt } from './envelope.ts';
import { type ReceiptBounds, Receipts } from './receipts.ts';

/** Messages with an idempotency key: how many keys are remembered after the message has ended, and for how long. */
export const KEYED_RECEIPTS: ReceiptBounds = { max: 10_000, lifeMs: 24 * 3_600_000 };
/** The others, whose status is available only as long as the process runs. */
export const PLAIN_RECEIPTS: ReceiptBounds = { max: 2000, lifeMs: 3_600_000 };

export type Acceptance =
  | { readonly kind: 'accepted' | 'repeated'; readonly id: string }
  /** The key was used for another message. */
  | { readonly kind: 'conflict' }
  | { readonly kind: 'full' | 'stopping' | 'unavailable' };

export interface KeyUse {
  readonly id: string;
  readonly fingerprint: string;
  /** What became of the message. */
  readonly acceptance: Promise<Acceptance>;
}

/** The user of a key, if there is a key. */
type KeyOwner = Pick<Envelope, 'user' | 'idempotency'>;

export class IdempotencyIndex {
  readonly #keys = new Map<string, KeyUse>();
  readonly #keyed: Receipts;
  readonly #plain = new Receipts(PLAIN_RECEIPTS, () => undefined);

  /** `onForget` is called for receipts with a key that are dropped. */
  constructor(onForget: (id: string) => void) {
    this.#keyed = new Receipts(KEYED_RECEIPTS, (receipt) => {
      this.release(receipt, receipt.id);
      onForget(receipt.id);
    });
  }

  find({ user, idempotency }: KeyOwner): KeyUse | undefined {
    return idempotency && this.#keys.get(keyOf(user, idempotency));
  }

  hold({ user, idempotency }: KeyOwner, id: string, acceptance = accepted(id)): void {
    if (!idempotency) return;
    this.#keys.set(keyOf(user, idempotency), { id, fingerprint: idempotency.fingerprint, acceptance });
  }

  /** The key may belong to a newer message by now; then it stays. */
  release({ user, idempotency }: KeyOwner, id: string): void {
    const key = idempotency && keyOf(user, idempotency);
    if (key !== undefined && this.#keys.get(key)?.id === id) this.#keys.delete(key);
  }

  /** A message has ended. */
  close(receipt: Receipt): void {
    this.#receiptsFor(receipt).add(receipt);
  }

  /** A message continues, after its end or a restart. Its key may belong to a newer message by now; then that stays. */
  resume(envelope: Envelope): void {
    const { id } = envelope.message;
    this.#keyed.delete(id);
    this.#plain.delete(id);
    if (!this.find(envelope)) this.hold(envelope, id);
  }

  receipt(id: string): Receipt | undefined {
    return this.#keyed.get(id) ?? this.#plain.get(id);
  }

  *receipts(): Iterable<Receipt> {
    yield* this.#keyed.values();
    yield* this.#plain.values();
  }

  /** Drops what exceeds the age and number limits. */
  tidy(nowMs: number): void {
    this.#keyed.drop(nowMs);
    this.#plain.drop(nowMs);
  }

  #receiptsFor({ idempotency }: Receipt): Receipts {
    return idempotency ? this.#keyed : this.#plain;
  }
}

function accepted(id: string): Promise<Acceptance> {
  return Promise.resolve({ kind: 'accepted', id });
}

/** Keys are per user. Neither contains control characters. */
function keyOf(user: string, { key }: Idempotency): string {
  return `${user}\n${key}`;
}

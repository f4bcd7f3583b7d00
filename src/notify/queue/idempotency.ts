/** What is remembered of messages by their ids and idempotency keys: in use, and for a while after their end. */
import type { Envelope, Idempotency, Receipt } from './envelope.ts';
import { type ReceiptBounds, Receipts } from './receipts.ts';

/** Messages with an idempotency key: how long and how many keys hold after their message has ended. */
export const KEYED_RECEIPTS: ReceiptBounds = { max: 10_000, lifeMs: 24 * 3_600_000 };
/** The others, whose status can be asked for as long as the process runs. */
export const PLAIN_RECEIPTS: ReceiptBounds = { max: 2000, lifeMs: 3_600_000 };

export interface KeyUse {
  readonly id: string;
  readonly fingerprint: string;
  /** Whether the message became safe. */
  readonly safe: Promise<boolean>;
}

/** Whose key it is, if there is one. */
type Owner = Pick<Envelope, 'user' | 'idempotency'>;

export class IdempotencyIndex {
  readonly #keys = new Map<string, KeyUse>();
  readonly #keyed: Receipts;
  readonly #plain = new Receipts(PLAIN_RECEIPTS, () => undefined);

  /** `onForget` hears of receipts with a key that are not remembered any more. */
  constructor(onForget: (id: string) => void) {
    this.#keyed = new Receipts(KEYED_RECEIPTS, (receipt) => {
      this.release(receipt, receipt.id);
      onForget(receipt.id);
    });
  }

  find({ user, idempotency }: Owner): KeyUse | undefined {
    return idempotency && this.#keys.get(keyOf(user, idempotency));
  }

  hold({ user, idempotency }: Owner, id: string, safe: Promise<boolean> = Promise.resolve(true)): void {
    if (!idempotency) return;
    this.#keys.set(keyOf(user, idempotency), { id, fingerprint: idempotency.fingerprint, safe });
  }

  /** The key may stand for a younger message by now; then it stays. */
  release({ user, idempotency }: Owner, id: string): void {
    const key = idempotency && keyOf(user, idempotency);
    if (key !== undefined && this.#keys.get(key)?.id === id) this.#keys.delete(key);
  }

  /** A message has ended. */
  close(receipt: Receipt): void {
    this.#receiptsFor(receipt).add(receipt);
  }

  /** A message goes on, after its end or a restart. Its key may stand for a younger message by now; then it stays. */
  resume(envelope: Envelope): void {
    const { id } = envelope.message;
    this.#keyed.delete(id);
    this.#plain.delete(id);
    if (!this.find(envelope)) this.hold(envelope, id);
  }

  receipt(id: string): Receipt | undefined {
    return this.#keyed.get(id) ?? this.#plain.get(id);
  }

  /** Forgets what is too old or too much. */
  tidy(nowMs: number): void {
    this.#keyed.drop(nowMs);
    this.#plain.drop(nowMs);
  }

  #receiptsFor({ idempotency }: Receipt): Receipts {
    return idempotency ? this.#keyed : this.#plain;
  }
}

/** Users have their own keys. Neither part has control characters. */
function keyOf(user: string, { key }: Idempotency): string {
  return `${user}\n${key}`;
}

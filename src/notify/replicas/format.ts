/** Messages as replicas keep them: as the spool does, but what changes lies apart from what does not. Pure. */
import { failure, type Result } from '../../util/result.ts';
import { type Envelope, lastMsOf, type Receipt, receiptOf } from '../queue/envelope.ts';
import { parseEnvelope, parseReceipt } from '../spool/format.ts';

/** More than there can be in one. */
const ATTEMPTS_OF_ROUND = 1_000_000;

/** What `MessageStore.find` tells. */
export type FoundMessage = Omit<Receipt, 'endedMs'>;

/** What changes of an envelope, with its {@link stepOf} for the script that keeps it. */
export function stateText(envelope: Envelope): string {
  const { round, roundMs, progress } = envelope;
  return JSON.stringify({ step: stepOf(envelope), round, roundMs, progress });
}

/** Grows with every attempt that ended. */
export function stepOf({ round, progress }: Envelope): number {
  return progress.reduce((sum, { attempts }) => sum + attempts, round * ATTEMPTS_OF_ROUND);
}

/** With the times that are compared to a clock, as one has them that is ahead by so much. */
export function shifted(envelope: Envelope, aheadMs: number): Envelope {
  if (aheadMs === 0) return envelope;
  const shift = (timeMs: number): number => Math.max(0, timeMs + aheadMs);
  const progress = envelope.progress.map((one) =>
    one.kind === 'pending' ? { ...one, nextMs: shift(one.nextMs) } : one,
  );
  return { ...envelope, roundMs: shift(envelope.roundMs), progress };
}

/** The error is the end of a sentence about the message. */
export function storedEnvelope(message: string, state: string): Result<Envelope, string> {
  const whole = parseEnvelope(message);
  if (!whole.ok || state === '') return whole;
  try {
    return parseEnvelope(JSON.stringify({ ...JSON.parse(message), ...JSON.parse(state) }));
  } catch {
    return failure('not JSON, or truncated');
  }
}

/**
 * From a message, its state, a receipt behind the name of a replica, and a dead letter, of which some are empty; for a
 * clock that is ahead of the server's by so much.
 */
export function foundOf(
  [message = '', state = '', receipt = '', dead = '']: readonly string[],
  aheadMs: number,
): FoundMessage | undefined {
  if (message !== '') {
    const envelope = storedEnvelope(message, state);
    return envelope.ok ? receiptOf(shifted(envelope.value, aheadMs), 0) : undefined;
  }
  if (receipt !== '') {
    const parsed = parseReceipt(receipt.slice(receipt.indexOf(' ') + 1));
    return parsed.ok ? parsed.value : undefined;
  }
  const letter = parseEnvelope(dead);
  return letter.ok ? receiptOf(letter.value, lastMsOf(letter.value)) : undefined;
}

/**
 * When a short message may be sent again: only if it certainly was not taken, that is, if there was no
 * connection or the provider refused it in so many words. Each costs money and rings somebody's phone.
 */

import type { ClientResponse, ClientResult } from '../../../net/http-client.ts';
import type { Message } from '../../message.ts';
import { type Attempt, type Delivery, GIVEN_UP } from '../channel.ts';
import { type FailedDelivery, retry } from '../failure.ts';
import { asText, cutText } from '../text/split.ts';
import { compileTemplate, type Fill } from '../text/template.ts';

/** Nothing is repeated while the response may come, so there is time for it. */
export const SMS_TIMEOUT_MS = 60_000;

/** Final: it may have been sent. */
export function unclear(what: string): FailedDelivery {
  return { kind: 'rejected', reason: `${what}; not repeated, since the message may have been sent` };
}

export function smsFailureWithout(outcome: Exclude<ClientResult, ClientResponse>): FailedDelivery {
  if (outcome.kind === 'unsent') return retry(outcome.fault);
  return outcome.kind === 'no-response'
    ? unclear(outcome.fault)
    : { kind: 'rejected', reason: outcome.fault };
}

/*
 * What `done` lists: a number that got the message, or behind the mark one that never will, and why. So a
 * later attempt sends to the others only, and the last one can tell of all.
 */
export function gaveUp(number: string, reason: string): string {
  return `${GIVEN_UP}${number} ${reason}`;
}

/** Those of `numbers` that `done` does not list. */
export function remainingOf(numbers: readonly string[], done: readonly string[]): string[] {
  const ended = new Set(done.map((entry) => /^!?(\S*)/.exec(entry)?.[1]));
  return numbers.filter((number) => !ended.has(number));
}

/** The end of the last attempt. Sent to some is delivered, with a note about the others. */
export function conclude(done: readonly string[], providerId = '', notes: readonly string[] = []): Delivery {
  const failed = done.filter((entry) => entry.startsWith(GIVEN_UP));
  const described = describe(failed);
  if (failed.length === done.length) return { kind: 'rejected', reason: described };
  return delivered(providerId, failed.length > 0 ? [...notes, `not sent to ${described}`] : notes);
}

const MAX_DESCRIBED = 5;
const SHOWN_DIGITS = 4;

/** Reasons, each with the ends of the numbers that it holds for. */
function describe(failed: readonly string[]): string {
  const byReason = new Map<string, string[]>();
  for (const entry of failed) {
    const [, number = '', reason = ''] = /^!(\S+) (.*)$/.exec(entry) ?? [];
    byReason.set(reason, [...(byReason.get(reason) ?? []), `…${number.slice(-SHOWN_DIGITS)}`]);
  }
  const lists = [...byReason].map(([reason, ends]) => {
    const more = ends.length - MAX_DESCRIBED;
    return `${ends.slice(0, MAX_DESCRIBED).join(', ')}${more > 0 ? ` and ${more} more` : ''}: ${reason}`;
  });
  return lists.join(', ');
}

/**
 * One request for each number that is not in `done`. The first one to be tried again later ends the attempt:
 * what keeps one from being sent keeps the others too.
 */
export async function deliverToEach(
  numbers: readonly string[],
  { done, report }: Pick<Attempt, 'done' | 'report'>,
  deliver: (number: string) => Promise<Delivery>,
): Promise<Delivery> {
  const ended = [...done];
  const ids: string[] = [];
  const notes = new Set<string>();
  for (const number of remainingOf(numbers, done)) {
    const delivery = await deliver(number);
    if (delivery.kind === 'retry') return { ...delivery, done: ended };
    ended.push(delivery.kind === 'delivered' ? number : gaveUp(number, delivery.reason));
    if (numbers.length > 1) await report?.([...ended]);
    if (delivery.kind !== 'delivered') continue;
    if (delivery.providerId) ids.push(delivery.providerId);
    if (delivery.note) notes.add(delivery.note);
  }
  return conclude(ended, ids.join(' '), [...notes]);
}

export function delivered(providerId: string | undefined, notes: readonly string[]): Delivery {
  return {
    kind: 'delivered',
    ...(providerId && { providerId }),
    ...(notes.length > 0 && { note: notes.join('; ') }),
  };
}

/** What fills a variable of a provider's template: one line, cut where it is too long. */
export function compileVariable(source: string, maxCharacters = Number.POSITIVE_INFINITY): Fill {
  const fill = compileTemplate(source);
  return (message: Message) => cutText(fill(asText(message)).replace(/\s+/g, ' ').trim(), maxCharacters);
}

/** Throws a `RangeError` unless there are between one and `max` numbers, all of which `pattern` takes. */
export function checkNumbers(numbers: readonly string[], max: number, pattern: RegExp): void {
  if (numbers.length === 0) throw new RangeError('to: there is no number to send to');
  if (numbers.length > max) throw new RangeError(`to: more than ${max} numbers`);
  const bad = numbers.find((number) => !pattern.test(number));
  if (bad !== undefined)
    throw new RangeError(
      `to: not a telephone number as the provider wants it, such as +8613800000000: ${bad}`,
    );
}

/** `+`, country and number (ITU-T E.164). */
export const E164 = /^\+[1-9]\d{1,14}$/;

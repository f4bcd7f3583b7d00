/**
 * When a short message may be sent again: only if it certainly was not taken, that is, if there was no
 * connection or the provider refused it in so many words. Each costs money and rings somebody's phone.
 */

import type { Message } from '../../message.ts';
import type { Delivery } from '../channel.ts';
import type { Answer, Outcome } from '../http/client.ts';
import { type Failure, retry } from '../http/failure.ts';
import { cutText } from '../text/split.ts';
import { compileTemplate, type Fill } from '../text/template.ts';

/** Nothing is repeated while the answer may come, so there is time for it. */
export const SMS_TIMEOUT_MS = 60_000;

/** Final: it may have been sent. */
export function unclear(what: string): Failure {
  return { kind: 'rejected', reason: `${what}; not repeated, since the message may have been sent` };
}

export function smsFailureWithout(outcome: Exclude<Outcome, Answer>): Failure {
  if (outcome.kind === 'unsent') return retry(outcome.fault);
  return outcome.kind === 'unanswered' ? unclear(outcome.fault) : { kind: 'rejected', reason: outcome.fault };
}

/** Enough of a number to know it by. */
export function maskNumber(number: string): string {
  return `…${number.slice(-4)}`;
}

const GIVEN_UP = '!';

/**
 * Sends to those who are not in `done`, one after the other. `done` lists who got it and, behind a mark and
 * with the reason, who never will. The first number that can be tried again later ends the attempt: what
 * keeps one from being sent keeps the others too.
 */
export async function deliverToEach(
  numbers: readonly string[],
  done: readonly string[],
  deliver: (number: string) => Promise<Delivery>,
): Promise<Delivery> {
  const ended = [...done];
  const ids: string[] = [];
  const notes = new Set<string>();
  for (const number of numbers) {
    if (ended.some((entry) => entry === number || entry.startsWith(`${GIVEN_UP}${number} `))) continue;
    const delivery = await deliver(number);
    if (delivery.kind === 'retry') return { ...delivery, done: ended };
    ended.push(delivery.kind === 'delivered' ? number : `${GIVEN_UP}${number} ${delivery.reason}`);
    if (delivery.kind !== 'delivered') continue;
    if (delivery.providerId) ids.push(delivery.providerId);
    if (delivery.note) notes.add(delivery.note);
  }
  const failures = ended.filter((entry) => entry.startsWith(GIVEN_UP)).map(describeFailure);
  if (failures.length === ended.length) return { kind: 'rejected', reason: failures.join(', ') };
  return delivered(ids.join(' '), [
    ...notes,
    ...(failures.length > 0 ? [`not sent to ${failures.join(', ')}`] : []),
  ]);
}

function describeFailure(entry: string): string {
  const [, number = '', reason = ''] = /^!(\S+) (.*)$/.exec(entry) ?? [];
  return `${maskNumber(number)}: ${reason}`;
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
  return (message: Message) => cutText(fill(message).replace(/\s+/g, ' ').trim(), maxCharacters);
}

/** Throws a `RangeError` unless there are between one and `max` numbers, all of which `pattern` takes. */
export function checkNumbers(numbers: readonly string[], max: number, pattern: RegExp): void {
  if (numbers.length === 0) throw new RangeError('there is no number to send to');
  if (numbers.length > max) throw new RangeError(`more than ${max} numbers`);
  const bad = numbers.find((number) => !pattern.test(number));
  if (bad !== undefined) throw new RangeError(`not a telephone number as the provider wants it: ${bad}`);
}

/** `+`, country and number (ITU-T E.164). */
export const E164 = /^\+[1-9]\d{1,14}$/;

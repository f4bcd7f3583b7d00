/**
 * When a short message may be sent again: only if it certainly was not accepted, that is, if there was no connection or
 * the provider explicitly refused it. Each costs money and rings somebody's phone.
 */

import type { ClientResponse, ClientResult } from '../../../net/http-client.ts';
import { failure, type Result, success } from '../../../util/result.ts';
import type { GivenUpPart } from '../channel.ts';
import { type FailedDelivery, retry } from '../failure.ts';
import type { PartSummaries } from '../partial-delivery.ts';
import { cutText } from '../text/split.ts';
import { compileTemplate, type Fill } from '../text/template.ts';

/** Long, since an attempt without a response cannot be repeated. */
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

const MAX_LISTED = 5;
const SHOWN_DIGITS = 4;

/** Reasons, each with the ends of the numbers that it holds for. */
function listNumbers(givenUp: readonly GivenUpPart[]): string {
  const byReason = new Map<string, string[]>();
  for (const { part: number, reason } of givenUp) {
    byReason.set(reason, [...(byReason.get(reason) ?? []), `…${number.slice(-SHOWN_DIGITS)}`]);
  }
  const lists = [...byReason].map(([reason, ends]) => {
    const more = ends.length - MAX_LISTED;
    return `${ends.slice(0, MAX_LISTED).join(', ')}${more > 0 ? ` and ${more} more` : ''}: ${reason}`;
  });
  return lists.join(', ');
}

export const smsSummaries: PartSummaries = { ofSome: listNumbers };

/** What a readable message fills into a variable of a provider's template: one line, cut where it is too long. */
export function compileVariable(
  source: string,
  maxCharacters = Number.POSITIVE_INFINITY,
): Result<Fill, string> {
  const compiled = compileTemplate(source);
  if (!compiled.ok) return compiled;
  const fill = compiled.value;
  return success((message) => cutText(fill(message).replace(/\s+/g, ' ').trim(), maxCharacters));
}

/** Between one and `max` numbers that all match `pattern`. */
export function checkNumbers(
  numbers: readonly string[],
  max: number,
  pattern: RegExp,
): Result<readonly string[], string> {
  if (numbers.length === 0) return failure('to: there is no number to send to');
  if (numbers.length > max) return failure(`to: more than ${max} numbers`);
  const bad = numbers.find((number) => !pattern.test(number));
  if (bad === undefined) return success(numbers);
  return failure(`to: not a telephone number as the provider wants it, such as +8613800000000: ${bad}`);
}

/** `+`, country and number (ITU-T E.164). */
export const E164 = /^\+[1-9]\d{1,14}$/;

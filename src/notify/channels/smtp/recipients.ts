/** Several recipients of one mail, each of whom a server may take, refuse, or defer. */
import type { Delivery, EndedPart, GivenUpPart } from '../channel.ts';
import type { FailedDelivery } from '../failure.ts';
import { concludeParts, type PartSummaries, settleParts } from '../partial-delivery.ts';

/** Why addresses did not get the mail; those that are not in it got it. */
export type RecipientFailures = ReadonlyMap<string, FailedDelivery>;

/** The end of an attempt that was made for `addresses`, after those in `before`. */
export function settleRecipients(
  addresses: readonly string[],
  before: readonly EndedPart[],
  failures: RecipientFailures,
  providerId?: string,
): Delivery {
  const { done, deferred } = settleParts(addresses, before, failures);
  const [first] = deferred;
  if (!first) return concludeParts(done, mailSummaries, { providerId });
  const all = deferred.length + done.length;
  const some = done.length > 0 ? ` (for ${deferred.length} of ${all} recipients)` : '';
  return { kind: 'retry', reason: first.reason + some, done };
}

export const mailSummaries: PartSummaries = { ofSome: listAddresses, ofAll: reasonForAll };

/** One reason for all needs no addresses. */
function reasonForAll(givenUp: readonly GivenUpPart[]): string {
  const [only = '', ...others] = new Set(givenUp.map(({ reason }) => reason));
  return others.length === 0 ? only : listAddresses(givenUp);
}

const MAX_LISTED = 5;

function listAddresses(givenUp: readonly GivenUpPart[]): string {
  const shown = givenUp.slice(0, MAX_LISTED).map(({ part: address, reason }) => {
    const host = address.slice(address.indexOf('@'));
    return `${address.slice(0, 1)}…${host} (${reason})`;
  });
  const more = givenUp.length - shown.length;
  return shown.join(', ') + (more > 0 ? ` and ${more} more` : '');
}

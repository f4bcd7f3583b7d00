/** Several recipients of one message, each of whom a server may take, refuse, or put off. */
import { type Delivery, GIVEN_UP } from '../channel.ts';
import type { DeferredDelivery, FailedDelivery } from '../failure.ts';

/*
 * What `done` lists: an address that got the message, or behind the mark one that never will, and why.
 */
function gaveUp(address: string, reason: string): string {
  return `${GIVEN_UP}${address} ${reason}`;
}

/** Those of `addresses` that `done` does not list. */
export function remainingOf(addresses: readonly string[], done: readonly string[]): string[] {
  const ended = new Set(done.map((entry) => /^!?(\S*)/.exec(entry)?.[1]));
  return addresses.filter((address) => !ended.has(address));
}

/** Why addresses did not get the message. Those that are not in it got it. */
export type Failures = ReadonlyMap<string, FailedDelivery>;

/** The end of an attempt that was made for `addresses`, after those in `done`. */
export function settle(
  addresses: readonly string[],
  done: readonly string[],
  failures: Failures,
  providerId?: string,
): Delivery {
  const ended = [...done];
  const later: DeferredDelivery[] = [];
  for (const address of addresses) {
    const failure = failures.get(address);
    if (failure?.kind === 'retry') later.push(failure);
    else ended.push(failure ? gaveUp(address, failure.reason) : address);
  }
  const [first] = later;
  if (!first) return conclude(ended, providerId);
  const some = ended.length > 0 ? ` (for ${later.length} of ${later.length + ended.length} recipients)` : '';
  return { kind: 'retry', reason: first.reason + some, done: ended };
}

/** The end of the last attempt, which `done` says everything about. Sent to some is delivered, with a note about the others. */
export function conclude(done: readonly string[], providerId?: string): Delivery {
  const failed = done.filter((entry) => entry.startsWith(GIVEN_UP));
  if (failed.length === done.length) return { kind: 'rejected', reason: describe(failed) };
  return {
    kind: 'delivered',
    ...(providerId && { providerId }),
    ...(failed.length > 0 && { note: `not sent to ${listed(failed)}` }),
  };
}

/** One reason for all needs no addresses. */
function describe(failed: readonly string[]): string {
  const reasons = new Set(failed.map((entry) => entry.slice(entry.indexOf(' ') + 1)));
  const [only = ''] = reasons;
  return reasons.size === 1 ? only : listed(failed);
}

const MAX_LISTED = 5;

function listed(failed: readonly string[]): string {
  const shown = failed.slice(0, MAX_LISTED).map((entry) => {
    const [, first = '', host = '', reason = ''] = /^!(.)[^@]*(@\S+) (.*)$/.exec(entry) ?? [];
    return `${first}…${host} (${reason})`;
  });
  const more = failed.length - shown.length;
  return shown.join(', ') + (more > 0 ? ` and ${more} more` : '');
}

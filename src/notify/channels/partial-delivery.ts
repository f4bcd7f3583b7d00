/**
 * Deliveries in parts: the pieces of a long text, or the recipients of one message. Each part is delivered, given up or
 * deferred by itself; what has ended is in `done`, so that a later attempt sends only the rest and the last one can
 * account for all of them. Pure.
 */
import type { Attempt, Delivery, EndedPart, GivenUpPart } from './channel.ts';
import type { DeferredDelivery, FailedDelivery } from './failure.ts';

export function deliveredPart(part: string): EndedPart {
  return { part, state: 'delivered' };
}

export function givenUpPart(part: string, reason: string): GivenUpPart {
  return { part, state: 'given up', reason };
}

/** Those of `parts` that have not ended. */
export function remainingParts(parts: readonly string[], done: readonly EndedPart[]): string[] {
  const ended = new Set(done.map(({ part }) => part));
  return parts.filter((part) => !ended.has(part));
}

/** Words for the parts that were given up, at least one. */
export type Summarize = (givenUp: readonly GivenUpPart[]) => string;

export interface PartSummaries {
  /** For the note of a message that reached the other parts. */
  readonly ofSome: Summarize;
  /** For the reason where no part was delivered. Default: the same. */
  readonly ofAll?: Summarize;
}

/** What the provider said about the parts that it took. */
export interface DeliveryDetails {
  readonly providerId?: string | undefined;
  readonly notes?: readonly string[];
}

/** The end of the last attempt. Delivered to some counts as delivered, with a note about the others. */
export function concludeParts(
  done: readonly EndedPart[],
  { ofSome, ofAll = ofSome }: PartSummaries,
  { providerId, notes = [] }: DeliveryDetails = {},
): Delivery {
  const givenUp = done.filter((one) => one.state === 'given up');
  if (givenUp.length === done.length) return { kind: 'rejected', reason: ofAll(givenUp) };
  return delivered(providerId, givenUp.length > 0 ? [...notes, `not sent to ${ofSome(givenUp)}`] : notes);
}

export function delivered(providerId: string | undefined, notes: readonly string[]): Delivery {
  return {
    kind: 'delivered',
    ...(providerId && { providerId }),
    ...(notes.length > 0 && { note: notes.join('; ') }),
  };
}

/** What became of the parts of one request. */
export interface SettledParts {
  readonly done: readonly EndedPart[];
  /** Why the others are to be tried again, in their order. */
  readonly deferred: readonly DeferredDelivery[];
}

/** After one request for all of `parts`; those without a failure were delivered. */
export function settleParts(
  parts: readonly string[],
  before: readonly EndedPart[],
  failures: ReadonlyMap<string, FailedDelivery>,
): SettledParts {
  const done = [...before];
  const deferred: DeferredDelivery[] = [];
  for (const part of parts) {
    const failure = failures.get(part);
    if (failure?.kind === 'retry') deferred.push(failure);
    else done.push(failure ? givenUpPart(part, failure.reason) : deliveredPart(part));
  }
  return { done, deferred };
}

export interface PartDelivery {
  deliver(part: string): Promise<Delivery>;
  /**
   * `give up`: parts are recipients, and the others are still tried. `stop`: parts are pieces of one text, which makes
   * no sense with a gap.
   */
  readonly onRejected: 'give up' | 'stop';
  readonly summaries: PartSummaries;
}

/**
 * One request for each part that has not ended, in order. The first one that is deferred ends the attempt: what keeps
 * one part from being sent keeps the others too.
 */
export async function deliverEachPart(
  parts: readonly string[],
  { done: before, report }: Pick<Attempt, 'done' | 'report'>,
  { deliver, onRejected, summaries }: PartDelivery,
): Promise<Delivery> {
  const done = [...before];
  const ids: string[] = [];
  const notes = new Set<string>();
  for (const part of remainingParts(parts, before)) {
    const delivery = await deliver(part);
    if (delivery.kind === 'retry') return { ...delivery, done };
    if (delivery.kind === 'rejected' && onRejected === 'stop') {
      if (parts.length === 1) return delivery;
      return { kind: 'rejected', reason: `${delivery.reason} (at part ${part})`, done };
    }
    done.push(delivery.kind === 'delivered' ? deliveredPart(part) : givenUpPart(part, delivery.reason));
    if (parts.length > 1) await report?.([...done]);
    if (delivery.kind !== 'delivered') continue;
    if (delivery.providerId) ids.push(delivery.providerId);
    if (delivery.note) notes.add(delivery.note);
  }
  return concludeParts(done, summaries, { providerId: ids.join(' '), notes: [...notes] });
}

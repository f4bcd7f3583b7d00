/** New exchanges, and those that have ended once more. */
import type { Head } from '../../wire/head.ts';
import type { KnownHead } from '../../wire/memo.ts';
import type { Exchange } from '../contract.ts';

/** What of a head an exchange has; that of a refusal may lack the rest. */
export type Begun = Omit<Head, 'framing' | 'expectsContinue'>;

export function newExchange(
  { method, target, path, query, headers, version }: Begun,
  client: string,
  isGone: () => boolean,
  known: KnownHead | undefined,
): Exchange {
  return {
    facts: { method, target, path, query, headers, client, isGone },
    httpVersion: version,
    startedMs: 0,
    status: 0,
    progress: { bodyBytes: 0 },
    known,
  };
}

/** Whether the client of a repeated response is gone: no handler runs that could ask, and it would keep a connection. */
export const notAsked = (): boolean => false;

/**
 * The last exchange with this head, if it was with the same client and has ended: nobody keeps those. It is the
 * caller's until {@link giveBack}, since another connection may be in the middle of the same.
 */
export function takeEnded(known: KnownHead, client: string): Exchange | undefined {
  const ended = known.ended as Exchange | undefined;
  known.ended = undefined;
  return ended?.facts.client === client ? ended : undefined;
}

/** `client` is that of the connection: what a proxy forwards may be another one's. */
export function giveBack(exchange: Exchange, known: KnownHead, client: string): void {
  if (exchange.facts.client === client) known.ended = exchange;
}

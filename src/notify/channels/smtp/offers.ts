/** What a server offers in its reply to EHLO (RFC 5321 §4.1.1.1). Pure. */
import type { Reply } from './reply-parser.ts';

export interface Offers {
  /** RFC 2920. */
  readonly pipelining: boolean;
  /** Whether the size of a message may be announced (RFC 1870). */
  readonly size: boolean;
  /** The mechanisms for a login (RFC 4954), in upper case; `undefined` if it offers no login. */
  readonly logins: ReadonlySet<string> | undefined;
}

/** Of a server that knows no EHLO. */
export const NO_OFFERS: Offers = { pipelining: false, size: false, logins: undefined };

/** Some servers write `AUTH=LOGIN`, which is older than the standard, some in a line beside the right one. */
const SEPARATOR = /[\s=]+/;

export function offersIn({ text }: Reply): Offers {
  // The first line is a greeting.
  const lines = text.split('\n').slice(1);
  const offers = lines.map((line) => line.slice('250-'.length).toUpperCase().split(SEPARATOR));
  const isOffered = (keyword: string) => offers.some(([first]) => first === keyword);
  const logins = offers.filter(([first]) => first === 'AUTH').flatMap(([, ...mechanisms]) => mechanisms);
  return {
    pipelining: isOffered('PIPELINING'),
    size: isOffered('SIZE'),
    logins: isOffered('AUTH') ? new Set(logins) : undefined,
  };
}

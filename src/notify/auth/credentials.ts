/** Where requests carry tokens. Pure. */
import type { RequestFacts } from '../../http/types.ts';
import { MIN_TOKEN_CHARACTERS } from './token.ts';

const bearer = /^bearer +(\S+) *$/i;
const basic = /^basic +([a-z0-9+/]+={0,2}) *$/i;

/** The token in `Authorization: Bearer` (RFC 6750 §2.1). */
export function bearerTokenOf(authorization: string | undefined): string | undefined {
  return bearer.exec(authorization ?? '')?.[1];
}

/** From `Bearer`, or from `Basic` (RFC 7617). */
export function tokenOfAuthorization(authorization: string | undefined): string | undefined {
  return bearerTokenOf(authorization) ?? basicTokenOf(authorization);
}

/**
 * The password; the user name if the password is too short to be a token: some clients can send only a name, and
 * apprise then sends `None` as the password.
 */
function basicTokenOf(authorization: string | undefined): string | undefined {
  const encoded = basic.exec(authorization ?? '')?.[1];
  if (encoded === undefined) return undefined;
  const text = Buffer.from(encoded, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  if (colon < 0) return undefined;
  const password = text.slice(colon + 1);
  return password.length >= MIN_TOKEN_CHARACTERS ? password : text.slice(0, colon) || password;
}

/** For mote's own API: from `Authorization: Bearer` or `X-Token`, in this order. */
export function tokenOfHeaders(headers: RequestFacts['headers']): string | undefined {
  return bearerTokenOf(headers.authorization) ?? headers['x-token']?.trim();
}

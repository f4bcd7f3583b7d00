/** Tokens in the header field `Authorization`. Pure. */
import { bearerOf } from '../api/request.ts';
import { MIN_TOKEN_CHARACTERS } from '../auth/token.ts';

/** From `Bearer` (RFC 6750 §2.1) or `Basic` (RFC 7617), or `undefined`. */
export function tokenOfAuthorization(authorization: string | undefined): string | undefined {
  return bearerOf(authorization) ?? basicOf(authorization);
}

/**
 * The password. The user name where the password is too short to be a token: some clients can send only a name, and
 * apprise then sends `None` for the password.
 */
function basicOf(authorization: string | undefined): string | undefined {
  const encoded = /^basic +([a-z0-9+/]+={0,2}) *$/i.exec(authorization ?? '')?.[1];
  if (encoded === undefined) return undefined;
  const text = Buffer.from(encoded, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  if (colon < 0) return undefined;
  const password = text.slice(colon + 1);
  return password.length >= MIN_TOKEN_CHARACTERS ? password : text.slice(0, colon) || password;
}

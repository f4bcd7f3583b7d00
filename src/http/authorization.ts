/** Credentials in the header field `Authorization` (RFC 9110 §11.4). Pure. */

export interface BasicCredentials {
  readonly user: string;
  /** As sent, usually UTF-8. */
  readonly password: Uint8Array;
}

/** `Basic` and a token68 (RFC 7617 §2, RFC 9110 §11.2), here plain base64 with its padding optional. */
const basicPattern = /^basic +([a-z0-9+/]+={0,2}) *$/i;
/** RFC 6750 §2.1, but for the characters of the token: what it may be is not decided here. */
const bearerPattern = /^bearer +(\S+) *$/i;

/** User name and password of `Basic`; `undefined` for other schemes and where there is no colon. */
export function basicCredentials(authorization: string | undefined): BasicCredentials | undefined {
  const encoded = basicPattern.exec(authorization ?? '')?.[1];
  if (encoded === undefined) return undefined;
  const bytes = Buffer.from(encoded, 'base64');
  const colon = bytes.indexOf(':');
  if (colon < 0) return undefined;
  return { user: bytes.toString('utf8', 0, colon), password: bytes.subarray(colon + 1) };
}

/** The token of `Bearer`; `undefined` for other schemes. */
export function bearerToken(authorization: string | undefined): string | undefined {
  return bearerPattern.exec(authorization ?? '')?.[1];
}

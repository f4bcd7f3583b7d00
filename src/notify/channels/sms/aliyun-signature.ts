/** ACS3-HMAC-SHA256, the signature of Alibaba Cloud's APIs ("V3 request body and signature"). */
import { canonicalText, hmacSha256, type SignedHeaders, sha256, signedNames } from './signing.ts';

export interface Acs3Request {
  readonly method: string;
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  /** Those that are signed, names in lower case: `host`, `content-type` and `x-acs-*`. */
  readonly headers: SignedHeaders;
  readonly body: string;
}

const ALGORITHM = 'ACS3-HMAC-SHA256';

/** The query as it is signed and has to be sent: sorted, escaped as RFC 3986 §2.3 says. */
export function canonicalQuery(query: Readonly<Record<string, string>>): string {
  return Object.keys(query)
    .sort()
    .map((name) => `${percentEncode(name)}=${percentEncode(query[name] ?? '')}`)
    .join('&');
}

export function canonicalRequest({ method, path, query, headers, body }: Acs3Request): string {
  return canonicalText([method, path, canonicalQuery(query)], headers, body);
}

/** In hexadecimal. */
export function acs3Signature(secret: string, request: Acs3Request): string {
  return hmacSha256(secret, `${ALGORITHM}\n${sha256(canonicalRequest(request))}`).toString('hex');
}

/** The value of `Authorization`. */
export function acs3Authorization(keyId: string, secret: string, request: Acs3Request): string {
  const signature = acs3Signature(secret, request);
  return `${ALGORITHM} Credential=${keyId},SignedHeaders=${signedNames(request.headers)},Signature=${signature}`;
}

function percentEncode(text: string): string {
  const hex = (character: string) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`;
  return encodeURIComponent(text).replace(/[!'()*]/g, hex);
}

/** ACS3-HMAC-SHA256, the signature of Alibaba Cloud's APIs ("V3 request body and signature"). */
import { createHash, createHmac } from 'node:crypto';

export interface Acs3Request {
  readonly method: string;
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  /** Those that are signed, names in lower case: `host`, `content-type` and `x-acs-*`. */
  readonly headers: Readonly<Record<string, string>>;
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
  const names = Object.keys(headers).sort();
  const lines = names.map((name) => `${name}:${headers[name]?.trim()}\n`).join('');
  return [method, path, canonicalQuery(query), lines, names.join(';'), sha256(body)].join('\n');
}

/** In hexadecimal. */
export function acs3Signature(secret: string, request: Acs3Request): string {
  return createHmac('sha256', secret)
    .update(`${ALGORITHM}\n${sha256(canonicalRequest(request))}`)
    .digest('hex');
}

/** The value of `Authorization`. */
export function acs3Authorization(keyId: string, secret: string, request: Acs3Request): string {
  const names = Object.keys(request.headers).sort().join(';');
  const signature = acs3Signature(secret, request);
  return `${ALGORITHM} Credential=${keyId},SignedHeaders=${names},Signature=${signature}`;
}

/** In hexadecimal. */
export function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

function percentEncode(text: string): string {
  const hex = (character: string) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`;
  return encodeURIComponent(text).replace(/[!'()*]/g, hex);
}

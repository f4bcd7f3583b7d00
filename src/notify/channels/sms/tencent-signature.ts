/** TC3-HMAC-SHA256, the signature of Tencent Cloud's API 3.0 ("Signature v3"). */
import { canonicalText, hmacSha256, type SignedHeaders, sha256, signedNames } from './signing.ts';

export interface Tc3Request {
  readonly method: string;
  /** Such as `sms`. */
  readonly service: string;
  /** Those that are signed, names and values in lower case: at least `content-type` and `host`. */
  readonly headers: SignedHeaders;
  readonly body: string;
  /** As in `X-TC-Timestamp`. */
  readonly timestampSeconds: number;
}

const ALGORITHM = 'TC3-HMAC-SHA256';

/** In hexadecimal. Path and query are always `/` and nothing. */
export function tc3Signature(secretKey: string, request: Tc3Request): string {
  const { method, service, headers, body, timestampSeconds } = request;
  const canonical = canonicalText([method, '/', ''], headers, body);
  const toSign = [ALGORITHM, timestampSeconds, scopeOf(request), sha256(canonical)].join('\n');
  const dateKey = hmacSha256(`TC3${secretKey}`, dateOf(timestampSeconds));
  const signingKey = hmacSha256(hmacSha256(dateKey, service), 'tc3_request');
  return hmacSha256(signingKey, toSign).toString('hex');
}

/** The value of `Authorization`. */
export function tc3Authorization(secretId: string, secretKey: string, request: Tc3Request): string {
  const names = signedNames(request.headers);
  const signature = tc3Signature(secretKey, request);
  return `${ALGORITHM} Credential=${secretId}/${scopeOf(request)}, SignedHeaders=${names}, Signature=${signature}`;
}

function scopeOf({ timestampSeconds, service }: Tc3Request): string {
  return `${dateOf(timestampSeconds)}/${service}/tc3_request`;
}

/** The day in UTC. */
function dateOf(timestampSeconds: number): string {
  return new Date(timestampSeconds * 1000).toISOString().slice(0, 10);
}

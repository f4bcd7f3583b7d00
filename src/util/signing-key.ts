/** The key of an HMAC as people copy it: after `whsec_` it is base64, as Standard Webhooks write it. Pure. */
export function signingKey(secret: string): Buffer {
  const [, encoded] = /^whsec_([A-Za-z0-9+/]+={0,2})$/.exec(secret) ?? [];
  return encoded === undefined ? Buffer.from(secret) : Buffer.from(encoded, 'base64');
}

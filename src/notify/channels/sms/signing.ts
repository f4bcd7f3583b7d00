/** What the signatures of Alibaba Cloud and of Tencent Cloud have in common. */
import { createHash, createHmac } from 'node:crypto';

export type SignedHeaders = Readonly<Record<string, string>>;

/** In hexadecimal. */
export function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

export function hmacSha256(key: string | Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}

/** Such as `content-type;host`, sorted. */
export function signedNames(headers: SignedHeaders): string {
  return Object.keys(headers).sort().join(';');
}

/** Method, path, query, headers by their names in lower case, and the digest of the body. */
export function canonicalText(
  [method, path, query]: readonly [method: string, path: string, query: string],
  headers: SignedHeaders,
  body: string,
): string {
  const lines = Object.keys(headers)
    .sort()
    .map((name) => `${name}:${headers[name]?.trim()}\n`);
  return [method, path, query, lines.join(''), signedNames(headers), sha256(body)].join('\n');
}

/** SHA-256 for what is large. Loaded only for that: `node:crypto` takes a tenth of a start. */
import { createHash } from 'node:crypto';

export interface Digest {
  add(bytes: Uint8Array): void;
  end(): Uint8Array;
}

export function openDigest(): Digest {
  const hash = createHash('sha256');
  return { add: (bytes) => void hash.update(bytes), end: () => hash.digest() };
}

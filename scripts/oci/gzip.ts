/** Reproducible gzip (RFC 1952): the bytes depend only on the input and on the zlib of this Node. */
import { gzipSync } from 'node:zlib';

/** The offset of the operating system in the header (RFC 1952 §2.3.1). */
const OS_OFFSET = 9;
const OS_UNKNOWN = 255;

/** Compresses with zlib's best compression. zlib itself writes neither time nor file name into the header. */
export function gzip(bytes: Uint8Array): Buffer {
  const packed = gzipSync(bytes, { level: 9, memLevel: 9 });
  packed[OS_OFFSET] = OS_UNKNOWN;
  return packed;
}

/** gzip (RFC 1952) whose bytes depend on nothing but the input and on zlib, thus on the version of Node. */
import { gzipSync } from 'node:zlib';

/** Where the header names the operating system (RFC 1952 §2.3.1). */
const OS_OFFSET = 9;
const OS_UNKNOWN = 255;

/** Compresses as far as zlib can. zlib leaves time and file name out of the header by itself. */
export function gzip(bytes: Uint8Array): Buffer {
  const packed = gzipSync(bytes, { level: 9, memLevel: 9 });
  packed[OS_OFFSET] = OS_UNKNOWN;
  return packed;
}

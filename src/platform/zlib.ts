/** Node's `zlib`, for responses that come compressed though nobody asked for it. Brotli is not on this platform. */
import { Buffer } from './buffer.ts';
import { host } from './host.ts';

const EFBIG = -27;
/** Bits of a gzip header (RFC 1952 §2.3.1): what follows its ten bytes. */
const HAS_CHECKSUM = 2;
const HAS_EXTRA = 4;
const HAS_NAME = 8;
const HAS_COMMENT = 16;
const GZIP_HEADER_BYTES = 10;
const ZLIB_HEADER_BYTES = 2;

interface Limit {
  readonly maxOutputLength: number;
}

function fault(code: string): Error {
  return Object.assign(new Error('the compressed content cannot be read'), { code });
}

export function inflateRawSync(bytes: Buffer, { maxOutputLength }: Limit): Buffer {
  const answer = host.inflate(bytes, maxOutputLength);
  if (typeof answer !== 'number') return new Buffer(answer);
  throw fault(answer === EFBIG ? 'ERR_BUFFER_TOO_LARGE' : 'Z_DATA_ERROR');
}

/** The checksum at the end is not looked at: TCP and TLS have theirs. */
export function inflateSync(bytes: Buffer, limit: Limit): Buffer {
  return inflateRawSync(bytes.subarray(ZLIB_HEADER_BYTES), limit);
}

export function gunzipSync(bytes: Buffer, limit: Limit): Buffer {
  const [first, second, method, flags = 0] = bytes;
  if (first !== 0x1f || second !== 0x8b || method !== 8) throw fault('Z_DATA_ERROR');
  let at = GZIP_HEADER_BYTES;
  if (flags & HAS_EXTRA) at += 2 + (bytes[at] ?? 0) + 256 * (bytes[at + 1] ?? 0);
  for (const bit of [HAS_NAME, HAS_COMMENT]) if (flags & bit) at = afterNul(bytes, at);
  return inflateRawSync(bytes.subarray(flags & HAS_CHECKSUM ? at + 2 : at), limit);
}

function afterNul(bytes: Buffer, from: number): number {
  const end = bytes.indexOf(0, from);
  return end < 0 ? bytes.length : end + 1;
}

export function brotliDecompressSync(): never {
  throw fault('ERR_BROTLI_ABSENT');
}

/**
 * The content of a response without its content codings (RFC 9110 §8.4). Requests ask for none, but some servers and
 * proxies encode their responses anyway.
 */
import type { ResponseHead } from '../http/wire/client/head.ts';

/** More than one is rare, and nested codings could be a decompression bomb. */
const MAX_CODINGS = 2;

/**
 * The bytes unchanged where they are not encoded, where the coding is unknown, and where the header is wrong, as behind
 * proxies that decode the content but keep the header. `undefined` for more than `maxBytes`.
 */
export async function decodeContent(
  body: Buffer,
  headers: ResponseHead['headers'],
  maxBytes: number,
): Promise<Buffer | undefined> {
  const codings = codingsOf(headers);
  if (body.length === 0 || codings.length === 0 || codings.length > MAX_CODINGS) return body;
  // Loaded for the first response that needs it.
  const zlib = await import('node:zlib');
  const limit = { maxOutputLength: maxBytes };
  const gzip = (bytes: Buffer) => zlib.gunzipSync(bytes, limit);
  const decoders = new Map([
    ['gzip', gzip],
    ['x-gzip', gzip],
    // RFC 9110 §8.4.1.2: some send the format without the wrapper of zlib.
    ['deflate', (bytes: Buffer) => (isZlib(bytes) ? zlib.inflateSync : zlib.inflateRawSync)(bytes, limit)],
    ['br', (bytes: Buffer) => zlib.brotliDecompressSync(bytes, limit)],
  ]);
  try {
    return codings.reduceRight((bytes, coding) => decoders.get(coding)?.(bytes) ?? bytes, body);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE' ? undefined : body;
  }
}

/** In the order in which they were applied. */
function codingsOf(headers: ResponseHead['headers']): string[] {
  return (headers['content-encoding'] ?? '')
    .toLowerCase()
    .split(',')
    .map((coding) => coding.trim())
    .filter((coding) => coding !== '' && coding !== 'identity');
}

/** The header of RFC 1950 §2.2: method 8, and a check of both bytes. */
function isZlib([first = 0, second = 0]: Buffer): boolean {
  return (first & 0x0f) === 8 && (first * 256 + second) % 31 === 0;
}

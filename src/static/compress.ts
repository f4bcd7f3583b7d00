/** Compresses small files without a precompressed sibling, once, when they enter the memory cache. */
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import type { Coding } from './encoding.ts';

/** About half of the maximum quality: most of the gain in a tenth of the time. */
const BROTLI_QUALITY = 5;

const brotliAsync = promisify(brotliCompress);
const gzipAsync = promisify(gzip);

export interface Compressed {
  readonly coding: Coding;
  readonly bytes: Buffer;
}

/** The codings of `bytes` that are smaller than `bytes`, except those in `existing`. */
export async function compress(bytes: Buffer, existing: readonly Coding[]): Promise<Compressed[]> {
  const made: Compressed[] = [];
  if (!existing.includes('br')) {
    const params = { [constants.BROTLI_PARAM_QUALITY]: BROTLI_QUALITY };
    made.push({ coding: 'br', bytes: await brotliAsync(bytes, { params }) });
  }
  if (!existing.includes('gzip')) made.push({ coding: 'gzip', bytes: await gzipAsync(bytes) });
  return made.filter((candidate) => candidate.bytes.length < bytes.length);
}

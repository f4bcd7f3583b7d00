/** Reads the content of files: for the memory cache, and for an entity tag that depends on the content alone. */
import { sha256Of } from '../util/sha256.ts';
import { Turns } from '../util/turns.ts';
import type { SourceFile } from './source.ts';

/** Files up to this size are tagged by their content; reading larger ones only for the tag would take too long. */
export const MAX_HASHED_BYTES = 64 * 1024 * 1024;
const CHUNK_BYTES = 256 * 1024;
/** Above this loading `node:crypto` takes less time than to do without it. */
const MAX_SHORT_BYTES = 8 * 1024;

/** What is hashed in less than a millisecond. Of more than that, one file in each turn of the event loop. */
const MAX_UNTIMED_BYTES = 64 * 1024;
const turns = new Turns();

export interface FileContent {
  /** The whole content, if it is small enough for the cache. */
  readonly bytes: Buffer | undefined;
  /** In bytes; for cached content, the number of bytes actually read. */
  readonly size: number;
  /** The opaque part of a strong entity tag (RFC 9110 §8.8.3). */
  readonly tag: string;
}

/**
 * Reads `file` for the cache. The tag is a hash of the content: replicas, and builds that give all files the same
 * time, agree on the tag of equal contents, and different contents never share one. A file that is too large, that
 * `keepsChanging` (a hash would cost a full read and soon be obsolete), or that changes while it is read is tagged by
 * its version: equally safe, but valid for this copy of the file only.
 */
export async function readContent(
  file: SourceFile,
  maxKeptBytes: number,
  keepsChanging = false,
): Promise<FileContent> {
  if (file.size <= maxKeptBytes) {
    const bytes = await readWhole(file);
    return { bytes, size: bytes.length, tag: await fastTagOf(bytes) };
  }
  const tag = file.size <= MAX_HASHED_BYTES && !keepsChanging ? await hashSteady(file) : undefined;
  return { bytes: undefined, size: file.size, tag: tag ?? versionTag(file) };
}

/** The tag of content in memory. */
export function tagOf(bytes: Uint8Array): string {
  return shorten(sha256Of(bytes));
}

/** The same, sooner if it is large. */
export async function fastTagOf(bytes: Uint8Array): Promise<string> {
  if (bytes.length <= MAX_SHORT_BYTES) return tagOf(bytes);
  const { openDigest } = await import('./digest.ts');
  if (bytes.length > MAX_UNTIMED_BYTES) await turns.take();
  const digest = openDigest();
  digest.add(bytes);
  return shorten(digest.end());
}

/** A tag that changes with every change of the file that the file system reports. */
export function versionTag(file: SourceFile): string {
  return tagOf(Buffer.from(file.version));
}

/** 128 bits rule out accidental collisions and are short enough for every response. */
function shorten(digest: Uint8Array): string {
  return Buffer.from(digest.subarray(0, 16)).toString('base64url');
}

async function readWhole(file: SourceFile): Promise<Buffer> {
  const bytes = Buffer.allocUnsafeSlow(file.size);
  let length = 0;
  while (length < bytes.length) {
    const count = await file.read(bytes.subarray(length), length);
    // Copied: a subarray would keep the whole buffer in memory.
    if (count === 0) return Buffer.from(bytes.subarray(0, length));
    length += count;
  }
  return bytes;
}

/** The hash of the file, unless the file changed while it was read. */
async function hashSteady(file: SourceFile): Promise<string | undefined> {
  const { openDigest } = await import('./digest.ts');
  const digest = openDigest();
  const chunk = Buffer.allocUnsafeSlow(CHUNK_BYTES);
  for (let position = 0; position < file.size; ) {
    const count = await file.read(chunk, position);
    if (count === 0) return undefined;
    digest.add(chunk.subarray(0, count));
    position += count;
  }
  return (await file.currentVersion()) === file.version ? shorten(digest.end()) : undefined;
}

/**
 * V8's code cache in the blob of an application. Node makes one of what V8 compiles before anything runs: every
 * function is then compiled when it is called first. The one made here has the functions that a start and its first
 * requests call (`warm-up.mjs`), which takes a sixth off the time to the first response.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { SealError } from '../seal/elf-file.ts';

const WARM_UP = join(import.meta.dirname, 'warm-up.mjs');
const WARM_UP_LIMIT_MS = 60_000;
/** V8's magic number and the hash of its version, which begin every cache. */
const BEGINNING_BYTES = 8;
/** In front of a cache, as of all that a blob holds. */
const LENGTH_BYTES = 8;

/**
 * The cache of the bundle `name` in `folder`, made by the Node at `nodePath`. It is valid only with the options of V8
 * that it was made with.
 *
 * @throws SealError
 */
export function makeCodeCache(
  nodePath: string,
  options: readonly string[],
  folder: string,
  name: string,
): Buffer {
  const made = spawnSync(nodePath, [...options, WARM_UP, name, 'cache'], {
    cwd: folder,
    env: {},
    timeout: WARM_UP_LIMIT_MS,
  });
  if (made.status !== 0)
    throw new SealError(`${nodePath} does not run the bundle: ${made.error?.message ?? made.stderr}`);
  return readFileSync(join(folder, 'cache'));
}

/**
 * `blob` with `cache` in the place of the one that Node made.
 *
 * @throws SealError
 */
export function replaceCodeCache(blob: Buffer, cache: Buffer): Buffer {
  const start = blob.indexOf(cache.subarray(0, BEGINNING_BYTES));
  const length = start < LENGTH_BYTES ? 0 : Number(blob.readBigUInt64LE(start - LENGTH_BYTES));
  if (length === 0 || start + length > blob.length)
    throw new SealError('the blob has no code cache where this build looks for it');
  const stated = Buffer.alloc(LENGTH_BYTES);
  stated.writeBigUInt64LE(BigInt(cache.length));
  return Buffer.concat([
    blob.subarray(0, start - LENGTH_BYTES),
    stated,
    cache,
    blob.subarray(start + length),
  ]);
}

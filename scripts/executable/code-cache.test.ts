/** The code cache of executables. */
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { compileFunction } from 'node:vm';
import { bundle } from '../bundle/bundle.ts';
import { temporaryFolder } from '../bundle/fixtures.ts';
import { SealError } from '../seal/elf-file.ts';
import { makeCodeCache, replaceCodeCache } from './code-cache.ts';

const folder = temporaryFolder();
const OPTIONS = ['--random-seed=1'];
const NAME = 'mote.cjs';

/** In a folder of its own, as a build makes it. */
function cacheOf(code: Uint8Array, name: string): Buffer {
  const own = join(folder, name);
  mkdirSync(own);
  writeFileSync(join(own, NAME), code);
  return makeCodeCache(process.execPath, OPTIONS, own, NAME);
}

describe('the code cache', () => {
  test('has what a start runs, and is the same each time', async () => {
    const { code } = await bundle({ base: 'bundle', embeddedSite: false });
    const cache = cacheOf(code, 'one');
    const parameters = ['exports', 'require', 'module', '__filename', '__dirname'];
    const compiled = compileFunction(Buffer.from(code).toString(), parameters, { produceCachedData: true });
    assert.ok(
      cache.length > 1.5 * (compiled.cachedData?.length ?? 0),
      'it has only what V8 compiles at once',
    );
    assert.ok(cache.equals(cacheOf(code, 'other')), 'two differ');
  });

  test('is not made of a bundle that does not start', () => {
    const broken = Buffer.from('throw new Error("broken")');
    assert.throws(() => cacheOf(broken, 'broken'), { name: 'SealError', message: /broken/ });
  });
});

describe('the blob', () => {
  const withLength = (text: string) => {
    const length = Buffer.alloc(8);
    length.writeBigUInt64LE(BigInt(text.length));
    return Buffer.concat([length, Buffer.from(text)]);
  };
  const beginning = 'MAGICV13';

  test('gets a cache of another length', () => {
    const [code, assets] = [withLength('code'), withLength('assets')];
    const blob = Buffer.concat([code, withLength(`${beginning} of Node`), assets]);
    const replaced = replaceCodeCache(blob, Buffer.from(`${beginning} of mote, which is longer`));
    const wanted = Buffer.concat([code, withLength(`${beginning} of mote, which is longer`), assets]);
    assert.deepEqual(replaced, wanted);
  });

  for (const [name, blob] of [
    ['without a cache', withLength('code')],
    ['with a cache of another V8', withLength('MAGICV12 of Node')],
    ['with a cache without a length', Buffer.from(beginning)],
    ['that ends within its cache', withLength(`${beginning} of Node`).subarray(0, -1)],
  ] as const)
    test(`is refused ${name}`, () =>
      assert.throws(() => replaceCodeCache(blob, Buffer.from(`${beginning} of mote`)), SealError));
});

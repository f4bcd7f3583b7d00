/** Foreign sources are used only if their hash is the pinned one, wherever they come from. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { temporaryFolder } from '../bundle/fixtures.ts';
import { TinyError } from './arguments.ts';
import { type Download, mbedtls, musl, type Pin, quickjs, unpackSources, zlib } from './sources.ts';

const folder = temporaryFolder();
const given = join(folder, 'given');
let pin: Pin;

before(() => {
  mkdirSync(join(folder, 'tree/engine-1'), { recursive: true });
  mkdirSync(given);
  writeFileSync(join(folder, 'tree/engine-1/main.c'), 'int main;');
  const file = 'engine_1.orig.tar.gz';
  execFileSync('tar', ['-czf', join(given, file), '-C', join(folder, 'tree'), 'engine-1']);
  const sha256 = createHash('sha256')
    .update(readFileSync(join(given, file)))
    .digest('hex');
  pin = { package: 'engine', architecture: 'source', file, version: '1', sha256 };
});

const never: Download = () => assert.fail('nothing is to be brought');
const bringing: Download = (pins, target) => {
  for (const { file } of pins) copyFileSync(join(given, file), join(target, file));
};
const bringingOther: Download = (pins, target) => {
  for (const { file } of pins) writeFileSync(join(target, file), 'something else');
};

function refuses(work: () => unknown, message: RegExp): void {
  assert.throws(work, (error) => error instanceof TinyError && message.test(error.message));
}

function newCache(): string {
  return join(temporaryFolder(), 'cache');
}

describe('sources', () => {
  test('are brought once, then come from the cache', () => {
    const cache = newCache();
    for (const bring of [bringing, never]) {
      const [unpacked = ''] = unpackSources([pin], { sources: undefined, cache }, bring);
      assert.equal(readFileSync(join(unpacked, 'main.c'), 'utf8'), 'int main;');
    }
    assert.deepEqual(readdirSync(join(cache, 'sources')), [pin.file]);
  });

  test('of a cache that was changed are brought again', () => {
    const cache = newCache();
    mkdirSync(join(cache, 'sources'), { recursive: true });
    writeFileSync(join(cache, 'sources', pin.file), 'changed');
    const [unpacked = ''] = unpackSources([pin], { sources: undefined, cache }, bringing);
    assert.ok(existsSync(join(unpacked, 'main.c')));
  });

  test('of a mirror with another hash are refused, and not kept', () => {
    const cache = newCache();
    refuses(
      () => unpackSources([pin], { sources: undefined, cache }, bringingOther),
      /^the mirror's engine_1\.orig\.tar\.gz has the SHA-256 [0-9a-f]{64}, [0-9a-f]{64} is wanted; it was not used$/,
    );
    assert.deepEqual(readdirSync(join(cache, 'sources')), []);
    assert.ok(!existsSync(join(cache, 'unpacked')));
  });

  test('of a given folder are taken without net', () => {
    const [unpacked = ''] = unpackSources([pin], { sources: given, cache: newCache() }, never);
    assert.ok(existsSync(join(unpacked, 'main.c')));
  });

  test('that a given folder lacks are named, with their hash', () => {
    const empty = temporaryFolder();
    refuses(
      () => unpackSources([pin], { sources: empty, cache: newCache() }, never),
      new RegExp(`^--sources: ${empty}/engine_1\\.orig\\.tar\\.gz is missing; .* the SHA-256 ${pin.sha256}$`),
    );
  });

  test('that a given folder lacks are all named at once', () => {
    const other = { ...pin, file: 'library_2.orig.tar.gz' };
    refuses(
      () => unpackSources([pin, other], { sources: temporaryFolder(), cache: newCache() }, never),
      /engine_1.* is missing; .*\n--sources: .*library_2.* is missing; /,
    );
  });

  test('of a given folder with another hash are refused', () => {
    refuses(
      () => unpackSources([{ ...pin, sha256: '0'.repeat(64) }], { sources: given, cache: newCache() }, never),
      /engine_1\.orig\.tar\.gz has the SHA-256 [0-9a-f]{64}, 0{64} is wanted$/,
    );
  });
});

describe('the pins', () => {
  for (const one of [quickjs, mbedtls, zlib, ...Object.values(musl)]) {
    test(`${one.file} is of version ${one.version}`, () => {
      assert.match(one.sha256, /^[0-9a-f]{64}$/);
      assert.ok(one.file.replaceAll('.', '-').includes(one.version.replaceAll('.', '-')));
    });
  }
});

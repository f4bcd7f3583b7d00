import assert from 'node:assert/strict';
import { test } from 'node:test';
import { constants, gunzipSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { pack } from './pack.ts';

test('what is packed can be unpacked', () => {
  const piece = fc.oneof(fc.string(), fc.constantFrom('a', 'ab', '<p>', '</p>\n', '\xff'.repeat(300)));
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 200 }), fc.uint8Array({ maxLength: 300 }), (pieces, tail) => {
      const content = Buffer.concat([Buffer.from(pieces.join(''), 'latin1'), tail]);
      assert.ok(gunzipSync(pack(content)).equals(content));
    }),
    { numRuns: 200 },
  );
});

test('far and long matches', () => {
  for (const gap of [1, 2, 4, 5, 257, 258, 32_764, 32_765, 32_766, 40_000]) {
    const content = Buffer.concat([Buffer.from('match'), Buffer.alloc(gap, 'x'), Buffer.from('match')]);
    assert.ok(gunzipSync(pack(content)).equals(content), String(gap));
  }
});

test('is no worse than zlib with the same codes', () => {
  const content = Buffer.from(
    Array.from({ length: 300 }, (_, index) => `<li><a href="/${(index * 7) % 40}">item ${index}</a>\n`).join(
      '',
    ),
  );
  const zlib = gzipSync(content, { level: 9, strategy: constants.Z_FIXED });
  assert.ok(pack(content).length <= zlib.length, `${pack(content).length} and ${zlib.length}`);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inflateRawSync } from 'node:zlib';
import { assetsSource } from './assets.ts';

/** What a compiler makes of the array. */
function bytesOf(source: string): Buffer {
  const [, text = ''] = /asset_data\[\] =\n([^;]*);/.exec(source) ?? [];
  return Buffer.from([...text.matchAll(/\\(\d{3})/g)].map(([, digits = '']) => Number.parseInt(digits, 8)));
}

test('assets are in a C file, each deflated by itself', () => {
  const assets = [
    { name: 'main', bytes: Buffer.from('abc'.repeat(1000)) },
    { name: 'all bytes', bytes: Buffer.from(Array.from({ length: 256 }, (_, value) => value)) },
  ];
  const source = assetsSource(assets);
  const data = bytesOf(source);
  assert.ok(source.includes(`asset_bytes = ${data.length};`));
  for (const { name, bytes } of assets) {
    const row = new RegExp(`{"${name}", asset_data \\+ (\\d+), (\\d+), ${bytes.length}},`).exec(source);
    const [offset = 0, length = 0] = row?.slice(1).map(Number) ?? [];
    assert.ok(inflateRawSync(data.subarray(offset, offset + length)).equals(bytes));
  }
  assert.match(source, /asset_count = 2;/);
  assert.equal(assetsSource(assets), source);
});

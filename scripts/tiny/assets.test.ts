import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inflateRawSync } from 'node:zlib';
import { assetsSource } from './assets.ts';

/** What a compiler makes of the array. */
function bytesOf(source: string, index: number): Buffer {
  const [, length, text = ''] = new RegExp(`asset_${index}\\[(\\d+)\\] =\\n([^;]*);`).exec(source) ?? [];
  const bytes = [...text.matchAll(/\\(\d{3})/g)].map(([, digits = '']) => Number.parseInt(digits, 8));
  assert.equal(bytes.length, Number(length));
  return Buffer.from(bytes);
}

test('assets are in a C file, each deflated by itself', () => {
  const assets = [
    { name: 'main', bytes: Buffer.from('abc'.repeat(1000)) },
    { name: 'all bytes', bytes: Buffer.from(Array.from({ length: 256 }, (_, value) => value)) },
  ];
  const source = assetsSource(assets);
  for (const [index, { name, bytes }] of assets.entries()) {
    const packed = bytesOf(source, index);
    assert.ok(inflateRawSync(packed).equals(bytes));
    assert.ok(source.includes(`{"${name}", asset_${index}, ${packed.length}, ${bytes.length}},`));
  }
  assert.match(source, /asset_count = 2;/);
  assert.equal(assetsSource(assets), source);
});

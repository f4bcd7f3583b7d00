import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, test } from 'node:test';
import { sha256Of } from './sha256.ts';

const hex = (content: Uint8Array) => Buffer.from(sha256Of(content)).toString('hex');

describe('SHA-256', () => {
  for (const [text, digest] of [
    ['', 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'],
    ['abc', 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'],
    [
      'abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq',
      '248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1',
    ],
  ] as const)
    test(`of "${text}"`, () => assert.equal(hex(Buffer.from(text)), digest));

  test('is that of node:crypto for every length to three blocks, and from within a buffer', () => {
    const bytes = Buffer.from(Array.from({ length: 200 }, (_, n) => (n * 151 + 7) & 0xff));
    for (let length = 0; length <= 192; length++) {
      const content = bytes.subarray(5, 5 + length);
      assert.equal(hex(content), createHash('sha256').update(content).digest('hex'), `${length} bytes`);
    }
  });

  test('is that of node:crypto for a large content', () => {
    const content = Buffer.alloc(1_000_003, 'mote');
    assert.equal(hex(content), createHash('sha256').update(content).digest('hex'));
  });
});

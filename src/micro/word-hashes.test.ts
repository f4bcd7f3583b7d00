import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { collisions, DELIMITERS, FACTOR, type HashedWord, hashOf } from './word-hashes.ts';

const token = (start: number, text: string): HashedWord => ({ start, text, flags: 1 });

describe('hashOf', () => {
  test('is the polynomial that the program computes', () => {
    assert.equal(hashOf(token(0, 'ab')), 0x61 * FACTOR + 0x62);
    assert.equal(hashOf(token(7, '/')), 7 * FACTOR + 0x2f);
  });

  test('makes no difference between small and capital letters, but between CR and a hyphen', () => {
    assert.equal(hashOf(token(0, 'Get ')), hashOf(token(0, 'gET ')));
    assert.equal(hashOf(token(0, '\r')), 0x0d);
  });

  test('has 32 bits', () => {
    const hash = hashOf(token(10, 'transfer-encoding'));
    assert.ok(Number.isInteger(hash) && hash >= 0 && hash < 2 ** 32);
  });
});

describe('collisions', () => {
  test('none between words that differ', () => {
    assert.deepEqual(collisions([token(0, 'get '), token(0x40, '/ ')], DELIMITERS), []);
  });

  test('two words with one hash', () => {
    assert.match(collisions([token(0, 'a'), token(0, 'A')], [0]).join(), /two tokens have one hash/);
  });

  // A starting point is as good as what leads to it.
  for (const [text, start, other] of [
    ['ab', 0x61, 'b'],
    ['abc', hashOf(token(0, 'ab')), 'c'],
    ['abcde', hashOf(token(0, 'a')), 'bcde'],
  ] as const) {
    test(`"${other}", from a number that makes it "${text}"`, () => {
      assert.deepEqual(collisions([token(0, text)], [start]), [`"${other}" behind ${start} for "${text}"`]);
    });
  }
});

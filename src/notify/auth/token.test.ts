import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { faultOfToken, hashToken, makeToken, parseHash, wordHash } from './token.ts';

test('the hash is SHA-256 of the token (FIPS 180-4, «abc»)', () => {
  assert.equal(
    wordHash(hashToken('abc')),
    'sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
  );
});

test('a made token is all of its random bytes, valid, and fits its hash', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), (bytes) => {
      const { token, hash } = makeToken(() => bytes);
      assert.deepEqual(new Uint8Array(Buffer.from(token.slice('mote_'.length), 'base64url')), bytes);
      assert.equal(faultOfToken(token), undefined);
      assert.equal(wordHash(parseHash(hash) as Uint8Array), wordHash(hashToken(token)));
    }),
  );
  assert.notEqual(makeToken(randomBytes).token, makeToken(randomBytes).token);
});

describe('hashes in the configuration', () => {
  const digits = '0123456789abcdef'.repeat(4);
  const cases: readonly [name: string, text: string, taken: boolean][] = [
    ['with prefix', `sha256:${digits}`, true],
    ['digits alone', digits, true],
    ['upper case', digits.toUpperCase(), true],
    ['one digit short', digits.slice(1), false],
    ['one digit more', `${digits}0`, false],
    ['not a digit', `g${digits.slice(1)}`, false],
    ['another hash', `sha512:${digits}`, false],
    ['a line break behind', `${digits}\n`, false],
    ['empty', '', false],
  ];
  for (const [name, text, taken] of cases) {
    test(name, () => assert.equal(parseHash(text)?.length, taken ? 32 : undefined));
  }
});

describe('tokens that people choose', () => {
  const cases: readonly [name: string, token: string, valid: boolean][] = [
    ['as gotify makes them', 'A1b2C3d4E5f6G7h', true],
    ['what RFC 6750 allows', '-._~+/aZ09ab==', true],
    ['an equals sign inside', 'abcdef=ghijkl', false],
    ...[...'!"#$%&\'()*,:;<>?@[\\]^`{|}'].map((sign): [string, string, boolean] => [
      `the sign ${sign}`,
      `abcdef${sign}ghijkl`,
      false,
    ]),
    ['eleven characters', 'abcdefghijk', false],
    ['257 characters', 'a'.repeat(257), false],
    ['a space', 'abcdef ghijkl', false],
    ['a line break', 'abcdefghijkl\n', false],
    ['outside of ASCII', 'abcdefghijklé', false],
    ['empty', '', false],
  ];
  for (const [name, token, valid] of cases) {
    test(name, () => assert.equal(faultOfToken(token) === undefined, valid));
  }
});

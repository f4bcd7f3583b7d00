import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { cutText, plainText, splitText } from './split.ts';

describe('splitText', () => {
  const cases: readonly [name: string, text: string, maxBytes: number, pieces: string[]][] = [
    ['nothing', '', 8, []],
    ['what fits', 'abcdefgh', 8, ['abcdefgh']],
    ['one byte too many', 'abcdefghi', 8, ['abcdefgh', 'i']],
    ['between characters of three bytes', '企业微信', 8, ['企业', '微信']],
    ['between characters of four bytes', '😀😀😀', 8, ['😀😀', '😀']],
    ['a character that does not fit any more', 'abcdef😀', 8, ['abcdef', '😀']],
    ['after a line', 'abcde\nfghi', 8, ['abcde\n', 'fghi']],
    ['after a word', 'abcde fghi', 8, ['abcde ', 'fghi']],
    ['a line rather than a word', 'abcd\nf ghij', 8, ['abcd\n', 'f ghij']],
    ['not after an early line', 'a\nbcdefghij', 8, ['a\nbcdefg', 'hij']],
  ];
  for (const [name, text, maxBytes, pieces] of cases) {
    test(name, () => assert.deepEqual(splitText(text, maxBytes), pieces));
  }

  test('pieces are the text, fit, and cut no character', () => {
    const texts = fc.string({
      unit: fc.constantFrom('a', ' ', '\n', 'ü', '信', '😀', '\ud800'),
      maxLength: 200,
    });
    fc.assert(
      fc.property(texts, fc.integer({ min: 4, max: 60 }), (text, maxBytes) => {
        const pieces = splitText(text, maxBytes);
        assert.equal(pieces.join(''), text);
        assert.deepEqual(
          pieces.flatMap((piece) => [...piece]),
          [...text],
        );
        for (const piece of pieces) {
          assert.ok(piece !== '' && Buffer.byteLength(piece) <= maxBytes, piece);
        }
      }),
    );
  });
});

describe('cutText', () => {
  const cases: readonly [text: string, maxUnits: number, cut: string][] = [
    ['abcd', 4, 'abcd'],
    ['abcde', 4, 'abc…'],
    ['ab😀😀', 6, 'ab😀😀'],
    ['ab😀😀', 5, 'ab😀…'],
    ['ab😀😀', 4, 'ab…'],
  ];
  for (const [text, maxUnits, cut] of cases) {
    test(`${text} to ${maxUnits}`, () => assert.equal(cutText(text, maxUnits), cut));
  }
});

describe('plainText', () => {
  test('all', () => assert.equal(plainText({ title: 'a', text: 'b', url: 'c' }), 'a\n\nb\n\nc'));
  test('without a title', () => assert.equal(plainText({ title: '', text: 'b' }), 'b'));
});

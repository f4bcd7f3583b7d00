import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { boundaryUpTo, isBoundary } from './characters.ts';

/** Uses the engine's Unicode tables, which the product does not need. */
const segmenter = new Intl.Segmenter('en', { granularity: 'grapheme' });

function boundariesOf(text: string): Set<number> {
  return new Set([...segmenter.segment(text)].map(({ index }) => index).concat(text.length));
}

const parts = [
  'a',
  ' ',
  '\r',
  '\n',
  '\r\n',
  '信',
  '😀',
  '👩',
  '👨‍👩‍👧',
  '❤',
  '🏳',
  '🇩',
  '🇪',
  '🇨',
  '🏴',
  '1',
  '#',
  '\ud83d',
  '\ude00',
  '\u0301',
  '\u200d',
  '\u200c',
  '\ufe0f',
  '\ufe0e',
  '\u20e3',
  '🏽',
  '🏿',
  '\u{e0067}',
  '\u{e007f}',
  '\u{e0101}',
  '\u1100',
  '\u1161',
  '\u11a8',
  '가',
  '각',
  'क',
  '\u094d',
  'ष',
  'ি',
  'ำ',
  'ะ',
  'כ',
  '\u05b0',
  '\u3099',
  'か',
];

describe('a boundary', () => {
  test('is also one in the Unicode tables', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...parts), { maxLength: 12 }), (chosen) => {
        const text = chosen.join('');
        const known = boundariesOf(text);
        for (let index = 0; index <= text.length; index++)
          if (isBoundary(text, index)) assert.ok(known.has(index), `${JSON.stringify(text)} at ${index}`);
      }),
      { numRuns: 5000 },
    );
  });

  test('is not between a virama and the letter that it joins, whatever marks are in between', () => {
    const text = 'क\u094d\u{e0067}ष';
    for (let index = 1; index < text.length; index++)
      assert.equal(isBoundary(text, index), false, `${index}`);
  });

  test('is found in common text', () => {
    for (const text of ['Zeile 信息 😀👍🏽🇩🇪🇨🇳1️⃣ é', '企业微信', 'a\r\nb', '가각힣', '👨‍👩‍👧👨‍👩‍👧']) {
      const found = Array.from({ length: text.length + 1 }, (_, index) => index).filter((index) =>
        isBoundary(text, index),
      );
      assert.deepEqual(found, [...boundariesOf(text)]);
    }
  });

  test('is searched between a start and a limit', () => {
    assert.equal(boundaryUpTo('ab🇩🇪🇨🇳', 8), 6);
    assert.equal(boundaryUpTo('ab🇩🇪🇨🇳', 8, 4), 8);
    assert.equal(boundaryUpTo('e\u0301\u0301\u0301', 3), 3);
    assert.equal(boundaryUpTo('\u200d😀\u200d😀', 2), 1);
  });
});

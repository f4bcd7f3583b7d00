import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { leastCpuMs, MAX_TURN_MS } from '../../../../test/support/cpu.ts';
import { resultOf } from '../../../util/turns.ts';
import { cutText, plainText as plainSteps, splitText as splitSteps } from './split.ts';

const splitText = (...args: Parameters<typeof splitSteps>) => resultOf(splitSteps(...args));
const plainText = (message: Parameters<typeof plainSteps>[0]) => resultOf(plainSteps(message));

/** Where `text` was cut; fails if anything other than white space is missing between pieces. */
function cutsOf(text: string, pieces: readonly string[]): number[] {
  let at = 0;
  return pieces.flatMap((piece) => {
    const start = text.indexOf(piece, at);
    assert.ok(start >= 0, `${JSON.stringify(piece)} is not in the text`);
    assert.match(text.slice(at, start), /^\s*$/);
    at = start + piece.length;
    return [start, at];
  });
}

/** Fails if a piece is blank or too long. */
function assertPieces(pieces: readonly string[], maxBytes: number): void {
  for (const piece of pieces) assert.ok(piece.trim() !== '' && Buffer.byteLength(piece) <= maxBytes, piece);
}

/**
 * A text of parts and separators, with code blocks on their own lines, and the ranges that must not be cut.
 */
function joined(parts: readonly (readonly [part: string, separator: string])[], atoms: readonly string[]) {
  let text = '';
  const ranges: [start: number, end: number][] = [];
  for (const [part, separator] of parts) {
    const isBlock = /^(?:```|~~~)/.test(part);
    if (isBlock) text += '\n';
    if (atoms.includes(part)) ranges.push([text.length, text.length + part.length]);
    text += part + (isBlock ? '\n' : separator);
  }
  return { text, ranges };
}

const whole = [
  '👨‍👩‍👧‍👦',
  '👍🏽',
  '👩🏽‍💻',
  '❤️',
  '🏳️‍🌈',
  '1️⃣',
  '🇩🇪',
  '🇨🇳',
  '🏴󠁧󠁢󠁥󠁮󠁧󠁿',
  'é',
  '각',
  'क्षि',
  'https://a.example/b?c=d#e',
  'https://zh.example/企业/微信',
  'wxwork://jump?a=b',
];
const wholeInMarkdown = [
  '**bold words here**',
  '*some words*',
  '__bold__',
  '~~gone~~',
  '`a b c`',
  '[a b](https://c.example/d_(e))',
  '![a b](https://c.example/d.png "e f")',
  '<font color="warning">not well</font>',
  '<@zhang san>',
  '```sh\nls -l\n```',
  '~~~\na\n\nb\n~~~',
];

describe('splitText', () => {
  const cases: readonly [name: string, text: string, maxBytes: number, pieces: string[]][] = [
    ['nothing', '', 8, []],
    ['a text that fits', 'abcdefgh', 8, ['abcdefgh']],
    ['one byte too many', 'abcdefghi', 8, ['abcdefgh', 'i']],
    ['between characters of three bytes', '企业微信', 8, ['企业', '微信']],
    ['between characters of four bytes', '😀😀😀', 8, ['😀😀', '😀']],
    ['a character that no longer fits', 'abcdef😀', 8, ['abcdef', '😀']],
    ['after a line', 'abcde\nfghi', 8, ['abcde\n', 'fghi']],
    ['after a word', 'abcde fghi', 8, ['abcde ', 'fghi']],
    ['a line rather than a word', 'abcd\nf ghij', 8, ['abcd\n', 'f ghij']],
    ['not after an early line', 'a\nbcdefghij', 8, ['a\nbcdefg', 'hij']],
  ];
  for (const [name, text, maxBytes, pieces] of cases) {
    test(name, () => assert.deepEqual(splitText(text, maxBytes), pieces));
  }

  test('pieces add up to the text, fit, and split no character', () => {
    const texts = fc.string({
      unit: fc.constantFrom('a', ' ', '\n', 'ü', '信', '😀', '\ud800'),
      maxLength: 200,
    });
    fc.assert(
      fc.property(texts, fc.integer({ min: 4, max: 60 }), (text, maxBytes) => {
        const pieces = splitText(text, maxBytes);
        const cuts = cutsOf(text, pieces);
        assert.equal(text.slice(cuts.at(-1) ?? 0).trim(), '');
        assert.deepEqual(
          pieces.flatMap((piece) => [...piece]).filter((character) => character.trim() !== ''),
          [...text].filter((character) => character.trim() !== ''),
        );
        assertPieces(pieces, maxBytes);
      }),
    );
  });

  for (const [format, atoms] of [
    ['text', whole],
    ['markdown', [...whole, ...wholeInMarkdown]],
  ] as const) {
    test(`no part that fits into a piece is cut, as ${format}`, () => {
      const fillers = ['word', '企业', ' '.repeat(90), '\n\n', 'x'.repeat(80)];
      const part = fc.constantFrom(...atoms, ...fillers);
      // Without spaces, cuts are only possible between parts; spaces inside parts are false candidates.
      const parts = fc.array(fc.tuple(part, fc.constantFrom('，', '，', ' ', '\n')), { maxLength: 60 });
      fc.assert(
        fc.property(parts, fc.integer({ min: 90, max: 200 }), (chosen, maxBytes) => {
          const { text, ranges } = joined(chosen, atoms);
          const pieces = splitText(text, maxBytes, format);
          assertPieces(pieces, maxBytes);
          for (const cut of cutsOf(text, pieces)) {
            const [start = 0, end = 0] = ranges.find(([from, to]) => from < cut && cut < to) ?? [];
            assert.equal(text.slice(start, end), '', JSON.stringify(pieces));
          }
        }),
        { numRuns: 1000 },
      );
    });
  }

  test('a row of flags without a space', () => {
    const flags = ['🇩🇪', '🇨🇳', '🇧🇷', '🇪🇺'];
    for (let maxBytes = 8; maxBytes < 40; maxBytes++) {
      const pieces = splitText(flags.join(''), maxBytes);
      for (const piece of pieces) assert.equal(piece.replace(/🇩🇪|🇨🇳|🇧🇷|🇪🇺/g, ''), '', piece);
      assertPieces(pieces, maxBytes);
    }
  });

  test('parts longer than a piece are cut without loss', () => {
    const texts = [
      `https://a.example/${'b'.repeat(500)}`,
      `e${'\u0301'.repeat(500)}`,
      `**${'信'.repeat(300)}**`,
      `😀${'\u200d😀'.repeat(200)}`,
    ];
    for (const text of texts) {
      const pieces = splitText(text, 100, 'markdown');
      assert.equal(pieces.join(''), text);
      assertPieces(pieces, 100);
      for (const piece of pieces) assert.ok(piece.isWellFormed());
    }
  });

  const blanks: readonly [name: string, text: string, maxBytes: number, pieces: string[]][] = [
    ['white space alone', ' \n\t', 8, []],
    ['invisible characters alone', '\u200b\ufeff \u2060', 4, []],
    ['a piece of white space', `abc${' '.repeat(30)}def`, 8, ['abc     ', ' def']],
  ];
  for (const [name, text, maxBytes, pieces] of blanks) {
    test(name, () => assert.deepEqual(splitText(text, maxBytes), pieces));
  }

  test('a long block of code is closed at the end of a piece and reopened in the next', () => {
    const code = Array.from({ length: 40 }, (_, i) => `line ${i} of it`).join('\n');
    for (const [before, fence] of [
      ['', '```'],
      ['Intro\n\n', '~~~~'],
    ] as const) {
      for (let maxBytes = 64; maxBytes < 200; maxBytes += 7) {
        const text = `${before}${fence}sh\n${code}\n${fence}\n\n*Outro*`;
        const pieces = splitText(text, maxBytes, 'markdown');
        assertPieces(pieces, maxBytes);
        for (const piece of pieces) {
          const fenceLines = piece.split('\n').filter((line) => line.startsWith(fence));
          assert.equal(fenceLines.length % 2, 0, piece);
        }
        const lines = pieces.flatMap((piece) => piece.split('\n')).filter((line) => /^line/.test(line));
        assert.equal(lines.join('\n'), code);
        assert.match(pieces.at(-1) ?? '', /\*Outro\*$/);
      }
    }
  });

  test('hostile text is processed quickly', () => {
    const units = 32 * 1024;
    for (const piece of [
      '**a',
      '*',
      '[',
      '[a](',
      '`',
      '```\n',
      '<font>',
      '<a',
      '_',
      'a://',
      '🇩',
      '\u0301',
      '\u200d',
      '\u0301\u200d',
      '\u0900\u094d',
      ' ',
    ]) {
      const tookMs = leastCpuMs(() => splitText(piece.repeat(units / piece.length), 2048, 'markdown'));
      assert.ok(tookMs < MAX_TURN_MS, `${JSON.stringify(piece)} took ${tookMs} ms`);
    }
  });
});

describe('cutText', () => {
  const cases: readonly [text: string, maxUnits: number, cut: string][] = [
    ['abcd', 4, 'abcd'],
    ['abcde', 4, 'abc…'],
    ['ab😀😀', 6, 'ab😀😀'],
    ['ab😀😀', 5, 'ab😀…'],
    ['ab😀😀', 4, 'ab…'],
    ['a👍🏽b', 5, 'a…'],
    ['🇩🇪🇨🇳', 7, '🇩🇪…'],
    ['❤️❤️', 2, '❤…'],
    ['e\u0301\u0301\u0301', 3, 'e\u0301…'],
  ];
  for (const [text, maxUnits, cut] of cases) {
    test(`${text} to ${maxUnits}`, () => assert.equal(cutText(text, maxUnits), cut));
  }
});

describe('plainText', () => {
  const rest = { format: 'text' } as const;
  test('all', () => assert.equal(plainText({ ...rest, title: 'a', text: 'b', url: 'c' }), 'a\n\nb\n\nc'));
  test('without a title', () => assert.equal(plainText({ ...rest, title: '', text: 'b' }), 'b'));
  test('of Markdown', () =>
    assert.equal(plainText({ title: '*a*', text: '*b*', format: 'markdown' }), '*a*\n\nb'));
});

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { encodeWord, foldLines } from 'nodemailer/lib/mime-funcs';
import { encode as encodeByOther } from 'nodemailer/lib/qp';
import { resultOf } from '../../../util/turns.ts';
import { noPython, readByPython } from './fixtures.ts';
import { encodedWords, folded, quotedPrintable as quotedSteps } from './mime.ts';

const quotedPrintable = (text: string) => resultOf(quotedSteps(text));

/** Characters of all lengths in UTF-8, and what is special somewhere. */
const SPECIAL = 'a Z 0 . = ? _ " < \0 \x7f ü \u0301 磁 \u2028 😀 \ud800 =3D =? ?= From --'.split(' ');
const character = fc.constantFrom(' ', '\t', ...SPECIAL);
const words = fc.string({ unit: character, maxLength: 300 });
const lines = fc.array(words, { maxLength: 8 }).map((all) => all.join('\r\n'));

/** Lone surrogates cannot be sent. */
const sendable = (text: string) => text.toWellFormed();

describe('encoded words', () => {
  test('are what nodemailer makes', () => {
    fc.assert(fc.property(words, (text) => assert.equal(encodedWords(text), encodeWord(text, 'B', 75))));
  });

  test('are short, and whole characters', () => {
    fc.assert(
      fc.property(words, (text) => {
        let decoded = '';
        for (const word of encodedWords(text).split(' ')) {
          const [, base64 = ''] = /^=\?UTF-8\?B\?([\w+/]*=*)\?=$/.exec(word) ?? assert.fail(word);
          assert.ok(word.length <= 75, word);
          const piece = Buffer.from(base64, 'base64').toString();
          assert.equal(Buffer.from(piece).toString('base64'), base64, 'whole characters');
          decoded += piece;
        }
        assert.equal(decoded, sendable(text));
      }),
    );
  });
});

describe('folding', () => {
  const word = fc.string({ unit: fc.constantFrom('a', ',', '<', '='), minLength: 1, maxLength: 77 });
  const field = fc.array(word, { minLength: 1, maxLength: 40 }).map((all) => `Subject: ${all.join(' ')}`);

  test('is undone by unfolding, and keeps lines short', () => {
    fc.assert(
      fc.property(field, (text) => {
        assert.equal(folded(text).replaceAll('\r\n', ''), text);
        for (const line of folded(text).split('\r\n')) {
          assert.ok(line.length <= 78, line);
          assert.match(line, /\S/);
        }
      }),
    );
  });

  test('takes no more lines than nodemailer', () => {
    fc.assert(
      fc.property(field, (text) => {
        const count = (by: string) => by.split('\r\n').length;
        assert.ok(count(folded(text)) <= count(foldLines(text, 78)));
      }),
    );
  });

  test('leaves what cannot be folded', () => {
    const text = `To: ${'a'.repeat(100)}`;
    assert.equal(folded(text), `To:\r\n ${'a'.repeat(100)}`);
  });
});

describe('quoted-printable', () => {
  const cases: readonly [name: string, text: string, quoted: string][] = [
    ['nothing', '', ''],
    ['ASCII', 'a b\tc.', 'a b\tc.'],
    ['an equals sign', 'a=b', 'a=3Db'],
    ['a blank at the end', 'a \r\nb\t\r\n', 'a=20\r\nb=09\r\n'],
    ['a line break alone', 'a\nb\rc', 'a=0Ab=0Dc'],
    ['another script', '磁', '=E7=A3=81'],
    ['a lone surrogate', 'a\ud800b', 'a=EF=BF=BDb'],
    ['a dot', '.', '.'],
    ['76 characters', 'a'.repeat(76), 'a'.repeat(76)],
    ['77 characters', 'a'.repeat(77), `${'a'.repeat(75)}=\r\naa`],
    ['a long line with a blank at the end', `${'a'.repeat(75)} `, `${'a'.repeat(75)}=\r\n=20`],
    ['an equals sign at the edge', `${'a'.repeat(74)}=bbb`, `${'a'.repeat(74)}=\r\n=3Dbbb`],
    ['a character at the edge', `${'a'.repeat(70)}磁b`, `${'a'.repeat(70)}=\r\n=E7=A3=81b`],
  ];
  for (const [name, text, quoted] of cases) {
    test(name, () => assert.equal(quotedPrintable(text), quoted));
  }

  test('is what nodemailer makes, but for line breaks alone and where long lines are broken', () => {
    fc.assert(
      fc.property(lines, (text) => {
        assert.equal(quotedPrintable(text).replaceAll('=\r\n', ''), encodeByOther(text));
      }),
    );
  });

  test('has short lines of whole characters, without a blank at the end', () => {
    fc.assert(
      fc.property(lines, (text) => {
        for (const line of quotedPrintable(text).split('\r\n')) {
          assert.ok(line.length <= 76, line);
          assert.match(line, /^(?:[\t\x20-\x3c\x3e-\x7e]|=[\dA-F]{2})*=?$/);
          assert.doesNotMatch(line, /[\t ]$/);
          assert.doesNotMatch(line, /^=[89AB]/);
        }
      }),
    );
  });
});

/** Reads the samples as JSON, and writes what is in them. */
const READER = `
import email.header, quopri
decode = lambda words: str(email.header.make_header(email.header.decode_header(words)))
read = lambda sample: [decode(sample["words"]), quopri.decodestring(sample["quoted"]).decode()]
`;

test('Python reads what was written', { skip: noPython }, () => {
  const texts = fc
    .sample(fc.tuple(words, lines), 500)
    .map(([a, b]) => [sendable(`x${a}`), sendable(b)] as const);
  const samples = texts.map(([a, b]) => ({ words: encodedWords(a), quoted: quotedPrintable(b) }));
  assert.deepEqual(readByPython(READER, samples), texts);
});

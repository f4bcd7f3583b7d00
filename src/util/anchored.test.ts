import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Lexer } from 'marked';
import { anchored } from './anchored.ts';

describe('a pattern that is compared at the beginning only', () => {
  for (const pattern of [/^a/, /^(?:a|b)c/i, /^a|^b/, /^[|]/, /^\|x|^y/u, /^(a|(b|c))|^[\]|]d/])
    test(`${pattern}`, () => assert.equal(anchored(pattern).sticky, true));
});

describe('a pattern that stays as it is', () => {
  for (const pattern of [/a/, /^a|b/, /(?:^a)/, /^a/m, /^a/g, /^a/y, /^a|(?:b|^c)/, /^[\]]|b/, /^a|/])
    test(`${pattern}`, () => assert.equal(anchored(pattern), pattern));
});

test('it is made once', () => {
  const pattern = /^a/;
  assert.equal(anchored(pattern), anchored(pattern));
  assert.equal(anchored(anchored(pattern)), anchored(pattern));
});

test('every comparison begins anew', () => {
  const pattern = anchored(/^a(.)/);
  for (const text of ['ab', 'ba', 'ac', '', 'ad']) {
    assert.deepEqual(pattern.exec(text), /^a(.)/.exec(text), text);
    assert.equal(pattern.test(text), /^a(.)/.test(text), text);
  }
});

test('the rules of the parser of Markdown match the same', () => {
  const texts = [
    '# a\n',
    'a\n\nb',
    '- a\n',
    '|a|\n|-|\n',
    'x `a` y',
    '[a](b)',
    '\n\n',
    '**a** b',
    '~~a',
    '> a\n b',
    'x',
  ];
  for (const groups of [Lexer.rules.block.gfm, Lexer.rules.inline.breaks] as Record<string, RegExp>[]) {
    for (const pattern of Object.values(groups).filter((rule) => rule instanceof RegExp && !rule.global)) {
      for (const text of texts)
        assert.deepEqual(anchored(pattern).exec(text), pattern.exec(text), `${pattern} ${text}`);
    }
  }
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { leastCpuMs, MAX_TURN_MS } from '../../../test/support/cpu.ts';
import { htmlToText } from './html-text.ts';

test('of a fragment of megabytes the beginning is read, and it says so', () => {
  const html = `first${'<p>'.repeat(1_000_000)}last`;
  assert.equal(htmlToText(html), 'first\n\n…');
  const many = `<a ${'href=http://'.repeat(15)}${'x'.repeat(1800)} `;
  for (const piece of [
    '<p>&lt; ',
    '<',
    '&#1;\n',
    '<li ',
    ' \n',
    '<a href=http://a ',
    '<a href=http://a>b',
    many,
  ])
    assert.ok(leastCpuMs(() => htmlToText(piece.repeat(4_000_000 / piece.length))) < MAX_TURN_MS, piece);
});

test('a smaller fragment is read to its end', () =>
  assert.equal(htmlToText('<p>a</p>b &amp; c'), 'a\nb & c'));

test('links keep their targets', () =>
  assert.equal(
    htmlToText(
      '<a class="x" href="https://a.example/?x=1&amp;y=2">all &lt;</a> <a href=https://b.example>https://b.example</a>',
    ),
    'all < (https://a.example/?x=1&y=2) https://b.example',
  ));

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { chart } from './chart.ts';
import { emptyResults, resultsOf } from './fixtures.ts';

const MAX_BYTES = 30_000;
const results = resultsOf({
  '1k': { mote: [50_000, 60_000], nginx: [100_000, 120_000], bare: [25_000, 30_000] },
  close: { mote: [1000, 1000] },
});
const svg = chart(results);

/** The tags that are open when the text ends; throws where one is closed that is not the last. */
function openTags(text: string): string[] {
  const open: string[] = [];
  for (const [, slash, name = '', alone] of text.matchAll(/<(\/?)([a-z]+)[^<>]*?(\/?)>/g)) {
    if (slash) assert.equal(open.pop(), name);
    else if (!alone) open.push(name);
  }
  return open;
}

describe('the chart', () => {
  test('is well-formed', () => {
    assert.deepEqual(openTags(svg), []);
    const text = svg.replace(/<[^<>]*>/g, '');
    assert.doesNotMatch(text, /[<>]|&(?!(amp|lt|gt|quot);)/);
  });
  test('shows names as text', () => assert.ok(svg.includes('>node:http &amp; &lt;more&gt;</text>')));
  test('has bars in proportion, the fastest server first', () => {
    const widths = [...svg.matchAll(/<rect class="bar( mote)?" .*? width="(\d+)"/g)].map(([, own, width]) => [
      own !== undefined,
      Number(width),
    ]);
    assert.deepEqual(widths, [
      [false, 190],
      [true, 95],
      [false, 48],
      [true, 190],
    ]);
  });
  test('shows values and ratios', () => {
    assert.ok(svg.includes('>110,000 (2.00)<'));
    assert.ok(svg.includes('>55,000 (1.00)<'));
  });
  test('suits light and dark', () => assert.match(svg, /@media \(prefers-color-scheme:dark\)\{/));
  test('loads nothing and runs nothing', () => assert.doesNotMatch(svg, /href|script|@import|url\(/));
  test('follows from the results alone', () => assert.equal(chart(structuredClone(results)), svg));
  test('has a size where nothing was measured', () => {
    assert.match(chart(emptyResults), /viewBox="0 0 980 \d+"/);
  });
  test('of the documentation is small', () => {
    const { length } = readFileSync(new URL('../../docs/bench.svg', import.meta.url));
    assert.ok(length < MAX_BYTES, `${length} bytes`);
  });
});

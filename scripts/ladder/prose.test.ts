/** Figures in sentences are those of bench/ladder.json, rounded as the sentence has them. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { REPOSITORY } from '../bundle/bundle.ts';
import type { Entry, LadderResults } from './results.ts';

const { entries }: LadderResults = JSON.parse(readFileSync(join(REPOSITORY, 'bench/ladder.json'), 'utf8'));

const sentences: readonly (readonly [
  file: string,
  pattern: RegExp,
  entry: string,
  size: Exclude<keyof Entry, 'title' | 'samples'>,
])[] = [
  ['README.md', /mote-tiny: ([\d.]+) MB/, 'tiny', 'programBytes'],
  ['README.md', /The executable is ([\d.]+) MB/, 'mote', 'programBytes'],
  ['docs/container.md', /is ([\d.]+) MB to pull/, 'tiny', 'pullBytes'],
  ['docs/executable.md', /It is ([\d.]+) MB, of which/, 'mote', 'programBytes'],
  ['docs/performance.md', /a pull is ([\d.]+) MB/, 'mote', 'pullBytes'],
];

for (const [file, pattern, name, size] of sentences) {
  test(`${file}: ${pattern.source}`, () => {
    const text = readFileSync(join(REPOSITORY, file), 'utf8').replaceAll('\n', ' ');
    const [, written = ''] = pattern.exec(text) ?? [];
    const decimals = written.split('.')[1]?.length ?? 0;
    assert.equal(written, ((entries[name]?.[size] ?? Number.NaN) / 1e6).toFixed(decimals));
  });
}

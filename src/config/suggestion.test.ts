import assert from 'node:assert/strict';
import { test } from 'node:test';
import { closestName } from './suggestion.ts';

const candidates = [
  '--port',
  '--host',
  '--path',
  '--log-format',
  '--max-connections',
  '--cache-html',
  '--cache-other',
];

const cases: readonly [name: string, word: string, expected: string | undefined][] = [
  ['two letters swapped', '--prot', '--port'],
  ['one missing', '--max-conections', '--max-connections'],
  ['one too many', '--hosst', '--host'],
  ['one wrong', '--log_format', '--log-format'],
  ['two wrong in a long word', '--max-conectiosn', '--max-connections'],
  ['the beginning of one only', '--log', '--log-format'],
  ['the beginning of several', '--cache', undefined],
  ['the last word of one only', '--connections', '--max-connections'],
  ['the last word of several', '--html-other', undefined],
  ['two of four letters, as of the others', '--root', undefined],
  ['something else', '--verbose', undefined],
  ['too short to guess', '-q', undefined],
  ['nothing', '', undefined],
];

for (const [name, word, expected] of cases) {
  test(`nearest: ${name}`, () => assert.equal(closestName(word, candidates), expected));
}

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ladderResults } from './fixtures.ts';
import {
  conditions,
  fullTable,
  memoryText,
  microLadder,
  readmeLadder,
  sizeText,
  withFigures,
} from './tables.ts';

const cellsOf = (table: string, title: string) =>
  table
    .split('\n')
    .map((line) => line.split('|').map((cell) => cell.trim()))
    .find((cells) => cells[1] === title)
    ?.slice(2, -1);

test('a rung has its sizes and the medians of its rounds', () => {
  assert.deepEqual(cellsOf(fullTable(ladderResults), '**mote-tiny**'), [
    '1,140,552',
    '1,141,552',
    '570,276',
    '3,072',
    '4,096',
    '20.0',
    '8.00',
    '60,000',
    '–',
  ]);
});

test('what was not run has its sizes', () => {
  const cells = cellsOf(fullTable(ladderResults), '**mote-tiny, arm64**');
  assert.deepEqual(cells, ['1,246,944', '1,247,944', '623,472', ...Array(6).fill('–')]);
});

test('what could not take part has no row, and its reason is told', () => {
  assert.equal(cellsOf(readmeLadder(ladderResults), 'lighttpd'), undefined);
  assert.match(conditions(ladderResults), /^Not measured: Go with UPX, apt has no mirror\.$/m);
});

test('the README names mote-micro beside the others', () => {
  assert.deepEqual(cellsOf(readmeLadder(ladderResults), 'nginx')?.at(-1), '60,000');
  assert.equal(cellsOf(microLadder(ladderResults), '**mote-tiny**'), undefined);
});

const labels = [
  'executable, x86-64',
  'executable, arm64',
  'image, its files',
  'image, to pull',
  'memory after the first response',
  'memory after a load',
  'time of a core to the first response',
  '1 kB requests in a second of a core',
];
const old = ['| | mote | mote-tiny | mote-micro |', '| --- | --- | --- | --- |']
  .concat(labels.map((label) => `| ${label} | old | old | old |`))
  .concat('| messages | yes | yes | no |')
  .join('\n');

test('figures replace figures, words stay, and twice is once', () => {
  const made = withFigures(old, ladderResults);
  assert.deepEqual(cellsOf(made, 'executable, x86-64'), ['85.2 MB', '1.14 MB', '1.7 kB']);
  assert.deepEqual(cellsOf(made, 'executable, arm64'), ['`--base pkg`', '1.25 MB', '2.0 kB']);
  assert.deepEqual(cellsOf(made, 'memory after the first response'), ['3.0 MiB', '3.0 MiB', '3.0 MiB']);
  assert.deepEqual(cellsOf(made, 'messages'), ['yes', 'yes', 'no']);
  assert.doesNotMatch(made, /old/);
  assert.equal(withFigures(made, ladderResults), made);
});

test('a row of figures that is gone is an error', () => {
  const without = old.replace('| image, to pull | old | old | old |\n', '');
  assert.throws(() => withFigures(without, ladderResults), /lacks the rows image, to pull$/);
});

for (const [bytes, text] of [
  [999, '999 B'],
  [1745, '1.7 kB'],
  [897_105, '897 kB'],
  [1_140_552, '1.14 MB'],
  [85_206_104, '85.2 MB'],
  [undefined, '–'],
] as const) {
  test(`${bytes} bytes are ${text}`, () => assert.equal(sizeText(bytes), text));
}

test('small memory is in KiB, and none is a dash', () => {
  assert.deepEqual([16, 3140, Number.NaN].map(memoryText), ['16 KiB', '3.1 MiB', '–']);
});

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { emptyResults, resultsOf } from './fixtures.ts';
import { medianOf, ratioOf, serialize } from './results.ts';

const results = resultsOf({ '1k': { mote: [10, 300, 30], bare: [5, 100, 10], nginx: [7, null, 9] } });
const key = (server: string, row = '1k') => ({ row, server, metric: 'perCoreSecond' }) as const;

describe('a median', () => {
  const cases: [name: string, server: string, row: string, expected: number][] = [
    ['is that of the rounds', 'mote', '1k', 30],
    ['leaves out a round in which the measurement failed', 'nginx', '1k', 8],
    ['is no number for a server that took no part', 'caddy', '1k', Number.NaN],
    ['is no number for a row that was not measured', 'mote', '100k', Number.NaN],
  ];
  for (const [name, server, row, expected] of cases) {
    test(name, () => assert.equal(medianOf(results, key(server, row)), expected));
  }
});

test('a ratio compares within rounds', () => {
  assert.equal(ratioOf(results, key('mote'), key('bare')), 3);
});

describe('the file', () => {
  test('holds what was measured, to four digits', () => {
    const precise = resultsOf({ '1k': { mote: [12_345.678, null] } });
    const read = JSON.parse(serialize(precise));
    assert.equal(read.rows['1k'].mote[0].perCoreSecond, 12_350);
    assert.equal(read.rows['1k'].mote[1], null);
    assert.deepEqual({ ...read, rows: {} }, emptyResults);
  });
  test('has a line for each measurement, so that changes can be read', () => {
    const lines = serialize(results).split('\n');
    assert.equal(lines.filter((line) => line.includes('perCoreSecond')).length, 8);
    assert.ok(lines.every((line) => (line.match(/perCoreSecond/g) ?? []).length <= 1));
  });
});

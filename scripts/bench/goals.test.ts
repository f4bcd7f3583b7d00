import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { resultsOf } from './fixtures.ts';
import { type Goal, goalCells, goals, isReached } from './goals.ts';
import { rows, takesPart } from './rows.ts';

const goal = (sense: Goal['sense'], bound: number, decimals: number): Goal => ({
  title: '',
  sense,
  bound,
  decimals,
  of: () => 0,
});

describe('a goal', () => {
  const cases: [name: string, goal: Goal, value: number, expected: boolean | undefined][] = [
    ['at least: the bound reaches it', goal('≥', 1, 2), 1, true],
    ['at least: below it does not', goal('≥', 1, 2), 0.99, false],
    ['at least: what is shown as the bound reaches it', goal('≥', 1, 2), 0.996, true],
    ['at most: the bound reaches it', goal('≤', 15, 1), 15.04, true],
    ['at most: above it does not', goal('≤', 15, 1), 15.06, false],
    ['nothing was measured', goal('≤', 15, 1), Number.NaN, undefined],
  ];
  for (const [name, one, value, expected] of cases) {
    test(name, () => assert.equal(isReached(one, value), expected));
  }
});

test('the table says of each goal whether it was reached', () => {
  const results = resultsOf({
    '1k': { mote: [200, 200], bare: [100, 100], 'nginx-cache': [250, 250] },
    log: { mote: [180, 180], nginx: [90, 90] },
  });
  const cells = new Map(goalCells(results).map(([title, ...others]) => [title, others]));
  assert.deepEqual(cells.get('1 kB, to bare `node:http`'), ['≥ 1.70', '2.00', 'yes']);
  assert.deepEqual(cells.get('1 kB, to nginx with `open_file_cache`'), ['≥ 1.00', '0.80', '**no**']);
  assert.deepEqual(cells.get('1 kB with a log, to nginx with its log'), ['≥ 1.00', '2.00', 'yes']);
  assert.deepEqual(cells.get('1 kB with a log, to no log'), ['≥ 0.85', '0.90', 'yes']);
  assert.deepEqual(cells.get('p99 with 64 connections, to bare `node:http`'), ['≤ 1.00', '0.50', 'yes']);
  assert.deepEqual(cells.get('start to the first response'), ['≤ 60 ms', '–', 'not measured']);
});

test('every goal is measured by some row, of a server that takes part in it', () => {
  const all = Object.fromEntries(
    Object.entries(rows).map(([name, row]) => {
      const servers = ['mote', 'nginx-cache', 'nginx', 'go', 'bare'].filter((server) =>
        takesPart(row, server),
      );
      return [name, Object.fromEntries(servers.map((server) => [server, [metricsOf(row.kind)]]))];
    }),
  );
  const results = { ...resultsOf({}), rows: all };
  for (const { title, of } of goals) assert.ok(Number.isFinite(of(results)), title);
});

/** As `scripts/bench/measure.ts` gives them. */
function metricsOf(kind: (typeof rows)[keyof typeof rows]['kind']) {
  return {
    load: { perCoreSecond: 1, perSecond: 1, p99Ms: 1 },
    memory: { idleMiB: 1, residentMiB: 1 },
    idle: { connectionsMiB: 1 },
    start: { startMs: 1, startCoreMs: 1 },
    syscalls: { calls: 1, reads: 1, writes: 1, polls: 1 },
    message: { messageMs: 1 },
  }[kind];
}

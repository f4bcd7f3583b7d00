import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { emptyResults, resultsOf } from './fixtures.ts';
import { performanceTables, readmeTable, serversOf } from './report.ts';
import { markdownTable, shown } from './table.ts';

const results = resultsOf({
  '1k': { mote: [50_000, 60_000], nginx: [100_000, 120_000], bare: [25_000, 30_000] },
  log: { mote: [40_000, 40_000] },
  heads: { mote: [27_500, 30_000], bare: [20_000, 20_000] },
  'one-worker': { mote: [50_000, 50_000] },
  'two-workers': { mote: [95_000, 95_000] },
});

test('the fastest server is the first', () => {
  assert.deepEqual(serversOf(results), ['nginx', 'mote', 'bare']);
});

test('the README has what was measured, and a dash where a server took no part', () => {
  const table = `
| server                | 1 kB    | 1 kB, log |
| nginx                 | 110,000 |         – |
| **mote**              |  55,000 |    40,000 |
| \`node:http\` & <more>  |  27,500 |         – |`;
  const cells = (text: string) =>
    text
      .trim()
      .split('\n')
      .map((line) => line.split('|').map((cell) => cell.trim()));
  const [header, rule, ...others] = cells(readmeTable(results));
  assert.ok(
    rule?.slice(2, -1).every((cell) => /^-+:$/.test(cell)),
    'numbers stand to the right',
  );
  assert.deepEqual([header, ...others], cells(table));
});

describe('the tables of the documentation', () => {
  const text = performanceTables(results);
  const present: [name: string, part: RegExp][] = [
    [
      'say when, on what and with which versions',
      /2026-01-02, 2 cores of A Processor, .*\n.*\n.*nginx 1\.22\.1/,
    ],
    ['have ratios to mote', /\| nginx +\| 110,000 \(2\.00\) \|/],
    ['have ratios to the plain 200 of the same server', /every head different .* 28,750 \(0\.53\)/],
    ['have the ratio of two workers to one', /two workers .* 95,000 \(1\.90\)/],
    ['have the goals', /\| two workers, to one +\| +≥ 1\.80 \| +1\.90 \| +yes \|/],
  ];
  for (const [name, part] of present) test(name, () => assert.match(text, part));

  test('leave out columns that nobody has', () => assert.doesNotMatch(text, /100 kB \|.*close/));
  test('say nothing of load on a quiet machine', () => assert.doesNotMatch(text, /taken under load/));
});

describe('what makes figures doubtful is said', () => {
  const { machine } = emptyResults;
  const slow = { perCoreSecond: 1, busy: 0.5, errors: 3 };
  const cases: [name: string, changes: Partial<typeof results>, part: RegExp][] = [
    ['other work', { machine: { ...machine, otherWork: 0.4 } }, /40 % of the machine.*taken under load/],
    [
      'a host that takes time away',
      { machine: { ...machine, stolen: 0.1 } },
      /host 10 %: \*\*taken under load/,
    ],
    ['wrk was the limit', { rows: { '1k': { nginx: [slow] } } }, /the limit .*: nginx \(1 kB\)\./],
    ['connections failed', { rows: { '1k': { nginx: [slow] } } }, /Connections failed at: nginx \(1 kB\)\./],
    [
      'a peer is missing',
      { missing: { go: 'apt-get install golang-go' } },
      /- not measured: go: apt-get install/,
    ],
  ];
  for (const [name, changes, part] of cases) {
    test(name, () => assert.match(performanceTables({ ...results, ...changes }), part));
  }
});

test('the README says when figures are doubtful', () => {
  assert.doesNotMatch(readmeTable(results), /doubtful/);
  const machine = { ...emptyResults.machine, otherWork: 0.2 };
  assert.match(readmeTable({ ...results, machine }), /doubtful/);
});

describe('a table', () => {
  const cells = [
    ['server', 'req/s'],
    ['mote', '50,000'],
  ];
  test('is aligned Markdown', () => {
    assert.equal(markdownTable(cells), '| server |  req/s |\n| ------ | -----: |\n| mote   | 50,000 |');
  });
  const numbers: [value: number, decimals: number, expected: string][] = [
    [1234.56, 0, '1,235'],
    [1234.56, 1, '1,234.6'],
    [2, 2, '2.00'],
    [Number.NaN, 2, '–'],
  ];
  for (const [value, decimals, expected] of numbers) {
    test(`${value} with ${decimals} decimals`, () => assert.equal(shown(value, decimals), expected));
  }
});

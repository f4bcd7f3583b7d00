import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseWrk, type Sample } from './measure.ts';
import { median, render, tabulate } from './table.ts';

const printed = (p99: string, extra = '') => `Running 3s test @ http://127.0.0.1:8080/1k.txt
  1 threads and 64 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency     1.29ms  206.56us  10.19ms   96.02%
    Req/Sec    49.87k     2.16k   51.68k    93.33%
  Latency Distribution
     50%    1.26ms
     75%    1.31ms
     90%    1.37ms
     99%    ${p99}
  148851 requests in 3.00s, 168.93MB read
${extra}Requests/sec:  49612.41
Transfer/sec:     56.30MB
`;

describe('parseWrk', () => {
  const cases: [p99: string, ms: number][] = [
    ['1.97ms', 1.97],
    ['850.00us', 0.85],
    ['1.20s', 1200],
    ['0.50m', 30_000],
  ];
  for (const [p99, ms] of cases) {
    test(`p99 ${p99}`, () => {
      assert.deepEqual(parseWrk(printed(p99)), {
        requests: 148_851,
        requestsPerSecond: 49612.41,
        p99Ms: ms,
        errors: 0,
      });
    });
  }
  test('socket errors are summed', () => {
    const extra = '  Socket errors: connect 1, read 20, write 0, timeout 3\n';
    assert.equal(parseWrk(printed('1.97ms', extra)).errors, 24);
  });
  test('an answer that is no success is refused', () => {
    const extra = '  Non-2xx or 3xx responses: 12\n';
    assert.throws(() => parseWrk(printed('1.97ms', extra)), /not every answer was a success/);
  });
  test('anything else is refused', () => {
    assert.throws(() => parseWrk('unable to connect'), /wrk printed no/);
  });
});

describe('median', () => {
  const cases: [name: string, values: number[], expected: number][] = [
    ['odd', [9, 1, 5], 5],
    ['even', [4, 1, 3, 2], 2.5],
    ['one', [7], 7],
    ['numbers are not compared as text', [10, 9, 100], 10],
    ['none', [], Number.NaN],
  ];
  for (const [name, values, expected] of cases) {
    test(name, () => assert.equal(median(values), expected));
  }
});

describe('the table', () => {
  const sample = (factor: number): Sample => ({
    startMs: 50 * factor,
    idleMiB: 40 * factor,
    loadedMiB: 80 * factor,
    small: { requests: 150_000, requestsPerSecond: 50_000 * factor, p99Ms: 2 * factor, errors: 0 },
    smallPerCoreSecond: 60_000 * factor,
    large: { requests: 30_000, requestsPerSecond: 10_000 * factor, p99Ms: 8 * factor, errors: 0 },
  });

  test('holds medians and ratios to mote', () => {
    const [, mote, naive] = tabulate(
      new Map([
        ['mote', [sample(1)]],
        ['naive', [sample(9), sample(0.5), sample(0.1)]],
      ]),
    );
    assert.deepEqual(mote?.slice(0, 4), ['mote', '50,000 (1.00)', '60,000 (1.00)', '2.0 (1.00)']);
    assert.deepEqual(naive?.slice(0, 4), ['naive', '25,000 (0.50)', '30,000 (0.50)', '1.0 (0.50)']);
    assert.equal(naive?.at(-1), '25 (0.50)');
  });
  test('has no ratios where mote was not measured', () => {
    const [, naive] = tabulate(new Map([['naive', [sample(1)]]]));
    assert.deepEqual(naive?.slice(0, 2), ['naive', '50,000']);
  });
  const rows = [
    ['server', 'req/s'],
    ['mote', '50,000'],
  ];
  test('is aligned as text', () => {
    assert.equal(render(rows, false), 'server   req/s\n------  ------\nmote    50,000');
  });
  test('is Markdown on request', () => {
    assert.equal(render(rows, true), '| server |  req/s |\n| ------ | -----: |\n| mote   | 50,000 |');
  });
});

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseWrk } from './wrk.ts';

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
});

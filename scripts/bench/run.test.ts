import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { sampleOf } from './measure.ts';
import { isDue, rows } from './rows.ts';
import { absence, rotate } from './run.ts';

test('each round begins with another server', () => {
  const rounds = [0, 1, 2, 3].map((round) => rotate(['a', 'b', 'c'], round).join(''));
  assert.deepEqual(rounds, ['abc', 'bca', 'cab', 'abc']);
  assert.deepEqual(rotate([], 2), []);
});

test('a server that is not installed is named, with what brings it', () => {
  const peer = { name: 'caddy', title: 'caddy', command: () => [] };
  const from = 'apt-get install caddy';
  assert.deepEqual(absence({ ...peer, needs: { file: '/nonexistent/caddy', from } }), [
    ['caddy', '/nonexistent/caddy is not there: apt-get install caddy'],
  ]);
  assert.deepEqual(absence({ ...peer, needs: { file: process.execPath, from } }), []);
  assert.deepEqual(absence(peer), []);
});

describe('requests per core-second', () => {
  const load = { requests: 1000, requestsPerSecond: 500, p99Ms: 1, errors: 0 };
  const cases: [name: string, spentMs: number[], cores: number, expected: number][] = [
    ['one core: all threads share it', [300, 200], 1, 2000],
    ['two cores, an even load', [250, 250], 2, 4000],
    ['two cores, an uneven load: the busiest is the limit', [400, 100], 2, 2500],
    ['two cores, three threads: the cores are the limit', [200, 200, 200], 2, 1000 / 0.3],
  ];
  for (const [name, spentMs, cores, expected] of cases) {
    test(name, () => assert.equal(sampleOf(load, spentMs, cores, 2).perCoreSecond, expected));
  }
  test('the share of the cores says whether the server was the limit', () => {
    assert.equal(sampleOf(load, [1500, 300], 1, 2).busy, 0.9);
    assert.equal(sampleOf(load, [1000, 1000], 2, 2).busy, 0.5);
  });
});

test('what does not vary is measured in the first round only', () => {
  assert.deepEqual(
    [0, 1, 2].map((round) => isDue(rows.syscalls, round)),
    [true, false, false],
  );
  assert.deepEqual(
    [0, 1, 2].map((round) => isDue(rows.start, round)),
    [true, true, true],
  );
});

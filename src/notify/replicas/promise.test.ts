import assert from 'node:assert/strict';
import { test } from 'node:test';
import { promiseOf, type Settings } from './promise.ts';

const best: Settings = {
  info: '# Persistence\r\nloading:0\r\naof_enabled:1\r\nconnected_slaves:0\r\n',
  appendfsync: 'always',
  maxmemoryPolicy: 'noeviction',
};

test('only an append-only file that is synced at every write is safe', () => {
  assert.deepEqual(
    [promiseOf(best).isSafe, promiseOf({ ...best, maxmemoryPolicy: undefined }).isSafe],
    [true, true],
  );
});

const cases: readonly (readonly [Partial<Settings>, RegExp])[] = [
  [{ appendfsync: 'everysec' }, /last two seconds/],
  [{ appendfsync: 'no' }, /last half minute/],
  [{ appendfsync: undefined }, /does not say how soon/],
  [{ appendfsync: 'sometimes' }, /does not say how soon/],
  [{ info: 'aof_enabled:0' }, /set appendonly yes/],
  [{ info: 'x:aof_enabled:1' }, /set appendonly yes/],
  [{ info: undefined }, /does not say whether/],
  [{ info: 'aof_enabled:1\r\nrole:master\r\nconnected_slaves:2\r\n' }, /always\); a failover can lose/],
  [{ maxmemoryPolicy: 'volatile-lru' }, /volatile-lru\): set noeviction/],
  [{ info: undefined, maxmemoryPolicy: 'allkeys-lru' }, /allkeys-lru/],
];
for (const [change, expected] of cases) {
  test(`is not safe: ${JSON.stringify(change)} ${Object.keys(change)}`, () => {
    const { isSafe, text } = promiseOf({ ...best, ...change });
    assert.equal(isSafe, false);
    assert.match(text, expected);
  });
}

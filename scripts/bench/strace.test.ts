import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseStrace } from './strace.ts';

const table = `% time     seconds  usecs/call     calls    errors syscall
------ ----------- ----------- --------- --------- ----------------
 61.22    0.300000          15     20000           write
 30.61    0.150000           7     20010        10 read
  6.12    0.030000          60       500           epoll_wait
  2.04    0.010000          10      1000       900 futex
  0.01    0.000001           1        64           accept4
------ ----------- ----------- --------- --------- ----------------
100.00    0.490001          11     41574       910 total
`;

test('calls are counted for each request, with those that failed', () => {
  assert.deepEqual(parseStrace(table, 20_000), {
    calls: 41_574 / 20_000,
    reads: 20_010 / 20_000,
    writes: 1,
    polls: 500 / 20_000,
  });
});

test('vectors and messages are reads and writes too', () => {
  const names = ['recvfrom', 'readv', 'writev', 'sendmsg', 'sendfile', 'epoll_pwait', 'pread64'];
  const lines = names.map((name) => `  1.00    0.100000          15       100           ${name}\n`).join('');
  assert.deepEqual(parseStrace(lines, 100), { calls: 7, reads: 2, writes: 3, polls: 1 });
});

test('a table without calls is refused', () => {
  assert.throws(() => parseStrace('strace: Process 1 attached\n', 1), /counted nothing/);
});

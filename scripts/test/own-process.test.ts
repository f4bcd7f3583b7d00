import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { divide, needsOwnProcess } from './own-process.ts';

describe('a process of its own', () => {
  const cases: [text: string, own: boolean][] = [
    ['process.chdir(folder);', true],
    ["process.env.TZ = 'UTC';", true],
    ['t.after(() => delete process.env.TZ);', true],
    ["process.on('SIGTERM', done);", true],
    ['process.exitCode = 1;', true],
    ["child.kill('SIGKILL');", true],
    ['const start = process.cpuUsage();', true],
    ['const tookMs = performance.now() - startMs;', true],
    ['const startMs = performance.now();', false],
    ["mock.timers.enable({ apis: ['Date'] });", true],
    ["mock.method(Date, 'now', () => 0);", true],
    ["t.mock.method(Date, 'now', () => 0);", false],
    ['assert.equal(mock.callCount(), 1);', false],
    ['const env = { ...process.env, A: undefined };', false],
    ["if (process.env.UPDATE === '1') write();", false],
    ['spawn(process.execPath, []).kill();', false],
  ];
  for (const [text, own] of cases) test(text, () => assert.equal(needsOwnProcess(text), own));
});

test('the others share, each file once', () => {
  const textOf = (file: string) => (file === 'c' ? 'process.exit();' : '');
  assert.deepEqual(divide(['a', 'b', 'c', 'd', 'e'], 3, textOf), {
    own: ['c'],
    shared: [['a', 'e'], ['b'], ['d']],
  });
  assert.deepEqual(divide(['c', 'a'], 3, textOf), { own: ['c'], shared: [['a']] });
  assert.deepEqual(divide([], 3, textOf), { own: [], shared: [] });
});

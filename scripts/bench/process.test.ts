import assert from 'node:assert/strict';
import { test } from 'node:test';
import { coreMs, machineSeconds, parseMachine, processesOf } from './process.ts';

test('the time of the machine leaves out idling, waiting and interrupts', () => {
  const stat = 'cpu  1000 200 300 40000 500 60 70 800 90 0\ncpu0 1 1 1 1 1 1 1 1 1 1\n';
  assert.deepEqual(parseMachine(stat), { used: 15, stolen: 8 });
});

test('this process is one of its own, and has used some time of the machine', {
  skip: process.platform !== 'linux',
}, () => {
  assert.deepEqual(processesOf(process.pid), [process.pid]);
  const before = coreMs(process.pid);
  const began = performance.now();
  while (performance.now() - began < 20);
  assert.ok(coreMs(process.pid) > before);
  assert.ok(machineSeconds().used > 0);
});

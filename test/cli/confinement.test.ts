/** What mote-tiny gives up once it serves; Node.js has no means for it. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { makeFolder } from '../support/folder.ts';
import { startForTest, without } from '../support/target.ts';

const isOnNode = without('nodeHttp') === false && 'only mote-tiny confines itself';

/** A number of /proc/PID/status. */
function statusOf(pid: number, name: string): string | undefined {
  return new RegExp(`^${name}:\\s+(\\d+)$`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
}

test('system calls are filtered, unless --no-seccomp says otherwise', { skip: isOnNode }, async (t) => {
  const root = makeFolder({ 'index.html': 'hello' });
  const { pid } = await startForTest(t, { root });
  assert.deepEqual([statusOf(pid, 'Seccomp'), statusOf(pid, 'NoNewPrivs')], ['2', '1']);
  const free = await startForTest(t, { root, args: ['--no-seccomp'] });
  assert.equal(statusOf(free.pid, 'Seccomp'), '0');
});

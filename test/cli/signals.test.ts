/** What each signal means that is not the usual request to stop (`shutdown.test.ts`). */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { makeFolder } from '../support/folder.ts';
import { connect, eventually } from '../support/raw.ts';
import { engineBetween, neutralEnvironment, start, startForTest, target } from '../support/target.ts';

const root = makeFolder({ 'small.txt': 'small' });

/** On `SIGUSR1` Node listens here, and says so on standard error; it also complains there if it cannot. */
const INSPECTOR_PORT = 9229;

function isInspected(pid: number): boolean {
  const port = INSPECTOR_PORT.toString(16).toUpperCase();
  return readFileSync(`/proc/${pid}/net/tcp`, 'utf8').includes(`0100007F:${port} 00000000:0000 0A`);
}

test('SIGQUIT stops as SIGTERM does', async () => {
  const server = await start({ root });
  assert.deepEqual(await server.stop('SIGQUIT'), { code: 0, signal: null });
  assert.match(await server.logged(/SIGQUIT/), /finishing what is in flight/);
});

for (const signal of ['SIGHUP', 'SIGUSR1', 'SIGUSR2', 'SIGPIPE'] as const) {
  test(`${signal} without a terminal changes nothing`, async (t) => {
    const server = await startForTest(t, { root });
    const before = isInspected(server.pid);
    server.signal(signal);
    server.signal(signal);
    const client = await connect(server);
    for (let request = 0; request < 20; request += 1) {
      assert.equal((await client.get('/small.txt')).status, 200);
    }
    client.destroy();
    assert.deepEqual(server.stderr.all, []);
    assert.equal(isInspected(server.pid), before);
    assert.deepEqual(await server.stop(), { code: 0, signal: null });
  });
}

const SCRIPT = 'script';
const noTerminal = obstacle();

function obstacle(): string | false {
  if (engineBetween) return engineBetween;
  // The terminal closes for unshare as well, which then kills the program before it has drained.
  if (/empty-root\.sh$/.test(target[0])) return 'unshare stands between the terminal and the program';
  return spawnSync(SCRIPT, ['--version']).status === 0 ? false : 'needs script (util-linux)';
}

/** The program in a terminal, which closes when `terminal` is killed. */
interface Seated {
  readonly terminal: ChildProcess;
  readonly pid: number;
  readonly port: number;
  readonly log: string;
}

/** `command` has the program and its arguments as `"$@"`, and writes to the terminal or to `"$LOG"`, which has both. */
async function seat(t: TestContext, command: string): Promise<Seated> {
  const log = join(makeFolder({}), 'log');
  writeFileSync(log, '');
  const quoted = [...target, root, '0'].map((word) => `'${word}'`).join(' ');
  const terminal = spawn(SCRIPT, ['-qfaec', `set -- ${quoted}; ${command}`, log], {
    env: { ...neutralEnvironment(), LOG: log, SHELL: '/bin/sh', NO_COLOR: '1', FORCE_COLOR: '' },
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  t.after(() => terminal.kill('SIGKILL'));
  const { value: text } = await eventually(
    20_000,
    async () => readFileSync(log, 'utf8'),
    (read) => /pid=\d+[\s\S]*(?: on |Local: +)http:\S+:\d+\r?\n/.test(read),
  );
  const pid = Number(/pid=(\d+)/.exec(text)?.[1]);
  t.after(() => {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It has ended.
    }
  });
  return { terminal, pid, port: Number(/:(\d+)\r?\n/.exec(text)?.[1]), log };
}

describe('a terminal that closes', { skip: noTerminal }, () => {
  test('drains: its program says so and is gone', async (t) => {
    const { terminal, log } = await seat(t, 'echo pid=$$ >> "$LOG"; exec "$@" >> "$LOG"');
    terminal.kill('SIGKILL');
    await once(terminal, 'exit');
    await eventually(
      10_000,
      async () => readFileSync(log, 'utf8'),
      (text) => text.includes('SIGHUP: finishing what is in flight'),
    );
  });

  test('a log that goes to it does not hold the end up', async (t) => {
    const { terminal, pid } = await seat(t, 'echo pid=$$; exec "$@"');
    terminal.kill('SIGKILL');
    await once(terminal, 'exit');
    await eventually(
      10_000,
      async () => isRunning(pid),
      (runs) => !runs,
    );
  });

  test('leaves a program alone that was started by nohup', async (t) => {
    const { terminal, port } = await seat(t, 'nohup "$@" >> "$LOG" 2>> "$LOG" & echo pid=$! >> "$LOG"; wait');
    terminal.kill('SIGKILL');
    await once(terminal, 'exit');
    const client = await connect({ port });
    for (let request = 0; request < 20; request += 1) {
      assert.equal((await client.get('/small.txt')).status, 200);
    }
    client.destroy();
  });
});

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

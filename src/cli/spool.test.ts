import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { content, makeFolder, quiet } from '../notify/fixtures.ts';
import { makeId } from '../notify/id.ts';
import { newEnvelope, record } from '../notify/queue/envelope.ts';
import { defaultRetryPolicy } from '../notify/queue/retry.ts';
import { openSpool } from '../notify/spool/spool.ts';
import { spoolCommand } from './spool.ts';

const ACCEPTED_MS = Date.UTC(2026, 0, 2, 3, 4, 5);

interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

async function run(path: string, ...args: readonly string[]): Promise<Outcome> {
  const out = { stdout: '', stderr: '' };
  const io = {
    stdout: {
      writableNeedDrain: false,
      write(text: string, done?: () => void) {
        out.stdout += text;
        done?.();
        return true;
      },
      on: () => undefined,
      once: () => undefined,
    },
    stderr: { write: (text: string) => (out.stderr += text) },
    readStdin: async () => '',
    onSignal: () => undefined,
  };
  return { code: await spoolCommand(io as never, { spool: path, spoolPrefix: 'mote' }, '', args), ...out };
}

/** A spool with one message that waits and one that was given up. */
async function filled(t: TestContext) {
  const path = makeFolder(t);
  const spool = await openSpool(path, { ...quiet, report: () => assert.fail() });
  const at = { nowMs: ACCEPTED_MS, random: () => 0, policy: defaultRetryPolicy };
  const make = (number: number, title: string) => {
    const id = makeId(ACCEPTED_MS + number, (bytes) => new Uint8Array(bytes).fill(number));
    return newEnvelope({ ...content, title, id, acceptedMs: ACCEPTED_MS }, 'ann', ['phone', 'mail']);
  };
  const waiting = record(make(1, 'Disk\u001b[2J'), 'phone', { kind: 'retry', reason: 'busy' }, at);
  const failed = record(
    record(make(2, 'Night'), 'phone', { kind: 'rejected', reason: 'no such number' }, at),
    'mail',
    { kind: 'delivered' },
    at,
  );
  await spool.save(waiting);
  await spool.save(failed);
  await spool.finish(failed, { ...failed, id: failed.message.id, endedMs: ACCEPTED_MS });
  await spool.close();
  return { path, waiting: waiting.message.id, dead: failed.message.id };
}

test('list names every message in one line, without what plays tricks on terminals', async (t) => {
  const { path, waiting, dead } = await filled(t);
  const { code, stdout } = await run(path, 'list');
  assert.equal(code, 0);
  assert.deepEqual(stdout.split('\n'), [
    `${waiting}\twaiting\t2026-01-02T03:04:05.000Z\tann\tphone:pending,mail:pending\tDisk [2J`,
    `${dead}\tdead\t2026-01-02T03:04:05.000Z\tann\tphone:failed,mail:delivered\tNight`,
    '',
  ]);
});

test('show tells how far each channel is, and the text', async (t) => {
  const { path, dead, waiting } = await filled(t);
  const { code, stdout } = await run(path, 'show', dead);
  assert.equal(code, 0);
  assert.match(stdout, /^phone: failed 2026-01-02T03:04:05\.000Z, 1 attempt: no such number$/m);
  assert.match(stdout, /^mail: delivered 2026-01-02T03:04:05\.000Z, 1 attempt$/m);
  assert.match(stdout, new RegExp(`\\n\\n${content.text}\\n$`));
  assert.match((await run(path, 'show', waiting)).stdout, /^phone: waiting until .*, 1 attempt: busy$/m);
});

test('requeue brings a dead message back, once', async (t) => {
  const { path, dead } = await filled(t);
  assert.equal((await run(path, 'requeue', dead)).code, 0);
  assert.match(
    (await run(path, 'list')).stdout,
    new RegExp(`^${dead}\twaiting.*phone:pending,mail:delivered`, 'm'),
  );
  assert.match((await run(path, 'show', dead)).stdout, /^requeued: once$/m);
  const again = await run(path, 'requeue', dead);
  assert.equal(again.code, 1);
  assert.equal(again.stderr, `mote: ${dead} is waiting already\n`);
});

const purges: readonly [name: string, which: (id: string) => string, stdout: string, left: number][] = [
  ['one by its id', (id) => id, 'ID was removed\n', 1],
  ['all', () => 'all', '1 messages that were given up were removed\n', 1],
  ['the old ones', () => '30d', '1 messages that were given up were removed\n', 1],
  ['none that is young', () => '999999d', '0 messages that were given up were removed\n', 2],
];
for (const [name, which, stdout, left] of purges) {
  test(`purge removes what was given up: ${name}`, async (t) => {
    const { path, dead } = await filled(t);
    const outcome = await run(path, 'purge', which(dead));
    assert.deepEqual([outcome.code, outcome.stdout.replace(dead, 'ID')], [0, stdout]);
    assert.equal((await run(path, 'list')).stdout.trim().split('\n').length, left);
  });
}

test('purge leaves what waits, and what was requeued', async (t) => {
  const { path, dead, waiting } = await filled(t);
  const refused = await run(path, 'purge', waiting);
  assert.deepEqual(
    [refused.code, refused.stderr],
    [1, `mote: ${waiting} is still waiting and was not removed\n`],
  );
  await run(path, 'requeue', dead);
  assert.match((await run(path, 'purge', 'all')).stdout, /^0 messages/);
  assert.equal((await run(path, 'list')).stdout.trim().split('\n').length, 2);
});

test('what is not of the spool is named and left alone', async (t) => {
  const { path } = await filled(t);
  writeFileSync(join(path, 'new', 'README'), 'x');
  const { code, stderr } = await run(path, 'list');
  assert.equal(code, 0);
  assert.match(stderr, /new\/README: not a file of mote; left alone\n$/);
});

const misuse: readonly [name: string, args: readonly string[], code: number, line: RegExp][] = [
  [
    'nothing',
    [],
    2,
    /^mote: spool: received ""; allowed: list, show ID, requeue ID, or purge ID, AGE or all\n$/,
  ],
  ['another word', ['flush'], 2, /received "flush"/],
  ['show without an id', ['show'], 2, /received "show"/],
  ['list with an id', ['list', 'x'], 2, /received "list x"/],
  [
    'an id of nobody',
    ['show', 'x'],
    1,
    /^mote: spool: received "x"; allowed: an id that `mote spool list` shows\n$/,
  ],
  [
    'an age of nothing',
    ['purge', '30'],
    1,
    /received "30"; allowed: an id .*, all, or an age such as 30d\n$/,
  ],
  ['a path for an id', ['requeue', '../new/x'], 1, /received "\.\.\/new\/x"/],
];
for (const [name, args, code, line] of misuse) {
  test(`refused: ${name}`, async (t) => {
    const outcome = await run((await filled(t)).path, ...args);
    assert.equal(outcome.code, code);
    assert.match(outcome.stderr, line);
  });
}

test('without a folder, and with one that is not there', async () => {
  assert.deepEqual(await run('', 'list'), {
    code: 2,
    stdout: '',
    stderr: 'mote: spool: the folder is missing; give it with --spool DIR or MOTE_SPOOL\n',
  });
  const { code, stderr } = await run('/nonexistent', 'list');
  assert.equal(code, 1);
  assert.equal(stderr, 'mote: the spool /nonexistent cannot be used: no such folder\n');
});

/** Whose a spool may be, by itself and on the disk. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { deliveredPart } from '../channels/partial-delivery.ts';
import {
  countedBytes,
  makeFolder,
  messageWith,
  queueOptions,
  quiet,
  rejected,
  START_MS,
} from '../fixtures.ts';
import { makeId } from '../id.ts';
import { newEnvelope, receiptOf, record } from '../queue/envelope.ts';
import { fileProblem, folderProblem, isMountPoint, spoolProblem } from './ownership.ts';
import { openSpool } from './spool.ts';
import { SpoolAdmin } from './spool-admin.ts';

const OWN = 65_532;
const OTHER = 1000;
const host = { owner: OWN, isVolume: false };
const volume = { owner: OWN, isVolume: true };
const facts = (uid: number, mode: number, isLink = false) => ({ uid, mode, isSymbolicLink: () => isLink });
const noRoot = process.getuid?.() === 0 ? false : 'only root can give files to others';

describe('the folder that the operator names', () => {
  const cases: readonly [name: string, uid: number, mode: number, around: typeof host, fault?: RegExp][] = [
    ['made by mote', OWN, 0o700, host],
    ['made by mkdir', OWN, 0o755, host],
    ['made by mkdir with a umask of 002', OWN, 0o775, host],
    ['a volume with fsGroup', 0, 0o2775, volume],
    ['an emptyDir', 0, 0o777, volume],
    ['a shared folder with the sticky bit', 0, 0o1777, host],
    ['writable by everybody', OWN, 0o777, host, /^everybody may write to \/s: chmod -R o-w \/s$/],
    ['of root, writable by everybody', 0, 0o777, host, /^everybody/],
    [
      "another user's",
      OTHER,
      0o755,
      host,
      /^\/s belongs to user 1000, and mote runs as user 65532: chown -R 65532 \/s$/,
    ],
    ["another user's volume", OTHER, 0o777, volume, /^\/s belongs to user 1000/],
  ];
  for (const [name, uid, mode, around, fault] of cases) {
    test(name, () => {
      const said = spoolProblem('/s', facts(uid, mode), OWN, around);
      if (fault) assert.match(said ?? '', fault);
      else assert.equal(said, undefined);
    });
  }
});

test('a folder in it is no link, and nobody else has a hand in it', () => {
  assert.equal(folderProblem('/s/new', facts(OWN, 0o700), OWN, host), undefined);
  assert.equal(folderProblem('/s/new', facts(OWN, 0o2770), OWN, host), undefined, 'as fsGroup makes it');
  assert.match(
    folderProblem('/s/new', facts(OWN, 0o777, true), OWN, host) ?? '',
    /^\/s\/new is a link: remove it/,
  );
  assert.match(folderProblem('/s/new', facts(OTHER, 0o700), OWN, host) ?? '', /belongs to user 1000/);
  assert.match(folderProblem('/s/new', facts(OWN, 0o1777), OWN, host) ?? '', /everybody may write/);
});

test('a file in it is of the owner or of root', () => {
  assert.equal(fileProblem(facts(OWN, 0o600), host), undefined);
  assert.equal(fileProblem(facts(0, 0o600), host), undefined);
  assert.match(fileProblem(facts(OTHER, 0o600), host) ?? '', /user 1000/);
  assert.match(fileProblem(facts(OWN, 0o666), host) ?? '', /everybody/);
  assert.equal(fileProblem(facts(OWN, 0o666), volume), undefined);
});

test('mount points are found by their whole path', () => {
  const mounts = '22 1 0:20 / / rw - ext4 /dev/vda rw\n23 22 0:21 / /data\\040a rw - tmpfs none rw\n';
  assert.deepEqual(
    ['/data a', '/data', '/data a/b', '/'].map((path) => isMountPoint(path, mounts)),
    [true, false, false, false],
  );
});

/** An envelope that waits, as a file would have it. */
const envelope = () => newEnvelope(messageWith(makeId(START_MS, countedBytes)), 'ann', ['a']);

describe('on the disk', () => {
  const refused: readonly [name: string, spoil: (folder: string) => void, fault: RegExp][] = [
    ['0777', (folder) => fs.chmodSync(folder, 0o777), /everybody may write to .*: chmod -R o-w /],
    [
      'new/ writable by all',
      (folder) => fs.chmodSync(join(folder, 'new'), 0o777),
      /everybody may write to .*\/new/,
    ],
    [
      'new/ a link',
      (folder) => {
        fs.renameSync(join(folder, 'new'), join(folder, 'elsewhere'));
        fs.symlinkSync(join(folder, 'elsewhere'), join(folder, 'new'));
      },
      /\/new is a link: remove it/,
    ],
  ];
  for (const [name, spoil, fault] of refused) {
    test(`refused: ${name}`, async (t) => {
      const folder = makeFolder(t);
      await (await openSpool(folder, quiet)).close();
      spoil(folder);
      await assert.rejects(openSpool(folder, quiet), { name: 'StoreError', message: fault });
    });
  }

  test("refused: another user's", { skip: noRoot }, async (t) => {
    const folder = makeFolder(t);
    fs.chownSync(folder, OTHER, OTHER);
    await assert.rejects(openSpool(folder, quiet), {
      message: /belongs to user 1000, and mote runs as user 0: chown -R 0 /,
    });
    assert.deepEqual(fs.readdirSync(folder), [], 'and nothing is left in it');
  });

  test('what others planted is told, and not sent', { skip: noRoot }, async (t) => {
    const folder = makeFolder(t);
    const told: string[] = [];
    const spool = await openSpool(folder, { ...quiet, report: (_path, fault) => told.push(fault) });
    t.after(() => spool.close());
    const [planted, open, linked] = [envelope(), envelope(), envelope()];
    const fileOf = ({ message }: typeof planted) => join(folder, 'new', `${message.id}.json`);
    for (const one of [planted, open, linked]) await spool.save(one);
    // As if the whole spool were user 1000's, but for one file.
    fs.chownSync(fileOf(planted), OTHER, OTHER);
    fs.chmodSync(fileOf(open), 0o666);
    fs.renameSync(fileOf(linked), join(folder, 'elsewhere'));
    fs.symlinkSync(join(folder, 'elsewhere'), fileOf(linked));
    assert.deepEqual(await spool.discover(() => false, 10), []);
    assert.deepEqual(told.sort(), [
      'everybody may write to it (chmod o-w)',
      'it belongs to user 1000, not to 0, whose the spool is',
      'not a file',
    ]);
  });

  test("requeue by root leaves the server's user a file of its own", { skip: noRoot }, async (t) => {
    const folder = makeFolder(t);
    const spool = await openSpool(folder, quiet);
    const dead = record(envelope(), 'a', rejected, { ...queueOptions([]), nowMs: START_MS });
    await spool.finish(dead, receiptOf(dead, START_MS));
    await spool.close();
    for (const name of fs.readdirSync(folder, { recursive: true }) as string[])
      fs.chownSync(join(folder, name), OWN, OWN);
    const admin = new SpoolAdmin(folder, () => assert.fail(), Date.now);
    assert.equal(await admin.requeue(dead.message.id), 'requeued');
    const { uid, gid, mode } = fs.statSync(join(folder, 'new', `${dead.message.id}.json`));
    assert.deepEqual([uid, gid, mode & 0o777], [OWN, OWN, 0o600]);
  });
});

describe('the dead', () => {
  test('are bounded: the oldest go, and it is told', async (t) => {
    const folder = makeFolder(t);
    const removed: number[] = [];
    const spool = await openSpool(folder, {
      ...quiet,
      maxDead: 5,
      onRemoved: (count) => removed.push(count),
    });
    t.after(() => spool.close());
    const ids: string[] = [];
    for (let message = 0; message < 7; message++) {
      const dead = record(envelope(), 'a', rejected, { ...queueOptions([]), nowMs: START_MS });
      ids.push(dead.message.id);
      await spool.finish(dead, receiptOf(dead, START_MS));
      assert.ok(spool.deadMessages <= 5);
    }
    assert.deepEqual(removed, [1, 1]);
    assert.deepEqual(
      fs.readdirSync(join(folder, 'dead')).sort(),
      ids.slice(2).map((id) => `${id}.json`),
    );
    fs.rmSync(join(folder, 'dead', `${ids[3]}.json`));
    await spool.discover(() => false, 10);
    assert.equal(spool.deadMessages, 4, 'what others took away is noticed');
  });
});

describe('notes of attempts', () => {
  const note = (id: string, number: number) => ({
    id,
    round: 0,
    channel: 'a',
    number,
    done: [],
    mayBeSent: true,
  });

  test('outlive the process, until an envelope says more', async (t) => {
    const folder = makeFolder(t);
    const first = await openSpool(folder, quiet);
    const [waits, ended] = [envelope(), envelope()];
    for (const one of [waits, ended]) {
      await first.save(one);
      await first.note(note(one.message.id, 1), one === waits);
    }
    const over = record(ended, 'a', rejected, { ...queueOptions([]), nowMs: START_MS });
    await first.finish(over, receiptOf(over, START_MS));
    await first.close();
    const second = await openSpool(folder, quiet);
    assert.deepEqual(second.notesOf(waits.message.id), [note(waits.message.id, 1)]);
    await second.save(
      record(waits, 'a', { kind: 'retry', reason: 'busy' }, { ...queueOptions([]), nowMs: START_MS }),
    );
    assert.deepEqual(second.notesOf(waits.message.id), []);
    await second.close();
  });

  test('that a power cut left in part are as if they were not there', async (t) => {
    const folder = makeFolder(t);
    const first = await openSpool(folder, quiet);
    const waits = envelope();
    await first.save(waits);
    await first.note(note(waits.message.id, 1), false);
    await first.close();
    fs.appendFileSync(join(folder, 'attempts', 'notes'), '{"version":1,"id":"x\n\0\0\0\0');
    const second = await openSpool(folder, { ...quiet, report: () => assert.fail() });
    t.after(() => second.close());
    assert.equal(second.notesOf(waits.message.id).length, 1);
  });

  test('do not grow without bound', async (t) => {
    const folder = makeFolder(t);
    const spool = await openSpool(folder, quiet);
    t.after(() => spool.close());
    const waits = envelope();
    await spool.save(waits);
    const big = { ...note(waits.message.id, 1), done: [deliveredPart('x'.repeat(10_000))] };
    for (let count = 0; count < 100; count++) await spool.note(big, false);
    assert.ok(fs.statSync(join(folder, 'attempts', 'notes')).size < 300 * 1024);
  });
});

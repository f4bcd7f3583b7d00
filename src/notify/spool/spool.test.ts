import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import {
  countedBytes,
  delivered,
  makeFolder,
  messageWith,
  queueOptions,
  quiet,
  rejected,
  START_MS,
} from '../fixtures.ts';
import { isId, makeId } from '../id.ts';
import { type Envelope, newEnvelope, receiptOf, record } from '../queue/envelope.ts';
import { StoreError } from '../queue/store.ts';
import { storeError } from './files.ts';
import { openSpool } from './spool.ts';
import { SpoolAdmin } from './spool-admin.ts';

const at = { nowMs: START_MS + 10, random: () => 0, policy: queueOptions([]).policy };
const all = () => false;

function freshEnvelope(key?: string): Envelope {
  const message = messageWith(makeId(START_MS, countedBytes));
  return newEnvelope(message, 'ann', ['a', 'b'], key === undefined ? undefined : { key, fingerprint: 'f' });
}

const succeeded = (envelope: Envelope) => record(record(envelope, 'a', delivered, at), 'b', delivered, at);
const failed = (envelope: Envelope) => record(record(envelope, 'a', delivered, at), 'b', rejected, at);
const idOf = ({ message }: Envelope) => message.id;

/** A spool in a folder of its own, closed at the end, and what it reported. */
async function open(t: TestContext, folder = makeFolder(t)) {
  const told: string[] = [];
  const tell = (path: string, fault: string) => told.push(`${path.slice(folder.length + 1)}: ${fault}`);
  const spool = await openSpool(folder, { ...quiet, report: tell });
  let isOpen = true;
  const close = async () => {
    if (isOpen) await spool.close();
    isOpen = false;
  };
  t.after(close);
  const names = (name: string) => fs.readdirSync(join(folder, name));
  return { folder, spool, told, close, names, admin: new SpoolAdmin(folder, tell, () => START_MS + 99) };
}

test('ids are sorted by time and told from other names', () => {
  const ids = [0, 1, 35, 36, START_MS, START_MS + 1].map((nowMs) => makeId(nowMs, countedBytes));
  assert.deepEqual(ids.toSorted(), ids);
  assert.ok(ids.every(isId));
  assert.ok(!['', '../../etc/passwd', `${ids[0]}.json`, ids.at(-1)?.toUpperCase() as string].some(isId));
});

describe('keeping', () => {
  test('what is saved is found by the next owner, whole and in order, and private', async (t) => {
    const { folder, spool, close } = await open(t);
    const envelopes = [freshEnvelope('k'), freshEnvelope(), freshEnvelope()];
    await Promise.all(envelopes.toReversed().map((envelope) => spool.save(envelope)));
    await close();
    const next = await open(t, folder);
    assert.deepEqual(await next.spool.discover(all, 10), envelopes);
    assert.deepEqual(
      await next.spool.discover((id) => id === idOf(envelopes[0] as Envelope), 1),
      [envelopes[1]],
      'but not what is known, nor more than wanted',
    );
    const file = join(folder, 'new', `${idOf(envelopes[0] as Envelope)}.json`);
    assert.equal(fs.statSync(file).mode & 0o777, 0o600);
    assert.deepEqual(next.names('tmp'), []);
  });

  test('a new state replaces the old one', async (t) => {
    const { spool } = await open(t);
    const envelope = freshEnvelope();
    const later = record(envelope, 'a', delivered, at);
    await spool.save(envelope);
    await spool.save(later);
    assert.deepEqual(await spool.discover(all, 10), [later]);
  });

  test('what is discarded or succeeded is gone', async (t) => {
    const { spool, names } = await open(t);
    const [first, second] = [freshEnvelope(), freshEnvelope()];
    await spool.save(first);
    await spool.save(second);
    await spool.discard(first);
    await spool.finish(succeeded(second), receiptOf(succeeded(second), START_MS));
    assert.deepEqual(['new', 'dead', 'done', 'tmp'].flatMap(names), []);
  });

  test('a key leaves a receipt with the heading alone of what was sent, until it is forgotten', async (t) => {
    const { folder, spool, names } = await open(t);
    const envelope = succeeded(freshEnvelope('k'));
    const receipt = receiptOf(envelope, START_MS + 20);
    await spool.finish(envelope, receipt);
    assert.deepEqual(await spool.receipts(), [receipt]);
    const text = fs.readFileSync(join(folder, 'done', `${receipt.id}.json`), 'utf8');
    assert.match(text, /"heading":"Disk"/);
    assert.doesNotMatch(text, /满了/);
    await spool.forget(receipt.id);
    assert.deepEqual(names('done'), []);
  });

  test('a failure goes to the dead, with the reasons and the message', async (t) => {
    const { spool, names, admin } = await open(t);
    const envelope = failed(freshEnvelope());
    await spool.save(envelope);
    await spool.finish(envelope, receiptOf(envelope, at.nowMs));
    assert.deepEqual(names('new'), []);
    assert.deepEqual(await spool.find(idOf(envelope)), receiptOf(envelope, at.nowMs));
    assert.equal(await spool.find('../new/x'), undefined);
    assert.deepEqual(await admin.show(idOf(envelope)), { folder: 'dead', envelope });
  });
});

describe('after a crash in the middle of an end', () => {
  const interrupted: readonly [name: string, envelope: Envelope, folders: readonly string[], dead: number][] =
    [
      ['dead, still new', failed(freshEnvelope()), ['dead'], 1],
      ['dead, keyed, still new, no receipt', failed(freshEnvelope('k')), ['dead'], 1],
      ['receipt, still new', succeeded(freshEnvelope('k')), ['done'], 0],
    ];
  for (const [name, ended, folders, dead] of interrupted) {
    test(name, async (t) => {
      const { folder, spool, names } = await open(t);
      const receipt = receiptOf(ended, at.nowMs);
      await spool.finish(ended, receipt);
      await spool.save({ ...ended, progress: freshEnvelope().progress });
      if (!folders.includes('done'))
        await fs.promises.rm(join(folder, 'done', `${receipt.id}.json`), { force: true });
      assert.deepEqual(await spool.discover(all, 10), [], 'it is not sent again');
      assert.deepEqual([names('new').length, names('dead').length], [0, dead]);
      assert.deepEqual(await spool.receipts(), ended.idempotency ? [receipt] : []);
    });
  }

  test('half-written files are cleared, other files there are left and told', async (t) => {
    const { folder, close } = await open(t);
    await close();
    fs.writeFileSync(join(folder, 'tmp', `7.${makeId(START_MS, countedBytes)}.json`), '{"vers');
    fs.writeFileSync(join(folder, 'tmp', 'notes.txt'), 'mine');
    const { names, told } = await open(t, folder);
    assert.deepEqual(names('tmp'), ['notes.txt']);
    assert.deepEqual(told, ['tmp/notes.txt: not a file of mote']);
  });
});

test('files that are not ours, or not readable, are left alone, told once, and stop nobody else', async (t) => {
  const { folder, spool, told, names } = await open(t);
  const good = freshEnvelope();
  await spool.save(good);
  const put = (name: string, text: string) => fs.writeFileSync(join(folder, 'new', name), text);
  const [cut, other, big, directory] = ['1', '2', '3', '4'].map((digit) => `${digit.repeat(29)}.json`) as [
    string,
    string,
    string,
    string,
  ];
  put('README', 'hello');
  put('.hidden.json', 'hello');
  put(cut, '{"version":1,');
  put(other, fs.readFileSync(join(folder, 'new', `${idOf(good)}.json`), 'utf8'));
  put(big, 'x'.repeat(1024 * 1024 + 1));
  fs.mkdirSync(join(folder, 'new', directory));
  const before = names('new').sort();
  for (let look = 0; look < 2; look++) assert.deepEqual(await spool.discover(all, 10), [good]);
  assert.deepEqual(names('new').sort(), before);
  assert.deepEqual(told.sort(), [
    'new/.hidden.json: not a file of mote',
    `new/${cut}: not JSON, or truncated`,
    `new/${other}: named after another message`,
    `new/${big}: 1048577 bytes, more than mote ever writes`,
    `new/${directory}: not a file`,
    'new/README: not a file of mote',
  ]);
});

test('a pipe under the name of a message stops nobody', async (t) => {
  const { folder, spool, told } = await open(t);
  const name = `${'1'.repeat(29)}.json`;
  execFileSync('mkfifo', [join(folder, 'new', name)]);
  assert.deepEqual(await spool.discover(all, 10), []);
  assert.deepEqual(told, [`new/${name}: not a file`]);
});

test('many at once need few open files', async (t) => {
  const { spool } = await open(t);
  const count = () => fs.readdirSync('/proc/self/fd').length;
  const before = count();
  let most = 0;
  let isDone = false;
  const look = async (): Promise<void> => {
    while (!isDone) {
      most = Math.max(most, count());
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  const looking = look();
  const envelopes = Array.from({ length: 500 }, () => freshEnvelope());
  await Promise.all(envelopes.map((envelope) => spool.save(envelope)));
  isDone = true;
  await looking;
  assert.ok(most - before < 100, `${most - before} open files`);
  assert.equal((await spool.discover(all, 1000)).length, 500);
});

describe('what cannot be kept', () => {
  test('a second server is refused, and the first goes on', async (t) => {
    const { folder, spool, close } = await open(t);
    await assert.rejects(openSpool(folder, quiet), {
      name: 'StoreError',
      message: `another mote uses the spool ${folder}`,
    });
    await spool.save(freshEnvelope());
    await close();
    await open(t, folder);
  });

  test('a file instead of the folder', async (t) => {
    const path = join(makeFolder(t), 'file');
    fs.writeFileSync(path, '');
    await assert.rejects(openSpool(path, quiet), StoreError);
  });

  test('a folder that is gone', async (t) => {
    const { folder, spool } = await open(t);
    fs.rmSync(join(folder, 'new'), { recursive: true });
    await assert.rejects(spool.save(freshEnvelope()), StoreError);
    assert.deepEqual(fs.readdirSync(join(folder, 'tmp')), [], 'nothing half-written stays');
  });

  test('a full disk: nothing half-written stays, and later it works again', async (t) => {
    const { folder, spool, names } = await open(t);
    const full = Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' });
    const handle = await fs.promises.open(join(folder, 'lock'), 'r');
    const proto = Object.getPrototypeOf(handle);
    await handle.close();
    const mock = t.mock.method(proto, 'sync', () => Promise.reject(full));
    const message = `the spool ${folder} cannot be used: the disk is full`;
    await assert.rejects(spool.save(freshEnvelope()), { name: 'StoreError', message });
    assert.deepEqual(['tmp', 'new'].flatMap(names), []);
    mock.mock.restore();
    await spool.save(freshEnvelope());
    assert.equal(names('new').length, 1);
  });

  test('what Node does not know, or names in another way, has words too', () => {
    for (const [errno, code, words] of [
      [-122, 'Unknown system error -122', 'the quota of the disk is used up'],
      [-95, 'ENOTSUP', 'the file system has no unix sockets'],
    ] as const) {
      const { message } = storeError('/spool', Object.assign(new Error(), { errno, code }));
      assert.equal(message, `the spool /spool cannot be used: ${words}`);
    }
  });
});

describe('the view of the operator', () => {
  test('lists and shows what waits and what is dead, without the lock', async (t) => {
    const { spool, admin } = await open(t);
    const [waiting, dead] = [freshEnvelope(), failed(freshEnvelope())];
    await spool.save(waiting);
    await spool.finish(dead, receiptOf(dead, at.nowMs));
    assert.deepEqual(await admin.list(), [
      { folder: 'new', envelope: waiting },
      { folder: 'dead', envelope: dead },
    ]);
    assert.deepEqual(await admin.show(idOf(waiting)), { folder: 'new', envelope: waiting });
    assert.equal(await admin.show('nothing'), undefined);
    assert.equal(await admin.show('../../etc/passwd'), undefined);
  });

  test('sends the failed channels again, once', async (t) => {
    const { spool, admin, names } = await open(t);
    const dead = failed(freshEnvelope('k'));
    const id = idOf(dead);
    await spool.finish(dead, receiptOf(dead, at.nowMs));
    assert.equal(await admin.requeue(id), 'requeued');
    assert.equal(await admin.requeue(id), 'waiting');
    assert.equal((await admin.list()).length, 1);
    const [found] = await spool.discover(all, 10);
    assert.deepEqual(found?.progress, [
      dead.progress[0],
      { kind: 'pending', channel: 'b', attempts: 0, nextMs: START_MS + 99, done: [] },
    ]);
    assert.equal(found?.round, 1);
    assert.deepEqual(names('dead'), []);
    const ended = record(found as Envelope, 'b', delivered, at);
    await spool.finish(ended, receiptOf(ended, at.nowMs));
    assert.deepEqual([names('new'), names('dead')], [[], []]);
    assert.equal(await admin.requeue(id), 'missing');
    assert.equal(await admin.requeue('../../etc/passwd'), 'missing');
  });

  test('is not in the way of another', async (t) => {
    const { folder, spool, admin, names } = await open(t);
    const other = new SpoolAdmin(folder, () => {}, Date.now);
    for (let count = 0; count < 10; count++) {
      const dead = failed(freshEnvelope());
      await spool.finish(dead, receiptOf(dead, at.nowMs));
      const id = idOf(dead);
      const both = await Promise.all([admin.requeue(id), other.requeue(id)]);
      assert.ok(both.includes('requeued') && !both.includes('missing'), both.join());
    }
    assert.deepEqual([names('new').length, names('tmp').length], [10, 0]);
  });

  test('a spool that is not there is a clear error', async (t) => {
    const admin = new SpoolAdmin(join(makeFolder(t), 'none'), () => {}, Date.now);
    await assert.rejects(admin.list(), StoreError);
  });
});

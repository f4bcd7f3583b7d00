/** A message that failed, sent again by its operator beside the running server. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { Channel } from '../channels/channel.ts';
import { deliveredPart, givenUpPart } from '../channels/partial-delivery.ts';
import {
  accept,
  again,
  delivered,
  FakeChannel,
  inTurn,
  makeFolder,
  openQueue,
  orderFor,
  quiet,
  rejected,
  settle,
} from '../fixtures.ts';
import { openSpool } from '../spool/spool.ts';
import { SpoolAdmin } from '../spool/spool-admin.ts';
import type { Queue } from './queue.ts';
import { RESCAN_MS } from './rescan.ts';

const LOOKS = 500;

/** The disk takes its own time. */
async function until(isSo: () => boolean): Promise<void> {
  for (let look = 0; look < LOOKS && !isSo(); look++) await new Promise((resolve) => setTimeout(resolve, 5));
  assert.ok(isSo(), String(isSo));
}

async function open(t: TestContext, channels: readonly FakeChannel[]) {
  const folder = makeFolder(t);
  const spool = await openSpool(folder, quiet);
  t.after(() => spool.close());
  const { queue, clock } = openQueue(channels, { store: spool });
  await queue.start();
  return {
    queue,
    clock,
    admin: new SpoolAdmin(
      folder,
      () => {},
      () => clock.now(),
    ),
  };
}

/** Accepts a message and lets it end. */
async function fail(queue: Queue, channels: readonly Channel[]): Promise<string> {
  const id = await accept(queue, orderFor(...channels.map(({ name }) => name)));
  await until(() => queue.size === 0);
  return id;
}

test('only what was not delivered is sent again, also what was given up for good', async (t) => {
  const good = new FakeChannel('good');
  const parts = new FakeChannel(
    'parts',
    inTurn({ ...rejected, done: [deliveredPart('1'), givenUpPart('2', 'blocked')] }),
  );
  const { queue, clock, admin } = await open(t, [good, parts]);
  const id = await fail(queue, [good, parts]);
  parts.script = inTurn(again, delivered);
  assert.equal(await admin.requeue(id), 'requeued');
  await clock.pass(RESCAN_MS);
  await until(() => parts.attempts.length === 2);
  await settle();
  await clock.pass(1000);
  await until(() => queue.size === 0);
  assert.deepEqual(
    parts.attempts.map(({ number, done }) => [number, ...done.map(({ part }) => part)]),
    [[1], [1, '1'], [2, '1']],
  );
  assert.equal(good.attempts.length, 1);
  assert.deepEqual(
    (await queue.status(id, 'ann'))?.progress.map(({ kind }) => kind),
    ['delivered', 'delivered'],
  );
  assert.deepEqual(await admin.list(), []);
});

/** The queue over more than one life: what is taken up, and what is left at the end. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Delivery, EndedPart, IfUnclear } from '../channels/channel.ts';
import { deliveredPart, givenUpPart } from '../channels/partial-delivery.ts';
import {
  accept,
  again,
  delivered,
  FakeChannel,
  type FakeClock,
  FakeStore,
  inTurn,
  kindsOf,
  messageWith,
  openQueue,
  orderFor,
  queueOptions,
  rejected,
  START_MS,
  settle,
  untilAborted,
  withKey,
} from '../fixtures.ts';
import { ABORT_MS } from './drain.ts';
import { type Note, newEnvelope, receiptOf, record } from './envelope.ts';
import type { Queue } from './queue.ts';
import { RESCAN_MS } from './rescan.ts';
import { memoryStore } from './store.ts';

describe('taking up', () => {
  test('what was left goes on where it was', async () => {
    const store = new FakeStore();
    const { policy } = queueOptions([]);
    const sealed = newEnvelope(messageWith('m1'), 'ann', ['a', 'b', 'c']);
    const at = { nowMs: START_MS, random: () => 0.5, policy };
    await store.save(
      record(record(sealed, 'a', delivered, at), 'b', { ...again, done: [deliveredPart('1')] }, at),
    );
    const channels = ['a', 'b', 'c'].map((name) => new FakeChannel(name));
    const { queue, clock } = openQueue(channels, { store });
    await queue.start();
    await settle();
    assert.equal(await kindsOf(queue, 'm1'), 'delivered pending delivered', 'b has to wait');
    await clock.pass(60_000);
    assert.deepEqual(
      channels.map(({ attempts }) => attempts.length),
      [0, 1, 1],
    );
    assert.deepEqual(channels[1]?.attempts, [{ id: 'm1', number: 2, done: [deliveredPart('1')] }]);
    assert.equal(store.kept.size, 0);
  });

  test('what others put there is found while running, within the bounds', async () => {
    const store = new FakeStore();
    const limits = { maxMessages: 2, maxBytes: 1e9, concurrency: 1 };
    const { queue, clock } = openQueue([new FakeChannel('a', untilAborted(delivered))], { store, limits });
    await queue.start();
    for (const id of ['m1', 'm2', 'm3']) await store.save(newEnvelope(messageWith(id), 'ann', ['a']));
    await clock.pass(RESCAN_MS);
    assert.equal(queue.size, 2);
    await clock.pass(2 * RESCAN_MS);
    assert.deepEqual([queue.size, store.kept.size], [0, 0]);
  });

  test('at the start all of it, so that its idempotency keys hold', async () => {
    const store = new FakeStore();
    const limits = { maxMessages: 1, maxBytes: 1e9, concurrency: 1 };
    const keys = ['k1', 'k2', 'k3'];
    for (const key of keys)
      await store.save(newEnvelope(messageWith(`m-${key}`), 'ann', ['a'], { key, fingerprint: 'f' }));
    const { queue } = openQueue([new FakeChannel('a', untilAborted(again))], { store, limits });
    await queue.start();
    const ids = await Promise.all(keys.map((key) => accept(queue, withKey(orderFor('a'), key))));
    assert.deepEqual(ids, ['m-k1', 'm-k2', 'm-k3']);
  });

  test('a message sent again by hand does not take its key from a younger one', async () => {
    const store = new FakeStore();
    const { queue, clock } = openQueue([new FakeChannel('a')], { store });
    await queue.start();
    const order = withKey(orderFor('a'), 'k');
    const younger = await accept(queue, order);
    await settle();
    const old = newEnvelope(messageWith('m1'), 'ann', ['a'], { key: 'k', fingerprint: 'other' });
    await store.save({ ...old, round: 1 });
    await clock.pass(RESCAN_MS);
    assert.equal(await kindsOf(queue, 'm1'), 'delivered');
    assert.equal(await accept(queue, order), younger);
  });

  test('a clock that was set back makes nobody wait', async () => {
    const store = new FakeStore();
    const { policy } = queueOptions([]);
    const at = { nowMs: START_MS + 10 * policy.maxAgeMs, random: () => 0.5, policy };
    const sealed = newEnvelope({ ...messageWith('m1'), acceptedMs: at.nowMs }, 'ann', ['a']);
    await store.save(record(sealed, 'a', again, at));
    const { queue } = openQueue([new FakeChannel('a')], { store });
    await queue.start();
    await settle();
    assert.equal(await kindsOf(queue, 'm1'), 'delivered');
  });

  test('the dead are remembered', async () => {
    const store = new FakeStore();
    const sealed = newEnvelope(messageWith('m1'), 'ann', ['a']);
    const ended = record(sealed, 'a', rejected, { ...queueOptions([]), nowMs: START_MS });
    store.dead.set('m1', receiptOf(ended, START_MS));
    assert.equal(await kindsOf(openQueue([], { store }).queue, 'm1'), 'failed');
  });
});

describe('an attempt that was under way when the process ended', () => {
  const begun = { id: 'm1', round: 0, channel: 'a', number: 1, done: [deliveredPart('1')], mayBeSent: true };
  const ended = 'the server ended during the attempt';
  const final = `${ended}; not repeated, since the message may have been sent`;
  type Case = readonly [
    name: string,
    ifUnclear: IfUnclear,
    note: Note,
    kind: string,
    done: readonly EndedPart[],
    reason?: string,
  ];
  const cases: readonly Case[] = [
    [
      'goes on where it may be repeated',
      'repeat',
      begun,
      'pending',
      [deliveredPart('1')],
      `${ended}; it may have been delivered`,
    ],
    ['is given up where it may not', 'give up', begun, 'failed', [deliveredPart('1')], final],
    [
      'goes on where nothing was sent',
      'give up',
      { ...begun, mayBeSent: false },
      'pending',
      [deliveredPart('1')],
      ended,
    ],
    [
      'goes on without what was being sent',
      'give up',
      { ...begun, part: '2' },
      'pending',
      [deliveredPart('1'), givenUpPart('2', final)],
      ended,
    ],
    ['that delivered is not repeated', 'repeat', { ...begun, delivery: delivered }, 'delivered', []],
    ['of another round says nothing', 'give up', { ...begun, round: 1 }, 'pending', []],
    ['of which the envelope says more says nothing', 'give up', { ...begun, number: 2 }, 'pending', []],
  ];
  for (const [name, ifUnclear, note, kind, done, reason] of cases) {
    test(name, async () => {
      const store = new FakeStore();
      await store.save(newEnvelope(messageWith('m1'), 'ann', ['a', 'b']));
      store.left = [note];
      const channel = Object.assign(new FakeChannel('a', untilAborted(again)), { ifUnclear });
      const { queue } = openQueue([channel, new FakeChannel('b', untilAborted(again))], { store });
      await queue.start();
      await settle();
      const [progress] = (await queue.status('m1', 'ann'))?.progress ?? [];
      assert.equal(progress?.kind, kind);
      if (progress && 'done' in progress) assert.deepEqual([progress.done, progress.reason], [done, reason]);
      assert.equal(store.kept.get('m1')?.progress[0]?.kind, kind, 'and the store knows it');
    });
  }

  test('is noted before it begins and when it has ended', async () => {
    const store = new FakeStore();
    const { queue } = openQueue([new FakeChannel('a')], { store });
    const id = await accept(queue, orderFor('a'));
    await settle();
    const note = { id, round: 0, channel: 'a', number: 1, done: [], mayBeSent: true };
    assert.deepEqual(store.noted, [note, { ...note, delivery: { kind: 'delivered' } }]);
  });
});

describe('stopping', () => {
  /** Stops, and gives the number of messages left when the time has passed. */
  const stop = async (queue: Queue, clock: FakeClock, graceMs: number): Promise<number> => {
    const left = queue.stop(graceMs);
    await clock.pass(graceMs + 4 * ABORT_MS);
    return left;
  };

  test('refuses what is new and ends at once when nothing is to be done', async () => {
    const channel = new FakeChannel('a');
    const store = new FakeStore();
    const { queue, clock } = openQueue([channel], { store });
    await queue.start();
    const left = queue.stop(60_000);
    assert.equal((await queue.accept(orderFor('a'))).kind, 'stopping');
    await clock.pass(ABORT_MS);
    assert.equal(await left, 0);
    assert.deepEqual([channel.closed, store.closed], [true, true]);
  });

  test('in memory: tries what is due within the grace time', async () => {
    const soon = new FakeChannel('soon', inTurn(again, delivered));
    const later = new FakeChannel('later', inTurn({ ...again, afterMs: 600_000 }));
    const { queue, clock } = openQueue([soon, later], { store: memoryStore });
    await accept(queue, orderFor('soon'));
    await accept(queue, orderFor('soon', 'later'));
    await settle();
    assert.equal(await stop(queue, clock, 5000), 1);
    assert.deepEqual([soon.attempts.length, later.attempts.length], [4, 1]);
    await clock.pass(3_600_000);
    assert.equal(later.attempts.length, 1, 'nothing is tried after the stop');
  });

  test('with a spool: leaves retries to the next start, and ends at once', async () => {
    const store = new FakeStore();
    const channel = new FakeChannel('a', inTurn(again, delivered));
    const { queue, clock } = openQueue([channel], { store });
    const id = await accept(queue, orderFor('a'));
    await settle();
    const left = queue.stop(60_000);
    await clock.pass(ABORT_MS);
    assert.equal(await left, 1);
    assert.equal(store.kept.get(id)?.progress[0]?.kind, 'pending');
    assert.equal(channel.attempts.length, 1);
  });

  test('with a spool: ends attempts that are under way', async () => {
    const store = new FakeStore();
    const { promise, resolve } = Promise.withResolvers<Delivery>();
    const { queue, clock } = openQueue([new FakeChannel('a', () => promise)], { store });
    await accept(queue, orderFor('a'));
    const left = stop(queue, clock, 5000);
    resolve(delivered);
    assert.equal(await left, 0);
  });

  test('aborts what is under way at the end of the grace time, and keeps what it says', async () => {
    const store = new FakeStore();
    const channel = new FakeChannel('a', untilAborted({ ...again, done: [deliveredPart('1')] }));
    const { queue, clock } = openQueue([channel], { store });
    const id = await accept(queue, orderFor('a'));
    let waited = false;
    void queue.waitForFirstAttempts(id, 3_600_000).then(() => {
      waited = true;
    });
    assert.equal(await stop(queue, clock, 100), 1);
    const [progress] = store.kept.get(id)?.progress ?? [];
    assert.ok(progress?.kind === 'pending' && progress.done[0]?.part === '1');
    assert.equal(waited, true, 'nobody is left waiting');
  });

  test('does not wait for a channel that ignores the abort', async () => {
    const store = new FakeStore();
    const { queue, clock } = openQueue([new FakeChannel('a', () => new Promise(() => {}))], { store });
    const id = await accept(queue, orderFor('a'));
    assert.equal(await stop(queue, clock, 100), 1);
    assert.equal(store.kept.get(id)?.progress[0]?.kind, 'pending');
  });

  test('takes no longer when the clock is set back meanwhile', async () => {
    const { queue, clock } = openQueue([new FakeChannel('a', () => new Promise(() => {}))]);
    await accept(queue, orderFor('a'));
    const left = stop(queue, clock, 1000);
    clock.setMs = -3_600_000;
    assert.equal(await left, 1);
  });

  test('in memory the rest is counted', async () => {
    const { queue, clock } = openQueue([new FakeChannel('a', inTurn(again))], { store: memoryStore });
    await accept(queue, orderFor('a'));
    await settle();
    assert.equal(await stop(queue, clock, 0), 1);
  });
});

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Steps } from '../../util/turns.ts';
import type { Delivery } from '../channels/channel.ts';
import { deliveredPart } from '../channels/partial-delivery.ts';
import { turns } from '../channels/text/turns.ts';
import {
  accept,
  again,
  delivered,
  FakeChannel,
  FakeClock,
  FakeStore,
  inTurn,
  kindsOf,
  openQueue,
  orderFor,
  rejected,
  settle,
  untilAborted,
  withKey,
} from '../fixtures.ts';
import { OVERDUE_MS } from './attempt-runner.ts';
import { type Acceptance, KEYED_RECEIPTS, PLAIN_RECEIPTS } from './idempotency.ts';
import { FAULT_SILENCE_MS, STORE_RETRY_MS } from './persister.ts';
import type { Queue } from './queue.ts';
import { RESCAN_MS } from './rescan.ts';
import type { Start } from './store.ts';

describe('attempts', () => {
  test('a channel that succeeded is not tried again because another failed', async () => {
    const good = new FakeChannel('good');
    const slow = new FakeChannel('slow', inTurn(again, again, delivered));
    const bad = new FakeChannel('bad', inTurn(rejected));
    const { queue, clock } = openQueue([good, slow, bad]);
    const id = await accept(queue, orderFor('good', 'slow', 'bad'));
    await settle();
    assert.equal(await kindsOf(queue, id), 'delivered pending failed');
    await clock.pass(60_000);
    assert.equal(await kindsOf(queue, id), 'delivered delivered failed');
    assert.deepEqual(
      [good, slow, bad].map(({ attempts }) => attempts.length),
      [1, 3, 1],
    );
    assert.equal(queue.size, 0);
  });

  test('parts that are done are told to the next attempt', async () => {
    const channel = new FakeChannel(
      'a',
      inTurn({ ...again, done: [deliveredPart('1')] }, { ...again, done: [deliveredPart('2')] }, delivered),
    );
    const { queue, clock } = openQueue([channel]);
    await accept(queue, orderFor('a'));
    await clock.pass(60_000);
    assert.deepEqual(
      channel.attempts.map(({ number, done }) => [number, ...done.map(({ part }) => part)]),
      [[1], [2, '1'], [3, '1', '2']],
    );
  });

  test('not before the back-off is over, nor before the provider wishes', async () => {
    const channel = new FakeChannel('a', inTurn(again, { ...again, afterMs: 30_000 }, delivered));
    const { queue, clock } = openQueue([channel]);
    await accept(queue, orderFor('a'));
    for (const [ms, attempts] of [
      [749, 1],
      [1, 2],
      [29_999, 2],
      [2000, 3],
    ] as const) {
      await clock.pass(ms);
      assert.equal(channel.attempts.length, attempts);
    }
  });

  test('given up after the attempts of the policy', async () => {
    const channel = new FakeChannel('a', inTurn(again));
    const { queue, clock } = openQueue([channel]);
    const id = await accept(queue, orderFor('a'));
    await clock.pass(3_600_000);
    assert.equal(channel.attempts.length, 4);
    assert.equal(await kindsOf(queue, id), 'failed');
  });

  test('each channel has so many at a time, and a slow one does not hold up others', async () => {
    const slow = new FakeChannel('slow', untilAborted(again));
    const quick = new FakeChannel('quick');
    const { queue } = openQueue([slow, quick]);
    for (let count = 0; count < 5; count++) await accept(queue, orderFor('slow', 'quick'));
    await settle();
    assert.deepEqual([slow.attempts.length, quick.attempts.length], [2, 5]);
  });

  test('aborted at the time limit', async () => {
    const channel = new FakeChannel('a', untilAborted(rejected));
    const { queue, clock } = openQueue([channel]);
    const id = await accept(queue, orderFor('a'));
    await clock.pass(999);
    assert.equal(await kindsOf(queue, id), 'pending');
    await clock.pass(1);
    assert.equal(await kindsOf(queue, id), 'failed');
  });

  test('one that could not begin in time is made later', async () => {
    const store = new FakeStore();
    const { promise, resolve } = Promise.withResolvers<Start>();
    store.begin = () => promise;
    const channel = new FakeChannel('a');
    const { queue, clock, told } = openQueue([channel], { store });
    const id = await accept(queue, orderFor('a'));
    await clock.pass(channel.timeoutMs + OVERDUE_MS);
    assert.equal(await kindsOf(queue, id), 'pending');
    resolve({ kind: 'begun' });
    await settle();
    assert.equal(channel.attempts.length, 0, 'not by the attempt that is over');
    await clock.pass(60_000);
    assert.deepEqual([await kindsOf(queue, id), channel.attempts.length], ['delivered', 1]);
    assert.deepEqual(told.lines, []);
  });

  test('one whose text was not written in time is made later', async () => {
    let isEnough = false;
    function* write(): Steps<void> {
      while (!isEnough) yield;
    }
    const channel = new FakeChannel('a', async ({ signal }) => {
      await turns.run(write(), signal);
      return delivered;
    });
    const { queue, clock, told } = openQueue([channel]);
    const id = await accept(queue, orderFor('a'));
    await clock.pass(channel.timeoutMs + OVERDUE_MS);
    const kind = await kindsOf(queue, id);
    isEnough = true;
    assert.equal(kind, 'pending');
    await clock.pass(60_000);
    assert.equal(await kindsOf(queue, id), 'delivered');
    assert.deepEqual(told.lines, []);
  });

  const broken: readonly [name: string, script: () => Promise<Delivery>, told: RegExp][] = [
    ['ignores its time limit', () => new Promise<Delivery>(() => {}), /^a: ignored its time limit$/],
    ['rejects', () => Promise.reject(new TypeError('secret')), /^a: threw TypeError at /],
    [
      'throws',
      () => {
        throw new Error('secret');
      },
      /^a: threw Error at /,
    ],
  ];
  for (const [name, script, line] of broken) {
    test(`a channel that ${name} is not asked again and does not stop its line`, async () => {
      const channel = new FakeChannel('a', script);
      const { queue, clock, told } = openQueue([channel]);
      const id = await accept(queue, orderFor('a'));
      await clock.pass(channel.timeoutMs + OVERDUE_MS);
      assert.equal(await kindsOf(queue, id), 'failed');
      assert.equal(told.lines.length, 1);
      assert.match(told.lines[0] ?? '', line);
      assert.doesNotMatch(told.lines[0] ?? '', /secret/);
      channel.script = () => delivered;
      assert.equal(await kindsOf(queue, await accept(queue, orderFor('a')).finally(settle)), 'delivered');
    });
  }

  test('a channel that is not configured may come back', async () => {
    const { queue } = openQueue([]);
    const id = await accept(queue, orderFor('gone'));
    await settle();
    assert.equal(await kindsOf(queue, id), 'pending');
  });
});

describe('waiting for the first attempts', () => {
  const waited = async (queue: Queue, id: string, waitMs: number) => {
    let isOver = false;
    void queue.waitForFirstAttempts(id, waitMs).then(() => {
      isOver = true;
    });
    await settle();
    return () => isOver;
  };

  test('is over when every channel was tried, whatever came of it', async () => {
    const { queue, clock } = openQueue([
      new FakeChannel('a', inTurn(again)),
      new FakeChannel('b', untilAborted(again)),
    ]);
    const id = await accept(queue, orderFor('a', 'b'));
    const isOver = await waited(queue, id, 60_000);
    assert.equal(isOver(), false);
    await clock.pass(1000);
    assert.equal(isOver(), true);
    assert.equal((await waited(queue, id, 60_000))(), true, 'and at once for who asks later');
  });

  test('is over after its time', async () => {
    const { queue, clock } = openQueue([new FakeChannel('a', untilAborted(again))]);
    const isOver = await waited(queue, await accept(queue, orderFor('a')), 500);
    await clock.pass(499);
    assert.equal(isOver(), false);
    await clock.pass(1);
    assert.equal(isOver(), true);
  });

  test('is over for what is not known', async () => {
    assert.equal((await waited(openQueue([]).queue, 'x', 60_000))(), true);
  });
});

describe('idempotency keys', () => {
  const kinds = (acceptances: readonly Acceptance[]) => acceptances.map(({ kind }) => kind);

  test('one message for all who use the key at once, and afterwards', async () => {
    const channel = new FakeChannel('a');
    const { queue } = openQueue([channel], { store: new FakeStore() });
    const order = withKey(orderFor('a'), 'k');
    const together = await Promise.all([queue.accept(order), queue.accept(order)]);
    await settle();
    const all = [...together, await queue.accept(order)];
    assert.deepEqual(kinds(all), ['accepted', 'repeated', 'repeated']);
    assert.equal(new Set(all.map((one) => 'id' in one && one.id)).size, 1);
    assert.equal(channel.attempts.length, 1);
  });

  test('for another message it is a conflict, for another user and another key it is none', async () => {
    const { queue } = openQueue([new FakeChannel('a')]);
    const order = withKey(orderFor('a'), 'k');
    const orders = [order, withKey(order, 'k', 'g'), { ...order, user: 'bob' }, withKey(order, 'l')];
    const all = await Promise.all(orders.map((one) => queue.accept(one)));
    assert.deepEqual(kinds(all), ['accepted', 'conflict', 'accepted', 'accepted']);
  });

  test('hold across restarts, for what waits and what has ended', async () => {
    const store = new FakeStore();
    const clock = new FakeClock();
    const channel = new FakeChannel('a', inTurn(delivered));
    const first = openQueue([channel, new FakeChannel('b', inTurn(again))], { store, clock }).queue;
    const [ended, waits] = [withKey(orderFor('a'), 'k'), withKey(orderFor('b'), 'l')];
    const ids = [await accept(first, ended), await accept(first, waits)];
    await settle();
    const { queue } = openQueue([channel], { store, clock });
    await queue.start();
    assert.deepEqual([await accept(queue, ended), await accept(queue, waits)], ids);
    assert.equal((await queue.accept(withKey(ended, 'k', 'g'))).kind, 'conflict');
    assert.equal(channel.attempts.length, 1);
    assert.equal(await kindsOf(queue, ids[0] as string), 'delivered');
  });

  test('are let go after their life time, also on disk', async () => {
    const store = new FakeStore();
    const { queue, clock } = openQueue([new FakeChannel('a')], { store });
    const order = withKey(orderFor('a'), 'k');
    const id = await accept(queue, order);
    await clock.pass(KEYED_RECEIPTS.lifeMs - 1);
    assert.equal(await accept(queue, order), id);
    await clock.pass(1);
    assert.notEqual(await accept(queue, order), id);
    await settle();
    assert.equal(store.done.size, 1);
  });

  test('are not held by a message that could not be kept', async () => {
    const store = new FakeStore();
    const { queue } = openQueue([new FakeChannel('a')], { store });
    const order = withKey(orderFor('a'), 'k');
    store.isBroken = true;
    const both = await Promise.all([queue.accept(order), queue.accept(order)]);
    assert.deepEqual(kinds(both), ['unavailable', 'unavailable']);
    store.isBroken = false;
    assert.equal((await queue.accept(order)).kind, 'accepted');
  });
});

describe('bounds', () => {
  test('messages', async () => {
    const limits = { maxMessages: 2, maxBytes: 1e9, concurrency: 1 };
    const channel = new FakeChannel('a', untilAborted(rejected));
    const { queue, clock } = openQueue([channel], { limits });
    await accept(queue, orderFor('a'));
    await accept(queue, orderFor('a'));
    assert.equal((await queue.accept(orderFor('a'))).kind, 'full');
    await clock.pass(1000);
    assert.equal((await queue.accept(orderFor('a'))).kind, 'accepted');
  });

  test('bytes', async () => {
    const limits = { maxMessages: 100, maxBytes: 3000, concurrency: 1 };
    const { queue, clock } = openQueue([new FakeChannel('a', untilAborted(rejected))], { limits });
    const order = orderFor('a');
    await accept(queue, { ...order, content: { ...order.content, text: 'x'.repeat(1000) } });
    assert.equal((await queue.accept(order)).kind, 'full');
    await clock.pass(1000);
    assert.equal((await queue.accept(order)).kind, 'accepted');
  });

  test('what has ended is told to its user for a while', async () => {
    const { queue, clock } = openQueue([new FakeChannel('a')]);
    const id = await accept(queue, orderFor('a'));
    await settle();
    assert.equal(await kindsOf(queue, id), 'delivered');
    assert.equal(await queue.status(id, 'bob'), undefined);
    await queue.start();
    await clock.pass(PLAIN_RECEIPTS.lifeMs + RESCAN_MS);
    assert.equal(await kindsOf(queue, id), undefined);
  });
});

describe('a store that fails', () => {
  test('refuses new messages, and nothing of them stays or is sent', async () => {
    const store = new FakeStore();
    const channel = new FakeChannel('a');
    const { queue, told } = openQueue([channel], { store });
    store.isBroken = true;
    assert.deepEqual(await queue.accept(orderFor('a')), { kind: 'unavailable' });
    await settle();
    assert.deepEqual([queue.size, channel.attempts.length, told.lines], [0, 0, ['the disk is full']]);
  });

  test('later: what is known holds in memory until the store takes it', async () => {
    const store = new FakeStore();
    const channel = new FakeChannel('a', inTurn(again, delivered));
    const { queue, clock } = openQueue([channel], { store });
    const id = await accept(queue, orderFor('a'));
    store.isBroken = true;
    await clock.pass(4 * STORE_RETRY_MS);
    assert.deepEqual(
      [await kindsOf(queue, id), channel.attempts.length, store.kept.size],
      ['delivered', 2, 1],
    );
    store.isBroken = false;
    await clock.pass(STORE_RETRY_MS);
    assert.deepEqual([await kindsOf(queue, id), store.kept.size, queue.size], ['delivered', 0, 0]);
  });

  test('is not asked for more the longer it fails, and its fault is told once in a while', async () => {
    const store = new FakeStore();
    const seldom = { ...again, afterMs: 600_000 };
    const channels = ['a', 'b', 'c'].map((name) => new FakeChannel(name, inTurn(again, again, seldom)));
    const { queue, clock, told } = openQueue(channels, { store });
    for (let count = 0; count < 10; count++) await accept(queue, orderFor('a', 'b', 'c'));
    await settle();
    store.isBroken = true;
    await clock.pass(FAULT_SILENCE_MS);
    const asked = store.asked;
    await clock.pass(FAULT_SILENCE_MS);
    assert.equal(store.asked - asked, FAULT_SILENCE_MS / STORE_RETRY_MS);
    assert.ok(told.lines.length <= 3, told.lines.join());
    store.isBroken = false;
    for (const channel of channels) channel.script = () => delivered;
    await clock.pass(2 * seldom.afterMs);
    assert.deepEqual([queue.size, store.kept.size], [0, 0]);
  });

  test('with one file for good does not hold up the others', async () => {
    const store = new FakeStore();
    const channel = new FakeChannel('a', untilAborted(delivered));
    const { queue, clock } = openQueue([channel], { store });
    const bad = await accept(queue, orderFor('a'));
    const good = await accept(queue, orderFor('a'));
    store.isBroken = true;
    await clock.pass(channel.timeoutMs);
    store.isBroken = false;
    store.badId = bad;
    await clock.pass(2 * STORE_RETRY_MS);
    assert.deepEqual([queue.size, store.kept.has(bad), store.kept.has(good)], [1, true, false]);
  });

  test('twice: what was refused and is there all the same is not sent, and goes later', async () => {
    const store = new FakeStore();
    const channel = new FakeChannel('a');
    const { queue, clock } = openQueue([channel], { store });
    await queue.start();
    store.failsLate = true;
    assert.equal((await queue.accept(orderFor('a'))).kind, 'unavailable');
    assert.equal(store.kept.size, 1);
    await clock.pass(RESCAN_MS);
    store.failsLate = false;
    await clock.pass(2 * RESCAN_MS);
    assert.deepEqual([store.kept.size, channel.attempts.length], [0, 0]);
  });
});

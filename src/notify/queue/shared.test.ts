/** Messages that other processes work on too. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  accept,
  again,
  delivered,
  FakeChannel,
  FakeStore,
  inTurn,
  messageWith,
  openQueue,
  orderFor,
  queueOptions,
  START_MS,
  settle,
} from '../fixtures.ts';
import { type Envelope, type Note, newEnvelope, type Receipt, receiptOf, record } from './envelope.ts';
import { LostMessage, StoreError } from './store.ts';

const { policy } = queueOptions([]);
const at = { nowMs: START_MS, random: () => 0.5, policy };

class SharedStore extends FakeStore {
  override readonly isShared = true;
  /** Of other processes, to be taken. */
  found: Envelope[] = [];
  /** What has been taken by others. */
  readonly lost = new Set<string>();
  elsewhere: Receipt | undefined;
  lookNow: () => void = () => undefined;

  override watch(onFound?: () => void): void {
    this.lookNow = onFound ?? this.lookNow;
  }

  /** Thrown by the next notes. */
  noteError: Error | undefined;
  portions: Envelope[][] = [];

  override async note(note: Note): Promise<void> {
    if (this.noteError) throw this.noteError;
    await super.note(note);
  }

  override async discover(_isKnown?: unknown, max = 1): Promise<readonly Envelope[]> {
    return max > 0 ? (this.portions.shift() ?? this.found.splice(0)) : [];
  }

  override async save(envelope: Envelope): Promise<void> {
    if (this.lost.has(envelope.message.id)) throw new LostMessage(envelope.message.id);
    await super.save(envelope);
  }

  override async finish(envelope: Envelope, receipt: Receipt): Promise<void> {
    if (this.lost.has(receipt.id)) throw new LostMessage(receipt.id);
    await super.finish(envelope, receipt);
  }

  override async find(): Promise<Receipt | undefined> {
    if (this.isBroken) throw new StoreError('away', undefined);
    return this.elsewhere;
  }
}

const counts = (channels: readonly FakeChannel[]) => channels.map(({ attempts }) => attempts.length);

describe('a message that another process had meanwhile', () => {
  test('goes on from where it is by then', async () => {
    const store = new SharedStore();
    const later = { ...again, afterMs: 10_000 };
    const channels = ['a', 'b'].map((name) => new FakeChannel(name, inTurn(later, delivered)));
    const { queue, clock } = openQueue(channels, { store });
    await queue.start();
    const id = await accept(queue, orderFor('a', 'b'));
    await settle();
    assert.deepEqual(counts(channels), [1, 1]);
    store.found = [record(store.kept.get(id) as Envelope, 'a', delivered, at)];
    store.lookNow();
    await clock.pass(3_600_000);
    assert.deepEqual(counts(channels), [1, 2], 'a was delivered there');
    assert.equal(queue.size, 0);
  });

  test('is not changed by an attempt from before', async () => {
    const store = new SharedStore();
    const { promise, resolve } = Promise.withResolvers<typeof delivered>();
    const channel = new FakeChannel('a', ({ number }) => (number === 1 ? promise : delivered));
    const { queue, clock } = openQueue([channel], { store });
    await queue.start();
    const id = await accept(queue, orderFor('a'));
    await settle();
    store.found = [record(store.kept.get(id) as Envelope, 'a', { ...again, afterMs: 500 }, at)];
    store.lookNow();
    await settle();
    const { asked } = store;
    resolve(delivered);
    await settle();
    assert.deepEqual([store.asked, queue.size], [asked, 1], 'its end is not recorded');
    await clock.pass(60_000);
    assert.deepEqual([channel.attempts.length, queue.size, store.kept.size], [2, 0, 0]);
  });
});

test('a message that was lost does not keep others from being recorded', async () => {
  const store = new SharedStore();
  const channel = new FakeChannel('a');
  const { queue, clock } = openQueue([channel], { store });
  await queue.start();
  const { promise, resolve } = Promise.withResolvers<typeof delivered>();
  channel.script = () => promise;
  const ids = [await accept(queue, orderFor('a')), await accept(queue, orderFor('a'))];
  await settle();
  store.isBroken = true;
  resolve(delivered);
  await settle();
  assert.equal(queue.size, 2);
  store.lost.add(ids[0] ?? '');
  store.isBroken = false;
  await clock.pass(60_000);
  assert.equal(queue.size, 0);
  assert.deepEqual([...store.kept.keys()], [ids[0]], 'what others have is theirs');
});

test('who asks learns the latest, or what is known here', async () => {
  const store = new SharedStore();
  const channel = new FakeChannel('a', inTurn({ ...again, afterMs: 10_000 }, delivered));
  const { queue } = openQueue([channel], { store });
  await queue.start();
  const id = await accept(queue, orderFor('a'));
  await settle();
  const ended = record(store.kept.get(id) as Envelope, 'a', delivered, at);
  const kinds = async (asked: string) => (await queue.lookUp(asked, 'ann'))?.progress.map(({ kind }) => kind);
  assert.deepEqual(await kinds(id), ['pending']);
  store.elsewhere = receiptOf(ended, START_MS);
  assert.deepEqual(await kinds(id), ['delivered']);
  assert.equal(await queue.lookUp(id, 'bob'), undefined);
  store.isBroken = true;
  assert.deepEqual(await kinds(id), ['pending']);
  await assert.rejects(kinds('unknown'), StoreError);
});

describe('what must not be sent twice', () => {
  const cases = [
    ['the store cannot be told', new StoreError('away', undefined), 'pending'],
    ['another process has it', new LostMessage('m'), undefined],
  ] as const;
  for (const [when, error, kind] of cases) {
    test(`is not sent while ${when}`, async () => {
      const store = new SharedStore();
      const sent: string[] = [];
      const channel = new FakeChannel('a', async ({ done, beforeSending, report }) => {
        for (const part of ['1', '2'].filter((one) => !done.some((ended) => ended.part === one))) {
          await beforeSending?.(part);
          sent.push(part);
          await report?.([{ part, state: 'delivered' }]);
          store.noteError = sent.length === 1 ? error : undefined;
        }
        return delivered;
      });
      const { queue, clock } = openQueue([Object.assign(channel, { ifUnclear: 'give up' })], { store });
      const id = await accept(queue, orderFor('a'));
      await settle();
      assert.deepEqual(sent, ['1']);
      assert.equal((await queue.status(id, 'ann'))?.progress[0]?.kind, kind);
      store.noteError = undefined;
      await clock.pass(60_000);
      assert.deepEqual(sent, kind === 'pending' ? ['1', '2'] : ['1'], 'what was sent is not sent again');
    });
  }
});

test('what the store has to be asked for is taken in portions, for as long as there is room', async () => {
  const store = new SharedStore();
  const text = 'x'.repeat(10_000);
  const portion = (ids: readonly string[]) =>
    ids.map((id) => newEnvelope({ ...messageWith(id), text }, 'ann', orderFor('a').channels));
  store.portions = [portion(['1', '2']), portion(['3', '4']), portion(['5', '6'])];
  const limits = { maxMessages: 100, maxBytes: 70_000, concurrency: 1 };
  const { queue } = openQueue([new FakeChannel('a', () => new Promise(() => undefined))], { store, limits });
  await queue.start();
  assert.equal(queue.size, 4);
});

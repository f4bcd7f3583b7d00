import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { delivered, FakeClock, FakeStore, messageWith, queueOptions, rejected, settle } from '../fixtures.ts';
import { type Envelope, newEnvelope, type Receipt, record } from './envelope.ts';
import { FAULT_SILENCE_MS, type Kept, MAX_REFUSED, Persister, STORE_RETRY_MS } from './persister.ts';

const { policy } = queueOptions([]);

function scene() {
  const store = new FakeStore();
  const clock = new FakeClock();
  const faults: string[] = [];
  const ended: string[] = [];
  const persister = new Persister<Kept>({
    store,
    clock,
    onFault: (message) => faults.push(message),
    onEnd: (_, receipt: Receipt) => ended.push(receipt.id),
    onLost: () => assert.fail('nobody else has it'),
  });
  return { store, clock, faults, ended, persister };
}

const waiting = (id: string): Kept => ({
  envelope: newEnvelope(messageWith(id), 'ann', ['a']),
  isOutdated: false,
  keeping: undefined,
  isLost: false,
});
const after = (envelope: Envelope, delivery: typeof delivered): Envelope =>
  record(envelope, 'a', delivery, { nowMs: 0, random: () => 0, policy });

describe('a new message', () => {
  const cases: readonly [name: string, over: Partial<FakeStore>, isSafe: boolean, refused: boolean][] = [
    ['is safe when the store has taken it', {}, true, false],
    ['is not safe when the store refused it', { isBroken: true }, false, false],
    ['that was stored although the store failed is remembered', { failsLate: true }, false, true],
  ];
  for (const [name, over, isSafe, refused] of cases) {
    test(name, async () => {
      const { store, faults, persister } = scene();
      Object.assign(store, over);
      const { envelope } = waiting('m1');
      assert.equal((await persister.admit(envelope))?.kind, isSafe ? 'saved' : undefined);
      assert.equal(persister.isRefused('m1'), refused);
      assert.equal(faults.length, isSafe ? 0 : 1);
      store.failsLate = false;
      await persister.discardRefused();
      assert.equal(persister.isRefused('m1'), false);
      assert.equal(store.kept.has('m1'), isSafe);
    });
  }
});

test('refused messages of a store that is away are limited in number, and kept without their texts', async () => {
  const { store, persister } = scene();
  store.failsLate = true;
  for (let i = 0; i < 2 * MAX_REFUSED; i++) await persister.admit(waiting(`m${i}`).envelope);
  assert.equal(store.asked, MAX_REFUSED);
  assert.equal(persister.isRefused(`m${MAX_REFUSED - 1}`), true);
  assert.equal(persister.isRefused(`m${MAX_REFUSED}`), false);
  store.failsLate = false;
  persister.retryNow();
  await settle();
  assert.equal(store.kept.size, 0);
  assert.equal((await persister.admit(waiting('m').envelope))?.kind, 'saved');
});

describe('the latest of a message', () => {
  const cases: readonly [
    name: string,
    delivery: typeof delivered | undefined,
    kept: number,
    ended: number,
  ][] = [
    ['is saved while it waits', undefined, 1, 0],
    ['ends when it was delivered', delivered, 0, 1],
    ['ends when it was rejected', rejected, 0, 1],
  ];
  for (const [name, delivery, kept, count] of cases) {
    test(name, async () => {
      const { store, ended, persister } = scene();
      const message = waiting('m1');
      await persister.admit(message.envelope);
      if (delivery) message.envelope = after(message.envelope, delivery);
      await persister.keep(message);
      assert.deepEqual([store.kept.size, ended.length], [kept, count]);
      assert.deepEqual([message.isOutdated, message.keeping], [false, undefined]);
    });
  }

  test('changes during a save are saved by the next one, and no more often', async () => {
    const { store, persister } = scene();
    const message = waiting('m1');
    const first = persister.keep(message);
    assert.equal(persister.keep(message), first);
    persister.keep(message);
    await first;
    assert.equal(store.asked, 2);
  });
});

describe('a store that fails', () => {
  test('is tried again after a while, by one message, then by all', async () => {
    const { store, clock, persister } = scene();
    store.isBroken = true;
    const messages = ['m1', 'm2', 'm3'].map(waiting);
    for (const message of messages) await persister.keep(message);
    assert.ok(messages.every(({ isOutdated }) => isOutdated));
    store.asked = 0;
    await clock.pass(STORE_RETRY_MS);
    assert.equal(store.asked, 1, 'one probe while it is broken');
    store.isBroken = false;
    await clock.pass(STORE_RETRY_MS);
    assert.deepEqual([...store.kept.keys()].sort(), ['m1', 'm2', 'm3']);
    assert.equal(clock.waiting, 0, 'no timer without need');
  });

  test('is reported once in a while, each fault by itself', async () => {
    const { store, clock, faults, persister } = scene();
    store.isBroken = true;
    await persister.keep(waiting('m1'));
    await persister.keep(waiting('m2'));
    persister.report(new TypeError('secret'));
    assert.deepEqual(faults, ['the disk is full', 'an unforeseen error']);
    clock.setMs = FAULT_SILENCE_MS;
    persister.report(new TypeError('secret'));
    assert.equal(faults.length, 3);
  });

  test('is tried without a pause when the process is about to end, and no more after the stop', async () => {
    const { store, clock, persister } = scene();
    store.isBroken = true;
    await persister.keep(waiting('m1'));
    persister.hurry();
    store.asked = 0;
    await clock.pass(100);
    assert.ok(store.asked > 1, `${store.asked} tries`);
    persister.stop();
    store.asked = 0;
    await clock.pass(STORE_RETRY_MS);
    await settle();
    assert.equal(store.asked, 0);
  });

  test('does not keep an attempt from being made', async () => {
    const { store, faults, persister } = scene();
    store.note = () => Promise.reject(new Error('full'));
    const note = { id: 'm1', round: 0, channel: 'a', number: 1, done: [], mayBeSent: true };
    await persister.note(note, true);
    assert.equal(faults.length, 1);
  });
});

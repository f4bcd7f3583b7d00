import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { messageWith, START_MS } from '../fixtures.ts';
import { newEnvelope, type Receipt, receiptOf } from './envelope.ts';
import { IdempotencyIndex, KEYED_RECEIPTS, PLAIN_RECEIPTS } from './idempotency.ts';

const key = (user: string, name = 'k', fingerprint = 'f') => ({
  user,
  idempotency: { key: name, fingerprint },
});
const envelope = (id: string, name?: string) =>
  newEnvelope(
    messageWith(id),
    'ann',
    ['a'],
    name === undefined ? undefined : { key: name, fingerprint: 'f' },
  );
const receipt = (id: string, name?: string, endedMs = START_MS): Receipt =>
  receiptOf(envelope(id, name), endedMs);

function scene() {
  const forgotten: string[] = [];
  return { forgotten, index: new IdempotencyIndex((id) => forgotten.push(id)) };
}

describe('a key', () => {
  type Case = readonly [name: string, act: (index: IdempotencyIndex) => void, found: string | undefined];
  const cases: readonly Case[] = [
    ['that nobody used is free', () => undefined, undefined],
    ['stands for its message', (index) => index.hold(key('ann'), 'm1'), 'm1'],
    ['is its user’s alone', (index) => index.hold(key('bob'), 'm1'), undefined],
    ['of another name is another', (index) => index.hold(key('ann', 'k2'), 'm1'), undefined],
    ['is not needed', (index) => index.hold({ user: 'ann' }, 'm1'), undefined],
    [
      'is free after its release',
      (index) => {
        index.hold(key('ann'), 'm1');
        index.release(key('ann'), 'm1');
      },
      undefined,
    ],
    [
      'stays with a younger message',
      (index) => {
        index.hold(key('ann'), 'm2');
        index.release(key('ann'), 'm1');
      },
      'm2',
    ],
    [
      'stays with a younger message when an older one goes on',
      (index) => {
        index.hold(key('ann'), 'm2');
        index.resume(envelope('m1', 'k'));
      },
      'm2',
    ],
    ['is held by a message that goes on', (index) => index.resume(envelope('m1', 'k')), 'm1'],
  ];
  for (const [name, act, found] of cases) {
    test(name, () => {
      const { index } = scene();
      act(index);
      assert.equal(index.find(key('ann'))?.id, found);
    });
  }
});

describe('a receipt', () => {
  const bounds = [
    ['with a key', 'k', KEYED_RECEIPTS],
    ['without a key', undefined, PLAIN_RECEIPTS],
  ] as const;
  for (const [name, ownKey, { lifeMs, max }] of bounds) {
    test(`${name} is found for its life`, () => {
      const { index, forgotten } = scene();
      index.close(receipt('m1', ownKey));
      index.tidy(START_MS + lifeMs - 1);
      assert.equal(index.receipt('m1')?.id, 'm1');
      index.tidy(START_MS + lifeMs);
      assert.equal(index.receipt('m1'), undefined);
      assert.deepEqual(forgotten, ownKey ? ['m1'] : [], 'the store has those with a key only');
    });

    test(`${name} makes room for younger ones beyond ${max}`, () => {
      const { index } = scene();
      for (let n = 0; n <= max; n++) index.close(receipt(`m${n}`, ownKey && `k${n}`));
      index.tidy(START_MS);
      assert.deepEqual(
        ['m0', 'm1', `m${max}`].map((id) => index.receipt(id)?.id),
        [undefined, 'm1', `m${max}`],
      );
    });
  }

  test('takes its key along when it is forgotten', () => {
    const { index } = scene();
    const ended = receipt('m1', 'k');
    index.hold(ended, 'm1');
    index.close(ended);
    index.tidy(START_MS + KEYED_RECEIPTS.lifeMs);
    assert.equal(index.find(key('ann')), undefined);
  });

  test('gives way to the message when that is sent again', () => {
    const { index } = scene();
    index.close(receipt('m1'));
    index.resume(envelope('m1'));
    assert.equal(index.receipt('m1'), undefined);
  });
});

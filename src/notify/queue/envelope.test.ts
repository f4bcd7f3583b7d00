import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { success } from '../../util/result.ts';
import type { Delivery } from '../channels/channel.ts';
import { deliveredPart, givenUpPart } from '../channels/partial-delivery.ts';
import { again, delivered, messageWith, queueOptions, rejected, START_MS } from '../fixtures.ts';
import { envelopeText, parseEnvelope, parseReceipt, receiptText } from '../spool/format.ts';
import { type Envelope, hasEnded, hasFailures, newEnvelope, receiptOf, record, reopen } from './envelope.ts';

const { policy } = queueOptions([]);
const at = { nowMs: START_MS + 10, random: () => 0, policy };
const fresh = newEnvelope(messageWith('m1'), 'ann', ['a', 'b']);

/** The envelope after these deliveries on channel `a`. */
const after = (...deliveries: Delivery[]): Envelope =>
  deliveries.reduce((envelope, delivery) => record(envelope, 'a', delivery, at), fresh);
const first = ({ progress }: Envelope) => progress[0];

describe('steps', () => {
  const pending = {
    kind: 'pending',
    channel: 'a',
    attempts: 1,
    nextMs: START_MS + 510,
    done: [],
    reason: 'busy',
  };
  const failed = { kind: 'failed', channel: 'a', atMs: START_MS + 10, done: [] };
  const cases: readonly [name: string, deliveries: Delivery[], progress: object][] = [
    ['sealed', [], { kind: 'pending', channel: 'a', attempts: 0, nextMs: START_MS, done: [] }],
    [
      'delivered',
      [delivered],
      { kind: 'delivered', channel: 'a', attempts: 1, atMs: START_MS + 10, providerId: 'p1' },
    ],
    ['rejected', [rejected], { ...failed, attempts: 1, reason: 'no such number' }],
    ['to be tried again', [again], pending],
    [
      'in parts',
      [{ ...again, done: [deliveredPart('1'), deliveredPart('2')] }],
      { ...pending, done: [deliveredPart('1'), deliveredPart('2')] },
    ],
    [
      'in more parts',
      [
        { ...again, done: [deliveredPart('1'), deliveredPart('2')] },
        { ...again, done: [deliveredPart('2'), deliveredPart('3')] },
      ],
      {
        ...pending,
        attempts: 2,
        nextMs: START_MS + 1010,
        done: [deliveredPart('1'), deliveredPart('2'), deliveredPart('3')],
      },
    ],
    [
      'given up, and the parts are kept',
      [{ ...again, done: [deliveredPart('1')] }, again, again, again],
      {
        ...failed,
        attempts: 4,
        reason: 'given up after 4 attempts; at last: busy',
        done: [deliveredPart('1')],
      },
    ],
    [
      'rejected after some parts, which are kept too',
      [
        { ...again, done: [deliveredPart('1')] },
        { ...rejected, done: [deliveredPart('1'), deliveredPart('2')] },
      ],
      { ...failed, attempts: 2, reason: 'no such number', done: [deliveredPart('1'), deliveredPart('2')] },
    ],
    ['what has ended stays', [rejected, delivered], { ...failed, attempts: 1, reason: 'no such number' }],
  ];
  for (const [name, deliveries, progress] of cases) {
    test(name, () => {
      assert.deepEqual(first(after(...deliveries)), progress);
      assert.deepEqual(
        after(...deliveries).progress[1],
        fresh.progress[1],
        'other channels stay as they are',
      );
    });
  }

  test('ended, and failed', () => {
    assert.equal(hasEnded(after(delivered)), false);
    const both = record(after(delivered), 'b', rejected, at);
    assert.deepEqual([hasEnded(both), hasFailures(both), hasFailures(after(delivered))], [true, true, false]);
  });

  test('the next round has only what failed, without its delivered parts and with a new age', () => {
    const parts = { ...again, done: [deliveredPart('1'), givenUpPart('2', 'blocked')] };
    const ended = record(
      after(parts, { ...rejected, done: [givenUpPart('3', 'unknown')] }),
      'b',
      delivered,
      at,
    );
    const next = reopen(ended, START_MS + 99);
    assert.deepEqual([next.round, next.roundMs], [1, START_MS + 99]);
    assert.deepEqual(next.progress, [
      { kind: 'pending', channel: 'a', attempts: 0, nextMs: START_MS + 99, done: [deliveredPart('1')] },
      ended.progress[1],
    ]);
  });
});

describe('as text of a file', () => {
  const part = fc.oneof(
    fc.string().map(deliveredPart),
    fc.tuple(fc.string(), fc.string()).map(([name, reason]) => givenUpPart(name, reason)),
  );
  const delivery = fc.oneof(
    fc.record<Delivery>({ kind: fc.constant('rejected'), reason: fc.string() } as never),
    fc.record({ kind: fc.constant('retry' as const), reason: fc.string(), done: fc.array(part) }),
    fc.constant(delivered),
  );

  test('comes back as it was', () => {
    fc.assert(
      fc.property(fc.array(delivery), (deliveries) => {
        const envelope = {
          ...after(...(deliveries as Delivery[])),
          idempotency: { key: 'k', fingerprint: 'f' },
        };
        assert.deepEqual(parseEnvelope(envelopeText(envelope)), success(envelope));
        const receipt = receiptOf(envelope, START_MS);
        assert.deepEqual(parseReceipt(receiptText(receipt)), success(receipt));
        assert.doesNotMatch(receiptText(receipt), /满了/);
      }),
    );
  });

  test('is refused when cut short anywhere', () => {
    const text = envelopeText(after(again));
    for (let length = 0; length < text.length - 1; length++) {
      assert.equal(parseEnvelope(text.slice(0, length)).ok, false, text.slice(0, length));
    }
  });

  const change = (over: object): string => JSON.stringify({ ...JSON.parse(envelopeText(fresh)), ...over });
  const [one] = fresh.progress;
  const cases: readonly [name: string, text: string, fault: RegExp][] = [
    ['empty', '', /^empty$/],
    ['text', 'hello', /^not JSON/],
    ['an array', '[]', /^not an object$/],
    [
      'a newer version',
      change({ version: 2 }),
      /^written in format version 2; this program reads version 1$/,
    ],
    ['no version', change({ version: undefined }), /^written in format version undefined/],
    ['no user', change({ user: undefined }), /^not in the format that mote writes$/],
    ['no message', change({ message: undefined }), /^not in the format/],
    [
      'a message without text',
      change({ message: { ...fresh.message, text: undefined } }),
      /^not in the format/,
    ],
    ['no channels', change({ progress: [] }), /^not in the format/],
    ['a channel twice', change({ progress: [one, one] }), /^not in the format/],
    ['an unknown kind', change({ progress: [{ ...one, kind: 'lost' }] }), /^not in the format/],
    ['an inherited kind', change({ progress: [{ ...one, kind: 'constructor' }] }), /^not in the format/],
    ['a time that is text', change({ progress: [{ ...one, nextMs: '1' }] }), /^not in the format/],
    ['a time that no date has', change({ progress: [{ ...one, nextMs: 9e15 }] }), /^not in the format/],
    [
      'a part of an unknown state',
      change({ progress: [{ ...one, done: [{ part: '1', state: 'lost' }] }] }),
      /^not in the format/,
    ],
    [
      'a part that was given up for no reason',
      change({ progress: [{ ...one, done: [{ part: '1', state: 'given up' }] }] }),
      /^not in the format/,
    ],
    ['a key that is text', change({ idempotency: 'k' }), /^not in the format/],
  ];
  for (const [name, text, fault] of cases) {
    test(`is refused: ${name}`, () => {
      const parsed = parseEnvelope(text);
      assert.match(parsed.ok ? 'taken' : parsed.error, fault);
    });
  }
});

/** How fast a channel may go, and how long messages take by it, against providers that count. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { ClientResult, Send } from '../../net/http-client.ts';
import type { Channel } from '../channels/channel.ts';
import { successOf } from '../channels/fixtures.ts';
import { createWebhookChannel } from '../channels/webhook/channel.ts';
import { createWecomRobotChannel } from '../channels/wecom-robot/channel.ts';
import {
  accept,
  again,
  FakeChannel,
  FakeClock,
  FakeStore,
  inTurn,
  orderFor,
  queueOptions,
  START_MS,
  settle,
} from '../fixtures.ts';
import { MAX_HOLD_MS, Pace, WINDOW_SLACK_MS } from './pace.ts';
import { Queue } from './queue.ts';
import { defaultRetryPolicy } from './retry.ts';

const MINUTE_MS = 60_000;
const rate = { calls: 3, windowMs: MINUTE_MS };

describe('windows', () => {
  test('never more calls than the rate in any window, and no later than needed', () => {
    const attempt = fc.record({
      calls: fc.integer({ min: 1, max: 3 }),
      tookMs: fc.integer({ min: 0, max: 90_000 }),
    });
    fc.assert(
      fc.property(fc.array(attempt, { maxLength: 30 }), (attempts) => {
        const pace = new Pace([rate], 1000);
        const ended: number[] = [];
        let nowMs = START_MS;
        for (const { calls, tookMs } of attempts) {
          nowMs = Math.max(nowMs, pace.opensMs(calls, nowMs));
          const recent = (atMs: number): number =>
            ended.filter((endMs) => endMs + MINUTE_MS + WINDOW_SLACK_MS > atMs).length;
          assert.ok(recent(nowMs) + calls <= rate.calls, 'room');
          pace.begin(calls);
          nowMs += tookMs;
          pace.end(calls, nowMs);
          ended.push(...Array.from({ length: calls }, () => nowMs));
        }
      }),
    );
  });

  test('calls under way count until they have ended', () => {
    const pace = new Pace([rate], 1000);
    pace.begin(3);
    assert.equal(pace.opensMs(1, START_MS), Number.POSITIVE_INFINITY);
    pace.end(3, START_MS + 500);
    assert.equal(pace.opensMs(1, START_MS + 500), START_MS + 500 + MINUTE_MS + WINDOW_SLACK_MS);
  });

  test('what has more calls than the rate has a window for itself, and goes', () => {
    const pace = new Pace([rate], 1000);
    assert.equal(pace.opensMs(7, START_MS), 0);
    pace.begin(7);
    pace.end(7, START_MS);
    assert.equal(pace.opensMs(7, START_MS), START_MS + MINUTE_MS + WINDOW_SLACK_MS);
  });

  test('the narrowest of several rates holds', () => {
    const pace = new Pace([{ calls: 2, windowMs: 1000 }, rate], 1000);
    for (const atMs of [0, 0, 3000]) {
      pace.begin(1);
      pace.end(1, START_MS + atMs);
    }
    assert.equal(pace.opensMs(1, START_MS + 3000), START_MS + MINUTE_MS + WINDOW_SLACK_MS);
  });

  test('a clock that was set back stops nothing', () => {
    const pace = new Pace([rate], 1000);
    pace.begin(3);
    pace.end(3, START_MS);
    pace.hold(MINUTE_MS, START_MS);
    assert.equal(pace.opensMs(1, START_MS - 3_600_000), 0);
  });
});

describe('holds', () => {
  const cases: readonly [name: string, afterMs: number | undefined, refusals: number, heldMs: number][] = [
    ['as asked for', MINUTE_MS, 1, MINUTE_MS],
    ['the first without a time', undefined, 1, 2000],
    ['growing without one', undefined, 5, 32_000],
    ['up to half an hour', undefined, 50, 1_800_000],
    ['at most an hour, whatever is asked for', 1e12, 1, MAX_HOLD_MS],
  ];
  for (const [name, afterMs, refusals, heldMs] of cases) {
    test(name, () => {
      const pace = new Pace([], 2000);
      let nowMs = START_MS;
      for (let refusal = 1; refusal < refusals; refusal++) nowMs += pace.hold(afterMs, nowMs);
      assert.equal(pace.hold(afterMs, nowMs), heldMs);
      assert.deepEqual([pace.opensMs(1, nowMs), pace.isProbing], [nowMs + heldMs, true]);
      pace.release(nowMs);
      assert.equal(pace.isProbing, true, 'what was under way before says nothing');
      pace.release(nowMs + heldMs);
      assert.equal(pace.isProbing, false);
    });
  }

  test('refusals of what was under way together are one', () => {
    const pace = new Pace([], 2000);
    for (let attempt = 0; attempt < 8; attempt++) pace.hold(undefined, START_MS);
    assert.equal(pace.hold(undefined, START_MS + 2000), 4000);
  });
});

/** Takes so many calls a minute; says when it took each, and how many it refused. */
interface Provider {
  readonly send: Send;
  readonly takenMs: number[];
  readonly refused: () => number;
}

type ClientResponse = {
  readonly status: number;
  readonly headers?: Record<string, string>;
  readonly json?: object;
};

function provider(
  clock: FakeClock,
  perMinute: number,
  taken: ClientResponse,
  refusal: ClientResponse,
): Provider {
  const takenMs: number[] = [];
  let refused = 0;
  const send: Send = async () => {
    const nowMs = clock.now();
    const isFull = takenMs.filter((atMs) => atMs > nowMs - MINUTE_MS).length >= perMinute;
    if (isFull) refused += 1;
    else takenMs.push(nowMs);
    const { status, headers = {}, json = {} } = isFull ? refusal : taken;
    return {
      kind: 'response',
      status,
      headers,
      body: Buffer.from(JSON.stringify(json)),
      complete: true,
    } as ClientResult;
  };
  return { send, takenMs, refused: () => refused };
}

const robotOf = (clock: FakeClock, perMinute = 20) =>
  provider(
    clock,
    perMinute,
    { status: 200, json: { errcode: 0 } },
    { status: 200, json: { errcode: 45009 } },
  );

function queueWith(clock: FakeClock, channel: Channel, store = new FakeStore()): Queue {
  const limits = { maxMessages: 1000, maxBytes: 1e9, concurrency: 8 };
  return new Queue(
    queueOptions([channel], { clock, limits, store, policy: defaultRetryPolicy, random: () => 0.5 }),
  );
}

/** How long so many messages at once take to the last, in seconds. */
async function secondsFor(messages: number, clock: FakeClock, channel: Channel): Promise<number> {
  const queue = queueWith(clock, channel);
  const startMs = clock.now();
  for (let message = 0; message < messages; message++) await accept(queue, orderFor(channel.name));
  while (queue.size > 0 && clock.now() - startMs < 24 * 3_600_000) await clock.pass(1000);
  assert.equal(queue.size, 0, 'all are delivered');
  return (clock.now() - startMs) / 1000;
}

describe('messages to a provider that takes 20 a minute', () => {
  // The first twenty go at once, then twenty a minute: 2 and 9 minutes if nothing is lost.
  const ideal: readonly [messages: number, seconds: number][] = [
    [20, 0],
    [60, 120],
    [200, 540],
  ];
  for (const [messages, seconds] of ideal) {
    test(`${messages} to a robot`, async (t) => {
      const clock = new FakeClock();
      const robot = robotOf(clock);
      const channel = successOf(
        createWecomRobotChannel({ name: 'robot', key: 'k' }, robot.send, () => clock.now()),
      );
      const took = await secondsFor(messages, clock, channel);
      t.diagnostic(`${messages} messages: ${took} s, ideal ${seconds} s, ${robot.refused()} refused`);
      assert.ok(took <= seconds * 1.05 + 1, `${took} s`);
      assert.equal(robot.refused(), 0);
    });

    for (const headers of [{ 'retry-after': '60' }, {}] as Record<string, string>[]) {
      const says = headers['retry-after'] ? 'says Retry-After' : 'says 429 alone';
      test(`${messages} to a webhook that ${says}`, async (t) => {
        const clock = new FakeClock();
        const hook = provider(clock, 20, { status: 200 }, { status: 429, headers });
        const channel = successOf(
          createWebhookChannel({ name: 'hook', url: 'http://h.example/' }, hook.send, () => clock.now()),
        );
        const took = await secondsFor(messages, clock, channel);
        t.diagnostic(`${messages} messages: ${took} s, ideal ${seconds} s, ${hook.refused()} refused`);
        assert.ok(took <= seconds * 1.2 + 5, `${took} s`);
      });
    }
  }

  test('a robot that others use too: 10 a minute are left', async (t) => {
    const clock = new FakeClock();
    const robot = robotOf(clock, 10);
    const channel = successOf(
      createWecomRobotChannel({ name: 'robot', key: 'k' }, robot.send, () => clock.now()),
    );
    const took = await secondsFor(60, clock, channel);
    t.diagnostic(`60 messages: ${took} s, ideal 300 s, ${robot.refused()} refused`);
    assert.ok(took <= 400, `${took} s`);
  });

  test('parts are calls too, and one message stays together', async () => {
    const clock = new FakeClock();
    const robot = robotOf(clock);
    const channel = successOf(
      createWecomRobotChannel({ name: 'robot', key: 'k' }, robot.send, () => clock.now()),
    );
    const queue = queueWith(clock, channel);
    const order = orderFor('robot');
    const long = { ...order, content: { ...order.content, text: 'x'.repeat(2000 * 11) } };
    await accept(queue, long);
    await accept(queue, long);
    await clock.pass(1000);
    assert.equal(robot.takenMs.length, 11);
    await clock.pass(MINUTE_MS + WINDOW_SLACK_MS);
    assert.deepEqual([robot.takenMs.length, robot.refused()], [22, 0]);
  });
});

describe('a channel that is held', () => {
  const limitedFor = (afterMs: number) => ({ ...again, isLimited: true, afterMs });

  async function held(afterMs = MINUTE_MS) {
    const clock = new FakeClock();
    const store = new FakeStore();
    const channel = new FakeChannel('a', inTurn(limitedFor(afterMs), { kind: 'delivered' }));
    const queue = queueWith(clock, channel, store);
    const first = await accept(queue, orderFor('a'));
    await settle();
    return { clock, store, channel, queue, first };
  }

  test('keeps what comes, and lets it go when the time is over, the refused one first', async () => {
    const { clock, channel, queue, first } = await held();
    channel.script = () => ({ kind: 'delivered' });
    for (let message = 0; message < 10; message++) await accept(queue, orderFor('a'));
    await clock.pass(MINUTE_MS - 1);
    assert.equal(channel.attempts.length, 1);
    await clock.pass(1);
    assert.deepEqual([channel.attempts.length, channel.attempts[1]?.id, queue.size], [12, first, 0]);
  });

  test('is asked by one at first', async () => {
    const { clock, channel, queue } = await held();
    for (let message = 0; message < 10; message++) await accept(queue, orderFor('a'));
    channel.script = () => limitedFor(MINUTE_MS);
    await clock.pass(MINUTE_MS);
    assert.equal(channel.attempts.length, 2);
  });

  test('makes no sender wait for what cannot be', async () => {
    const { queue } = await held();
    const id = await accept(queue, orderFor('a'));
    let isOver = false;
    void queue.waitForFirstAttempts(id, 10_000).then(() => {
      isOver = true;
    });
    await settle();
    assert.equal(isOver, true);
  });

  test('does not hold up a stop: the spool keeps it', async () => {
    const { clock, store, queue } = await held();
    await accept(queue, orderFor('a'));
    const left = queue.stop(60_000);
    await clock.pass(1000);
    assert.equal(await left, 2);
    assert.equal(store.kept.size, 2);
  });

  test('for longer than a channel is held, the message waits as it was told to', async () => {
    const { clock, channel } = await held(2 * MAX_HOLD_MS);
    await clock.pass(2 * MAX_HOLD_MS - 1);
    assert.equal(channel.attempts.length, 1);
    await clock.pass(MINUTE_MS);
    assert.equal(channel.attempts.length, 2);
  });
});

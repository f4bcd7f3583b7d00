import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import type { Scripted } from '../../../../test/support/providers/script.ts';
import { startTwilio, type TwilioStandIn } from '../../../../test/support/providers/twilio.ts';
import { json } from '../../../../test/support/stand-in.ts';
import { createClient } from '../../../net/http-client.ts';
import type { Channel, Delivery, EndedPart } from '../channel.ts';
import { deliver, deliverUntilEnd, during, messageOf, successOf } from '../fixtures.ts';
import { deliveredPart, givenUpPart } from '../partial-delivery.ts';
import { createTwilioChannel, type TwilioSettings } from './twilio.ts';

const account = { accountSid: 'AC0123456789', authToken: 'tw1lio t0ken' };
const GOOD = '+15005550006';
const BAD = '+15005550001';

async function scene(
  t: TestContext,
  settings: Partial<TwilioSettings> = {},
): Promise<{ twilio: TwilioStandIn; channel: Channel }> {
  const twilio = during(t, await startTwilio(account));
  const all = { name: 'sms', base: twilio.origin, ...account, sender: { from: '+15005550000' }, to: [GOOD] };
  return {
    twilio,
    channel: successOf(createTwilioChannel({ ...all, ...settings }, createClient(), () => 0)),
  };
}

const sid = (number: number): string => `SM${String(number).padStart(32, '0')}`;
const again = '; not repeated, since the message may have been sent';

test('a message', async (t) => {
  const { twilio, channel } = await scene(t);
  const message = messageOf({ text: 'ä+&= 😀', url: 'https://a.example/?a=b' });
  assert.deepEqual(await deliver(channel, message), { kind: 'delivered', providerId: sid(1) });
  const Body = 'Disk full\n\nä+&= 😀\n\nhttps://a.example/?a=b';
  assert.deepEqual(twilio.taken, [{ To: GOOD, From: '+15005550000', Body }]);
});

test('Markdown reads well', async (t) => {
  const { twilio, channel } = await scene(t);
  await deliver(channel, messageOf({ format: 'markdown', text: '# a\n**b** [c](https://d.example)' }));
  assert.equal(twilio.taken[0]?.Body, 'Disk full\n\na\nb c (https://d.example)');
});

test('by a messaging service', async (t) => {
  const { twilio, channel } = await scene(t, { sender: { messagingServiceSid: 'MG1' } });
  await deliver(channel);
  assert.equal(twilio.taken[0]?.MessagingServiceSid, 'MG1');
  assert.equal(twilio.taken[0]?.From, undefined);
});

test('long text is cut, and a note says so', async (t) => {
  const { twilio, channel } = await scene(t);
  const note = 'cut to 1600 characters';
  assert.deepEqual(await deliver(channel, messageOf({ text: 'x'.repeat(1700) })), {
    kind: 'delivered',
    providerId: sid(1),
    note,
  });
  assert.equal(twilio.taken[0]?.Body?.length, 1600);
  assert.ok(twilio.taken[0]?.Body?.endsWith('x…'));
});

describe('a response', () => {
  const cases: readonly [name: string, scripted: Scripted, settings: Partial<TwilioSettings>, Delivery][] = [
    [
      'wrong token',
      'as usual',
      { authToken: 'x' },
      { kind: 'rejected', reason: '…0006: Twilio 20003: the account or its token is wrong' },
    ],
    [
      'wrong number',
      'as usual',
      { to: [BAD] },
      { kind: 'rejected', reason: '…0001: Twilio 21211: the number is wrong' },
    ],
    [
      '429',
      json({ code: 20429 }, 429, { 'retry-after': '3' }),
      {},
      { kind: 'retry', reason: 'Twilio 20429: too many calls', afterMs: 3000, isLimited: true, done: [] },
    ],
    [
      '429 without a body',
      { status: 429 },
      {},
      { kind: 'retry', reason: 'HTTP 429', isLimited: true, done: [] },
    ],
    ['500', { status: 500 }, {}, { kind: 'rejected', reason: `…0006: HTTP 500${again}` }],
    ['503', json({ code: 20503 }, 503), {}, { kind: 'rejected', reason: `…0006: Twilio 20503${again}` }],
    ['302', { status: 302 }, {}, { kind: 'rejected', reason: '…0006: HTTP 302' }],
    ['201 that cannot be read', { status: 201, body: 'x' }, {}, { kind: 'delivered' }],
    ['lost', 'answer lost', {}, { kind: 'rejected', reason: `…0006: the connection was reset${again}` }],
    ['garbage', 'garbage', {}, { kind: 'rejected', reason: `…0006: the response is not HTTP${again}` }],
  ];
  for (const [name, scripted, settings, delivery] of cases) {
    test(name, async (t) => {
      const { twilio, channel } = await scene(t, settings);
      twilio.script.replies.push(scripted);
      assert.deepEqual(await deliver(channel), delivery);
      assert.equal(twilio.received.length, 1);
    });
  }

  test('that does not come in time is final', async (t) => {
    const { twilio, channel } = await scene(t);
    twilio.script.replies.push('silence');
    const delivery = await deliver(channel, messageOf(), { signal: AbortSignal.timeout(100) });
    assert.deepEqual(delivery, { kind: 'rejected', reason: `…0006: it took too long${again}` });
  });

  test('no connection: tried again', async (t) => {
    const { twilio, channel } = await scene(t);
    await twilio.close();
    assert.deepEqual(await deliver(channel), {
      kind: 'retry',
      reason: 'the connection was refused',
      done: [],
    });
  });
});

describe('several numbers', () => {
  const to = [GOOD, BAD, '+15005550007'];

  test('one of them wrong', async (t) => {
    const { twilio, channel } = await scene(t, { to });
    assert.deepEqual(await deliver(channel), {
      kind: 'delivered',
      providerId: `${sid(1)} ${sid(2)}`,
      note: 'not sent to …0001: Twilio 21211: the number is wrong',
    });
    assert.equal(twilio.received.length, 3);
  });

  test('a retry leaves out those that have ended, and still tells of them', async (t) => {
    const { twilio, channel } = await scene(t, { to });
    twilio.script.replies.push('as usual', 'as usual', { status: 429 });
    const delivery = await deliver(channel);
    assert.deepEqual(delivery, {
      kind: 'retry',
      reason: 'HTTP 429',
      isLimited: true,
      done: [deliveredPart(GOOD), givenUpPart(BAD, 'Twilio 21211: the number is wrong')],
    });
    const { done } = delivery as { done: EndedPart[] };
    assert.deepEqual(await deliver(channel, messageOf(), { number: 2, done }), {
      kind: 'delivered',
      providerId: sid(2),
      note: 'not sent to …0001: Twilio 21211: the number is wrong',
    });
    assert.deepEqual(
      twilio.taken.map(({ To }) => To),
      [GOOD, '+15005550007'],
    );
  });

  test('whatever happens, nobody gets it twice', async (t) => {
    const { twilio, channel } = await scene(t, { to: [GOOD, '+15005550007', '+15005550008'] });
    twilio.script.replies.push('answer lost', { status: 429 }, 'answer lost', { status: 429 });
    assert.equal((await deliverUntilEnd(channel, messageOf())).kind, 'delivered');
    assert.deepEqual(
      twilio.taken.map(({ To }) => To),
      [GOOD, '+15005550007', '+15005550008'],
    );
  });
});

for (const to of [[], ['0171 123'], ['+0123'], Array.from({ length: 101 }, () => GOOD)]) {
  test(`${to.length} numbers, such as "${to[0] ?? ''}", are refused`, () => {
    const settings = { name: 's', ...account, sender: { from: GOOD }, to };
    assert.equal(createTwilioChannel(settings, createClient()).ok, false);
  });
}

import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { type Scripted, startWecom, type WecomStandIn } from '../../../../test/support/providers/wecom.ts';
import { createClient } from '../../../net/http-client.ts';
import type { Channel, Delivery } from '../channel.ts';
import { deliver, deliverUntilEnd, during, messageOf, successOf } from '../fixtures.ts';
import { deliveredPart } from '../partial-delivery.ts';
import { createWecomRobotChannel, type WecomRobotSettings } from './channel.ts';

async function scene(
  t: TestContext,
  settings: Partial<WecomRobotSettings> = {},
): Promise<{ wecom: WecomStandIn; channel: Channel }> {
  const world = { corpId: 'c', secret: 's', agentId: 1, users: [], robotKey: 'the=key&', nowMs: Date.now };
  const wecom = during(t, await startWecom(world));
  const all = { name: 'robot', base: wecom.origin, key: 'the=key&', ...settings };
  return { wecom, channel: successOf(createWecomRobotChannel(all, createClient())) };
}

test('text', async (t) => {
  const { wecom, channel } = await scene(t);
  assert.deepEqual(await deliver(channel), { kind: 'delivered' });
  assert.deepEqual(wecom.delivered, [{ type: 'text', content: 'Disk full\n\non web1', users: [] }]);
});

test('markdown', async (t) => {
  const { wecom, channel } = await scene(t, { mentionUsers: ['ann'] });
  await deliver(
    channel,
    messageOf({ format: 'markdown', text: 'x'.repeat(4096 - '**Disk full**\n\n'.length) }),
  );
  assert.equal(wecom.delivered.length, 1);
  assert.equal(wecom.delivered[0]?.content.length, 4096);
  assert.deepEqual(Object.keys(JSON.parse(wecom.received[0]?.body.toString() ?? '')), [
    'msgtype',
    'markdown',
  ]);
});

test('markdown as text, if so set', async (t) => {
  const { wecom, channel } = await scene(t, { style: 'text' });
  await deliver(channel, messageOf({ format: 'markdown', text: '**a** `b`' }));
  assert.deepEqual(wecom.delivered, [{ type: 'text', content: 'Disk full\n\na b', users: [] }]);
});

test('long text in parts, of which the first mentions', async (t) => {
  const { wecom, channel } = await scene(t, { mentionUsers: ['@all'], mentionMobiles: ['13800001111'] });
  const text = '信息'.repeat(1000);
  assert.equal((await deliver(channel, messageOf({ text }))).kind, 'delivered');
  assert.equal(wecom.delivered.map(({ content }) => content).join(''), `Disk full\n\n${text}`);
  assert.deepEqual(
    wecom.delivered.map(({ users }) => users),
    [['@all'], [], []],
  );
  const first = JSON.parse(wecom.received[0]?.body.toString() ?? '');
  assert.deepEqual(first.text.mentioned_mobile_list, ['13800001111']);
});

test('a retry sends the rest', async (t) => {
  const { wecom, channel } = await scene(t);
  const text = 'x'.repeat(5000);
  const first = await deliver(channel, messageOf({ title: '', text }), { done: [deliveredPart('text 1/3')] });
  assert.equal(first.kind, 'delivered');
  assert.deepEqual(
    wecom.delivered.map(({ content }) => content.length),
    [2048, 904],
  );
});

test('it is sent again where the response was lost', async (t) => {
  const { wecom, channel } = await scene(t);
  wecom.scripted.set('webhook/send', ['answer lost']);
  assert.equal((await deliverUntilEnd(channel, messageOf())).kind, 'delivered');
  assert.equal(wecom.delivered.length, 2);
});

describe('failures', () => {
  const cases: readonly [name: string, scripted: Scripted, delivery: Delivery][] = [
    [
      'too often',
      45009,
      { kind: 'retry', reason: 'WeCom 45009: too many calls', afterMs: 60_000, isLimited: true, done: [] },
    ],
    ['busy', -1, { kind: 'retry', reason: 'WeCom -1: WeCom is busy', done: [] }],
    ['hang up', 'hang up', { kind: 'retry', reason: 'the connection was reset', done: [] }],
    ['404', { status: 404 }, { kind: 'rejected', reason: 'HTTP 404' }],
  ];
  for (const [name, scripted, delivery] of cases) {
    test(name, async (t) => {
      const { wecom, channel } = await scene(t);
      wecom.scripted.set('webhook/send', [scripted]);
      assert.deepEqual(await deliver(channel), delivery);
    });
  }

  test('a response that nobody can read is waited for slowly, and not for ever', async (t) => {
    const { wecom, channel } = await scene(t);
    wecom.scripted.set('webhook/send', [{ body: '<html>' }, { body: '<html>' }]);
    const reason = 'the response cannot be read';
    const young = messageOf({ acceptedMs: Date.now() });
    assert.deepEqual(await deliver(channel, young), { kind: 'retry', reason, afterMs: 60_000, done: [] });
    const old = messageOf({ acceptedMs: Date.now() - 2 * 3_600_000 });
    assert.deepEqual(await deliver(channel, old), {
      kind: 'rejected',
      reason: `${reason}; not repeated, since it may have been taken`,
    });
  });

  test('a wrong key', async (t) => {
    const { channel } = await scene(t, { key: 'wrong' });
    const reason = 'WeCom 93000: the key of the robot is wrong';
    assert.deepEqual(await deliver(channel), { kind: 'rejected', reason });
  });
});

import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import type { Scripted } from '../../../../test/support/providers/script.ts';
import { startTencent, type TencentStandIn } from '../../../../test/support/providers/tencent.ts';
import { json } from '../../../../test/support/stand-in.ts';
import { createClient } from '../../../net/http-client.ts';
import type { Channel, Delivery } from '../channel.ts';
import { deliver, during, messageOf, successOf } from '../fixtures.ts';
import { deliveredPart, givenUpPart } from '../partial-delivery.ts';
import { createTencentChannel, type TencentSettings } from './tencent.ts';

const keys = { secretId: 'AKIDz8', secretKey: 'tencent s3cret' };
const nowMs = () => 1_700_000_000_123;
const codes = {
  '+8613800000002': 'LimitExceeded.PhoneNumberDailyLimit',
  '+8613800000003': 'FailedOperation.PhoneNumberInBlacklist',
  '+8613800000004': 'InternalError.Timeout',
};
const GOOD = '+8613800000001';

async function scene(
  t: TestContext,
  settings: Partial<TencentSettings> = {},
  channelNowMs = nowMs,
): Promise<{ tencent: TencentStandIn; channel: Channel }> {
  const tencent = during(t, await startTencent({ ...keys, codes, nowMs }));
  const all = {
    name: 'sms',
    base: tencent.origin,
    ...keys,
    region: 'ap-guangzhou',
    appId: '1400006666',
    signName: '腾讯云',
    templateId: '1110',
    variables: ['{{title}}: {{text}}', '{{id}}'],
    to: [GOOD],
    ...settings,
  };
  return { tencent, channel: successOf(createTencentChannel(all, createClient(), channelNowMs)) };
}

const again = '; not repeated, since the message may have been sent';

test('a message, with a signature that the provider takes', async (t) => {
  const { tencent, channel } = await scene(t);
  const message = messageOf({ text: 'zwei\n\nZeilen 信' });
  assert.deepEqual(await deliver(channel, message), { kind: 'delivered', providerId: '5000:0' });
  assert.deepEqual(tencent.taken, [
    {
      PhoneNumberSet: [GOOD],
      SmsSdkAppId: '1400006666',
      TemplateId: '1110',
      TemplateParamSet: ['Disk full: zwei Zeilen 信', 'm-1'],
      SignName: '腾讯云',
    },
  ]);
  assert.equal(tencent.received[0]?.headers['x-tc-region'], 'ap-guangzhou');
});

test('variables are cut if so set', async (t) => {
  const { tencent, channel } = await scene(t, { maxVariableCharacters: 12 });
  await deliver(channel);
  assert.deepEqual(tencent.taken[0]?.TemplateParamSet, ['Disk full: …', 'm-1']);
});

describe('credentials', () => {
  const cases: readonly [name: string, settings: Partial<TencentSettings>, nowMs: () => number, string][] = [
    ['an unknown key', { secretId: 'x' }, nowMs, 'AuthFailure.SecretIdNotFound: the id of the key is wrong'],
    ['a wrong key', { secretKey: 'x' }, nowMs, 'AuthFailure.SignatureFailure: the key is wrong'],
    [
      'a wrong clock',
      {},
      () => nowMs() + 310_000,
      'AuthFailure.SignatureExpire: the clock of this server is wrong',
    ],
  ];
  for (const [name, settings, clock, reason] of cases) {
    test(name, async (t) => {
      const { tencent, channel } = await scene(t, settings, clock);
      assert.deepEqual(await deliver(channel), { kind: 'rejected', reason: `Tencent ${reason}` });
      assert.equal(tencent.taken.length, 0);
    });
  }
});

describe('numbers that are refused', () => {
  const daily = 'Tencent LimitExceeded.PhoneNumberDailyLimit';
  const blacklisted = 'Tencent FailedOperation.PhoneNumberInBlacklist';
  const [later, never, unknown] = Object.keys(codes) as [string, string, string];
  const cases: readonly [name: string, to: string[], delivery: Delivery][] = [
    [
      'one of two',
      [GOOD, never],
      { kind: 'delivered', providerId: 'a0aabda6-cf91', note: `not sent to …0003: ${blacklisted}` },
    ],
    ['for now', [later], { kind: 'retry', reason: daily, afterMs: 60_000, done: [] }],
    ['for good', [never], { kind: 'rejected', reason: `…0003: ${blacklisted}` }],
    [
      'all kinds',
      [GOOD, later, never],
      {
        kind: 'retry',
        reason: daily,
        afterMs: 60_000,
        done: [deliveredPart(GOOD), givenUpPart(never, blacklisted)],
      },
    ],
    ['nobody knows', [unknown], { kind: 'rejected', reason: `…0004: Tencent InternalError.Timeout${again}` }],
  ];
  for (const [name, to, delivery] of cases) {
    test(name, async (t) => {
      const { channel } = await scene(t, { to });
      assert.deepEqual(await deliver(channel), delivery);
    });
  }
});

describe('a retry', () => {
  const to = [GOOD, '+8613800000002', '+8613800000003'];
  const done = [
    deliveredPart(GOOD),
    givenUpPart('+8613800000003', 'Tencent FailedOperation.PhoneNumberInBlacklist'),
  ];
  const note = 'not sent to …0003: Tencent FailedOperation.PhoneNumberInBlacklist';
  const later = { PhoneNumber: '+8613800000002', Code: 'Ok', SerialNo: '5001:0' };

  test('sends to the rest, and tells of all', async (t) => {
    const { tencent, channel } = await scene(t, { to });
    tencent.script.replies.push(json({ Response: { SendStatusSet: [later] } }));
    const delivery = await deliver(channel, messageOf(), { number: 2, done });
    assert.deepEqual(delivery, { kind: 'delivered', providerId: '5001:0', note });
    const [received] = tencent.received;
    assert.deepEqual(JSON.parse(received?.body.toString() ?? '').PhoneNumberSet, ['+8613800000002']);
  });

  test('with nobody left sends nothing', async (t) => {
    const { tencent, channel } = await scene(t);
    assert.deepEqual(await deliver(channel, messageOf(), { number: 2, done }), { kind: 'delivered', note });
    assert.equal(tencent.received.length, 0);
  });

  test('that fails does not undo what was sent', async (t) => {
    const { tencent, channel } = await scene(t, { to });
    tencent.script.replies.push('hang up');
    const reason = `the connection was reset${again}`;
    assert.deepEqual(await deliver(channel, messageOf(), { number: 2, done }), {
      kind: 'delivered',
      note: `${note}, …0002: ${reason}`,
    });
  });
});

describe('a response', () => {
  const error = (Code: unknown) => json({ Response: { Error: { Code, Message: 'x' }, RequestId: 'r' } });
  const cases: readonly [name: string, scripted: Scripted, delivery: Delivery][] = [
    [
      'too often',
      error('RequestLimitExceeded'),
      { kind: 'retry', reason: 'Tencent RequestLimitExceeded', afterMs: 60_000, isLimited: true, done: [] },
    ],
    ['undecided', error('InternalError'), { kind: 'rejected', reason: `Tencent InternalError${again}` }],
    ['other', error('UnauthorizedOperation'), { kind: 'rejected', reason: 'Tencent UnauthorizedOperation' }],
    ['a code that is none', error({}), { kind: 'rejected', reason: 'Tencent without a code' }],
    ['no result', json({ Response: {} }), { kind: 'rejected', reason: `HTTP 200 without a result${again}` }],
    [
      'no numbers',
      json({ Response: { SendStatusSet: [] } }),
      { kind: 'rejected', reason: `…0001: no result${again}` },
    ],
    [
      'no status',
      json({ Response: { SendStatusSet: [null, { PhoneNumber: GOOD }] } }),
      { kind: 'rejected', reason: '…0001: Tencent without a code' },
    ],
    ['502', { status: 502 }, { kind: 'rejected', reason: `HTTP 502 without a result${again}` }],
    ['lost', 'answer lost', { kind: 'rejected', reason: `the connection was reset${again}` }],
  ];
  for (const [name, scripted, delivery] of cases) {
    test(name, async (t) => {
      const { tencent, channel } = await scene(t);
      tencent.script.replies.push(scripted);
      assert.deepEqual(await deliver(channel), delivery);
    });
  }
});

for (const to of [[], ['13800001111'], Array.from({ length: 201 }, () => GOOD)]) {
  test(`${to.length} numbers, such as "${to[0] ?? ''}", are refused`, () => {
    const settings = { name: 's', ...keys, region: 'r', appId: 'a', templateId: 't', variables: [], to };
    assert.equal(createTencentChannel(settings, createClient()).ok, false);
  });
}

import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { type AliyunStandIn, startAliyun } from '../../../../test/support/providers/aliyun.ts';
import type { Scripted } from '../../../../test/support/providers/script.ts';
import { json } from '../../../../test/support/stand-in.ts';
import { createClient } from '../../../net/http-client.ts';
import type { Channel, Delivery } from '../channel.ts';
import { deliver, during, messageOf, successOf } from '../fixtures.ts';
import { type AliyunSettings, createAliyunChannel } from './aliyun.ts';

const keys = { keyId: 'LTAI5t', keySecret: 'aliyun s3cret' };
const nowMs = () => 1_700_000_000_123;

async function scene(
  t: TestContext,
  settings: Partial<AliyunSettings> = {},
): Promise<{ aliyun: AliyunStandIn; channel: Channel }> {
  const aliyun = during(t, await startAliyun({ ...keys, nowMs }));
  const all = {
    name: 'sms',
    base: aliyun.origin,
    ...keys,
    signName: '阿里云 (测试)*',
    templateCode: 'SMS_1',
    variables: { title: '{{title}}', text: '{{text}}' },
    to: ['13800001111'],
    ...settings,
  };
  let nonces = 0;
  return {
    aliyun,
    channel: successOf(createAliyunChannel(all, createClient(), { nowMs, nonce: () => `n${nonces++}` })),
  };
}

const again = '; not repeated, since the message may have been sent';

test('a message, with a signature that the provider takes', async (t) => {
  const { aliyun, channel } = await scene(t, { to: ['13800001111', '+85261234567'] });
  const message = messageOf({ title: `"Ä" & 'b'\\ ~!*()`, text: 'zwei\r\nZeilen' });
  assert.deepEqual(await deliver(channel, message), { kind: 'delivered', providerId: '90001^0' });
  const [parameters] = aliyun.taken;
  assert.deepEqual(parameters, {
    PhoneNumbers: '13800001111,+85261234567',
    SignName: '阿里云 (测试)*',
    TemplateCode: 'SMS_1',
    TemplateParam: JSON.stringify({ title: `"Ä" & 'b'\\ ~!*()`, text: 'zwei Zeilen' }),
  });
  assert.equal(aliyun.received[0]?.body.length, 0);
});

test('each request has another nonce', async (t) => {
  const { aliyun, channel } = await scene(t);
  await deliver(channel);
  assert.equal((await deliver(channel)).kind, 'delivered');
  assert.equal(aliyun.taken.length, 2);
});

test('Markdown reads well in variables', async (t) => {
  const { aliyun, channel } = await scene(t, { variables: { a: '{{title}}: {{text}}' } });
  await deliver(channel, messageOf({ format: 'markdown', text: '* **x**\n* y' }));
  assert.deepEqual(JSON.parse(aliyun.taken[0]?.TemplateParam ?? ''), { a: 'Disk full: - x - y' });
});

test('variables are cut if so set', async (t) => {
  const text = 'x'.repeat(40);
  const { aliyun, channel } = await scene(t, {
    maxVariableCharacters: 35,
    variables: { a: '{{text}}', b: '{{id}}' },
  });
  assert.equal((await deliver(channel, messageOf({ text }))).kind, 'delivered');
  assert.deepEqual(JSON.parse(aliyun.taken[0]?.TemplateParam ?? ''), { a: `${'x'.repeat(34)}…`, b: 'm-1' });
  const { channel: uncut } = await scene(t);
  assert.deepEqual(await deliver(uncut, messageOf({ text })), {
    kind: 'rejected',
    reason: 'Aliyun isv.PARAM_LENGTH_LIMIT: a variable is too long',
  });
});

describe('credentials', () => {
  const cases: readonly [name: string, settings: Partial<AliyunSettings>, reason: string][] = [
    ['an unknown key', { keyId: 'x' }, 'Aliyun InvalidAccessKeyId.NotFound'],
    ['a wrong secret', { keySecret: 'x' }, 'Aliyun SignatureDoesNotMatch'],
  ];
  for (const [name, settings, reason] of cases) {
    test(name, async (t) => {
      const { aliyun, channel } = await scene(t, settings);
      assert.deepEqual(await deliver(channel), { kind: 'rejected', reason });
      assert.equal(aliyun.taken.length, 0);
    });
  }

  test('a wrong clock', async (t) => {
    const { aliyun } = await scene(t);
    const settings = {
      name: 's',
      base: aliyun.origin,
      ...keys,
      signName: 's',
      templateCode: 't',
      variables: {},
    };
    const late = { nowMs: () => nowMs() + 3_600_000, nonce: () => 'n' };
    const channel = successOf(
      createAliyunChannel({ ...settings, to: ['13800001111'] }, createClient(), late),
    );
    const reason = 'Aliyun InvalidTimeStamp.Expired: the clock of this server is wrong';
    assert.deepEqual(await deliver(channel), { kind: 'rejected', reason });
  });
});

describe('a response', () => {
  const code = (Code: unknown, status = 200) => json({ Code, Message: 'x', RequestId: 'r' }, status);
  const cases: readonly [name: string, scripted: Scripted, delivery: Delivery][] = [
    [
      'limit',
      code('isv.BUSINESS_LIMIT_CONTROL'),
      {
        kind: 'retry',
        reason: 'Aliyun isv.BUSINESS_LIMIT_CONTROL: too many messages to this number',
        afterMs: 60_000,
      },
    ],
    [
      'throttled',
      code('Throttling.User', 400),
      { kind: 'retry', reason: 'Aliyun Throttling.User', afterMs: 60_000, isLimited: true },
    ],
    [
      'their fault',
      code('isp.SYSTEM_ERROR'),
      { kind: 'retry', reason: 'Aliyun isp.SYSTEM_ERROR', afterMs: 60_000 },
    ],
    ['undecided', code('InternalError', 500), { kind: 'rejected', reason: `Aliyun InternalError${again}` }],
    [
      'nonce used',
      code('SignatureNonceUsed', 400),
      { kind: 'rejected', reason: `Aliyun SignatureNonceUsed${again}` },
    ],
    ['no money', code('isv.AMOUNT_NOT_ENOUGH'), { kind: 'rejected', reason: 'Aliyun isv.AMOUNT_NOT_ENOUGH' }],
    ['a code of all objects', code('constructor'), { kind: 'rejected', reason: 'Aliyun constructor' }],
    ['no code', json({}), { kind: 'rejected', reason: `HTTP 200 without a code${again}` }],
    ['a code that is none', code('a b\n'), { kind: 'rejected', reason: `HTTP 200 without a code${again}` }],
    ['502', { status: 502 }, { kind: 'rejected', reason: `HTTP 502 without a code${again}` }],
    ['broken off', 'break off', { kind: 'rejected', reason: `HTTP 200 without a code${again}` }],
    ['lost', 'answer lost', { kind: 'rejected', reason: `the connection was reset${again}` }],
  ];
  for (const [name, scripted, delivery] of cases) {
    test(name, async (t) => {
      const { aliyun, channel } = await scene(t);
      aliyun.script.replies.push(scripted);
      assert.deepEqual(await deliver(channel), delivery);
    });
  }

  test('no connection: tried again', async (t) => {
    const { aliyun, channel } = await scene(t);
    await aliyun.close();
    assert.deepEqual(await deliver(channel), { kind: 'retry', reason: 'the connection was refused' });
  });
});

const bad: readonly [name: string, settings: Partial<AliyunSettings>][] = [
  ['no number', { to: [] }],
  ['two numbers in one', { to: ['13800001111,13800002222'] }],
  ['1001 numbers', { to: Array.from({ length: 1001 }, () => '13800001111') }],
  ['an unknown field', { variables: { a: '{{body}}' } }],
];
for (const [name, settings] of bad) {
  test(`${name} is refused`, () => {
    const all = {
      name: 's',
      ...keys,
      signName: 's',
      templateCode: 't',
      variables: {},
      to: ['13800001111'],
      ...settings,
    };
    assert.equal(createAliyunChannel(all, createClient()).ok, false);
  });
}

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { json, type Reply } from '../../../../test/support/stand-in.ts';
import { deliver, messageOf } from '../fixtures.ts';
import type { WecomSettings } from './channel.ts';
import { bodies, scene, script } from './fixtures.ts';

describe('the access token', () => {
  test('is asked for once by many messages at once', async (t) => {
    const s = await scene(t);
    let open = () => {};
    s.wecom.tokenGate = new Promise((resolve) => {
      open = resolve;
    });
    const all = Array.from({ length: 30 }, (_, i) => deliver(s.channel, messageOf({ id: `m-${i}` })));
    setTimeout(open, 50);
    assert.deepEqual(new Set((await Promise.all(all)).map(({ kind }) => kind)), new Set(['delivered']));
    assert.equal(s.wecom.tokenCalls(), 1);
  });

  test('is kept until shortly before its end, and then replaced before it is refused', async (t) => {
    const s = await scene(t);
    await deliver(s.channel, messageOf({ id: 'a' }));
    s.pass(6_899_000);
    await deliver(s.channel, messageOf({ id: 'b' }));
    assert.equal(s.wecom.tokenCalls(), 1);
    s.pass(2000);
    await deliver(s.channel, messageOf({ id: 'c' }));
    assert.equal(s.wecom.tokenCalls(), 2);
    assert.equal(bodies(s).length, 3);
  });

  test('that ends early is replaced once for all, and the messages sent again', async (t) => {
    const s = await scene(t);
    await deliver(s.channel);
    s.wecom.endTokens();
    const all = Array.from({ length: 10 }, (_, i) => deliver(s.channel, messageOf({ id: `m-${i}` })));
    assert.deepEqual(new Set((await Promise.all(all)).map(({ kind }) => kind)), new Set(['delivered']));
    assert.equal(s.wecom.tokenCalls(), 2);
  });

  for (const code of [40014, 42001, 41001, 40001]) {
    test(`is replaced on ${code} from send`, async (t) => {
      const s = await scene(t);
      script(s, 'message/send', code);
      assert.deepEqual(await deliver(s.channel), { kind: 'delivered', providerId: 'msg_1' });
      assert.equal(s.wecom.tokenCalls(), 2);
      const [first, second] = bodies(s);
      assert.equal(first, second);
    });
  }

  test('is replaced once only, and not again within the minute', async (t) => {
    const s = await scene(t);
    script(s, 'message/send', ...Array.from({ length: 20 }, () => 40014));
    assert.deepEqual(await deliver(s.channel), {
      kind: 'retry',
      reason: 'WeCom 40014: the fresh access token is refused',
      done: [],
    });
    s.pass(10_000);
    assert.deepEqual(await deliver(s.channel, messageOf({ id: 'b' })), {
      kind: 'retry',
      reason: 'WeCom refuses the access token again',
      afterMs: 50_000,
      done: [],
    });
    assert.equal(s.wecom.tokenCalls(), 2);
    s.pass(50_000);
    await deliver(s.channel, messageOf({ id: 'c' }));
    assert.equal(s.wecom.tokenCalls(), 3);
  });

  const permanent: readonly [name: string, settings: Partial<WecomSettings>, reason: string][] = [
    ['a wrong secret', { secret: 'wrong' }, 'WeCom 40001: the secret is wrong'],
    ['a wrong corporation', { corpId: 'wrong' }, 'WeCom 40013: the corporation id is wrong'],
  ];
  for (const [name, settings, reason] of permanent) {
    test(`${name} is final, and not tried again for a minute`, async (t) => {
      const s = await scene(t, settings);
      for (let i = 0; i < 5; i++) {
        assert.deepEqual(await deliver(s.channel), { kind: 'rejected', reason });
        s.pass(10_000);
      }
      assert.equal(s.wecom.tokenCalls(), 1);
      s.pass(10_000);
      await deliver(s.channel);
      assert.equal(s.wecom.tokenCalls(), 2);
      assert.equal(bodies(s).length, 0);
    });
  }

  test('a block by gettoken holds for all messages', async (t) => {
    const s = await scene(t);
    script(s, 'gettoken', 45009);
    const reason = 'WeCom 45009: too many calls';
    assert.deepEqual(await deliver(s.channel), {
      kind: 'retry',
      reason,
      afterMs: 60_000,
      isLimited: true,
      done: [],
    });
    s.pass(20_000);
    assert.deepEqual(await deliver(s.channel), {
      kind: 'retry',
      reason,
      afterMs: 40_000,
      isLimited: true,
      done: [],
    });
    s.pass(40_000);
    assert.equal((await deliver(s.channel)).kind, 'delivered');
    assert.equal(s.wecom.tokenCalls(), 2);
  });

  const broken: readonly [name: string, reply: Reply, reason: string][] = [
    ['no JSON', { body: '<html>' }, 'the response cannot be read'],
    ['no token in it', json({ errcode: 0, expires_in: 7200 }), 'the response holds no access token'],
    [
      'an empty token',
      json({ errcode: 0, access_token: '', expires_in: 7200 }),
      'the response holds no access token',
    ],
    ['no life time', json({ errcode: 0, access_token: 'x' }), 'the response holds no access token'],
    ['half a response', 'break off', 'the response cannot be read'],
    ['no response', 'hang up', 'the connection was reset'],
    ['502', { status: 502 }, 'HTTP 502'],
  ];
  for (const [name, reply, reason] of broken) {
    test(`${name}: tried again`, async (t) => {
      const s = await scene(t);
      script(s, 'gettoken', reply);
      assert.deepEqual(await deliver(s.channel), { kind: 'retry', reason, done: [] });
      assert.equal((await deliver(s.channel)).kind, 'delivered');
    });
  }

  test('a message that is given up does not stop the request that others wait for', async (t) => {
    const s = await scene(t);
    let open = () => {};
    s.wecom.tokenGate = new Promise((resolve) => {
      open = resolve;
    });
    const hasty = deliver(s.channel, messageOf({ id: 'a' }), { signal: AbortSignal.timeout(30) });
    const patient = deliver(s.channel, messageOf({ id: 'b' }));
    const reason = 'getting the access token took too long';
    assert.deepEqual(await hasty, { kind: 'retry', reason, done: [] });
    open();
    assert.equal((await patient).kind, 'delivered');
    assert.equal(s.wecom.tokenCalls(), 1);
  });
});

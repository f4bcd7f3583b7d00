import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { trusted } from '../../../../test/support/certificates.ts';
import { json, type Reply } from '../../../../test/support/stand-in.ts';
import { startTunnels } from '../../../../test/support/tunnel.ts';
import { createClient } from '../../../net/http-client.ts';
import type { Message } from '../../message.ts';
import type { Delivery } from '../channel.ts';
import { deliver, deliverUntilEnd, messageOf, successOf } from '../fixtures.ts';
import { deliveredPart } from '../partial-delivery.ts';
import { createWecomChannel, type WecomSettings } from './channel.ts';
import { bodies, contents, credentials, scene, script, users } from './fixtures.ts';

describe('a message', () => {
  test('as text', async (t) => {
    const s = await scene(t);
    const delivery = await deliver(s.channel, messageOf({ url: 'https://a.example' }));
    assert.deepEqual(delivery, { kind: 'delivered', providerId: 'msg_1' });
    assert.deepEqual(s.wecom.delivered, [
      { type: 'text', content: 'Disk full\n\non web1\n\nhttps://a.example', users: ['ann'] },
    ]);
  });

  const card = { title: 'T', text: 'x', url: 'https://a.example/' };
  const styles: readonly [
    name: string,
    settings: Partial<WecomSettings>,
    Partial<Message>,
    string,
    string,
  ][] = [
    [
      'markdown as text that WeChat shows too',
      {},
      { format: 'markdown', text: '# A\n* *x*' },
      'text',
      'Disk full\n\nA\n- x',
    ],
    [
      'markdown as markdown, if so set',
      { style: 'markdown' },
      { format: 'markdown', text: '*x*' },
      'markdown',
      '**Disk full**\n\n*x*',
    ],
    [
      'markdown on a card',
      { style: 'textcard' },
      { ...card, format: 'markdown', text: '**x**' },
      'textcard',
      'T|x|https://a.example/',
    ],
    [
      'a link that would not fit',
      { style: 'markdown' },
      { ...card, url: `https://a.example/${'x'.repeat(1100)}` },
      'markdown',
      `**T**\n\nx\n\nhttps://a.example/${'x'.repeat(1100)}`,
    ],
    [
      'markdown as text, if so set',
      { style: 'text' },
      { format: 'markdown', text: '[a](https://b.example)' },
      'text',
      'Disk full\n\na (https://b.example)',
    ],
    [
      'text as markdown, if so set',
      { style: 'markdown' },
      card,
      'markdown',
      '**T**\n\nx\n\n[https://a.example/](https://a.example/)',
    ],
    ['a card', { style: 'textcard' }, card, 'textcard', 'T|x|https://a.example/'],
    [
      'a card of a title alone',
      { style: 'textcard' },
      { ...card, text: '' },
      'textcard',
      'T|T|https://a.example/',
    ],
    ['no card without a URL', { style: 'textcard' }, {}, 'text', 'Disk full\n\non web1'],
    [
      'no card without a title',
      { style: 'textcard' },
      { ...card, title: '' },
      'text',
      'x\n\nhttps://a.example/',
    ],
    [
      'no card that would be cut',
      { style: 'textcard' },
      { ...card, text: '信'.repeat(171) },
      'text',
      `T\n\n${'信'.repeat(171)}\n\nhttps://a.example/`,
    ],
    ['to everybody', { to: { users: ['@all'] } }, {}, 'text', 'Disk full\n\non web1'],
  ];
  for (const [name, settings, fields, type, content] of styles) {
    test(name, async (t) => {
      const s = await scene(t, settings);
      assert.equal((await deliver(s.channel, messageOf(fields))).kind, 'delivered');
      const all = settings.to?.users?.[0] === '@all';
      assert.deepEqual(s.wecom.delivered, [{ type, content, users: all ? users : ['ann'] }]);
    });
  }

  test('in full', async (t) => {
    const s = await scene(t, { to: { users: ['ann', 'bob'], parties: ['1', '2'], tags: ['3'] }, safe: true });
    await deliver(s.channel);
    assert.deepEqual(JSON.parse(bodies(s)[0] ?? ''), {
      touser: 'ann|bob',
      toparty: '1|2',
      totag: '3',
      msgtype: 'text',
      agentid: credentials.agentId,
      text: { content: 'Disk full\n\non web1' },
      safe: 1,
      enable_duplicate_check: 1,
      duplicate_check_interval: 1800,
      mote_id: 'm-1 text 1/1',
    });
  });

  test('with recipients that WeCom leaves out', async (t) => {
    const s = await scene(t, { to: { users: ['ann', 'eve', 'mal'] } });
    assert.deepEqual(await deliver(s.channel), {
      kind: 'delivered',
      providerId: 'msg_1',
      note: 'left out invalid users: eve|mal',
    });
  });

  test('with recipients of all kinds left out', async (t) => {
    const s = await scene(t);
    const response = {
      errcode: 0,
      invaliduser: 'a\nb',
      invalidparty: '7',
      invalidtag: '8',
      unlicenseduser: 'c',
    };
    script(s, 'message/send', json(response));
    assert.deepEqual(await deliver(s.channel), {
      kind: 'delivered',
      note: 'left out invalid users: a?b, invalid departments: 7, invalid tags: 8, users without a licence: c',
    });
  });
});

describe('long text', () => {
  const text = 'Zeile mit Ümläuten und 信息 😀\n'.repeat(150);

  test('arrives whole and in order, in pieces that are not cut', async (t) => {
    const s = await scene(t);
    assert.equal((await deliver(s.channel, messageOf({ text }))).kind, 'delivered');
    assert.ok(s.wecom.delivered.length > 2);
    assert.equal(contents(s).join(''), `Disk full\n\n${text}`);
  });

  test('the same piece twice is no duplicate', async (t) => {
    const s = await scene(t);
    await deliver(s.channel, messageOf({ title: '', text: 'x'.repeat(4096) }));
    assert.deepEqual(contents(s), ['x'.repeat(2048), 'x'.repeat(2048)]);
  });

  test('what cannot be seen is no message', async (t) => {
    const s = await scene(t);
    const reason = 'there is nothing to read in the message';
    const delivery = await deliver(s.channel, messageOf({ title: '', text: ' \n\u200b' }));
    assert.deepEqual(delivery, { kind: 'rejected', reason });
  });

  test('a retry sends the rest', async (t) => {
    const s = await scene(t);
    const message = messageOf({ title: '', text: `${'a'.repeat(2048)}${'b'.repeat(2048)}c` });
    script(s, 'message/send', 'as usual', -1);
    const delivery = await deliver(s.channel, message);
    assert.deepEqual(delivery, {
      kind: 'retry',
      reason: 'WeCom -1: WeCom is busy',
      done: [deliveredPart('text 1/3')],
    });
    const again = await deliver(s.channel, message, { number: 2, done: [deliveredPart('text 1/3')] });
    assert.deepEqual(again, { kind: 'delivered', providerId: 'msg_2 msg_3' });
    assert.equal(contents(s).join(''), message.text);
  });

  test('a rejection says at which part, and which were sent', async (t) => {
    const s = await scene(t);
    script(s, 'message/send', 'as usual', 40058);
    const message = messageOf({ title: '', text: `${'a'.repeat(2048)}${'b'.repeat(2048)}c` });
    assert.deepEqual(await deliver(s.channel, message), {
      kind: 'rejected',
      reason: 'WeCom 40058: a parameter is wrong (at part text 2/3)',
      done: [deliveredPart('text 1/3')],
    });
    await deliver(s.channel, message, { done: [deliveredPart('text 1/3')] });
    assert.equal(contents(s).join(''), message.text, 'so that the rest can be sent by hand');
  });
});

describe('repeating', () => {
  test('an unclear response is repeated in the same bytes, so that nobody gets it twice', async (t) => {
    const s = await scene(t, { style: 'markdown' });
    script(s, 'message/send', 'answer lost');
    assert.equal((await deliver(s.channel)).kind, 'retry');
    s.pass(20 * 60_000);
    assert.equal((await deliver(s.channel, messageOf(), { number: 2 })).kind, 'delivered');
    const [first, second] = bodies(s);
    assert.equal(first, second);
    assert.equal(s.wecom.delivered.length, 1);
  });

  test('another message of the same words arrives', async (t) => {
    const s = await scene(t);
    await deliver(s.channel, messageOf({ id: 'm-1' }));
    await deliver(s.channel, messageOf({ id: 'm-2' }));
    assert.equal(s.wecom.delivered.length, 2);
  });
});

describe('failures of send', () => {
  const seven = json({
    errcode: 60020,
    errmsg: 'not allow to access from your ip, from ip: 192.0.2.7, more',
  });
  const untrusted = 'the address of this server is not trusted by the application: add it, or use a proxy';
  const cases: readonly [name: string, reply: Reply | number, delivery: Delivery][] = [
    ['busy', -1, { kind: 'retry', reason: 'WeCom -1: WeCom is busy', done: [] }],
    [
      'written by another at that moment',
      6000,
      { kind: 'retry', reason: 'WeCom 6000: WeCom could not write it at that moment', done: [] },
    ],
    [
      'too often',
      45009,
      { kind: 'retry', reason: 'WeCom 45009: too many calls', afterMs: 60_000, isLimited: true, done: [] },
    ],
    [
      'too many',
      45033,
      {
        kind: 'retry',
        reason: 'WeCom 45033: too many calls at a time',
        afterMs: 60_000,
        isLimited: true,
        done: [],
      },
    ],
    ['address', 60020, { kind: 'rejected', reason: `WeCom 60020: ${untrusted}` }],
    ['address named', seven, { kind: 'rejected', reason: `WeCom 60020: ${untrusted} (192.0.2.7)` }],
    ['parameter', 40058, { kind: 'rejected', reason: 'WeCom 40058: a parameter is wrong' }],
    ['not allowed', 48002, { kind: 'rejected', reason: 'WeCom 48002: the application may not use this API' }],
    ['unknown', 99999, { kind: 'rejected', reason: 'WeCom 99999' }],
    ['wrong base', { status: 404 }, { kind: 'rejected', reason: 'HTTP 404' }],
    [
      'moved',
      { status: 302, headers: { location: '/' } },
      { kind: 'rejected', reason: 'HTTP 302, not followed' },
    ],
    [
      'down',
      { status: 503, headers: { 'retry-after': '7' } },
      { kind: 'retry', reason: 'HTTP 503', afterMs: 7000, isLimited: true, done: [] },
    ],
    ['not JSON', { body: 'OK' }, { kind: 'retry', reason: 'the response cannot be read', done: [] }],
    ['no code', json({ errmsg: 'ok' }), { kind: 'retry', reason: 'the response cannot be read', done: [] }],
    ['broken off', 'break off', { kind: 'retry', reason: 'the response cannot be read', done: [] }],
    ['hung up', 'hang up', { kind: 'retry', reason: 'the connection was reset', done: [] }],
    ['not HTTP', 'garbage', { kind: 'retry', reason: 'the response is not HTTP', done: [] }],
  ];
  for (const [name, reply, delivery] of cases) {
    test(name, async (t) => {
      const s = await scene(t);
      script(s, 'message/send', reply);
      assert.deepEqual(await deliver(s.channel), delivery);
      assert.equal(s.wecom.delivered.length, 0);
    });
  }

  test('all recipients unknown', async (t) => {
    const s = await scene(t, { to: { users: ['eve'] } });
    const reason = 'WeCom 81013: none of the recipients can receive messages of the application';
    assert.deepEqual(await deliver(s.channel), { kind: 'rejected', reason });
  });

  test('wrong agent', async (t) => {
    const s = await scene(t, { agentId: 1 });
    assert.deepEqual(await deliver(s.channel), {
      kind: 'rejected',
      reason: 'WeCom 40056: the agent id is wrong',
    });
  });

  test('blocks are for a minute: whether they grow is for the pace of the channel', async (t) => {
    const s = await scene(t);
    const waits: unknown[] = [];
    for (let number = 1; number <= 5; number++) {
      script(s, 'message/send', 45009);
      const delivery = await deliver(s.channel, messageOf(), { number });
      waits.push(delivery.kind === 'retry' && delivery.afterMs);
    }
    assert.deepEqual(waits, [60_000, 60_000, 60_000, 60_000, 60_000]);
  });

  test('silence until the time limit', async (t) => {
    const s = await scene(t);
    script(s, 'message/send', 'silence');
    const delivery = await deliver(s.channel, messageOf(), { signal: AbortSignal.timeout(100) });
    assert.deepEqual(delivery, { kind: 'retry', reason: 'it took too long', done: [] });
    assert.equal((await deliverUntilEnd(s.channel, messageOf())).kind, 'delivered');
  });
});

describe('the way to WeCom', () => {
  test('a base with a path, by TLS', async (t) => {
    const s = await scene(t, {}, { tls: true });
    const settings = { name: 'w', ...credentials, to: { users: ['ann'] } };
    const channel = successOf(
      createWecomChannel(
        { ...settings, base: `${s.wecom.origin}/relay/` },
        createClient({ trust: () => trusted }),
      ),
    );
    assert.equal((await deliver(channel)).kind, 'delivered');
    assert.ok(s.wecom.received.every(({ target }) => target.startsWith('/relay/cgi-bin/')));
  });

  test('a proxy', async (t) => {
    const s = await scene(t, {}, { tls: true });
    const tunnels = await startTunnels(s.wecom.port);
    t.after(() => tunnels.close());
    const url = new URL(`http://127.0.0.1:${tunnels.port}`);
    const send = createClient({ trust: () => trusted, route: { kind: 'proxy', url } });
    const settings = {
      name: 'w',
      ...credentials,
      to: { users: ['ann'] },
      base: 'https://localhost',
    };
    assert.equal((await deliver(successOf(createWecomChannel(settings, send)))).kind, 'delivered');
    assert.deepEqual(tunnels.asked, ['localhost:443', 'localhost:443']);
  });

  const bad: readonly [name: string, settings: Partial<WecomSettings>][] = [
    ['no recipient', { to: {} }],
    ['empty recipients', { to: { users: [], tags: [] } }],
    ['1001 users', { to: { users: Array.from({ length: 1001 }, (_, i) => `u${i}`) } }],
    ['101 tags', { to: { tags: Array.from({ length: 101 }, (_, i) => `${i}`) } }],
    ['a base that is no URL', { base: 'qyapi.weixin.qq.com' }],
    ['a base of another scheme', { base: 'ftp://qyapi.weixin.qq.com' }],
  ];
  for (const [name, settings] of bad) {
    test(`${name} is refused`, () => {
      const all = { name: 'w', ...credentials, to: { users: ['ann'] }, ...settings };
      assert.equal(createWecomChannel(all, createClient()).ok, false);
    });
  }
});

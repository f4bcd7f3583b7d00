import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { json, type Reply, type StandIn, startStandIn } from '../../../../test/support/stand-in.ts';
import { isGlobalAddress } from '../../../net/addresses.ts';
import { createClient } from '../../../net/http-client.ts';
import type { JsonValue } from '../../../util/json.ts';
import type { Channel, Delivery } from '../channel.ts';
import { deliver, during, messageOf, successOf } from '../fixtures.ts';
import { createWebhookChannel, type WebhookSettings } from './channel.ts';

async function scene(
  t: TestContext,
  settings: Partial<WebhookSettings> = {},
  reply: Reply = {},
): Promise<{ hook: StandIn; channel: Channel }> {
  const hook = during(t, await startStandIn(() => reply));
  const url = `${hook.origin}${settings.url ?? '/hook'}`;
  return {
    hook,
    channel: successOf(createWebhookChannel({ name: 'hook', ...settings, url }, createClient(), () => 0)),
  };
}

const codings: Readonly<Record<string, (bytes: Buffer) => Buffer>> = {
  gzip: gzipSync,
  'X-GZIP': gzipSync,
  br: brotliCompressSync,
  deflate: deflateSync,
  ' deflate ': deflateRawSync,
  'gzip, identity': gzipSync,
  'br, gzip': (bytes) => gzipSync(brotliCompressSync(bytes)),
  // By something in between that decoded it.
  'gzip, deflate': (bytes) => bytes,
};

const nasty = messageOf({
  title: '"}, "admin": true, {"x": "',
  text: 'a\r\nX-Evil: 1\u0000\\u0022 {{id}} ü😀 &?#/..',
  url: 'https://a.example/?x=1&y="2"',
});

test('as it comes', async (t) => {
  const { hook, channel } = await scene(t);
  assert.deepEqual(await deliver(channel, nasty), { kind: 'delivered' });
  const [received] = hook.received;
  assert.deepEqual([received?.method, received?.target], ['POST', '/hook']);
  assert.equal(received?.headers['content-type'], 'application/json');
  assert.equal(received?.headers['idempotency-key'], 'm-1');
  const { title, text, url } = nasty;
  assert.deepEqual(JSON.parse(received?.body.toString() ?? ''), { id: 'm-1', title, text, url });
});

describe('JSON', () => {
  test('strings are filled wherever they are, the rest stays', async (t) => {
    const template: JsonValue = {
      a: ['{{title}}', 1, null, true, { b: 'x {{id}} {{text}}' }],
      '{{id}}': -0.5,
    };
    const { hook, channel } = await scene(t, { json: template });
    await deliver(channel, nasty);
    assert.deepEqual(JSON.parse(hook.received[0]?.body.toString() ?? ''), {
      a: [nasty.title, 1, null, true, { b: `x m-1 ${nasty.text}` }],
      '{{id}}': -0.5,
    });
  });

  for (const template of ['{{text}}', null, 0, [] as JsonValue]) {
    test(`${JSON.stringify(template)} is a body too`, async (t) => {
      const { hook, channel } = await scene(t, { json: template });
      await deliver(channel, messageOf({ text: 'x' }));
      const filled = template === '{{text}}' ? 'x' : template;
      assert.equal(hook.received[0]?.body.toString(), JSON.stringify(filled));
    });
  }
});

describe('the URL', () => {
  test('GET, filled in path and query, without a body', async (t) => {
    const { hook, channel } = await scene(t, {
      method: 'GET',
      url: '/a b/{{title}}/x?t={{ text }}&u={{url}}&v',
    });
    assert.deepEqual(await deliver(channel, nasty), { kind: 'delivered' });
    const [received] = hook.received;
    const { pathname, searchParams } = new URL(received?.target ?? '', 'http://x');
    assert.deepEqual(pathname.split('/').map(decodeURIComponent), ['', 'a b', nasty.title, 'x']);
    assert.deepEqual(
      [...searchParams],
      [
        ['t', nasty.text],
        ['u', nasty.url],
        ['v', ''],
      ],
    );
    assert.deepEqual([received?.body.length, received?.headers['content-type']], [0, undefined]);
  });

  test('its credentials', async (t) => {
    const { hook } = await scene(t);
    const url = `http://us%20er:p%40ss@127.0.0.1:${hook.port}/`;
    await deliver(successOf(createWebhookChannel({ name: 'hook', url }, createClient())));
    const credentials = Buffer.from('us er:p@ss').toString('base64');
    assert.equal(hook.received[0]?.headers.authorization, `Basic ${credentials}`);
  });

  for (const title of ['.', '..']) {
    test(`"${title}" does not lead to another path`, async (t) => {
      const { hook, channel } = await scene(t, { url: '/hooks/{{title}}/send' });
      const reason = 'a value of the message cannot stand in the path of the URL';
      assert.deepEqual(await deliver(channel, messageOf({ title })), { kind: 'rejected', reason });
      assert.equal(hook.received.length, 0);
    });
  }

  test('no value leaves its place', async () => {
    const urls: URL[] = [];
    const channel = successOf(
      createWebhookChannel(
        { name: 'hook', url: 'https://a.example:8443/x/{{title}}/y?p={{text}}&q=1' },
        async ({ url }) => {
          urls.push(url);
          return { kind: 'unsent', fault: '' };
        },
      ),
    );
    const texts = fc.string({ unit: 'binary', maxLength: 20 });
    const property = fc.asyncProperty(texts, texts, async (title, text) => {
      urls.length = 0;
      const delivery = await deliver(channel, messageOf({ title, text }));
      if (delivery.kind === 'rejected') return assert.match(title, /^\.{1,2}$/);
      const [url] = urls;
      assert.equal(url?.origin, 'https://a.example:8443');
      assert.deepEqual(url?.pathname.split('/').map(decodeURIComponent), [
        '',
        'x',
        title.toWellFormed(),
        'y',
      ]);
      assert.deepEqual(
        [...(url?.searchParams ?? [])],
        [
          ['p', text.toWellFormed()],
          ['q', '1'],
        ],
      );
    });
    await fc.assert(property, {
      examples: [
        ['..', ''],
        ['.', ''],
        ['\ud800', '\udfff'],
        ['a/../b', '#'],
      ],
    });
  });
});

describe('headers', () => {
  test('filled, over the usual ones, without a way out', async (t) => {
    const { hook, channel } = await scene(t, {
      headers: { 'X-Text': '<{{text}}>', 'Content-Type': 'text/x', 'Idempotency-Key': 'k-{{id}}' },
    });
    assert.equal((await deliver(channel, nasty)).kind, 'delivered');
    const headers = hook.received[0]?.headers ?? {};
    const text = Buffer.from(String(headers['x-text']), 'latin1').toString();
    assert.equal(text, '<a  X-Evil: 1 \\u0022 {{id}} ü😀 &?#/..>');
    assert.equal(headers['x-evil'], undefined);
    assert.equal(headers['content-type'], 'text/x');
    assert.equal(headers['idempotency-key'], 'k-m-1');
  });

  test('any text can be sent', async (t) => {
    const { channel } = await scene(t, { headers: { 'x-text': '{{text}}' } });
    for (let code = 0; code < 0x120; code++) {
      const delivery = await deliver(channel, messageOf({ text: `a${String.fromCharCode(code)}b` }));
      assert.equal(delivery.kind, 'delivered', `U+${code.toString(16)}`);
    }
  });
});

describe('the response', () => {
  const leads = '; configure the address that it leads to';
  const match = { pointer: '/a~1b/0/errcode', equals: 0 };
  const notTaken = 'the response does not say that it was taken';
  const unreadable = (said: string) =>
    ({ kind: 'retry', reason: `${notTaken}: ${said}`, afterMs: 60_000 }) as const;
  const good = json({ 'a/b': [{ errcode: 0 }] });
  const cases: readonly [string, Reply, WebhookSettings['success'], Delivery][] = [
    ['204', { status: 204 }, {}, { kind: 'delivered' }],
    ['202 that breaks off', 'break off', {}, { kind: 'delivered' }],
    ['302', { status: 302 }, {}, { kind: 'rejected', reason: 'HTTP 302, not followed' }],
    ['400', { status: 400 }, {}, { kind: 'rejected', reason: 'HTTP 400' }],
    [
      '400 with a word',
      json({ error: 'chat not found' }, 400),
      {},
      { kind: 'rejected', reason: 'HTTP 400: {"error":"chat not found"}' },
    ],
    [
      '503 of a proxy',
      { status: 503, body: '<html>\r\n<h1>503 Service  Unavailable</h1></html>' },
      {},
      { kind: 'retry', reason: 'HTTP 503: 503 Service Unavailable' },
    ],
    [
      '308',
      { status: 308, headers: { location: '/hook/' } },
      {},
      { kind: 'rejected', reason: `HTTP 308, not followed: it leads to another path${leads}` },
    ],
    [
      '301',
      { status: 301, headers: { location: 'http://b.example/hook' } },
      {},
      { kind: 'rejected', reason: `HTTP 301, not followed: it leads to another host${leads}` },
    ],
    [
      '301 to nowhere',
      { status: 301, headers: { location: 'http://[' } },
      {},
      { kind: 'rejected', reason: 'HTTP 301, not followed' },
    ],
    ['304', { status: 304 }, {}, { kind: 'rejected', reason: 'HTTP 304, not followed' }],
    ['501', { status: 501 }, {}, { kind: 'rejected', reason: 'HTTP 501' }],
    ['408', { status: 408 }, {}, { kind: 'retry', reason: 'HTTP 408' }],
    ['500', { status: 500 }, {}, { kind: 'retry', reason: 'HTTP 500' }],
    [
      '429',
      { status: 429, headers: { 'retry-after': '120' } },
      {},
      { kind: 'retry', reason: 'HTTP 429', afterMs: 120_000, isLimited: true },
    ],
    [
      '503 with a date',
      { status: 503, headers: { 'retry-after': 'Thu, 01 Jan 1970 00:00:05 GMT' } },
      {},
      { kind: 'retry', reason: 'HTTP 503', afterMs: 5000, isLimited: true },
    ],
    [
      '503 with a date gone by',
      { status: 503, headers: { 'retry-after': 'Wed, 31 Dec 1969 00:00:00 GMT' } },
      {},
      { kind: 'retry', reason: 'HTTP 503', afterMs: 0, isLimited: true },
    ],
    [
      '503 with nonsense',
      { status: 503, headers: { 'retry-after': '-1' } },
      {},
      { kind: 'retry', reason: 'HTTP 503' },
    ],
    ['a status that is listed', { status: 409 }, { statuses: [200, 409] }, { kind: 'delivered' }],
    [
      'a status that is not listed',
      { status: 201 },
      { statuses: [200] },
      { kind: 'rejected', reason: 'HTTP 201' },
    ],
    ['a match', good, { match }, { kind: 'delivered' }],
    [
      'a match behind a byte order mark',
      { body: '\ufeff{"a/b":[{"errcode":0}]}' },
      { match },
      { kind: 'delivered' },
    ],
    [
      'another value',
      json({ 'a/b': [{ errcode: '0' }] }),
      { match },
      { kind: 'retry', reason: `${notTaken}: {"a/b":[{"errcode":"0"}]}` },
    ],
    ['no such place', json({ 'a/b': 1 }), { match }, unreadable('{"a/b":1}')],
    [
      'a place of all objects',
      json({}),
      { match: { pointer: '/constructor', equals: null } },
      unreadable('{}'),
    ],
    ['no JSON', { body: 'ok' }, { match }, unreadable('ok')],
    ['half of it', 'break off', { match }, { kind: 'retry', reason: notTaken, afterMs: 60_000 }],
    ['the whole of it', { body: '"ok"' }, { match: { pointer: '', equals: 'ok' } }, { kind: 'delivered' }],
    ['none', 'hang up', {}, { kind: 'retry', reason: 'the connection was reset' }],
  ];
  for (const [name, reply, success, delivery] of cases) {
    test(name, async (t) => {
      const { channel } = await scene(t, success ? { success } : {}, reply);
      assert.deepEqual(await deliver(channel), delivery);
    });
  }
});

describe('a response that cannot be read', () => {
  const success = { match: { pointer: '/ok', equals: true } };

  test('is waited for slowly, and not for ever, since each may have been a yes', async (t) => {
    const hook = during(t, await startStandIn(() => ({ body: '<title>Maintenance</title>' })));
    let nowMs = 0;
    const settings = { name: 'hook', url: hook.origin, success };
    const channel = successOf(createWebhookChannel(settings, createClient(), () => nowMs));
    for (let number = 1; number < 20; number++) {
      const delivery = await deliver(channel, messageOf(), { number });
      if (delivery.kind === 'retry') nowMs += delivery.afterMs ?? 0;
      else break;
    }
    assert.deepEqual(await deliver(channel), {
      kind: 'rejected',
      reason:
        'the response does not say that it was taken: Maintenance; not repeated, since it may have been taken',
    });
    assert.equal(hook.received.length, 7);
  });

  for (const [coding, encode] of Object.entries(codings)) {
    test(`${coding}: it is asked for plain text, and read all the same`, async (t) => {
      const headers = { 'content-encoding': coding, 'content-type': 'application/json' };
      const reply = { headers, body: encode(Buffer.from('{"ok":true}')) };
      const { hook, channel } = await scene(t, { success }, reply);
      assert.deepEqual(await deliver(channel), { kind: 'delivered' });
      assert.equal(hook.received[0]?.headers['accept-encoding'], 'identity');
    });
  }
});

test('a private address is refused, once and for all', async (t) => {
  const { hook } = await scene(t);
  const send = createClient({ route: { kind: 'direct', mayConnect: isGlobalAddress } });
  const reason =
    'the host has a private or special address, which allowAddresses (WEBHOOK_ALLOW_ADDRESSES) does not allow';
  for (const host of ['127.0.0.1', 'localhost']) {
    const channel = successOf(
      createWebhookChannel({ name: 'hook', url: `http://${host}:${hook.port}/` }, send),
    );
    assert.deepEqual(await deliver(channel), { kind: 'rejected', reason });
  }
  assert.equal(hook.connections(), 0);
});

describe('settings', () => {
  const url = 'https://a.example/';
  const bad: readonly [name: string, settings: Partial<WebhookSettings>][] = [
    ['no URL', { url: 'a.example/x' }],
    ['another scheme', { url: 'file:///etc/passwd' }],
    ['a field for the scheme', { url: '{{text}}://a.example/' }],
    ['a field for the host', { url: 'https://{{text}}.example/' }],
    ['a field for the port', { url: 'https://a.example:{{text}}/' }],
    ['a field for the user', { url: 'https://{{text}}@a.example/' }],
    ['a field for the password', { url: 'https://x:{{text}}@a.example/' }],
    ['an unknown field in the URL', { url: 'https://a.example/{{body}}' }],
    ['a field that is none', { url: 'https://a.example/{{ti tle}}' }],
    ['an unknown field in the body', { json: { a: ['{{body}}'] } }],
    ['an unknown field in a header', { headers: { a: '{{body}}' } }],
    ['a header that is none', { headers: { 'a b': 'c' } }],
    ['a header with a line break', { headers: { a: 'b\r\nc: d' } }],
    ['a header of the client', { headers: { Host: 'a' } }],
    ['a pointer that is none', { success: { match: { pointer: 'errcode', equals: 0 } } }],
    ['GET with a body', { method: 'GET', json: {} }],
  ];
  for (const [name, settings] of bad) {
    test(`${name}: refused`, () => {
      assert.equal(createWebhookChannel({ name: 'h', url, ...settings }, createClient()).ok, false);
    });
  }
});

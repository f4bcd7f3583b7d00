import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { START_MS } from '../fixtures.ts';
import {
  ANN,
  type Asked,
  BOB,
  basic,
  bearer,
  JSON_TYPE,
  multipart,
  NOBODY,
  openDialects,
} from './fixtures.ts';

const AUTH = bearer(ANN);
const text = (body: string | Uint8Array, headers: Record<string, string> = {}): Asked => ({
  headers: { ...AUTH, ...headers },
  body,
});
const json = (value: unknown, headers: Record<string, string> = {}): Asked =>
  text(JSON.stringify(value), headers);
const authOf = (header: string) => Buffer.from(header).toString('base64url');
const plain = { title: '', text: 'hi', format: 'text', priority: 3, tags: [] };

const ways: readonly [name: string, method: string, target: string, asked: Asked, expected: object][] = [
  ['curl -d', 'POST', '/backups', text('hi', { 'content-type': 'application/x-www-form-urlencoded' }), {}],
  ['curl -T', 'PUT', '/backups', text('hi'), {}],
  ['the text as it is', 'POST', '/t', text(' a=b&c\n{'), { text: ' a=b&c\n{' }],
  ['no text', 'POST', '/t', text(''), { text: 'triggered' }],
  [
    'header fields',
    'POST',
    '/t',
    text('hi', {
      title: 'T',
      priority: 'urgent',
      tags: 'warning, skull',
      click: 'https://x.example/a',
      markdown: 'yes',
    }),
    { title: 'T', priority: 5, tags: ['warning', 'skull'], url: 'https://x.example/a', format: 'markdown' },
  ],
  [
    'short names',
    'POST',
    '/t',
    text('hi', { t: 'T', p: '4', ta: 'x', md: '1' }),
    { title: 'T', priority: 4, tags: ['x'], format: 'markdown' },
  ],
  [
    'names with X-',
    'POST',
    '/t',
    text('', { 'x-message': 'a\\nb', 'x-title': 'T' }),
    { text: 'a\nb', title: 'T' },
  ],
  ['the query', 'POST', '/t?title=T&p=1', text('hi'), { title: 'T', priority: 1 }],
  ['the header before the query', 'POST', '/t?title=Q', text('hi', { title: 'H' }), { title: 'H' }],
  [
    'a type',
    'POST',
    '/t',
    text('hi', { 'content-type': 'text/markdown; charset=utf-8' }),
    { format: 'markdown' },
  ],
  [
    'encoded words',
    'POST',
    '/t',
    text('hi', { title: '=?UTF-8?B?5qCH?= =?utf-8?q?_=E9=A2=98?=' }),
    { title: '标 题' },
  ],
  [
    'raw UTF-8',
    'POST',
    '/t',
    text('hi', { title: Buffer.from('标题').toString('latin1') }),
    { title: '标题' },
  ],
  ['the priority of HTTP', 'POST', '/t', text('hi', { priority: 'u=1, i' }), { priority: 3 }],
  [
    'an attachment by URL',
    'POST',
    '/t',
    text('hi', { attach: 'https://x.example/a.png' }),
    { url: 'https://x.example/a.png' },
  ],
  [
    'JSON',
    'POST',
    '/',
    json({
      topic: 't',
      message: 'hi',
      title: '标',
      priority: 4,
      tags: ['a'],
      click: 'https://x.example/',
      markdown: true,
    }),
    { title: '标', priority: 4, tags: ['a'], url: 'https://x.example/', format: 'markdown' },
  ],
  ['JSON by PUT, of no type', 'PUT', '/', json({ topic: 't', message: 'hi' }), {}],
  [
    'JSON and header, as apprise',
    'POST',
    '/',
    json(
      { topic: 't', message: 'hi' },
      { ...JSON_TYPE, 'x-priority': 'high', 'x-tags': 'a,b', 'x-click': 'http://x.example/' },
    ),
    { priority: 4, tags: ['a', 'b'], url: 'http://x.example/' },
  ],
  ['no template', 'POST', '/t', text('hi', { template: 'no' }), {}],
  [
    'a word in Latin-1',
    'POST',
    '/t',
    text('hi', { title: '=?iso-8859-1?Q?caf=E9?= =?ISO-8859-1?b?IPxiZXI=?=' }),
    { title: 'café über' },
  ],
  ['a word in GBK', 'POST', '/t', text('hi', { title: '=?gb2312?B?suLK1A==?=' }), { title: '测试' }],
  [
    'a word in what nobody knows',
    'POST',
    '/t',
    text('hi', { title: '=?x-none?Q?a?=' }),
    { title: '=?x-none?Q?a?=' },
  ],
  [
    'a file that is text',
    'PUT',
    '/t',
    text('a log', { filename: 'a.log' }),
    { text: 'a log\n\n(not sent along: a.log)' },
  ],
  [
    'a long file',
    'PUT',
    '/t?f=a.log',
    text('a'.repeat(4097)),
    { text: 'You received a file: a.log\n\n(not sent along: a.log)' },
  ],
  [
    'a picture',
    'PUT',
    '/t',
    text(Buffer.from([0xff, 0xd8]), { message: 'look' }),
    { text: 'look\n\n(not sent along: attachment)' },
  ],
  [
    'a file as apprise sends it',
    'POST',
    '/t?title=T&message=hi&filename=a.png',
    { ...multipart({ a: 'b' }), headers: { ...multipart({}).headers, ...AUTH } },
    { title: 'T', text: 'hi\n\n(not sent along: a.png)' },
  ],
  ['JSON with the priority 0', 'POST', '/', json({ topic: 't', message: 'hi', priority: 0 }), {}],
  ['GET', 'GET', '/t/publish?message=hi&title=T', { headers: AUTH }, { title: 'T' }],
  ['GET, to send', 'GET', `/t/send?m=hi&auth=${authOf(`Bearer ${ANN}`)}`, {}, {}],
  ['GET, to trigger, by Basic', 'GET', '/t/trigger', { headers: basic('', ANN) }, { text: 'triggered' }],
  ['Basic', 'POST', '/t', { headers: basic('ann', ANN), body: 'hi' }, {}],
  ['Basic with the token as name', 'POST', '/t', { headers: basic(ANN, 'None'), body: 'hi' }, {}],
  [
    '?auth=',
    'POST',
    `/t?auth=${authOf(`Basic ${Buffer.from(`:${ANN}`).toString('base64')}`)}`,
    { body: 'hi' },
    {},
  ],
];
describe('a message', () => {
  for (const [name, method, target, asked, expected] of ways) {
    test(name, async () => {
      const { ask, theMessage, sent } = openDialects(['ntfy']);
      const answer = await ask(method, target, asked);
      assert.equal(answer?.status, 200, JSON.stringify(answer?.json));
      assert.deepEqual(theMessage(), { ...plain, ...expected });
      assert.equal(sent.length, 2);
    });
  }
});

test('the message as ntfy would have published it', async () => {
  const { ask, sent } = openDialects(['ntfy']);
  const answer = await ask(
    'POST',
    '/t',
    text('hi', { title: 'T', p: 'high', tags: 'a,b', click: 'https://x.example/' }),
  );
  assert.deepEqual(answer?.json, {
    id: sent[0]?.message.id,
    time: START_MS / 1000,
    expires: START_MS / 1000 + 43_200,
    event: 'message',
    topic: 't',
    title: 'T',
    message: 'hi',
    priority: 4,
    tags: ['a', 'b'],
    click: 'https://x.example/',
  });
});

const topics: readonly [topic: string, channels: string[]][] = [
  ['sms', ['sms']],
  ['alerts', ['mail', 'sms']],
  ['broken', ['mail', 'sms']],
];
for (const [topic, channels] of topics) {
  test(`the topic ${topic} means ${channels.join(' and ')}`, async () => {
    const { ask, sent } = openDialects(['ntfy']);
    await ask('POST', `/${topic}`, text('hi'));
    assert.deepEqual(
      sent.map(({ channel }) => channel),
      channels,
    );
  });
}

const refusals: readonly [
  name: string,
  target: string,
  asked: Asked,
  expected: [status: number, code?: number],
][] = [
  ['no token', '/t', { body: 'hi' }, [401, 40101]],
  ['a wrong token', '/t', { headers: bearer(NOBODY), body: 'hi' }, [401, 40101]],
  ['a wrong token before all else', '/', { headers: bearer(NOBODY), body: '{' }, [401, 40101]],
  ['?auth= that is nothing', '/t?auth=%FF', { body: 'hi' }, [401, 40101]],
  ['broken JSON', '/', text('{'), [400, 40017]],
  ['no topic', '/', json({ message: 'hi' }), [400, 40009]],
  ['a topic that is none', '/', json({ topic: 'a/b', message: 'hi' }), [400, 40009]],
  ['a priority that is none', '/t', text('hi', { priority: '6' }), [400, 40007]],
  ['a delay', '/t', text('hi', { at: 'tomorrow' }), [400, 40004]],
  ['a template', '/t', text('{"a": 1}', { template: 'yes', message: '{{.a}}' }), [400, 40043]],
  ['a template of a name', '/t?tpl=github', text('{}'), [400, 40043]],
  ['a broken form', '/t', text('x', { 'content-type': 'multipart/form-data' }), [400, 40017]],
  ['what nobody got', '/t', { headers: bearer(BOB), body: 'hi' }, [502, 50201]],
];
describe('refused in their shape', () => {
  for (const [name, target, asked, [http, code]] of refusals) {
    test(name, async () => {
      const { ask, sent } = openDialects(['ntfy']);
      const answer = await ask('POST', target, asked);
      const { error, ...rest } = answer?.json ?? {};
      assert.deepEqual([answer?.status, rest], [http, { code, http }]);
      assert.ok(error.length > 10);
      assert.equal(sent.length, 0);
    });
  }

  test('too fast, with the time to wait', async () => {
    const { ask } = openDialects(['ntfy']);
    for (let i = 0; i < 20; i++) assert.equal((await ask('POST', '/t', text('hi')))?.status, 200);
    const answer = await ask('POST', '/t', text('hi'));
    assert.deepEqual(
      [answer?.status, answer?.json.code, answer?.headers.get('retry-after')],
      [429, 42901, '1'],
    );
  });
});

const others: readonly [name: string, method: string, target: string, headers?: Record<string, string>][] = [
  ['the site', 'GET', '/'],
  ['a file', 'GET', '/t', AUTH],
  ['a file in a folder', 'GET', '/docs/send'],
  ['a file behind Basic', 'GET', '/docs/send', basic('ann', 'password-of-the-site')],
  ['a file, to a short token', 'GET', '/docs/send', basic('', BOB)],
  ['the head of a file', 'HEAD', '/t/publish', AUTH],
  ['what is deeper', 'POST', '/a/b', AUTH],
  ['a name with a dot', 'POST', '/index.html', AUTH],
  ["mote's own", 'POST', '/notify', AUTH],
  ['another method', 'DELETE', '/t', AUTH],
];
for (const [name, method, target, headers = {}] of others) {
  test(`${name} goes on`, async () => {
    assert.equal(await openDialects(['ntfy']).ask(method, target, { headers }), undefined);
  });
}

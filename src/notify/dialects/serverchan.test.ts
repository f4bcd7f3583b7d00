import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ANN, type Asked, BOB, FORM_TYPE, JSON_TYPE, multipart, NOBODY, openDialects } from './fixtures.ts';

const form = (body: string): Asked => ({ headers: FORM_TYPE, body });
const json = (value: unknown): Asked => ({ headers: JSON_TYPE, body: JSON.stringify(value) });

type Expected = { title?: string; text?: string; tags?: string[] };
const ways: readonly [name: string, method: string, target: string, asked: Asked, expected: Expected][] = [
  ['GET', 'GET', `/${ANN}.send?title=%E6%A0%87&desp=a+b`, {}, { title: '标', text: 'a b' }],
  ['the path of SC3', 'GET', `/send/${ANN}.send?title=t`, {}, { title: 't' }],
  [
    'an encoded key',
    'GET',
    `/${encodeURIComponent(ANN).replace('-', '%2D')}.send?title=t`,
    {},
    { title: 't' },
  ],
  ['a form', 'POST', `/${ANN}.send`, form('title=t&desp=%23+a%0Ab'), { title: 't', text: '# a\nb' }],
  ['JSON', 'POST', `/${ANN}.send`, json({ title: 't', desp: 'd' }), { title: 't', text: 'd' }],
  [
    'curl -F',
    'POST',
    `/${ANN}.send`,
    multipart({ title: '标', desp: 'a\r\nb' }),
    { title: '标', text: 'a\nb' },
  ],
  ['the old name of the title', 'POST', `/${ANN}.send`, form('text=t&desp=d'), { title: 't', text: 'd' }],
  [
    'the query and the body',
    'POST',
    `/${ANN}.send?title=q&desp=d`,
    form('title=t'),
    { title: 't', text: 'd' },
  ],
  ['a title alone', 'POST', `/${ANN}.send`, form('title=t'), { title: 't', text: '' }],
  ['a text alone', 'POST', `/${ANN}.send`, form('desp=d'), { title: '', text: 'd' }],
  ['a short text alone', 'POST', `/${ANN}.send`, json({ title: 't', short: 's' }), { text: 's' }],
  ['a short text beside the whole', 'POST', `/${ANN}.send`, json({ desp: 'd', short: 's' }), { text: 'd' }],
  ['tags', 'POST', `/${ANN}.send`, form('title=t&tags=a%7Cb'), { tags: ['a', 'b'] }],
  [
    'more than their 32 characters',
    'GET',
    `/${ANN}.send?title=${'x'.repeat(100)}`,
    {},
    { title: 'x'.repeat(100) },
  ],
  [
    'a title beyond all bounds',
    'GET',
    `/${ANN}.send?title=${'%E6%A0%87'.repeat(400)}`,
    {},
    { title: `${'标'.repeat(340)}…` },
  ],
  [
    'what means nothing here',
    'GET',
    `/${ANN}.send?title=t&openid=o&noip=1&channel=9%7C66`,
    {},
    { title: 't' },
  ],
];
describe('a message', () => {
  for (const [name, method, target, asked, expected] of ways) {
    test(name, async () => {
      const { ask, theMessage, sent } = openDialects(['serverchan']);
      const answer = await ask(method, target, asked);
      assert.equal(answer?.status, 200, JSON.stringify(answer?.json));
      assert.deepEqual([answer.json.code, answer.json.message, answer.json.data.errno], [0, '', 0]);
      assert.equal(answer.json.data.pushid, sent[0]?.message.id);
      const message = theMessage();
      assert.deepEqual({ ...message, ...expected }, message);
      assert.equal(message.format, 'markdown');
      assert.equal(sent.length, 2);
    });
  }

  test('a channel by its name', async () => {
    const { ask, sent } = openDialects(['serverchan']);
    await ask('GET', `/${ANN}.send?title=t&channel=9%7Csms`);
    assert.deepEqual(
      sent.map(({ channel }) => channel),
      ['sms'],
    );
  });
});

const refusals: readonly [
  name: string,
  method: string,
  target: string,
  asked: Asked,
  expected: [number, number],
][] = [
  ['a wrong key', 'GET', `/${NOBODY}.send?title=t`, {}, [401, 40001]],
  ['a wrong key before a bad body', 'POST', `/${NOBODY}.send`, form('%ff'), [401, 40001]],
  ['nothing to say', 'POST', `/${ANN}.send`, {}, [422, 422]],
  ['broken JSON', 'POST', `/${ANN}.send`, { headers: JSON_TYPE, body: '{' }, [400, 400]],
  ['a form that is not UTF-8', 'POST', `/${ANN}.send`, form('title=%ff'), [400, 400]],
  [
    'an unknown type',
    'POST',
    `/${ANN}.send`,
    { headers: { 'content-type': 'text/csv' }, body: 'a' },
    [415, 415],
  ],
  ['what nobody got', 'GET', `/${BOB}.send?title=t`, {}, [502, 502]],
];
describe('refused in their shape', () => {
  for (const [name, method, target, asked, [status, code]] of refusals) {
    test(name, async () => {
      const { ask, sent } = openDialects(['serverchan']);
      const answer = await ask(method, target, asked);
      assert.deepEqual([answer?.status, answer?.json.code, answer?.json.data], [status, code, null]);
      assert.match(answer?.json.message, /^[A-Z]|^[a-z]+: /);
      assert.equal(sent.length, 0);
    });
  }
});

const others: readonly [method: string, target: string][] = [
  ['HEAD', `/${ANN}.send`],
  ['PUT', `/${ANN}.send`],
  ['GET', '/a/b.send'],
  ['GET', '/.send'],
  ['GET', '/index.html'],
  ['GET', `/send/${ANN}`],
];
for (const [method, target] of others) {
  test(`${method} ${target} goes on`, async () => {
    assert.equal(await openDialects(['serverchan']).ask(method, target), undefined);
  });
}

test('switched off it takes nothing', async () => {
  const { ask } = openDialects(['gotify', 'apprise', 'alertmanager', 'grafana', 'ntfy']);
  assert.equal(await ask('GET', `/${ANN}.send?title=t`), undefined);
});

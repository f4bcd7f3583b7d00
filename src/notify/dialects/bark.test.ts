import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { START_MS } from '../fixtures.ts';
import { MAX_DEVICE_KEYS } from './bark.ts';
import {
  ANN,
  type Asked,
  BOB,
  bearer,
  FORM_TYPE,
  JSON_TYPE,
  multipart,
  NOBODY,
  openDialects,
} from './fixtures.ts';

const json = (value: unknown): Asked => ({ headers: JSON_TYPE, body: JSON.stringify(value) });
const form = (body: string): Asked => ({ headers: FORM_TYPE, body });
const plain = { title: '', text: 'b', format: 'text', priority: 3, tags: [] };
const timestamp = START_MS / 1000;

const ways: readonly [name: string, method: string, target: string, asked: Asked, expected: object][] = [
  ['a body', 'GET', `/${ANN}/b`, {}, {}],
  ['a title and a body', 'GET', `/${ANN}/%E6%A0%87/a%2Fb+c`, {}, { title: '标', text: 'a/b c' }],
  ['all three', 'GET', `/${ANN}/t/s/b`, {}, { title: 't', text: 's\n\nb' }],
  ['a slash at the end', 'GET', `/${ANN}/t/b/`, {}, { title: 't' }],
  ['the query', 'GET', `/${ANN}?title=t&body=b`, {}, { title: 't' }],
  [
    'parameters in the query',
    'GET',
    `/${ANN}/b?url=https://x.example/&group=g&level=timeSensitive&sound=a`,
    {},
    { url: 'https://x.example/', tags: ['g'], priority: 4 },
  ],
  ['the path before the query', 'GET', `/${ANN}/b?body=q`, {}, {}],
  ['a POST of a path', 'POST', `/${ANN}/t/b`, {}, { title: 't' }],
  ['a form', 'POST', `/${ANN}`, form('body=b&group=g'), { tags: ['g'] }],
  ['curl -F', 'POST', `/${ANN}`, multipart({ title: 't', body: 'b' }), { title: 't' }],
  ['JSON', 'POST', `/${ANN}`, json({ title: 't', body: 'b', badge: 1 }), { title: 't' }],
  ['push', 'POST', '/push', json({ title: 't', body: 'b', icon: 'x', device_key: ANN }), { title: 't' }],
  ['push by a form', 'POST', '/push', form(`body=b&device_key=${ANN}`), {}],
  [
    'Markdown',
    'POST',
    '/push',
    json({ markdown: '*m*', device_key: ANN }),
    { text: '*m*', format: 'markdown' },
  ],
  ['names in any case', 'POST', '/push', json({ Title: 't', BODY: 'b', Device_Key: ANN }), { title: 't' }],
  ['names in any case, in the query', 'GET', `/${ANN}/b?Level=CRITICAL`, {}, { priority: 5 }],
  ['nothing to say', 'POST', `/${ANN}`, {}, { text: 'Empty message' }],
  ['nothing to say, by GET', 'GET', `/${ANN}`, {}, { text: 'Empty message' }],
  ['blanks', 'POST', '/push', json({ title: ' ', device_key: ANN }), { text: 'Empty message' }],
  ['critical', 'POST', '/push', json({ body: 'b', level: 'critical', device_key: ANN }), { priority: 5 }],
  ['passive', 'POST', '/push', json({ body: 'b', level: 'passive', device_key: ANN }), { priority: 2 }],
  [
    'a link into an app',
    'POST',
    '/push',
    json({ body: 'b', url: 'app://x', device_key: ANN }),
    { text: 'b\n\napp://x' },
  ],
];
describe('a message', () => {
  for (const [name, method, target, asked, expected] of ways) {
    test(name, async () => {
      const { ask, theMessage } = openDialects(['bark']);
      const answer = await ask(method, target, asked);
      assert.deepEqual([answer?.status, answer?.json], [200, { code: 200, message: 'success', timestamp }]);
      assert.deepEqual(theMessage(), { ...plain, ...expected });
    });
  }
});

test('a short token is good for a POST, and where it cannot be the name of a file', async () => {
  const { ask } = openDialects(['bark']);
  assert.equal((await ask('POST', `/${BOB}/b`))?.status, 502);
  assert.equal((await ask('POST', '/push', json({ body: 'b', device_key: BOB })))?.status, 502);
  assert.equal(await ask('GET', `/${BOB}/b`), undefined);
});

describe('several keys', () => {
  test('each has its result, and one that got it makes a success', async () => {
    const { ask, sent } = openDialects(['bark']);
    const answer = await ask('POST', '/push', json({ body: 'b', device_keys: [BOB, ANN, NOBODY, ANN] }));
    const codes = answer?.json.data.map(({ code, device_key }: { code: number; device_key: string }) => [
      code,
      device_key,
    ]);
    assert.deepEqual([answer?.status, answer?.json.code], [200, 200]);
    assert.deepEqual(codes, [
      [502, BOB],
      [200, ANN],
      [401, NOBODY],
    ]);
    assert.equal(sent.length, 2);
  });

  test('nobody got it', async () => {
    const answer = await openDialects(['bark']).ask(
      'POST',
      '/push',
      json({ body: 'b', device_keys: [BOB, NOBODY] }),
    );
    assert.deepEqual([answer?.status, answer?.json.code], [502, 502]);
  });

  test('too many', async () => {
    const device_keys = Array.from({ length: MAX_DEVICE_KEYS }, (_, index) => `${NOBODY}${index}`);
    const answer = await openDialects(['bark']).ask(
      'POST',
      '/push',
      json({ body: 'b', device_keys: [ANN, ...device_keys] }),
    );
    assert.equal(answer?.status, 422);
  });
});

const refusals: readonly [name: string, method: string, target: string, asked: Asked, status: number][] = [
  ['no key', 'POST', '/push', json({ body: 'b' }), 401],
  ['a wrong key', 'POST', '/push', json({ body: 'b', device_key: NOBODY }), 401],
  ['a wrong key in a path', 'POST', `/${NOBODY}/b`, {}, 401],
  ['broken JSON', 'POST', `/${ANN}`, { headers: JSON_TYPE, body: '{' }, 400],
  ['a query that is not UTF-8', 'GET', `/${ANN}?body=%ff`, {}, 400],
];
describe('refused in their shape', () => {
  for (const [name, method, target, asked, code] of refusals) {
    test(name, async () => {
      const { ask, sent } = openDialects(['bark']);
      const answer = await ask(method, target, asked);
      const { message, ...rest } = answer?.json ?? {};
      assert.deepEqual([answer?.status, rest], [code, { code, timestamp }]);
      assert.ok(message.length > 10);
      assert.equal(sent.length, 0);
    });
  }
});

const others: readonly [method: string, target: string][] = [
  ['GET', '/'],
  ['GET', '/index.html'],
  ['GET', '/assets/app.js'],
  ['GET', `/${NOBODY}/b`],
  ['HEAD', `/${ANN}/b`],
  ['PUT', `/${ANN}/b`],
  ['GET', `/${ANN}/a/b/c/d`],
  ['GET', `//${ANN}/b`],
  ['POST', '/'],
  ['POST', '/notify'],
  ['POST', `/notify/${ANN}`],
  ['GET', '/push'],
];
for (const [method, target] of others) {
  test(`${method} ${target} goes on`, async () => {
    assert.equal(await openDialects(['bark']).ask(method, target), undefined);
  });
}

test('looking for tokens in names of files costs nobody anything', async () => {
  const { ask } = openDialects(['bark']);
  for (let i = 0; i < 50; i++) await ask('GET', `/a-folder-with-a-long-name-${i}/b`);
  assert.equal((await ask('GET', `/${ANN}/b`))?.status, 200);
});

const shared: readonly [name: string, asked: Asked, shape: string][] = [
  ['with a token in a header it is of ntfy', { headers: bearer(ANN), body: 'hi' }, 'event'],
  ['without it is of Bark', form('body=b'), 'code'],
];
for (const [name, asked, member] of shared) {
  test(`POST /{word} where both are on: ${name}`, async () => {
    const { ask } = openDialects(['ntfy', 'bark']);
    const answer = await ask('POST', `/${ANN}`, asked);
    assert.deepEqual([answer?.status, member in (answer?.json ?? {})], [200, true]);
  });
}

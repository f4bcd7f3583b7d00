import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { START_MS } from '../fixtures.ts';
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

const KEY = { 'x-gotify-key': ANN };
const json = (value: unknown, headers: Record<string, string> = KEY): Asked => ({
  headers: { ...JSON_TYPE, ...headers },
  body: JSON.stringify(value),
});
const message = { title: 't', message: 'm' };

const tokens: readonly [name: string, target: string, headers: Record<string, string>][] = [
  ['X-Gotify-Key', '/message', KEY],
  ['Bearer', '/message', bearer(ANN)],
  ['the query', `/message?token=${ANN}`, {}],
];
for (const [name, target, headers] of tokens) {
  test(`the token in ${name}`, async () => {
    const { ask, sent } = openDialects(['gotify']);
    assert.equal((await ask('POST', target, json(message, headers)))?.status, 200);
    assert.equal(sent.length, 2);
  });
}

test('the message as gotify would have kept it', async () => {
  const { ask, theMessage } = openDialects(['gotify']);
  const extras = {
    'client::display': { contentType: 'text/markdown' },
    'client::notification': { click: { url: 'https://x.example/' } },
  };
  const answer = await ask('POST', '/message', json({ ...message, priority: 8, extras }));
  const { id, ...rest } = answer?.json ?? {};
  assert.ok(Number.isSafeInteger(id) && id > 0);
  assert.deepEqual(rest, {
    appid: 1,
    ...message,
    priority: 8,
    extras,
    date: new Date(START_MS).toISOString(),
  });
  assert.deepEqual(theMessage(), {
    title: 't',
    text: 'm',
    format: 'markdown',
    url: 'https://x.example/',
    priority: 4,
    tags: [],
  });
});

test('extras that are nested by thousands do no harm', async () => {
  const { ask, theMessage } = openDialects(['gotify']);
  const extras = `{"a":${'['.repeat(8000)}${']'.repeat(8000)}}`;
  const body = `{"message": "m", "extras": ${extras}}`;
  const answer = await ask('POST', '/message', { headers: { ...JSON_TYPE, ...KEY }, body });
  assert.deepEqual([answer?.status, answer?.json.message, answer?.json.extras], [200, 'm', undefined]);
  assert.equal(theMessage().text, 'm');
});

test('ids differ within a millisecond', async () => {
  const { ask } = openDialects(['gotify']);
  const answers = await Promise.all([1, 2].map(() => ask('POST', '/message', json(message))));
  assert.ok(answers.every((answer) => Number.isSafeInteger(answer?.json.id)));
});

const forms: readonly [name: string, asked: Asked][] = [
  ['a form', { headers: { ...FORM_TYPE, ...KEY }, body: 'title=t&message=m&priority=5' }],
  ['curl -F', { ...multipart({ title: 't', message: 'm', priority: '5' }) }],
];
for (const [name, asked] of forms) {
  test(name, async () => {
    const { ask, theMessage } = openDialects(['gotify']);
    const answer = await ask('POST', '/message', { ...asked, headers: { ...asked.headers, ...KEY } });
    assert.deepEqual([answer?.status, answer?.json.priority], [200, 5]);
    assert.deepEqual([theMessage().title, theMessage().text, theMessage().priority], ['t', 'm', 3]);
  });
}

const priorities = new Map<unknown, number>([
  [-2, 1],
  [0, 1],
  [1, 2],
  [3, 2],
  [4, 3],
  [7, 3],
  [8, 4],
  [9, 4],
  [10, 5],
  [99, 5],
  ['8', 4],
  [undefined, 3],
  [null, 3],
]);
for (const [theirs, ours] of priorities) {
  test(`priority ${JSON.stringify(theirs)} is ${ours}`, async () => {
    const { ask, theMessage } = openDialects(['gotify']);
    await ask('POST', '/message', json({ ...message, priority: theirs }));
    assert.equal(theMessage().priority, ours);
  });
}

test('a link that is not for a browser is not lost', async () => {
  const { ask, theMessage } = openDialects(['gotify']);
  const extras = { 'client::notification': { click: { url: 'app://open' } } };
  await ask('POST', '/message', json({ ...message, extras }));
  assert.deepEqual([theMessage().text, theMessage().url], ['m\n\napp://open', undefined]);
});

const refusals: readonly [name: string, asked: Asked, expected: [number, string]][] = [
  ['no token', json(message, {}), [401, 'Unauthorized']],
  ['a wrong token', json(message, { 'x-gotify-key': NOBODY }), [401, 'Unauthorized']],
  ['an empty token', json(message, { 'x-gotify-key': ' ' }), [401, 'Unauthorized']],
  ['nothing to say', json({}), [422, 'Unprocessable Content']],
  ['a message that is no text', json({ message: { a: 1 } }), [422, 'Unprocessable Content']],
  ['a priority that is none', json({ ...message, priority: 'high' }), [400, 'Bad Request']],
  ['broken JSON', { headers: { ...JSON_TYPE, ...KEY }, body: '{"' }, [400, 'Bad Request']],
  ['a list', json([]), [400, 'Bad Request']],
  ['what nobody got', json(message, { 'x-gotify-key': BOB }), [502, 'Bad Gateway']],
];
describe('refused in their shape', () => {
  for (const [name, asked, [status, error]] of refusals) {
    test(name, async () => {
      const { ask, sent } = openDialects(['gotify']);
      const answer = await ask('POST', '/message', asked);
      const { errorDescription, ...rest } = answer?.json ?? {};
      assert.deepEqual([answer?.status, rest], [status, { error, errorCode: status }]);
      assert.ok(errorDescription.length > 10);
      assert.equal(sent.length, 0);
    });
  }
});

test('GET of the path goes on to the files', async () => {
  const { ask } = openDialects(['gotify']);
  assert.equal(await ask('GET', `/message?token=${ANN}`), undefined);
  assert.equal(await ask('POST', '/version'), undefined);
});

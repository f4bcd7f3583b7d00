/** `POST /notify/hook/NAME`: who may send, what is repeated, how large it may be, and what the operator is told. */
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { after, describe, test } from 'node:test';
import { makeFolder } from '../support/folder.ts';
import { anonymous, SECRET, signed, startHooked } from '../support/hooks.ts';
import { ann, ask, hashOf, notifyFile, TOKEN, type User } from '../support/notify.ts';
import { engineBetween, run, without } from '../support/target.ts';

const OTHER_TOKEN = 'bob-has-this-token';
const secret = { env: 'GITHUB_SECRET' };
const bob: User = { tokens: [hashOf(OTHER_TOKEN)], channels: ['other'], burst: 3, perMinute: 1 };
const shared = await startHooked(
  { after },
  {
    plain: {},
    events: { text: '{{each .}}- {{./type}} {{./message}}' },
    open: { tokenInUrl: true },
    narrow: { channels: ['kept'], match: { '/kind': ['alarm', 5] }, ignore: { '/test': true } },
    keyed: { text: '/text', idempotencyKey: '/id' },
    signed: { secret, user: 'ann' },
    roomy: { secret, user: 'ann', tokenInUrl: true },
    strict: { secret },
    stripe: { secret, signature: 'stripe', user: 'ann' },
    standard: { secret, signature: 'standard', user: 'ann' },
    'by-header': { title: 'header:X-Title' },
  },
  { users: { ann, bob }, args: ['--notify-dialects', 'serverchan,gotify,ntfy,bark,apprise'] },
);
const { server, delivered, post } = shared;
const body = '{"text":"x"}';
const hub = (text: string) => ({ 'X-Hub-Signature-256': `sha256=${signed(text)}` });

/** How many were delivered by `work`. */
async function count(work: () => Promise<unknown>): Promise<number> {
  const before = delivered.length;
  await work();
  return delivered.length - before;
}

describe('tokens', () => {
  const basic = `Basic ${Buffer.from(`any:${TOKEN}`).toString('base64')}`;
  const ways: readonly [
    name: string,
    path: string,
    headers: Readonly<Record<string, string>>,
    status: number,
  ][] = [
    ['Bearer', 'plain', {}, 200],
    ['Basic', 'plain', { Authorization: basic }, 200],
    ['X-Token', 'plain', { ...anonymous, 'X-Token': TOKEN }, 200],
    ['X-Gitlab-Token', 'plain', { ...anonymous, 'X-Gitlab-Token': TOKEN }, 200],
    ['in the path', `open/${TOKEN}`, anonymous, 200],
    [
      'in the path, behind a proxy with credentials of its own',
      `open/${TOKEN}`,
      { Authorization: 'Basic YTpi' },
      200,
    ],
    ['in the query', `open?token=${TOKEN}`, anonymous, 200],
    ['in the path of a hook without it', `plain/${TOKEN}`, anonymous, 403],
    ['in the query of a hook without it', `plain?token=${TOKEN}`, {}, 403],
    ['a wrong one in the path', 'open/wrong-token-of-nobody', {}, 401],
    ['none', 'plain', anonymous, 401],
    ['none, for what is ignored', 'narrow', anonymous, 401],
    ['no hook', 'nothing', {}, 404],
  ];
  for (const [name, path, headers, status] of ways) {
    test(name, async () => {
      let http = 0;
      const times = await count(
        async () => ({ http } = await post(`/notify/hook/${path}`, body, { headers })),
      );
      assert.deepEqual([http, times], [status, status === 200 ? 2 : 0]);
    });
  }

  test('none is in the log, right or wrong', async () => {
    await post('/notify/hook/open/wrong-token-of-nobody', body);
    await post(`/notify/hook/open/${TOKEN}?token=${TOKEN}`, body, {
      headers: { Referer: `http://h/notify/hook/open/${TOKEN}` },
    });
    await ask(server, { method: 'GET', path: '/?mark=1.' });
    await server.stdout.find(/mark=1\./);
    const log = [...server.stdout.all, ...server.stderr.all].join('\n');
    assert.match(log, /\/notify\/hook\/open\/\*\*\*/);
    for (const token of [TOKEN, 'wrong-token-of-nobody']) assert.ok(!log.includes(token), log);
  });
});

describe('methods', () => {
  test('PUT sends too', async () => {
    assert.equal((await post('/notify/hook/plain', body, { method: 'PUT' })).http, 200);
  });
  for (const method of ['GET', 'DELETE']) {
    test(`${method} does not`, async () => {
      const { http, header } = await post('/notify/hook/plain', '', { method });
      assert.deepEqual([http, header('allow')], [405, 'POST, PUT, OPTIONS']);
    });
  }
  test('Location leads to the message', async () => {
    for (const path of ['/notify/hook/plain', `/notify/hook/open/${TOKEN}`]) {
      const { header, id } = await post(path, body);
      const location = new URL(header('location') ?? '', `http://h${path}`).pathname;
      assert.equal(location, `/notify/${id}`);
      assert.equal((await ask(server, { method: 'GET', path: location })).status, 'delivered');
    }
  });
});

test('the name of a hook may be percent-encoded', async () => {
  assert.equal((await post('/notify/hook/pl%61in', body)).http, 200);
});

test('a header may have any letters', async () => {
  for (const title of ['Größe 信', '=?utf-8?B?R3LDtsOfZSDkv6E=?=']) {
    await post('/notify/hook/by-header', body, { headers: { 'X-Title': title } });
    assert.equal(delivered.at(-1)?.title, 'Größe 信');
  }
});

describe('what is wanted', () => {
  const bodies: readonly [body: string, status: number][] = [
    ['{"kind":"alarm","text":"1"}', 200],
    ['{"kind":5,"text":"2"}', 200],
    ['{"kind":"5","text":"3","test":false}', 200],
    ['{"kind":"news"}', 204],
    ['{"kind":"alarm","test":true}', 204],
    ['{}', 204],
    ['no JSON', 204],
  ];
  for (const [text, status] of bodies) {
    test(text, async () => {
      let http = 0;
      // One channel only.
      const times = await count(async () => ({ http } = await post('/notify/hook/narrow', text)));
      assert.deepEqual([http, times], [status, status === 200 ? 1 : 0]);
    });
  }
  test('a user without its channel is told', async () => {
    const headers = { Authorization: `Bearer ${OTHER_TOKEN}` };
    const { http, detail } = await post('/notify/hook/narrow', '{"kind":5}', { headers });
    assert.equal(http, 403);
    assert.match(detail ?? '', /may not use the channel kept/);
  });
});

describe('bodies that other receivers stumble over', () => {
  const bodies: readonly [name: string, body: string, type: string, title: string, text: string][] = [
    ['JSON without a type', '{"message":"Soup"}', '', 'plain', 'Soup'],
    ['JSON as text', '{"message":"Pilot"}', 'text/plain', 'plain', 'Pilot'],
    [
      'text as JSON',
      "UNKNOWN HOST IP: '192.0.2.4'",
      'application/json',
      'plain',
      "UNKNOWN HOST IP: '192.0.2.4'",
    ],
    ['no JSON at all', 'date=2026-10-12 msg="DHCP ack"', '', 'plain', 'date=2026-10-12 msg="DHCP ack"'],
    ['nothing as JSON', '', 'application/json', 'plain', ''],
    ['numbers', '{"title":404,"text":0}', 'application/json', '404', '0'],
    [
      'a list',
      '[{"type":"t","message":"one"},{"message":"two"}]',
      'application/json',
      'events',
      '- t one\n-  two',
    ],
    ['JSON with a mark of its bytes', '\ufeff{"message":"x"}', 'application/json', 'plain', 'x'],
    ['a form without fields', '%%%', 'application/x-www-form-urlencoded', 'plain', '%%%: '],
    [
      'JSON nested deeper than any message',
      `${'['.repeat(99)}${']'.repeat(99)}`,
      '',
      'plain',
      `${'['.repeat(99)}${']'.repeat(99)}`,
    ],
    ['a number', '42', 'application/json', 'plain', '42'],
  ];
  for (const [name, text, type, ...expected] of bodies) {
    test(name, async () => {
      const path = name === 'a list' ? 'events' : 'plain';
      const { http } = await post(`/notify/hook/${path}`, text, { headers: { 'Content-Type': type } });
      assert.equal(http, 200);
      const message = delivered.at(-1);
      assert.deepEqual([message?.title, message?.text], expected);
    });
  }
});

describe('repetitions', () => {
  test('the same with the same key is one message', async () => {
    const send = () => post('/notify/hook/keyed', '{"id":7,"text":"once"}');
    assert.equal(await count(send), 2);
    assert.equal((await send()).repeated, true);
    assert.equal(await count(send), 0);
  });
  test('other words with this key are another one, not a conflict', async () => {
    assert.equal(await count(() => post('/notify/hook/keyed', '{"id":7,"text":"changed"}')), 2);
  });
  test('without a key each is one', async () => {
    assert.equal(await count(() => post('/notify/hook/keyed', '{"text":"once"}')), 2);
    assert.equal(await count(() => post('/notify/hook/keyed', '{"text":"once"}')), 2);
  });
  test('a signature with a time is good once', async () => {
    const time = Math.floor(Date.now() / 1000);
    const v1 = createHmac('sha256', SECRET).update(`${time}.${body}`).digest('hex');
    const headers = { ...anonymous, 'Stripe-Signature': `t=${time},v1=${v1}` };
    assert.equal(await count(() => post('/notify/hook/stripe', body, { headers })), 2);
    const again = { ...headers, 'Stripe-Signature': `v0=other,t=${time},v1=${v1}` };
    assert.equal(await count(() => post('/notify/hook/stripe', body, { headers: again })), 0);
    // Nobody has signed this.
    const keyed = { ...headers, 'Idempotency-Key': 'another' };
    assert.equal(await count(() => post('/notify/hook/stripe', body, { headers: keyed })), 0);
  });
  test('a signed id is good once, whenever its sender repeats it', async () => {
    const send = (id: string, time: number) => {
      const v1 = createHmac('sha256', SECRET).update(`${id}.${time}.${body}`).digest('base64');
      return post('/notify/hook/standard', body, {
        headers: {
          ...anonymous,
          'webhook-id': id,
          'webhook-timestamp': String(time),
          'webhook-signature': `v1,${v1}`,
        },
      });
    };
    const time = Math.floor(Date.now() / 1000);
    assert.equal(await count(() => send('evt-1', time - 9)), 2);
    assert.equal(await count(() => send('evt-1', time)), 0);
    assert.equal(await count(() => send('evt-2', time)), 2);
  });
  test('the header for it is known, as for other messages', async () => {
    const send = (key: string) =>
      post('/notify/hook/plain', '{"text":"with a key"}', { headers: { 'Idempotency-Key': key } });
    assert.equal(await count(() => send('1')), 2);
    assert.equal(await count(() => send('1')), 0);
    assert.equal(await count(() => send('2')), 2);
  });
});

describe('sizes', () => {
  const large = JSON.stringify({ text: 'x', padding: 'y'.repeat(100_000) });
  test('with a token', async () => assert.equal((await post('/notify/hook/plain', large)).http, 200));
  test('with a token in the URL', async () => {
    assert.equal((await post(`/notify/hook/open/${TOKEN}`, large, { headers: anonymous })).http, 200);
  });
  const few = { skip: without('largeMessages') };
  test('signed, without one: a push of many commits', few, async () => {
    const headers = { ...anonymous, ...hub(large) };
    assert.equal((await post('/notify/hook/signed', large, { headers })).http, 200);
    assert.equal((await post('/notify/hook/signed', large, { headers: anonymous })).http, 401);
    const larger = JSON.stringify({ text: 'x', padding: 'y'.repeat(1_100_000) });
    assert.equal(
      (await post('/notify/hook/signed', larger, { headers: { ...anonymous, ...hub(larger) } })).http,
      413,
    );
  });
  test('signed, with one in the URL for more room', few, async () => {
    const larger = JSON.stringify({ text: 'x', padding: 'y'.repeat(1_100_000) });
    const headers = { ...anonymous, ...hub(larger) };
    assert.equal((await post(`/notify/hook/roomy/${TOKEN}`, larger, { headers })).http, 200);
    assert.equal((await post(`/notify/hook/roomy/${TOKEN}`, larger, { headers: anonymous })).http, 401);
  });
  test('no body at all', async () => {
    assert.equal((await post('/notify/hook/plain', '')).http, 200);
    assert.deepEqual(delivered.at(-1), { title: 'plain', text: '', url: '' });
  });
});

describe('signatures', () => {
  test('instead of a token', async () => {
    const headers = { ...anonymous, ...hub(body) };
    assert.equal((await post('/notify/hook/signed', body, { headers })).http, 200);
    assert.equal((await post('/notify/hook/strict', body, { headers })).http, 401);
  });
  test('and a token, where no user is named', async () => {
    assert.equal((await post('/notify/hook/strict', body, { headers: hub(body) })).http, 200);
    assert.equal((await post('/notify/hook/strict', body)).http, 401);
  });
  test('wrong ones slow their address down, and a good one is never refused', async (t) => {
    const { post: send } = await startHooked(t, { signed: { secret, user: 'ann' } });
    const wrong = (number: number) =>
      send('/notify/hook/signed', body, {
        headers: { ...anonymous, 'X-Hub-Signature-256': `sha256=${number}` },
      });
    for (let number = 0; number < 6; number++) {
      const { http, detail } = await wrong(number);
      assert.equal(http, 401);
      assert.match(detail ?? '', /The signature in X-Hub-Signature-256 is wrong/);
    }
    const { http, header } = await wrong(7);
    assert.deepEqual([http, header('retry-after')], [429, '1']);
    const headers = { ...anonymous, ...hub(body) };
    assert.equal((await send('/notify/hook/signed', body, { headers })).http, 200);
  });
  test('the rate is that of the user, apart from its tokens', async (t) => {
    const { post: send } = await startHooked(t, { signed: { secret, user: 'bob' } }, { users: { ann, bob } });
    const headers = { ...anonymous, ...hub(body) };
    const statuses = [];
    for (let i = 0; i < 4; i++) statuses.push((await send('/notify/hook/signed', body, { headers })).http);
    assert.deepEqual(statuses, [200, 200, 200, 429]);
  });
});

test('in workers', { skip: engineBetween || without('workers') }, async (t) => {
  const hooked = await startHooked(
    t,
    { open: { tokenInUrl: true }, signed: { secret, user: 'ann' } },
    { args: ['--workers', '2'] },
  );
  const large = JSON.stringify({ text: 'large', padding: 'y'.repeat(100_000) });
  const statuses = [
    await hooked.post(`/notify/hook/open/${TOKEN}`, large, { headers: anonymous }),
    await hooked.post('/notify/hook/signed', large, { headers: { ...anonymous, ...hub(large) } }),
    await hooked.post('/notify/hook/signed', large, { headers: anonymous }),
    await hooked.post('/notify/hook/nothing', body),
  ];
  assert.deepEqual(
    statuses.map(({ http }) => http),
    [200, 200, 401, 404],
  );
});

describe('the operator is told', () => {
  const robot = { kind: 'wecom-robot', key: 'k' };
  const faults: readonly [name: string, sections: object, message: RegExp][] = [
    [
      'a template',
      { hooks: { h: { title: '{{name}}' } } },
      /hooks\.h\.title: \{\{name\}\} is none; allowed: a JSON Pointer/,
    ],
    ['a condition', { hooks: { h: { match: { kind: 1 } } } }, /hooks\.h\.match: \{\{kind\}\} is none/],
    [
      'a condition of several values',
      { hooks: { h: { ignore: { '{{/a}} {{b}}': 1 } } } },
      /hooks\.h\.ignore: \{\{b\}\} is none/,
    ],
    ['a key', { hooks: { h: { titel: 'x' } } }, /hooks\.h: titel: no such key; did you mean title\?/],
    [
      'a user',
      { hooks: { h: { secret: 's', user: 'eve' } } },
      /hooks\.h\.user: received "eve"; allowed: names in users: ann/,
    ],
    [
      'nobody checked',
      { hooks: { h: { user: 'ann' } } },
      /hooks\.h\.user: set without secret, so everybody could send/,
    ],
    [
      'a channel',
      { hooks: { h: { channels: ['x'] } } },
      /hooks\.h\.channels: received "x"; allowed: names in channels: c/,
    ],
    [
      'a secret in no variable',
      { hooks: { h: { secret: { env: 'NONE' } } } },
      /hooks\.h\.secret: names the variable NONE/,
    ],
    [
      'alerts',
      { templates: { grafana: { text: '{{each}}' } } },
      /templates\.grafana\.text: \{\{each\}\} is none/,
    ],
  ];
  for (const [name, sections, message] of faults) {
    test(name, async () => {
      const file = notifyFile({ c: robot }, { ann }, sections);
      const { code, stderr } = await run([makeFolder({}), '0', '--notify', file]);
      assert.equal(code, 2, stderr);
      assert.match(stderr, message);
      assert.doesNotMatch(stderr, /\n\s+at /);
    });
  }
});

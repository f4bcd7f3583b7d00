/** Unmodified clients of other servers, against the dialects: what they print and what is delivered. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { lacking } from '../../scripts/test/lacking.ts';
import { startAlertmanager } from '../support/alertmanager.ts';
import { assertNoTokens, client } from '../support/client.ts';
import { makeFolder } from '../support/folder.ts';
import { BROKEN_TOKEN, LONG_TOKEN, startNotifyServer, TOKEN } from '../support/notify-server.ts';
import { startStandIn } from '../support/stand-in.ts';
import { without } from '../support/target.ts';

/** Longer than apprise waits. */
const SLOW_MS = 6000;

const plain = { title: '磁盘', text: 'full: 满了', url: '' };
/** For clients with good tokens. */
const shared = await startNotifyServer({ after });

describe('apprise', { skip: lacking({ apprise: 'apprise' }) }, () => {
  const ways: readonly [url: (host: string) => string, expected?: object, args?: string[]][] = [
    [(host) => `gotify://${host}/${TOKEN}`],
    [(host) => `gotify://${host}/${TOKEN}?priority=emergency&format=markdown`],
    [(host) => `ntfy://${TOKEN}@${host}/topic`],
    [
      (host) => `ntfy://ann:${TOKEN}@${host}/topic?priority=high&tags=a,b&click=https://x.example/`,
      { url: 'https://x.example/' },
    ],
    [(host) => `bark://${host}/${TOKEN}`],
    [(host) => `bark://${host}/${TOKEN}?level=timeSensitive&group=ops`],
    [(host) => `apprise://${host}/${TOKEN}`],
    [(host) => `apprise://mote:${LONG_TOKEN}@${host}/all`],
    [(host) => `apprise://${host}/${TOKEN}?format=markdown`, {}, ['-n', 'failure']],
  ];
  for (const [url, expected, args = []] of ways) {
    test(url('host'), async () => {
      const before = shared.received.length;
      const target = url(`127.0.0.1:${shared.port}`);
      const { code, output } = await client('apprise', '-t', plain.title, '-b', plain.text, ...args, target);
      assert.equal(code, 0, output);
      assert.deepEqual(shared.received.slice(before), [{ ...plain, ...expected }]);
      await assertNoTokens(shared);
    });
  }

  test('an attachment is named, and the text arrives: ntfy', async () => {
    const before = shared.received.length;
    const attachment = join(makeFolder({ 'picture.png': '\u0000\u00ff' }), 'picture.png');
    const args = ['-t', plain.title, '-b', plain.text, '-a', attachment];
    const target = `ntfy://${TOKEN}@127.0.0.1:${shared.port}/topic`;
    const { code, output } = await client('apprise', ...args, target);
    assert.equal(code, 0, output);
    const text = `${plain.text}\n\n(not sent along: picture.png)`;
    assert.deepEqual(shared.received.slice(before), [{ ...plain, text }]);
  });

  test('a provider that takes long is no failure', async (t) => {
    const server = await startNotifyServer(t, undefined, SLOW_MS);
    const target = `gotify://127.0.0.1:${server.port}/${TOKEN}`;
    const { code, output } = await client('apprise', '-b', 'slow', target);
    assert.equal(code, 0, output);
    assert.equal((await server.message(1)).text, 'slow');
  });

  const failures: readonly [name: string, token: string][] = [
    ['hears of a wrong token', 'Awrong789012345'],
    ['hears that nobody got it', BROKEN_TOKEN],
  ];
  for (const [name, token] of failures) {
    test(name, async (t) => {
      const server = await startNotifyServer(t);
      const host = `127.0.0.1:${server.port}`;
      const urls = ['gotify', 'bark', 'apprise'].map((kind) => `${kind}://${host}/${token}`);
      for (const url of [...urls, `ntfy://${token}@${host}/topic`]) {
        assert.notEqual((await client('apprise', '-b', 'x', url)).code, 0, url);
      }
      assert.equal(server.received.length, 0);
      await assertNoTokens(server);
    });
  }
});

describe('curl', { skip: lacking({ curl: 'curl' }) }, () => {
  const jsonType = ['-H', 'Content-Type: application/json'];
  const attachment = JSON.stringify({ attachments: [{ title: plain.title, text: plain.text }] });
  const article = JSON.stringify({
    msgtype: 'news',
    news: { articles: [{ title: plain.title, description: plain.text }] },
  });
  const query = 'title=%E7%A3%81%E7%9B%98&desp=full%3A%20%E6%BB%A1%E4%BA%86';
  const ways: readonly [name: string, args: (origin: string) => string[]][] = [
    ['ServerChan, GET', (origin) => [`${origin}/${TOKEN}.send?${query}`]],
    [
      'ServerChan, a form',
      (origin) => [
        '-d',
        `title=${plain.title}`,
        '--data-urlencode',
        `desp=${plain.text}`,
        `${origin}/${TOKEN}.send`,
      ],
    ],
    [
      'ServerChan, a multipart form',
      (origin) => ['-F', `title=${plain.title}`, '-F', `desp=${plain.text}`, `${origin}/send/${TOKEN}.send`],
    ],
    [
      'ServerChan, JSON',
      (origin) => [
        '-H',
        'Content-Type: application/json;charset=utf-8',
        '-d',
        JSON.stringify({ title: plain.title, desp: plain.text, tags: 'a|b' }),
        `${origin}/${TOKEN}.send`,
      ],
    ],
    [
      'gotify, a multipart form',
      (origin) => [
        '-F',
        `title=${plain.title}`,
        '-F',
        `message=${plain.text}`,
        '-F',
        'priority=5',
        `${origin}/message?token=${TOKEN}`,
      ],
    ],
    [
      'ntfy, a text with header fields',
      (origin) => ['-H', `Title: ${plain.title}`, '-d', plain.text, '-u', `:${TOKEN}`, `${origin}/topic`],
    ],
    [
      'ntfy, GET',
      (origin) => [
        `${origin}/topic/publish?title=%E7%A3%81%E7%9B%98&message=full%3A%20%E6%BB%A1%E4%BA%86&auth=${Buffer.from(`Bearer ${TOKEN}`).toString('base64url')}`,
      ],
    ],
    [
      'Bark, GET of a path',
      (origin) => [`${origin}/${LONG_TOKEN}/%E7%A3%81%E7%9B%98/full%3A%20%E6%BB%A1%E4%BA%86`],
    ],
    [
      'ServerChan, raw UTF-8 in the query',
      (origin) => [`${origin}/${TOKEN}.send?title=${plain.title}&desp=full:%20满了`],
    ],
    [
      'Bark, UTF-8 in the path, which curl encodes',
      (origin) => [`${origin}/${LONG_TOKEN}/${plain.title}/full:+满了`],
    ],
    [
      'ntfy, a title in an encoded word',
      (origin) => [
        '-H',
        'Title: =?gb2312?B?tMXFzA==?=',
        '-H',
        `Authorization: Bearer ${TOKEN}`,
        '-d',
        plain.text,
        `${origin}/topic`,
      ],
    ],
    [
      'Slack, the field payload',
      (origin) => ['--data-urlencode', `payload=${attachment}`, `${origin}/services/T0/B0/${TOKEN}`],
    ],
    ['Mattermost, JSON', (origin) => [...jsonType, '-d', attachment, `${origin}/hooks/${TOKEN}`]],
    [
      'the robot of WeCom, with the type that curl chooses',
      (origin) => ['-d', article, `${origin}/cgi-bin/webhook/send?key=${TOKEN}`],
    ],
    [
      'PushDeer, raw UTF-8 in the query',
      (origin) => [`${origin}/message/push?pushkey=${TOKEN}&text=${plain.title}&desp=full:%20满了`],
    ],
    [
      'PushDeer, a form',
      (origin) => ['-d', `pushkey=${TOKEN}&text=${plain.title}&desp=${plain.text}`, `${origin}/message/push`],
    ],
    [
      'message-pusher, GET',
      (origin) => [`${origin}/push/root?title=${plain.title}&content=full:%20满了&token=${TOKEN}`],
    ],
    [
      'message-pusher, JSON',
      (origin) => [
        ...jsonType,
        '-d',
        JSON.stringify({ title: plain.title, desp: plain.text, token: TOKEN }),
        `${origin}/push/root`,
      ],
    ],
    [
      "mote's own, a multipart form",
      (origin) => [
        '-H',
        `X-Token: ${TOKEN}`,
        '-F',
        `title=${plain.title}`,
        '-F',
        `text=${plain.text}`,
        `${origin}/notify`,
      ],
    ],
    [
      "mote's own, a form of no type",
      (origin) => [
        '-H',
        'Content-Type:',
        '-H',
        `X-Token: ${TOKEN}`,
        '-d',
        `title=${plain.title}&text=${plain.text}`,
        `${origin}/notify`,
      ],
    ],
    [
      'Bark, a form to the key',
      (origin) => ['-d', `title=${plain.title}&body=${plain.text}`, `${origin}/${TOKEN}`],
    ],
  ];
  for (const [name, args] of ways) {
    const skip = args('').join().includes('gb2312') && without('charsets');
    test(name, { skip }, async () => {
      const { origin, received } = shared;
      const before = received.length;
      const common = ['-sS', '--fail-with-body', '-e', `${origin}/${TOKEN}.send`];
      const { code, output } = await client('curl', ...common, ...args(origin));
      assert.equal(code, 0, output);
      assert.deepEqual(received.slice(before), [plain]);
      await assertNoTokens(shared);
    });
  }

  const knowsCharsets = without('charsets') === false && 'this build has all charsets';
  test('ntfy, a title in a charset that this build lacks', { skip: knowsCharsets }, async () => {
    const { origin, received } = shared;
    const before = received.length;
    const title = ['-H', 'Title: =?gb2312?B?tMXFzA==?=', '-H', `Authorization: Bearer ${TOKEN}`];
    const { output } = await client('curl', '-sS', ...title, '-d', 'text', `${origin}/topic`);
    assert.match(output, /title: the charset gb2312 is not in this build; send UTF-8/);
    assert.equal(received.length, before);
  });

  test("mote's own, a text", async () => {
    const { origin, received } = shared;
    const before = received.length;
    const args = ['-H', 'Content-Type: text/plain', '-H', `X-Token: ${TOKEN}`, '--data-binary', plain.text];
    const { code, output } = await client('curl', '-sS', '--fail-with-body', ...args, `${origin}/notify`);
    assert.equal(code, 0, output);
    assert.deepEqual(received.slice(before), [{ ...plain, title: '' }]);
  });

  test('ntfy, a file by PUT', async () => {
    const { origin, received } = shared;
    const before = received.length;
    const file = join(makeFolder({ 'backup.log': 'the end of it' }), 'backup.log');
    const args = ['-T', file, '-H', 'Filename: backup.log', '-H', `Authorization: Bearer ${TOKEN}`];
    const { code, output } = await client('curl', '-sS', '--fail-with-body', ...args, `${origin}/topic`);
    assert.equal(code, 0, output);
    const text = 'the end of it\n\n(not sent along: backup.log)';
    assert.deepEqual(received.slice(before), [{ title: '', text, url: '' }]);
  });

  // As its hook does (notify/ntfy.sh): the form's type, no title, and success only where «expires» is in the response.
  test('acme.sh, its hook for ntfy', async () => {
    const { port, received } = shared;
    const before = received.length;
    const args = ['--silent', '--user-agent', 'acme.sh/3.1.0 (https://github.com/acmesh-official/acme.sh)'];
    const target = `http://:${TOKEN}@127.0.0.1:${port}/acme`;
    const { output } = await client(
      'curl',
      ...args,
      '-X',
      'POST',
      '--data',
      'Renew. example.com: ok',
      target,
    );
    assert.match(output, /expires/);
    assert.equal(received[before]?.text, 'Renew. example.com: ok');
  });

  const probes: readonly [path: string, found: RegExp][] = [
    ['/v1/health', /"healthy":true/],
    ['/v1/account', /"username":"ann"/],
    ['/version', /"version":"\d/],
    ['/status', /^OK$/],
    ['/ping', /"message":"pong"/],
  ];
  for (const [path, found] of probes) {
    test(`the probe ${path}`, async () => {
      const args = ['-sS', '--fail-with-body', '-H', `Authorization: Bearer ${TOKEN}`];
      const { code, output } = await client('curl', ...args, `${shared.origin}${path}`);
      assert.equal(code, 0, output);
      assert.match(output, found);
    });
  }

  test('the site stays as it is', async () => {
    const { origin, received } = shared;
    const before = received.length;
    for (const [path, content] of [
      ['/', 'the site'],
      ['/docs/send', 'a file'],
    ]) {
      const { output } = await client('curl', '-sS', '-u', 'ann:password', `${origin}${path}`);
      assert.equal(output, content);
    }
    assert.equal(received.length, before);
  });
});

const alert = {
  labels: { alertname: 'DiskFull', instance: 'web-1', severity: 'critical' },
  annotations: { summary: 'The disk of web-1 is full', description: '99 % used' },
  generatorURL: 'http://prometheus.example/graph?g0.expr=up',
};
const bearer = `authorization: { credentials: ${TOKEN} }`;

describe('alertmanager', { skip: lacking({ 'prometheus-alertmanager': 'prometheus-alertmanager' }) }, () => {
  for (const [name, credentials] of [
    ['Bearer', bearer],
    ['Basic', `basic_auth: { username: mote, password: ${TOKEN} }`],
  ] as const) {
    test(`firing, then resolved, by ${name}`, async (t) => {
      const server = await startNotifyServer(t);
      const manager = await startAlertmanager(t, `${server.origin}/notify/alertmanager`, credentials);
      await manager.post([alert]);
      const firing = await server.message(1);
      assert.equal(firing.title, '[FIRING:1] critical DiskFull: The disk of web-1 is full');
      assert.equal(firing.url, alert.generatorURL);
      for (const part of ['99 % used', 'instance=web-1', 'since 20'])
        assert.ok(firing.text.includes(part), firing.text);
      await manager.post([{ ...alert, endsAt: new Date().toISOString() }]);
      const resolved = await server.message(2);
      assert.equal(resolved.title, '[RESOLVED:1] DiskFull: The disk of web-1 is full');
      assert.match(resolved.text, /\*\*Resolved\*\*: ended 20/);
      await assertNoTokens(server);
    });
  }

  test('a group of 70 alerts with much to say', async (t) => {
    const server = await startNotifyServer(t);
    const manager = await startAlertmanager(t, `${server.origin}/notify/alertmanager`, bearer);
    const alerts = Array.from({ length: 70 }, (_, index) => ({
      ...alert,
      labels: { ...alert.labels, instance: `web-${index}` },
      annotations: { ...alert.annotations, runbook: 'x'.repeat(1000) },
    }));
    await manager.post(alerts);
    assert.match((await server.message(1)).title, /^\[FIRING:70\] critical DiskFull/);
  });

  test('a response that was lost does not double a message', async (t) => {
    const server = await startNotifyServer(t);
    const proxy = await startStandIn(async ({ target, headers, body }) => {
      const { authorization = '', 'content-type': type = '' } = headers;
      const response = await fetch(`${server.origin}${target}`, {
        method: 'POST',
        headers: { authorization, 'content-type': type },
        body: new Uint8Array(body),
      });
      return proxy.received.length === 1
        ? 'hang up'
        : { status: response.status, body: await response.text() };
    });
    t.after(() => proxy.close());
    const manager = await startAlertmanager(t, `${proxy.origin}/notify/alertmanager`, bearer);
    await manager.post([alert]);
    await server.message(1);
    await manager.post([{ ...alert, endsAt: new Date().toISOString() }]);
    const second = await server.message(2);
    assert.ok(proxy.received.length >= 3, 'the first was sent again');
    assert.match(second.title, /^\[RESOLVED:1\]/);
  });

  test('it comes again where the token was too fast', async (t) => {
    const server = await startNotifyServer(t, { burst: 1, perMinute: 60 });
    const manager = await startAlertmanager(t, `${server.origin}/notify/alertmanager`, bearer);
    const body = new URLSearchParams({ message: 'x' });
    await fetch(`${server.origin}/message?token=${TOKEN}`, { method: 'POST', body });
    await manager.post([alert]);
    assert.match((await server.message(2)).title, /^\[FIRING:1\]/);
    assert.match(await server.printed(), /\/notify\/alertmanager HTTP\/1\.1" 503 /);
  });

  test('it gives up at once where all channels failed for good', async (t) => {
    const server = await startNotifyServer(t);
    const credentials = `authorization: { credentials: ${BROKEN_TOKEN} }`;
    const manager = await startAlertmanager(t, `${server.origin}/notify/alertmanager`, credentials);
    await manager.post([alert]);
    await manager.logged(/unrecoverable error after 1 attempts: unexpected status code 424/);
  });
});

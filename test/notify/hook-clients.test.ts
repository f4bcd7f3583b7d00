/** Clients of Slack, Mattermost, WeCom's robot, PushDeer and message-pusher: what they print and what is delivered. */
import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { lacking } from '../../scripts/test/lacking.ts';
import { startSlackAlertmanager } from '../support/alertmanager.ts';
import { assertNoTokens, client } from '../support/client.ts';
import { BROKEN_TOKEN, startNotifyServer, TOKEN } from '../support/notify-server.ts';

const plain = { title: '磁盘', text: 'full: 满了', url: '' };
/** For clients with good tokens. */
const shared = await startNotifyServer({ after });

describe('curl', { skip: lacking({ curl: 'curl' }) }, () => {
  const ways: readonly [name: string, args: (origin: string) => string[]][] = [
    [
      'message-pusher, GET',
      (origin) => [
        `${origin}/push/ann?title=%E7%A3%81%E7%9B%98&content=full%3A%20%E6%BB%A1%E4%BA%86&token=${TOKEN}`,
      ],
    ],
    [
      'PushDeer, GET',
      (origin) => [
        `${origin}/message/push?pushkey=${TOKEN}&text=%E7%A3%81%E7%9B%98&desp=full%3A%20%E6%BB%A1%E4%BA%86`,
      ],
    ],
    [
      'PushDeer, a form',
      (origin) => [
        '-d',
        `pushkey=${TOKEN}`,
        '-d',
        `text=${plain.title}`,
        '--data-urlencode',
        `desp=${plain.text}`,
        `${origin}/message/push`,
      ],
    ],
    [
      'Slack, the form of old scripts',
      (origin) => [
        '--data-urlencode',
        `payload=${JSON.stringify({ attachments: [{ title: plain.title, text: plain.text }] })}`,
        `${origin}/services/T0/B0/${TOKEN}`,
      ],
    ],
    [
      'the robot of WeCom',
      (origin) => [
        '-d',
        JSON.stringify({
          msgtype: 'news',
          news: { articles: [{ title: plain.title, description: plain.text }] },
        }),
        `${origin}/cgi-bin/webhook/send?key=${TOKEN}`,
      ],
    ],
  ];
  for (const [name, args] of ways) {
    test(name, async () => {
      const { origin, received } = shared;
      const before = received.length;
      const { code, output } = await client('curl', '-sS', '--fail-with-body', ...args(origin));
      assert.equal(code, 0, output);
      assert.deepEqual(received.slice(before), [plain]);
      await assertNoTokens(shared);
    });
  }

  test('wrong tokens in paths and queries are not in the log either', async () => {
    const wrong = 'Wrong-token-of-nobody';
    const data = ['-d', '{"text":"x"}'];
    for (const target of [
      `/services/T0/B0/${wrong}`,
      `/hooks/${wrong}`,
      `/cgi-bin/webhook/send?key=${wrong}`,
      `/message/push?pushkey=${wrong}`,
      `/push/ann?token=${wrong}`,
    ])
      await client('curl', '-sS', ...data, `${shared.origin}${target}`);
    assert.doesNotMatch(await shared.printed(), new RegExp(wrong));
  });
});

describe('apprise, for Mattermost', { skip: lacking({ apprise: 'apprise' }) }, () => {
  test('sends', async () => {
    const before = shared.received.length;
    const target = `mmost://127.0.0.1:${shared.port}/${TOKEN}`;
    const { code, output } = await client('apprise', '-t', plain.title, '-b', plain.text, target);
    assert.equal(code, 0, output);
    const text = `${plain.title}  \n${plain.text}`;
    assert.deepEqual(shared.received.slice(before), [{ title: '', text, url: '' }]);
    await assertNoTokens(shared);
  });

  test('hears of a wrong token, and that nobody got it', async () => {
    for (const token of ['Awrong789012345', BROKEN_TOKEN]) {
      const target = `mmost://127.0.0.1:${shared.port}/${token}`;
      assert.notEqual((await client('apprise', '-b', 'x', target)).code, 0);
    }
  });
});

const alert = {
  labels: { alertname: 'DiskFull', instance: 'web-1', severity: 'critical' },
  annotations: { summary: 'The disk of web-1 is full' },
};

describe('alertmanager', { skip: lacking({ 'prometheus-alertmanager': 'prometheus-alertmanager' }) }, () => {
  test('firing, then resolved, by its receiver for Slack', async (t) => {
    const server = await startNotifyServer(t);
    const manager = await startSlackAlertmanager(t, `${server.origin}/services/T0/B0/${TOKEN}`);
    await manager.post([alert]);
    const firing = await server.message(1);
    assert.match(firing.title, /^\[FIRING:1\] DiskFull/);
    assert.match(firing.url, /^http:/);
    await manager.post([{ ...alert, endsAt: new Date().toISOString() }]);
    assert.match((await server.message(2)).title, /^\[RESOLVED\] DiskFull/);
    assert.match(await server.printed(), /services\/T0\/B0\/\*\*\*/);
    await assertNoTokens(server);
  });
});

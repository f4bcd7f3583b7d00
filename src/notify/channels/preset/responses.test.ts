import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { NOW_MS } from '../../../../test/support/providers/presets.ts';
import { json, type Reply } from '../../../../test/support/stand-in.ts';
import type { Delivery } from '../channel.ts';
import { deliver, messageOf } from '../fixtures.ts';
import { scene } from './fixtures.ts';
import type { PresetName } from './presets.ts';

describe('what a response means', () => {
  const retry = (reason: string, afterMs?: number): Delivery => ({
    kind: 'retry',
    reason,
    ...(afterMs !== undefined && { afterMs }),
    done: [],
  });
  const limited = (reason: string, afterMs?: number): Delivery =>
    ({ ...retry(reason, afterMs), isLimited: true }) as Delivery;
  const rejected = (reason: string): Delivery => ({ kind: 'rejected', reason });
  const slow = { 'retry-after': '30' };
  const unread = 'the response does not say that it was taken';

  const cases: readonly [name: PresetName, what: string, reply: Reply, delivery: Delivery][] = [
    ['slack', 'a page with 200', { body: '<html>Login' }, retry(unread, 60_000)],
    [
      'slack',
      '429',
      { status: 429, headers: slow, body: 'rate_limited' },
      limited('HTTP 429: Slack rate_limited', 30_000),
    ],
    [
      'slack',
      '429 by its field',
      json({ retry_after: 9, ok: false, error: 'rate_limited' }, 429),
      limited('HTTP 429: {"retry_after":9,"ok":false,"error":"rate_limited"}', 9000),
    ],
    ['slack', 'blocks', { status: 400, body: 'invalid_blocks' }, rejected('HTTP 400: Slack invalid_blocks')],
    [
      'slack',
      'an archived channel',
      { status: 410, body: 'channel_is_archived' },
      rejected('Slack channel_is_archived: the channel is archived: make a webhook for another one'),
    ],
    [
      'discord',
      '429 by its field',
      json({ message: 'You are being rate limited.', retry_after: 64.57, global: false }, 429),
      limited('HTTP 429: You are being rate limited.', 64_570),
    ],
    [
      'discord',
      '429 by Cloudflare',
      { status: 429, headers: slow, body: '<html>1015' },
      limited('HTTP 429', 30_000),
    ],
    [
      'discord',
      'a deleted webhook',
      json({ message: 'Unknown Webhook', code: 10015 }, 404),
      rejected('Discord 10015: the webhook is wrong or was deleted: make a new one (Unknown Webhook)'),
    ],
    [
      'discord',
      'an invalid form',
      json({ message: 'Invalid Form Body', code: 50035 }, 400),
      rejected('HTTP 400: Discord 50035: Invalid Form Body'),
    ],
    [
      'telegram',
      '429',
      json(
        {
          ok: false,
          error_code: 429,
          description: 'Too Many Requests: retry after 35',
          parameters: { retry_after: 35 },
        },
        429,
      ),
      limited('HTTP 429: Telegram 429: Too Many Requests: retry after 35', 35_000),
    ],
    [
      'telegram',
      '403',
      json({ ok: false, error_code: 403, description: 'Forbidden: bot was blocked by the user' }, 403),
      rejected(
        'Telegram 403: the bot may not write there: start a chat with it, or add it to the group (Forbidden: bot was blocked by the user)',
      ),
    ],
    [
      'telegram',
      'a chat that is not there',
      json({ ok: false, error_code: 400, description: 'Bad Request: chat not found' }, 400),
      rejected('HTTP 400: Telegram 400: Bad Request: chat not found'),
    ],
    [
      'feishu',
      'a wrong signature',
      json({ code: 19021, msg: 'sign match fail' }),
      rejected(
        'Feishu 19021: the secret is wrong, or the clock of this host is more than an hour off (sign match fail)',
      ),
    ],
    [
      'feishu',
      'congestion',
      json({ code: 11232, msg: 'frequency limited' }),
      limited('Feishu 11232: too many messages (frequency limited)', 60_000),
    ],
    [
      'feishu',
      'too many, under the code of everything',
      json({ code: 9499, msg: 'too many request', data: {} }, 400),
      limited('Feishu 9499: too many request', 60_000),
    ],
    ['feishu', 'malformed', json({ code: 9499, msg: 'Bad Request' }), rejected('Feishu 9499: Bad Request')],
    [
      'feishu',
      'an old success',
      json({ Extra: null, StatusCode: 0, StatusMessage: 'success' }),
      { kind: 'delivered' },
    ],
    ['feishu', 'no known field', json({}), retry(unread, 60_000)],
    [
      'dingtalk',
      'too many',
      json({ errcode: 130101, errmsg: 'too fast' }),
      limited('DingTalk 130101: too many messages (too fast)', 600_000),
    ],
    [
      'dingtalk',
      'a keyword',
      json({ errcode: 310000, errmsg: 'keywords not in content' }),
      rejected(
        'DingTalk 310000: the security settings of the robot refuse it: keyword, secret, clock or address (keywords not in content)',
      ),
    ],
    [
      'dingtalk',
      'busy',
      json({ errcode: -1, errmsg: '系统繁忙' }),
      retry('DingTalk -1: DingTalk is busy (系统繁忙)'),
    ],
    [
      'teams',
      'a login',
      json({ error: { code: 'DirectApiAuthorizationRequired', message: 'OAuth' } }, 401),
      rejected(
        'Teams DirectApiAuthorizationRequired: the workflow demands a login: let anyone trigger it (OAuth)',
      ),
    ],
    ['teams', '429', { status: 429, headers: slow }, limited('HTTP 429', 30_000)],
    [
      'mattermost',
      'a wrong hook',
      json({ id: 'web.incoming_webhook.invalid.app_error', message: 'Invalid webhook.' }, 400),
      rejected(
        'Mattermost web.incoming_webhook.invalid.app_error: the webhook is wrong or was deleted: make a new one (Invalid webhook.)',
      ),
    ],
    [
      'mattermost',
      'turned off',
      json({ id: 'web.incoming_webhook.disabled.app_error', message: 'Disabled.' }, 501),
      rejected(
        'Mattermost web.incoming_webhook.disabled.app_error: incoming webhooks are turned off in the System Console (Disabled.)',
      ),
    ],
    [
      'pushplus',
      '900 with 200',
      json({ code: 900, msg: '用户账号使用受限' }),
      rejected(
        'PushPlus 900: the account is restricted for too many messages: wait for days, since each further call prolongs it (用户账号使用受限)',
      ),
    ],
    [
      'pushplus',
      '500',
      json({ code: 500, msg: '系统异常' }),
      retry('PushPlus 500: PushPlus has a fault (系统异常)'),
    ],
    [
      'serverchan',
      'a wrong key',
      json({ code: 40001, message: '[AUTH]错误的Key' }, 400),
      rejected('ServerChan 40001: the key is wrong ([AUTH]错误的Key)'),
    ],
    [
      'serverchan',
      'the quota, under the same code',
      json({ code: 40001, message: '[AUTH]超过当天的发送次数限制[5]，请稍后再试' }, 400),
      limited('ServerChan 40001: [AUTH]超过当天的发送次数限制[5]，请稍后再试', 60_000),
    ],
    [
      'bark',
      'an unknown key',
      json({ code: 400, message: 'failed to get device token' }, 400),
      rejected('HTTP 400: Bark 400: failed to get device token'),
    ],
    [
      'bark',
      'a device that is gone',
      json({ code: 500, message: 'push failed: APNS push failed: BadDeviceToken' }, 500),
      rejected('Bark 500: push failed: APNS push failed: BadDeviceToken'),
    ],
    [
      'bark',
      'a fault',
      json({ code: 500, message: 'push failed: timeout' }, 500),
      retry('HTTP 500: Bark 500: push failed: timeout'),
    ],
    [
      'gotify',
      'a wrong token',
      json(
        {
          error: 'Unauthorized',
          errorCode: 401,
          errorDescription: 'you need to provide a valid access token',
        },
        401,
      ),
      rejected('Gotify 401: the token is wrong (you need to provide a valid access token)'),
    ],
    ['gotify', 'a login page with 200', { body: '<html>' }, retry(unread, 60_000)],
    [
      'ntfy',
      'the quota',
      json({ code: 42908, http: 429, error: 'limit reached: daily message quota reached' }, 429),
      limited(
        'ntfy 42908: the messages of the day are used up (limit reached: daily message quota reached)',
        60_000,
      ),
    ],
    [
      'ntfy',
      'too many',
      json({ code: 42901, http: 429, error: 'limit reached: too many requests' }, 429),
      limited('HTTP 429: ntfy 42901: limit reached: too many requests'),
    ],
  ];
  for (const [name, what, reply, delivery] of cases) {
    test(`${name}: ${what}`, async (t) => {
      const { provider, channel } = await scene(t, name);
      provider.script.replies.push(reply);
      assert.deepEqual(await deliver(channel, messageOf({ acceptedMs: NOW_MS })), delivery);
      assert.equal(provider.received.length, 1);
    });
  }

  for (const fault of [
    "can't parse entities: Unsupported start tag",
    'entities too long',
    'ENTITIES_TOO_LONG',
  ]) {
    test(`Telegram: what cannot be shown is sent as text, at once: ${fault}`, async (t) => {
      const { provider, channel } = await scene(t, 'telegram');
      const description = `Bad Request: ${fault}`;
      provider.script.replies.push(json({ ok: false, error_code: 400, description }, 400));
      const message = messageOf({ text: '**a** <b>', format: 'markdown' });
      assert.deepEqual(await deliver(channel, message), { kind: 'delivered', providerId: '7' });
      assert.deepEqual(provider.taken, [{ chat_id: '42', text: 'Disk full\n\n**a** <b>' }]);
    });
  }

  test('Telegram: only once', async (t) => {
    const { provider, channel } = await scene(t, 'telegram');
    const refusal = json({ ok: false, error_code: 400, description: "can't parse entities" }, 400);
    provider.script.replies.push(refusal, refusal);
    assert.deepEqual(await deliver(channel), rejected("HTTP 400: Telegram 400: can't parse entities"));
    assert.equal(provider.received.length, 2);
  });

  test('Telegram: a group that has become a supergroup', async (t) => {
    const { provider, channel } = await scene(t, 'telegram', { chat: '-1', thread: 3 });
    const note = 'chat is -1001 now: configure it';
    assert.deepEqual(await deliver(channel), { kind: 'delivered', providerId: '7', note });
    assert.equal(provider.taken[0].message_thread_id, 3);
  });

  for (const body of ['/services/T0/B0/x%2Fy', 'services/T0/B0']) {
    test(`an echo of the address is no code: ${body}`, async (t) => {
      const { provider, channel } = await scene(t, 'slack');
      provider.script.replies.push({ status: 404, body });
      const delivery = await deliver(channel);
      assert.equal(delivery.kind, 'rejected');
      assert.doesNotMatch(JSON.stringify(delivery), /Slack|services/);
    });
  }

  test('a redirect is not followed', async (t) => {
    const { provider, channel } = await scene(t, 'gotify');
    provider.script.replies.push({ status: 301, headers: { location: 'https://127.0.0.1/' } });
    assert.deepEqual(
      await deliver(channel),
      rejected('HTTP 301, not followed: it leads to another host; configure the address that it leads to'),
    );
  });
});

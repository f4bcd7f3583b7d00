import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import {
  NOW_MS,
  type PresetStandIn,
  parseHtml,
  SECRET,
  startProvider,
} from '../../../../test/support/providers/presets.ts';
import { json, type Reply } from '../../../../test/support/stand-in.ts';
import { createClient } from '../../../net/http-client.ts';
import type { Channel, Delivery } from '../channel.ts';
import { deliver, during, errorOf, messageOf, successOf } from '../fixtures.ts';
import { createPresetChannel } from './channel.ts';
import { type PresetName, presets } from './presets.ts';
import type { Preset, Values } from './row.ts';

/** What is configured for the stand-ins. */
const settings: Readonly<Record<PresetName, (origin: string) => Values>> = {
  slack: (origin) => ({ url: `${origin}/services/T0/B0/x%2Fy` }),
  discord: (origin) => ({ url: `${origin}/api/webhooks/1/tok` }),
  telegram: (base) => ({ base, token: '1:AAH', chat: '42' }),
  feishu: (origin) => ({ url: `${origin}/open-apis/bot/v2/hook/h`, secret: SECRET }),
  dingtalk: (origin) => ({ url: `${origin}/robot/send?access_token=tok`, secret: SECRET }),
  teams: (origin) => ({
    url: `${origin}/workflows/w/paths/invoke?api-version=1&sp=%2Frun&sig=s3cr3t-signature`,
  }),
  mattermost: (origin) => ({ url: `${origin}/hooks/h` }),
  pushplus: (base) => ({ base, token: 'tok' }),
  serverchan: (base) => ({ base, key: 'SCT1key' }),
  bark: (base) => ({ base, key: 'devkey' }),
  gotify: (origin) => ({ base: `${origin}/sub/`, token: 'Atok' }),
  ntfy: (base) => ({ base, topic: 'alerts', token: 'tk_1' }),
};
const names = Object.keys(presets) as PresetName[];

interface Scene {
  readonly provider: PresetStandIn;
  readonly channel: Channel;
}

async function scene(t: TestContext, name: PresetName, values: Values = {}): Promise<Scene> {
  const provider = during(t, await startProvider(name));
  const all = { ...settings[name](provider.origin), ...values };
  return { provider, channel: make(name, all) };
}

function make(name: PresetName, values: Values, nowMs = NOW_MS): Channel {
  return successOf(createPresetChannel(presets[name], { name: 'c', values }, createClient(), () => nowMs));
}

/** The texts of what was taken, wherever the provider has them. */
function textsIn({ taken }: PresetStandIn): string[] {
  return taken.map(
    (body) =>
      body.text?.content ??
      body.markdown?.text ??
      body.content?.post?.zh_cn.content[0][0].text ??
      body.card?.body.elements[0].content ??
      body.attachments?.[0].content.body.at(-1).text ??
      body.text ??
      body.content ??
      body.desp ??
      body.message ??
      body.body,
  );
}

const ids: Readonly<Partial<Record<PresetName, string>>> = {
  discord: '1234567890123456789',
  telegram: '7',
  pushplus: 'a1b2',
  serverchan: '77',
  gotify: '5',
  ntfy: 'abcDEF123',
};

/** What breaks markup, JSON, forms and headers. */
const nasty = [
  'a < b && c > d "q" \'s\' \\ back\\slash {{title}} $text',
  '<!channel> <!here> @here @all @channel <@U1> <at user_id="all">x</at> </b> <sol> <br/>',
  '# h *x* _y_ __init__ ~z~ `c` ``` [l](u) | > - 1. + = # .',
  '```',
  '    at main (x.ts:1)',
  '***a **b* c** _d *e_ f*',
  'disk_usage_high https://a.example/x_y_z?q=a_b&r=<1>|2',
  '😀👨‍👩‍👧é\u0301 信息 \u200b\ufffd \ufeff',
].join('\n');

describe('every provider takes', () => {
  for (const name of names) {
    const id = ids[name];
    const expected: Delivery = { kind: 'delivered', ...(id && { providerId: id }) };

    test(`${name}: a message`, async (t) => {
      const { provider, channel } = await scene(t, name);
      assert.deepEqual(await deliver(channel), expected);
      const [text = ''] = textsIn(provider);
      assert.ok(text.includes('on web1'), text);
      assert.ok(JSON.stringify(provider.taken[0]).includes('Disk full'));
    });

    test(`${name}: a URL, priorities and tags`, async (t) => {
      const { provider, channel } = await scene(t, name);
      const url = 'https://a.example/?x=1&y=_2_';
      for (const priority of [1, 2, 3, 4, 5] as const) {
        assert.equal((await deliver(channel, messageOf({ url, priority, tags: ['a'] }))).kind, 'delivered');
      }
      for (const body of provider.taken) {
        assert.match(JSON.stringify(body).replaceAll('&amp;', '&'), /https:\/\/a\.example\/\?x=1&y=_2_/);
      }
    });

    for (const format of ['text', 'markdown'] as const) {
      test(`${name}: nasty ${format}, in text and title`, async (t) => {
        const { channel } = await scene(t, name);
        const title = `Disk ${nasty.replaceAll('\n', ' ')}`.slice(0, 1024);
        const delivery = await deliver(channel, messageOf({ format, title, text: nasty }));
        assert.equal(delivery.kind, 'delivered', JSON.stringify(delivery));
      });

      for (const [what, unit] of Object.entries({
        '&': '&<>',
        CJK: '信息',
        emoji: '😀',
        marks: '_*`"\\@\n',
        words: 'one two ',
      })) {
        test(`${name}: the longest ${format} of ${what}, in pieces that each fit`, async (t) => {
          const { provider, channel } = await scene(t, name);
          const text = unit.repeat(Math.floor(32_000 / Buffer.byteLength(unit)));
          const title = 'Disk '.padEnd(300, 'é');
          const message = messageOf({ format, title, text });
          const delivery = await deliver(channel, message);
          assert.equal(delivery.kind, 'delivered', JSON.stringify(delivery));
          const calls = channel.callsFor?.(message, []);
          assert.equal(provider.taken.length, calls);
        });
      }
    }

    test(`${name}: a title without a text, and a text without a title`, async (t) => {
      const { provider, channel } = await scene(t, name);
      assert.equal((await deliver(channel, messageOf({ text: '' }))).kind, 'delivered');
      assert.equal((await deliver(channel, messageOf({ title: '', text: 'Disk\nrest' }))).kind, 'delivered');
      assert.ok(JSON.stringify(provider.taken[0]).includes('Disk full'));
      assert.equal(provider.taken.length, 2);
    });

    test(`${name}: blank text is not sent`, async (t) => {
      const { provider, channel } = await scene(t, name);
      const reason = 'there is nothing to read in the message';
      assert.deepEqual(await deliver(channel, messageOf({ title: '', text: ' \u200b\n' })), {
        kind: 'rejected',
        reason,
      });
      assert.equal(provider.received.length, 0);
    });

    test(`${name}: no response, and a response that nobody can read`, async (t) => {
      const { provider, channel } = await scene(t, name);
      provider.script.replies.push('hang up', { status: 502, body: '<html>' });
      assert.equal((await deliver(channel)).kind, 'retry');
      assert.deepEqual(await deliver(channel), {
        kind: 'retry',
        reason: 'HTTP 502',
        done: [],
      });
    });
  }
});

describe('how it is written', () => {
  const cases: readonly [
    what: string,
    name: PresetName,
    message: Parameters<typeof messageOf>[0],
    sent: unknown,
  ][] = [
    ['text for Slack', 'slack', { text: 'a < b & c *x*' }, { text: '*Disk full*\n\na &lt; b &amp; c *x*' }],
    [
      'Markdown for Slack',
      'slack',
      {
        format: 'markdown',
        text: '## H\n- **b** _i_ ~~s~~ `c<` [l](https://a.example/?a&b)\n```\nx*y*\n```',
      },
      { text: '*Disk full*\n\n*H*\n• *b* _i_ ~s~ `c&lt;` <https://a.example/?a&amp;b|l>\n```\nx*y*\n```' },
    ],
    [
      'Markdown for Telegram',
      'telegram',
      { format: 'markdown', text: '**b *i*** `<x>` [l](https://a.example/?a&b)', priority: 1 },
      {
        chat_id: '42',
        text: '<b>Disk full</b>\n\n<b>b <i>i</i></b> <code>&lt;x&gt;</code> <a href="https://a.example/?a&amp;b">l</a>',
        parse_mode: 'HTML',
        disable_notification: true,
      },
    ],
    [
      'text for Discord',
      'discord',
      { text: '*x* a_b https://a.example/a_b\n- c', priority: 2 },
      {
        content: '**Disk full**\n\n\\*x\\* a\\_b https://a.example/a_b\n\\- c',
        flags: 4096,
        allowed_mentions: { parse: [] },
      },
    ],
    [
      'Markdown for DingTalk',
      'dingtalk',
      { format: 'markdown', text: '**a**\nb' },
      { msgtype: 'markdown', markdown: { title: 'Disk full', text: '**Disk full**  \n  \n**a**  \nb' } },
    ],
    [
      'text for Mattermost',
      'mattermost',
      { text: '@all ann@all.example <!channel>' },
      { text: '**Disk full**\n\n@\u200ball ann@\u200ball.example \\<\u200b!channel\\>' },
    ],
    [
      'Markdown for Bark, which is text there',
      'bark',
      { format: 'markdown', text: '**a**', url: 'https://a.example/', priority: 5 },
      {
        device_key: 'devkey',
        title: 'Disk full',
        body: 'a',
        url: 'https://a.example/',
        level: 'critical',
        id: 'm-1',
      },
    ],
    [
      'Markdown for Gotify',
      'gotify',
      { format: 'markdown', text: '**a**', url: 'https://a.example/', priority: 4 },
      {
        title: 'Disk full',
        message: '**a**',
        priority: 7,
        extras: {
          'client::display': { contentType: 'text/markdown' },
          'client::notification': { click: { url: 'https://a.example/' } },
        },
      },
    ],
    ['text for Gotify', 'gotify', {}, { title: 'Disk full', message: 'on web1', priority: 5 }],
    [
      'text for ntfy, with a title that no header could have',
      'ntfy',
      { title: 'Übung 信息', tags: ['warning'], priority: 5 },
      {
        topic: 'alerts',
        title: 'Übung 信息',
        message: 'on web1',
        priority: 5,
        tags: ['warning'],
        sequence_id: 'm-1',
      },
    ],
    [
      'text for PushPlus, whose default would be HTML',
      'pushplus',
      { text: '<b>' },
      { token: 'tok', title: 'Disk full', content: '<b>', template: 'txt' },
    ],
    [
      'text for ServerChan, where a line needs an empty one',
      'serverchan',
      { title: `Disk ${'x'.repeat(40)}`, text: 'a\nb_c' },
      {
        title: `Disk ${'x'.repeat(26)}…`,
        desp: `**Disk ${'x'.repeat(40)}**\n\n\n\na\n\nb\\_c`,
      },
    ],
    [
      'Markdown for Feishu',
      'feishu',
      { format: 'markdown', text: '**a** <at id=all></at>', priority: 5 },
      {
        timestamp: '1700000000',
        sign: 'PiO7POLlSx/DM2qf8Dy/XCWeJK3exVnevp5G99LEN2M=',
        msg_type: 'interactive',
        card: {
          schema: '2.0',
          header: { title: { tag: 'plain_text', content: 'Disk full' }, template: 'red' },
          body: { elements: [{ tag: 'markdown', content: '**a** <\u200bat id=all></at>' }] },
        },
      },
    ],
  ];
  for (const [what, name, message, sent] of cases) {
    test(what, async (t) => {
      const { provider, channel } = await scene(t, name);
      assert.equal((await deliver(channel, messageOf(message))).kind, 'delivered');
      assert.deepEqual(provider.taken, [sent]);
    });
  }

  test('pieces are numbered in the title, or follow each other', async (t) => {
    const { provider, channel } = await scene(t, 'ntfy');
    await deliver(channel, messageOf({ text: 'x'.repeat(5000) }));
    assert.deepEqual(
      provider.taken.map(({ title, message, sequence_id: id }) => [title, message.length, id]),
      [
        ['Disk full (1/2)', 4080, 'm-1'],
        ['Disk full (2/2)', 920, 'm-1-2'],
      ],
    );
  });

  test('nothing of a long text is lost', async (t) => {
    const { provider, channel } = await scene(t, 'telegram');
    const text = 'a < b & c\n'.repeat(1500);
    await deliver(channel, messageOf({ text }));
    const whole = textsIn(provider)
      .map((html) => parseHtml(html))
      .join('');
    assert.equal(whole, `Disk full\n\n${text}`);
  });

  test('a Teams card without a title and a URL has neither', async (t) => {
    const { provider, channel } = await scene(t, 'teams');
    await deliver(channel, messageOf({ title: '', text: 'a\nb_c' }));
    const { body, actions } = provider.taken[0].attachments[0].content;
    assert.deepEqual(body, [{ type: 'TextBlock', text: 'a\n\nb\\_c', wrap: true }]);
    assert.equal(actions, undefined);
  });
});

describe('signatures', () => {
  test('Feishu, by a known pair', async (t) => {
    const provider = during(t, await startProvider('feishu'));
    await deliver(make('feishu', { ...settings.feishu(provider.origin), secret: 'demo' }, 1_599_360_473_000));
    const { timestamp, sign } = JSON.parse(provider.received[0]?.body.toString() ?? '');
    assert.deepEqual([timestamp, sign], ['1599360473', 'l1N0gAcBjdwBvGm1xMjOF0XSyaLRpR7tuO5dHfhAYc8=']);
  });

  test('DingTalk, by a known pair, encoded once', async (t) => {
    const { provider, channel } = await scene(t, 'dingtalk');
    await deliver(channel);
    const sign = 'VGvd0brDJp%2FnMZtR%2BXnA3yBIlhowT%2BTwkRPua0q1%2Fjg%3D';
    assert.equal(
      provider.received[0]?.target,
      `/robot/send?access_token=tok&timestamp=1700000000002&sign=${sign}`,
    );
  });

  test('one that was copied with the address is replaced', async (t) => {
    const provider = during(t, await startProvider('dingtalk'));
    const { secret, url } = settings.dingtalk(provider.origin);
    const channel = make('dingtalk', { secret, url: `${url}&timestamp=1&sign=XXX` });
    assert.equal((await deliver(channel)).kind, 'delivered');
    assert.doesNotMatch(provider.received[0]?.target ?? '', /XXX/);
  });

  test('each attempt has one of its own', async (t) => {
    const provider = during(t, await startProvider('dingtalk'));
    let nowMs = NOW_MS;
    const values = settings.dingtalk(provider.origin);
    const channel = successOf(
      createPresetChannel(presets.dingtalk, { name: 'c', values }, createClient(), () => nowMs),
    );
    provider.script.replies.push('hang up');
    await deliver(channel);
    nowMs += 1000;
    assert.equal((await deliver(channel)).kind, 'delivered');
  });

  test('without a secret there is none', async (t) => {
    const { provider, channel } = await scene(t, 'dingtalk', { secret: undefined });
    const reason =
      'DingTalk 310000: the security settings of the robot refuse it: keyword, secret, clock or address (sign not match)';
    assert.deepEqual(await deliver(channel), { kind: 'rejected', reason });
    assert.equal(provider.received[0]?.target, '/robot/send?access_token=tok');
  });
});

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

  test('Telegram: what cannot be parsed is sent as text, at once', async (t) => {
    const { provider, channel } = await scene(t, 'telegram');
    const description = "Bad Request: can't parse entities: Unsupported start tag";
    provider.script.replies.push(json({ ok: false, error_code: 400, description }, 400));
    const message = messageOf({ text: '**a** <b>', format: 'markdown' });
    assert.deepEqual(await deliver(channel, message), { kind: 'delivered', providerId: '7' });
    assert.deepEqual(provider.taken, [{ chat_id: '42', text: 'Disk full\n\n**a** <b>' }]);
  });

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

  test('a redirect is not followed', async (t) => {
    const { provider, channel } = await scene(t, 'gotify');
    provider.script.replies.push({ status: 301, headers: { location: 'https://127.0.0.1/' } });
    assert.deepEqual(
      await deliver(channel),
      rejected('HTTP 301, not followed: it leads to another host; configure the address that it leads to'),
    );
  });
});

describe('settings', () => {
  const faults: readonly [name: PresetName, values: Values, error: RegExp][] = [
    ['slack', { url: 'https://hooks.slack.com/triggers/T/1/abc' }, /^url: belongs to a workflow/],
    [
      'teams',
      { url: 'https://acme.webhook.office.com/webhookb2/x' },
      /^url: belongs to a connector .* ended/,
    ],
    ['discord', { url: 'discord.com/api/webhooks/1/t' }, /^url: not a URL$/],
    ['gotify', { base: 'ftp://h', token: 't' }, /^base: neither an http: nor an https: URL$/],
  ];
  for (const [name, values, error] of faults) {
    test(`${name}: ${error.source}`, () => {
      const row: Preset = presets[name];
      assert.match(errorOf(createPresetChannel(row, { name: 'c', values }, createClient())), error);
    });
  }

  const addresses: readonly [key: string, base: string][] = [
    ['SCT123T', 'https://sctapi.ftqq.com'],
    ['sctp42tABC', 'https://42.push.ft07.com/send'],
  ];
  for (const [key, base] of addresses) {
    test(`the address of ${key}`, () => {
      assert.equal(presets.serverchan.base({ key }), base);
    });
  }
});

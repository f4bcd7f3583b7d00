import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  NOW_MS,
  type PresetStandIn,
  parseHtml,
  startProvider,
} from '../../../../test/support/providers/presets.ts';
import { createClient } from '../../../net/http-client.ts';
import type { Delivery } from '../channel.ts';
import { deliver, during, messageOf, successOf } from '../fixtures.ts';
import { createPresetChannel } from './channel.ts';
import { make, names, scene, settings } from './fixtures.ts';
import { type PresetName, presets } from './presets.ts';

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
        quotes: '"\n\t',
        words: 'one two ',
      })) {
        test(`${name}: the longest ${format} of ${what}, in pieces that each fit`, async (t) => {
          const { provider, channel } = await scene(t, name);
          const text = unit.repeat(Math.floor(32_000 / Buffer.byteLength(unit)));
          const title = 'Disk '.padEnd(300, 'é');
          const message = messageOf({ format, title, text });
          const delivery = await deliver(channel, message);
          assert.equal(delivery.kind, 'delivered', JSON.stringify(delivery));
          const calls = await channel.callsFor?.(message, []);
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
    [
      'text for Slack, whose marks stay',
      'slack',
      { text: 'a < b & c *x*' },
      { text: 'Disk full\n\na &lt; b &amp; c *x*', mrkdwn: false },
    ],
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
      'text for Discord, in which nothing is counted or decoded',
      'discord',
      { title: '', text: '3. a\n5) b\n1.5 AT&amp;T a&b' },
      { content: '3\\. a\n5\\) b\n1.5 AT\\&amp;T a&b', allowed_mentions: { parse: [] } },
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
        ['Disk full (1/2)', 4063, 'm-1'],
        ['Disk full (2/2)', 937, 'm-1-2'],
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

  const forTeams: readonly [text: string, sent: string][] = [
    ['disk_full C:\\logs <b> a|b #1 `x` ~y', 'disk_full C:\\logs <b> a|b #1 `x` ~y'],
    ['*a* _b_ __init__ [l](u) \\*', '\\*a\\* \\_b\\_ \\_\\_init\\_\\_ \\[l](u) \\\\\\*'],
    ['- a\n3. b\n4) c\n1.5 d', '- a\n\n3\\. b\n\n4\\) c\n\n1.5 d'],
  ];
  for (const [text, sent] of forTeams) {
    test(`phones with Teams show each backslash, so there are few: ${text}`, async (t) => {
      const { provider, channel } = await scene(t, 'teams');
      await deliver(channel, messageOf({ title: '', text }));
      assert.deepEqual(textsIn(provider), [sent]);
    });
  }

  test('a Teams card without a title and a URL has neither', async (t) => {
    const { provider, channel } = await scene(t, 'teams');
    await deliver(channel, messageOf({ title: '', text: 'a\nb_c' }));
    const { body, actions } = provider.taken[0].attachments[0].content;
    assert.deepEqual(body, [{ type: 'TextBlock', text: 'a\n\nb_c', wrap: true }]);
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

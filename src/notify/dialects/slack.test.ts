import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { resultOf } from '../../util/turns.ts';
import { htmlOf } from '../channels/smtp/markdown.ts';
import { readableOf } from '../channels/text/readable.ts';
import { ANN, type Asked, BOB, FORM_TYPE, JSON_TYPE, NOBODY, openDialects } from './fixtures.ts';
import { fromMrkdwn, fromPlain } from './mrkdwn.ts';

const json = (value: unknown): Asked => ({ headers: JSON_TYPE, body: JSON.stringify(value) });
const HOOK = `/services/T000/B000/${ANN}`;
const parts = (fields: Record<string, string>): Asked => ({
  headers: { 'content-type': 'multipart/form-data; boundary=X' },
  body: `${Object.entries(fields)
    .map(([name, value]) => `--X\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`)
    .join('')}--X--\r\n`,
});
const plain = { title: '', text: 'Hello', format: 'markdown', priority: 3, tags: [] };
const payload = `payload=${encodeURIComponent(JSON.stringify({ text: 'Hello' }))}`;

/** As the clients send them; see the sources of each. */
const messages: readonly [name: string, asked: Asked, expected: object][] = [
  ['a text', json({ text: 'Hello' }), {}],
  ['a form', { headers: FORM_TYPE, body: payload }, {}],
  ['a form without a type', { body: payload }, {}],
  ['curl -F', parts({ payload: '{"text":"Hello"}' }), {}],
  ['curl -F to Mattermost', parts({ text: 'Hello', username: 'bot' }), {}],
  ['JSON with the type of a form, as curl -d has it', { headers: FORM_TYPE, body: '{"text":"Hello"}' }, {}],
  ['plain text', json({ text: '*a* &lt;b&gt;', mrkdwn: false }), { text: '*a* <b>', format: 'text' }],
  [
    'names, icons, unknown fields',
    json({ text: 'Hello', username: 'bot', icon_emoji: ':x:', type: 'mrkdwn' }),
    {},
  ],
  [
    'Alertmanager',
    json({
      channel: '#ops',
      username: 'Alertmanager',
      attachments: [
        {
          title: '[FIRING:1] Disk',
          title_link: 'http://am.example/#/alerts?receiver=a',
          pretext: '',
          text: 'web-1 &amp; web-2\nfull',
          fallback: '[FIRING:1] Disk | http://am.example',
          callback_id: '',
          footer: '',
          color: 'danger',
          mrkdwn_in: ['fallback', 'pretext', 'text'],
          fields: [{ title: 'Severity', value: '*critical*', short: true }],
        },
      ],
    }),
    {
      title: '[FIRING:1] Disk',
      text: 'web-1 & web-2  \nfull\n\nSeverity: **critical**',
      url: 'http://am.example/#/alerts?receiver=a',
      priority: 4,
    },
  ],
  [
    'healthchecks: a text that is null',
    json({
      username: 'healthchecks',
      attachments: [
        {
          color: 'good',
          fallback: 'The check "db" is UP.',
          mrkdwn_in: ['fields'],
          title: '“db” is UP.',
          text: null,
          title_link: 'https://hc.example/checks/1',
        },
      ],
    }),
    { title: '“db” is UP.', text: '', url: 'https://hc.example/checks/1', priority: 2 },
  ],
  [
    'Uptime Kuma: blocks within an attachment',
    json({
      text: 'Uptime Kuma Alert',
      attachments: [
        {
          color: '#e01e5a',
          blocks: [
            { type: 'header', text: { type: 'plain_text', text: 'Uptime Kuma Alert' } },
            {
              type: 'section',
              fields: [
                { type: 'mrkdwn', text: '*Message*\n[web] Down' },
                { type: 'mrkdwn', text: '*Time*\n12:00' },
              ],
            },
            {
              type: 'actions',
              elements: [
                { type: 'button', text: { type: 'plain_text', text: 'Go' }, url: 'https://k.example/' },
              ],
            },
          ],
        },
      ],
    }),
    {
      title: 'Uptime Kuma Alert',
      text: '**Message**  \n[web] Down  \n**Time**  \n12:00',
      url: 'https://k.example/',
      priority: 4,
    },
  ],
  [
    'a fallback where nothing else is',
    json({ attachments: [{ fallback: 'only <https://x.example|this>' }] }),
    { text: 'only [this](https://x.example)' },
  ],
  [
    'blocks of all kinds',
    json({
      text: 'summary',
      blocks: [
        { type: 'divider' },
        {
          type: 'context',
          elements: [
            { type: 'mrkdwn', text: 'a' },
            { type: 'plain_text', text: '*b*' },
          ],
        },
        { type: 'markdown', text: '**m**' },
        { type: 'image', image_url: 'https://x.example/i.png', alt_text: 'a graph' },
        {
          type: 'rich_text',
          elements: [
            {
              type: 'rich_text_section',
              elements: [
                { type: 'text', text: 'r ' },
                { type: 'link', url: 'https://x.example', text: 'l' },
              ],
            },
          ],
        },
      ],
    }),
    { text: 'summary\n\na \\*b\\*\n\n**m**\n\na graph\n\nr [l](https://x.example)' },
  ],
  [
    'Sentry: code, a quotation, a list, and an icon',
    json({
      blocks: [
        {
          type: 'rich_text',
          elements: [
            { type: 'rich_text_section', elements: [{ type: 'text', text: '1 * 2 &lt;' }] },
            { type: 'rich_text_preformatted', elements: [{ type: 'text', text: 'a `b` *c*\nd' }] },
            { type: 'rich_text_quote', elements: [{ type: 'text', text: 'e\nf' }] },
            {
              type: 'rich_text_list',
              elements: ['g', 'h'].map((text) => ({
                type: 'rich_text_section',
                elements: [{ type: 'text', text }],
              })),
            },
          ],
        },
        {
          type: 'context',
          elements: [
            { type: 'image', image_url: 'https://x.example/i.png', alt_text: 'icon' },
            { type: 'mrkdwn', text: 'prod' },
          ],
        },
      ],
    }),
    { text: '1 \\* 2 <\n\n```\na `b` *c*\nd\n```\n\n> e  \n> f\n\n- g\n- h\n\nprod' },
  ],
  [
    'what has no shape',
    json({ text: 'Hello', attachments: [null, 7, 'x', { fields: 'x' }], blocks: {} }),
    {},
  ],
];

describe('what clients of Slack send', () => {
  for (const [name, asked, expected] of messages) {
    test(name, async () => {
      const { ask, theMessage } = openDialects(['slack', 'bark']);
      const answer = await ask('POST', HOOK, asked);
      assert.deepEqual([answer?.status, answer?.json], [200, 'ok']);
      assert.deepEqual(theMessage(), { ...plain, ...expected });
    });
  }

  test('Mattermost has the token in another path, and a channel selects one', async () => {
    const { ask, sent } = openDialects(['slack', 'ntfy', 'bark']);
    assert.equal((await ask('POST', `/hooks/${ANN}`, json({ text: 'x', channel: '#sms' })))?.json, 'ok');
    assert.deepEqual(
      sent.map(({ channel }) => channel),
      ['sms'],
    );
  });
});

const refusals: readonly [name: string, token: string, asked: Asked, status: number, text: string][] = [
  ['not JSON', ANN, { headers: JSON_TYPE, body: 'x' }, 400, 'invalid_payload'],
  ['a form without a payload', ANN, { headers: FORM_TYPE, body: 'text=x' }, 400, 'invalid_payload'],
  ['a multipart form without anything', ANN, parts({ username: 'bot' }), 400, 'no_text'],
  ['nothing to say', ANN, json({ attachments: [] }), 400, 'no_text'],
  ['a wrong token', NOBODY, json({ text: 'x' }), 404, 'no_service'],
  ['a wrong token before a wrong body', NOBODY, json({}), 404, 'no_service'],
  ['nobody got it', BOB, json({ text: 'x' }), 424, 'Not delivered: broken: no such number'],
];

describe('what Slack would say', () => {
  for (const [name, token, asked, status, text] of refusals) {
    test(name, async () => {
      const { ask, sent } = openDialects(['slack']);
      const answer = await ask('POST', `/services/T0/B0/${token}`, asked);
      assert.deepEqual([answer?.status, answer?.json, sent.length], [status, text, 0]);
    });
  }

  test('too fast', async () => {
    const { ask } = openDialects(['slack']);
    for (let count = 0; count < 20; count++) await ask('POST', HOOK, json({ text: `${count}` }));
    const answer = await ask('POST', HOOK, json({ text: 'x' }));
    assert.deepEqual([answer?.status, answer?.json], [429, 'rate_limited']);
    assert.equal(answer?.headers.get('retry-after'), '1');
  });

  for (const path of ['/services/T/B', '/services', '/hooks', '/hooks/a/b'])
    test(`${path} is for others`, async () => {
      assert.equal(await openDialects(['slack']).ask('POST', path, json({ text: 'x' })), undefined);
    });
});

describe('mrkdwn', () => {
  const texts: readonly [mrkdwn: string, markdown: string][] = [
    ['*bold* _it_ ~gone~', '**bold** _it_ ~~gone~~'],
    ['2 * 3 * 4', '2 * 3 * 4'],
    ['<https://x.example>', 'https://x.example'],
    ['<https://x.example/(a)|a [b]>', '[a \\[b\\]](https://x.example/%28a%29)'],
    ['<!here> <!subteam^S1|@ops> <@U1|ann> <@U2> <#C1|general>', '@here @ops @ann @U2 #general'],
    ['<!date^1392734382^{date}|18 Feb>', '18 Feb'],
    ['&lt;b&gt; &amp;lt; &lt; 5', '\\<b> \\&lt; < 5'],
    ['at <module> of <std::string>, <a|b>', 'at \\<module> of \\<std::string>, \\<a|b>'],
    ['<mailto:a@x.example|a> <slack://x|app>', '[a](mailto:a@x.example) [app](slack://x)'],
    ['磁盘 *满了*，~旧~。（*急*）', '磁盘 **满了**，~~旧~~。（**急**）'],
    ['`*a* <b>` and ```\n*c*\nd```', '`*a* <b>` and ```\n*c*\nd```'],
    ['# heading\r\n**bold** ~~gone~~', '# heading  \n**bold** ~~gone~~'],
    ['a\nb\n\nc', 'a  \nb\n\nc'],
  ];
  for (const [mrkdwn, markdown] of texts) test(mrkdwn, () => assert.equal(fromMrkdwn(mrkdwn), markdown));

  test('plain text within Markdown', () =>
    assert.equal(fromPlain('*a* [b] &lt;\n&lt;i&gt;'), '\\*a\\* \\[b\\] <  \n\\<i>'));

  test('what was no markup is there for who gets text', () => {
    const text = resultOf(readableOf(fromMrkdwn('*x* &lt;b&gt; <i> <module> &amp;lt;')));
    assert.equal(text, 'x <b> <i> <module> &lt;');
  });

  for (const hostile of ['<', '*a', '~', '`', '```', ' *', '&lt', '<!', '\n'])
    test(`${JSON.stringify(hostile)}, often, takes no time`, () => {
      const startMs = performance.now();
      fromMrkdwn(hostile.repeat(Math.ceil((64 * 1024) / hostile.length)));
      assert.ok(performance.now() - startMs < 2000);
    });
});

test('tildes that strike nothing in Slack strike nothing in mail', () => {
  const text = '{a=~"b",c=~"d"} <http://h/~x|u~v~w> http://h/~y/~z ~gone~ ~~too~~';
  for (const same of ['~5 to ~6', 'http://h/~y/~z']) assert.equal(fromMrkdwn(same), same);
  const html = resultOf(htmlOf(fromMrkdwn(text))) ?? '';
  assert.match(html, /\{a=~&quot;b&quot;,c=~&quot;d&quot;\} <a href="http:\/\/h\/~x">u~v~w<\/a> /);
  assert.deepEqual(html.match(/<del>.*?<\/del>/g), ['<del>gone</del>', '<del>too</del>']);
});

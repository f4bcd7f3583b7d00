/** PushDeer, message-pusher and the robot of WeCom: requests as their clients send them. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { DialectName } from './dialect.ts';
import { ANN, type Asked, BOB, bearer, FORM_TYPE, JSON_TYPE, NOBODY, openDialects } from './fixtures.ts';
import { MAX_PUSHKEYS } from './pushdeer.ts';

const json = (value: unknown): Asked => ({ headers: JSON_TYPE, body: JSON.stringify(value) });
const form = (body: string): Asked => ({ headers: FORM_TYPE, body });
const robot = `/cgi-bin/webhook/send?key=${ANN}`;
const pushed = { code: 0, content: { result: ['{"counts":1,"logs":[],"success":"ok"}'] } };

type Case = readonly [dialect: DialectName, name: string, line: string, asked: Asked, expected: object];

const messages: readonly Case[] = [
  ['pushdeer', 'a query', `GET /message/push?pushkey=${ANN}&text=T`, {}, { text: 'T' }],
  [
    'pushdeer',
    'a title',
    `POST /message/push`,
    form(`pushkey=${ANN}&text=%E6%A0%87&desp=**d**&type=markdown`),
    { title: '标', text: '**d**' },
  ],
  [
    'pushdeer',
    'Uptime Kuma, which makes the title a heading',
    'POST /message/push',
    json({ pushkey: ANN, text: '## Uptime Kuma: web down', desp: 'timeout', type: 'markdown' }),
    { title: 'Uptime Kuma: web down', text: 'timeout' },
  ],
  [
    'pushdeer',
    'JSON',
    'POST /message/push',
    json({ pushkey: ANN, text: 'T', type: 'text' }),
    { text: 'T', format: 'text' },
  ],
  [
    'pushdeer',
    'a picture',
    `GET /message/push?pushkey=${ANN}&type=image&text=https://x.example/a.png`,
    {},
    { text: 'https://x.example/a.png', url: 'https://x.example/a.png', format: 'text' },
  ],
  [
    'message-pusher',
    'a query',
    `GET /push/ann?title=T&description=d&content=c&token=${ANN}`,
    {},
    { title: 'T', text: 'c' },
  ],
  [
    'message-pusher',
    'JSON',
    'POST /push/ann',
    json({ title: 'T', desp: 'c', url: 'https://x.example/', token: ANN, async: true }),
    { title: 'T', text: 'c', url: 'https://x.example/' },
  ],
  [
    'message-pusher',
    'a form',
    'POST /push/ann',
    form(`title=T&description=d&token=${ANN}`),
    { title: 'T', text: 'd' },
  ],
  [
    'message-pusher',
    'code',
    'POST /push/ann',
    json({ content: '*c*', render_mode: 'code', token: ANN }),
    { text: '```\n*c*\n```' },
  ],
  [
    'message-pusher',
    'what is no Markdown',
    `GET /push/ann?content=*c*&render_mode=raw&token=${ANN}`,
    {},
    { text: '*c*', format: 'text' },
  ],
  ['message-pusher', 'Bearer', 'GET /push/ann?content=c', { headers: bearer(ANN) }, { text: 'c' }],
  [
    'message-pusher',
    'the bare token',
    'GET /push/ann?content=c',
    { headers: { authorization: ANN } },
    { text: 'c' },
  ],
  [
    'wecom-robot',
    'text',
    `POST ${robot}`,
    json({ msgtype: 'text', text: { content: '满了', mentioned_list: ['@all'] } }),
    { text: '满了', format: 'text' },
  ],
  [
    'wecom-robot',
    'markdown',
    `POST ${robot}`,
    json({ msgtype: 'markdown', markdown: { content: '<font color="warning">**9**</font> <@ann> a < b' } }),
    { text: '**9** @ann a < b' },
  ],
  [
    'wecom-robot',
    'markdown_v2',
    `POST ${robot}`,
    json({ msgtype: 'markdown_v2', markdown_v2: { content: '# h' } }),
    { text: '# h' },
  ],
  [
    'wecom-robot',
    'lines, which are some',
    `POST ${robot}`,
    json({ msgtype: 'markdown', markdown: { content: '满了\n>类型: a\r\n>级别: b\n\nc' } }),
    { text: '满了  \n>类型: a  \n>级别: b\n\nc' },
  ],
  [
    'wecom-robot',
    'news',
    `POST ${robot}`,
    json({
      msgtype: 'news',
      news: {
        articles: [
          { title: 'A', description: 'a', url: 'https://x.example/a', picurl: 'https://x.example/p' },
          { title: 'B', url: 'https://x.example/b' },
        ],
      },
    }),
    { title: 'A', text: 'a\n\n[B](https://x.example/b)', url: 'https://x.example/a' },
  ],
  [
    'wecom-robot',
    'a card',
    `POST ${robot}`,
    json({
      msgtype: 'template_card',
      template_card: {
        card_type: 'text_notice',
        main_title: { title: 'T', desc: 'd' },
        emphasis_content: { title: '100', desc: '%' },
        quote_area: { type: 1, title: 'q', quote_text: 'Jack: good' },
        sub_title_text: 's',
        horizontal_content_list: [
          { keyname: 'k', value: 7 },
          { keyname: 'l', value: 'v', type: 1, url: 'https://x.example/l' },
        ],
        jump_list: [{ type: 1, title: 'j', url: 'https://x.example/j' }],
        card_action: { type: 1, url: 'https://x.example/' },
      },
    }),
    {
      title: 'T',
      text: 'd\n\n100 %\n\nq\nJack: good\n\ns\n\nk: 7\nl: v https://x.example/l\n\nj: https://x.example/j',
      url: 'https://x.example/',
      format: 'text',
    },
  ],
  [
    'wecom-robot',
    'a card with a picture',
    `POST ${robot}`,
    json({
      msgtype: 'template_card',
      template_card: {
        card_type: 'news_notice',
        main_title: { title: 'T' },
        card_image: { url: 'https://x.example/i' },
        image_text_area: { type: 0, title: 'a', desc: 'b', image_url: 'https://x.example/i' },
        vertical_content_list: [{ title: 'c', desc: 'd' }, null, { title: 'e' }],
        card_action: { type: 1, url: 'https://x.example/' },
      },
    }),
    { title: 'T', text: 'a\nb\n\nc: d\ne', url: 'https://x.example/', format: 'text' },
  ],
];

const successes: Partial<Record<DialectName, object>> = {
  pushdeer: pushed,
  'wecom-robot': { errcode: 0, errmsg: 'ok' },
};

const all: readonly DialectName[] = ['pushdeer', 'message-pusher', 'wecom-robot', 'ntfy', 'bark', 'gotify'];

for (const [dialect, name, line, asked, expected] of messages) {
  test(`${dialect}: ${name}`, async () => {
    for (const names of [[dialect], all]) {
      const { ask, theMessage } = openDialects(names);
      const [method = '', target = ''] = line.split(' ');
      const answer = await ask(method, target, asked);
      assert.equal(answer?.status, 200);
      const success = successes[dialect] ?? { success: true, message: '', uuid: answer.json.uuid };
      assert.deepEqual(answer.json, success);
      const base = { title: '', text: '', format: 'markdown', priority: 3, tags: [] };
      assert.deepEqual(theMessage(), { ...base, ...expected });
    }
  });
}

const refusals: readonly [...Case, status: number][] = [
  ['pushdeer', 'a wrong key', `GET /message/push?pushkey=${NOBODY}&text=T`, {}, { code: 80403 }, 401],
  ['pushdeer', 'no key', 'GET /message/push?text=T', {}, { code: 80403 }, 401],
  ['pushdeer', 'no text', `GET /message/push?pushkey=${ANN}`, {}, { code: 80501 }, 422],
  ['pushdeer', 'nobody got it', `GET /message/push?pushkey=${BOB}&text=T`, {}, { code: 80501 }, 502],
  [
    'pushdeer',
    'too many keys',
    `GET /message/push?text=T&pushkey=${Array.from({ length: MAX_PUSHKEYS }, (_, n) => n).join()},${ANN}`,
    {},
    { code: 80403 },
    401,
  ],
  ['message-pusher', 'a wrong token', `GET /push/ann?content=c&token=${NOBODY}`, {}, { success: false }, 401],
  ['message-pusher', 'no token', 'POST /push/ann', json({ content: 'c' }), { success: false }, 401],
  [
    'message-pusher',
    'not JSON',
    `POST /push/ann?token=${ANN}`,
    { headers: JSON_TYPE, body: '{' },
    { success: false },
    400,
  ],
  [
    'wecom-robot',
    'a wrong key',
    '/cgi-bin/webhook/send?key=x',
    json({ msgtype: 'text' }),
    { errcode: 93000 },
    200,
  ],
  ['wecom-robot', 'no key', '/cgi-bin/webhook/send', json({ msgtype: 'text' }), { errcode: 93000 }, 200],
  ['wecom-robot', 'nothing to say', robot, json({ msgtype: 'text', text: {} }), { errcode: 44004 }, 200],
  [
    'wecom-robot',
    'a file',
    robot,
    json({ msgtype: 'file', file: { media_id: 'x' } }),
    { errcode: 40008 },
    200,
  ],
  [
    'wecom-robot',
    'the file itself',
    `/cgi-bin/webhook/upload_media?key=${ANN}&type=file`,
    { headers: { 'content-type': 'multipart/form-data; boundary=X' }, body: '--X--' },
    { errcode: 40008 },
    200,
  ],
  [
    'wecom-robot',
    'a file of nobody',
    '/cgi-bin/webhook/upload_media?key=x&type=file',
    { body: 'x' },
    { errcode: 93000 },
    200,
  ],
  ['wecom-robot', 'no type', robot, json({ text: 'x' }), { errcode: 40008 }, 200],
  ['wecom-robot', 'not JSON', robot, { body: 'x' }, { errcode: 47001 }, 200],
  [
    'wecom-robot',
    'nobody got it',
    robot.replace(ANN, BOB),
    json({ msgtype: 'text', text: { content: 'x' } }),
    { errcode: -1 },
    200,
  ],
];

for (const [dialect, name, line, asked, expected, status] of refusals) {
  test(`${dialect} refuses: ${name}`, async () => {
    const { ask, sent } = openDialects([dialect]);
    const [method = '', target = ''] = line.startsWith('/') ? ['POST', line] : line.split(' ');
    const answer = await ask(method, target, asked);
    assert.equal(answer?.status, status);
    const { errmsg, error, message, ...rest } = answer.json;
    assert.deepEqual(rest, expected);
    assert.match(errmsg ?? error ?? message, /\w/);
    assert.equal(sent.length, 0);
  });
}

test('PushDeer: several keys are several receivers, each told of', async () => {
  const { ask } = openDialects(['pushdeer']);
  const answer = await ask('GET', `/message/push?pushkey=${ANN},${ANN}&text=T`);
  assert.deepEqual(answer?.json, pushed);
  const mixed = await ask('GET', `/message/push?pushkey=${ANN},${BOB}&text=T`);
  assert.equal(mixed?.status, 502);
});

describe('what could be for a file is left to the files', () => {
  for (const line of [
    'GET /push/ann',
    'GET /push/ann?title=t',
    'GET /push',
    'GET /cgi-bin/webhook/send?key=x',
    'GET /message',
  ])
    test(line, async () => {
      const [method = '', target = ''] = line.split(' ');
      assert.equal(
        await openDialects(['pushdeer', 'message-pusher', 'wecom-robot']).ask(method, target),
        undefined,
      );
    });
});

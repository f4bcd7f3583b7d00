import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  ANN,
  type Asked,
  BOB,
  basic,
  bearer,
  FORM_TYPE,
  JSON_TYPE,
  multipart,
  NOBODY,
  openDialects,
} from './fixtures.ts';
import { htmlToText } from './html-text.ts';

const json = (value: unknown): Asked => ({ headers: JSON_TYPE, body: JSON.stringify(value) });
const message = { title: 't', body: 'b', type: 'info', format: 'text' };
const plain = { title: 't', text: 'b', format: 'text', priority: 3, tags: [] };

const ways: readonly [name: string, asked: Asked, expected: object][] = [
  ['JSON', json(message), {}],
  ['a form', { headers: FORM_TYPE, body: 'title=t&body=b' }, {}],
  ['curl -F', multipart({ title: 't', body: 'b', type: 'warning' }), { priority: 4 }],
  ['success', json({ ...message, type: 'success' }), {}],
  ['failure', json({ ...message, type: 'failure' }), { priority: 5 }],
  ['Markdown', json({ ...message, format: 'markdown' }), { format: 'markdown' }],
  ['HTML', json({ ...message, format: 'html', body: '<p>a &lt; b</p><br>c' }), { text: 'a < b\n\nc' }],
  ['no format', json({ ...message, format: null, type: null }), {}],
];
describe('a message', () => {
  for (const [name, asked, expected] of ways) {
    test(name, async () => {
      const { ask, theMessage, sent } = openDialects(['apprise']);
      const answer = await ask('POST', `/notify/${ANN}`, asked);
      assert.deepEqual([answer?.status, answer?.json], [200, { error: null, id: sent[0]?.message.id }]);
      assert.deepEqual(theMessage(), { ...plain, ...expected });
    });
  }

  const files: readonly [name: string, asked: Asked, named: string][] = [
    [
      'a part of a form',
      {
        ...multipart({ title: 't', body: 'b' }),
        body: multipart({ title: 't', body: 'b' }).body.replace(
          /--\r\n$/,
          '\r\nContent-Disposition: form-data; name="file01"; filename="图.png"\r\n\r\n\0\r\n--------------------------d74496d66958873e--\r\n',
        ),
      },
      '图.png',
    ],
    [
      'in base64',
      json({ ...message, attachments: [{ filename: 'a.png', base64: 'AAAA', mimetype: 'image/png' }, {}] }),
      'a.png, file',
    ],
    ['by URL', json({ ...message, attach: 'https://x.example/a.png' }), 'https://x.example/a.png'],
  ];
  for (const [name, asked, named] of files) {
    test(`an attachment is named: ${name}`, async () => {
      const { ask, theMessage } = openDialects(['apprise']);
      assert.equal((await ask('POST', `/notify/${ANN}`, asked))?.status, 200);
      assert.deepEqual(theMessage(), { ...plain, text: `b\n\n(not sent along: ${named})` });
    });
  }

  test('the query fills in what the body has not', async () => {
    const { ask, theMessage, sent } = openDialects(['apprise']);
    const query = '?title=from-query&type=failure&format=markdown&tag=sms&body=no';
    await ask('POST', `/notify/${ANN}${query}`, json({ body: 'b' }));
    assert.deepEqual(theMessage(), { ...plain, title: 'from-query', priority: 5, format: 'markdown' });
    assert.deepEqual(
      sent.map(({ channel }) => channel),
      ['sms'],
    );
  });

  test('the body counts before the query', async () => {
    const { ask, theMessage, sent } = openDialects(['apprise']);
    await ask('POST', `/notify/${ANN}?title=q&type=failure&tag=sms`, json({ ...message, tag: 'mail' }));
    assert.deepEqual(theMessage(), plain);
    assert.deepEqual(
      sent.map(({ channel }) => channel),
      ['mail'],
    );
  });

  test('a slash at the end, and tags that are channels', async () => {
    const { ask, sent } = openDialects(['apprise']);
    await ask('POST', `/notify/${ANN}/`, json({ ...message, tag: ['admins', 'sms'] }));
    assert.deepEqual(
      sent.map(({ channel }) => channel),
      ['sms'],
    );
  });
});

const names: readonly [name: string, channels: string[]][] = [
  ['all', ['mail', 'sms']],
  ['sms', ['sms']],
];
for (const [name, channels] of names) {
  test(`the name ${name}, with the token as password`, async () => {
    const { ask, sent } = openDialects(['apprise']);
    const { headers, ...rest } = json(message);
    const answer = await ask('POST', `/notify/${name}`, {
      ...rest,
      headers: { ...headers, ...basic('mote', ANN) },
    });
    assert.equal(answer?.status, 200);
    assert.deepEqual(
      sent.map(({ channel }) => channel),
      channels,
    );
  });
}

test('a long name of a channel, with the token in the header', async () => {
  const channels = ['mail', 'on-call-at-night'];
  const { ask, sent } = openDialects(['apprise'], { channels });
  const { headers, ...rest } = json(message);
  const asked = { ...rest, headers: { ...headers, ...bearer(ANN) } };
  assert.equal((await ask('POST', '/notify/on-call-at-night', asked))?.status, 200);
  assert.deepEqual(
    sent.map(({ channel }) => channel),
    ['on-call-at-night'],
  );
});

test('a key before the password of somebody in between', async () => {
  const { ask } = openDialects(['apprise']);
  const { headers, ...rest } = json(message);
  const asked = { ...rest, headers: { ...headers, ...basic('ann', 'password-of-the-proxy') } };
  assert.equal((await ask('POST', `/notify/${ANN}`, asked))?.status, 200);
});

const refusals: readonly [name: string, key: string, asked: Asked, status: number][] = [
  ['a wrong key', NOBODY, json(message), 401],
  ['a name without a token', 'abc', json(message), 401],
  ['nothing to say', ANN, json({}), 400],
  ['an unknown type', ANN, json({ ...message, type: 'panic' }), 400],
  ['an unknown format', ANN, json({ ...message, format: 'rtf' }), 400],
  ['broken JSON', ANN, { headers: JSON_TYPE, body: '{' }, 400],
  ['what nobody got', BOB, json(message), 424],
];
describe('refused in their shape', () => {
  for (const [name, key, asked, status] of refusals) {
    test(name, async () => {
      const { ask, sent } = openDialects(['apprise']);
      const answer = await ask('POST', `/notify/${key}`, asked);
      assert.deepEqual([answer?.status, Object.keys(answer?.json)], [status, ['error']]);
      assert.ok(answer?.json.error.length > 10);
      assert.equal(sent.length, 0);
    });
  }
});

const others: readonly [method: string, target: string][] = [
  ['GET', `/notify/${ANN}`],
  ['POST', '/notify'],
  ['POST', '/notify/alertmanager'],
  ['POST', '/notify/grafana'],
  ['POST', `/notify/${ANN}/x`],
  ['POST', `/${ANN}`],
];
for (const [method, target] of others) {
  test(`${method} ${target} goes on`, async () => {
    assert.equal(await openDialects(['apprise']).ask(method, target, json(message)), undefined);
  });
}

const fragments: readonly [html: string, text: string][] = [
  ['a\n  b<br/>c', 'a b\nc'],
  ['<ul><li>a</li><li class="x">b</ul>c', '- a\n- b\nc'],
  ['<h1>a</h1><p>b</p>', 'a\nb'],
  ['1 < 2 and <b>3</b> > 2', '1 < 2 and 3 > 2'],
  ['&amp;lt; &#20320;&#x597d; &nope; &#1114112;', '&lt; 你好 &nope; &#1114112;'],
  ['<script', '<script'],
];
for (const [html, text] of fragments) {
  test(`as text: ${html}`, () => assert.equal(htmlToText(html), text));
}

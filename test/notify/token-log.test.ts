/** However a token comes in, it is in no line of the log and in no metric: those that are known, and what looks like one. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { makeFolder } from '../support/folder.ts';
import { hashOf, notifyFile } from '../support/notify.ts';
import { exchange, request } from '../support/raw.ts';
import { startForFile } from '../support/target.ts';

const CHOSEN = 'A-chosen-token~of.19';
const MADE = 'mote_0123456789-0123456789_0123456789-01234567890';
/** As `mote token` makes them, and nobody's. */
const STALE = 'mote_9876543210-9876543210_9876543210-98765432109';
/** Of another server: only the place where it stands tells what it is. */
const FOREIGN = 'tk_foreign0and0unknown0here';

const channel = { kind: 'webhook', url: 'http://127.0.0.1:9/', allowAddresses: ['127.0.0.1'] };
const user = { tokens: [CHOSEN, MADE].map(hashOf), channels: ['hook'], burst: 10_000, perMinute: 100_000 };
const file = notifyFile({ hook: channel }, { ann: user });
const root = makeFolder({ 'index.html': 'index' });
const dialects = 'serverchan,gotify,ntfy,bark,apprise,alertmanager,grafana';
const options = ['--notify', file, '--notify-wait', '0', '--metrics-path', '/metrics'];
const servers = await Promise.all(
  [
    ['combined, all on', '--notify-dialects', dialects, '--notify-query', '--log-format', 'combined'],
    ['json, all on', '--notify-dialects', dialects, '--notify-query', '--log-format', 'json'],
    ['json, no dialect', '--log-format', 'json'],
  ].map(async ([name = '', ...args]) => {
    return { name, server: await startForFile({ root, args: [...options, ...args] }) };
  }),
);

const base64 = (text: string) => Buffer.from(text).toString('base64');
const base64url = (text: string) => Buffer.from(text).toString('base64url');
const percent = (text: string) =>
  text.replace(/./g, (c) => `%${c.charCodeAt(0).toString(16).padStart(2, '0')}`);
const form = { 'Content-Type': 'application/x-www-form-urlencoded' };
const json = { 'Content-Type': 'application/json' };

interface Way {
  readonly line: string;
  readonly fields?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** What takes any token. */
const ways: readonly (readonly [name: string, way: (token: string) => Way])[] = [
  ['Bearer', (t) => ({ line: 'POST /notify', fields: { Authorization: `Bearer ${t}` }, body: 'x' })],
  [
    'Basic, password',
    (t) => ({ line: 'POST /t', fields: { Authorization: `Basic ${base64(`:${t}`)}` }, body: 'x' }),
  ],
  [
    'Basic, user',
    (t) => ({ line: 'POST /t', fields: { Authorization: `Basic ${base64(`${t}:`)}` }, body: 'x' }),
  ],
  ['another scheme', (t) => ({ line: 'POST /t', fields: { Authorization: `Token ${t}` }, body: 'x' })],
  ['X-Token', (t) => ({ line: 'POST /notify', fields: { 'X-Token': t }, body: 'x' })],
  [
    'X-Gotify-Key',
    (t) => ({ line: 'POST /message', fields: { 'X-Gotify-Key': t, ...form }, body: 'message=x' }),
  ],
  [
    'body, JSON',
    (t) => ({ line: 'POST /notify', fields: json, body: JSON.stringify({ token: t, text: 'x' }) }),
  ],
  ['body, broken JSON', (t) => ({ line: 'POST /notify', fields: json, body: `{"token":"${t}"` })],
  ['body, form', (t) => ({ line: 'POST /notify', fields: form, body: `token=${percent(t)}&text=x` })],
  ['body of Bark', (t) => ({ line: 'POST /push', fields: json, body: `{"device_key":"${t}","body":"x"}` })],
  [
    'bodies of Bark',
    (t) => ({ line: 'POST /push', fields: json, body: `{"device_keys":["${t}"],"body":"x"}` }),
  ],
  ['query', (t) => ({ line: `GET /notify?token=${t}&text=x` })],
  ['query, encoded', (t) => ({ line: `GET /notify?%74oken=${percent(t)}&text=x` })],
  ['query, upper case', (t) => ({ line: `GET /notify?TOKEN=${t}&text=x` })],
  ['query of a question', (t) => ({ line: `GET /notify/channels?token=${t}` })],
  ['query of Gotify', (t) => ({ line: `POST /message?token=${t}`, fields: form, body: 'message=x' })],
  ['query of Bark', (t) => ({ line: `POST /push?device_key=${t}&body=x` })],
  ['query of Bark, several', (t) => ({ line: `POST /push?device_keys=${t},${t}&body=x` })],
  ['query of ntfy', (t) => ({ line: `GET /t/publish?auth=${base64url(`Bearer ${t}`)}` })],
  ['query of ntfy, long name', (t) => ({ line: `GET /t/publish?authorization=${base64url(`Bearer ${t}`)}` })],
  [
    'query of ntfy, Basic',
    (t) => ({ line: `GET /t/send?authorization=${base64url(`Basic ${base64(`:${t}`)}`)}` }),
  ],
  [
    'query of ntfy, padded',
    (t) => ({ line: `POST /t?Authorization=${percent(base64(`Bearer ${t}`))}`, body: 'x' }),
  ],
  ['path of ServerChan', (t) => ({ line: `GET /${t}.send?title=x` })],
  [
    'path of ServerChan, long',
    (t) => ({ line: `POST /send/${percent(t)}.send`, fields: form, body: 'title=x' }),
  ],
  ['path of Apprise', (t) => ({ line: `POST /notify/${t}`, fields: form, body: 'body=x' })],
  ['path of Bark', (t) => ({ line: `POST /${t}/title/body` })],
  ['absolute target', (t) => ({ line: `GET http://ann:${t}@localhost/` })],
  ['Referer', (t) => ({ line: 'GET /', fields: { Referer: `http://localhost/?token=${t}` } })],
  ['Referer, userinfo', (t) => ({ line: 'GET /', fields: { Referer: `http://${t}@localhost/` } })],
  ['a head that is refused', (t) => ({ line: `GET /?token=${t}`, fields: { 'Content-Length': 'x' } })],
  [
    'a body that is refused',
    (t) => ({ line: `POST /notify?token=${t}`, fields: { 'Content-Length': '9999999' } }),
  ],
];

/** Where nothing but the token itself tells what it is. */
const strange: readonly (readonly [name: string, way: (token: string) => Way])[] = [
  ['path', (t) => ({ line: `GET /${t}` })],
  ['path of Bark, GET', (t) => ({ line: `GET /${t}/title/body` })],
  ['path, encoded', (t) => ({ line: `GET /a/${percent(t)}/b` })],
  ['path, with what cannot be decoded', (t) => ({ line: `GET /${t}%zz` })],
  ['query, another name', (t) => ({ line: `GET /?x=${t}` })],
  ['query, without a name', (t) => ({ line: `GET /?${t}` })],
  ['query, another name, base64', (t) => ({ line: `GET /?x=${base64url(`Bearer ${t}`)}` })],
  [
    'query, another name, base64 twice',
    (t) => ({ line: `GET /?x=${base64url(`Basic ${base64(`u:${t}`)}`)}` }),
  ],
  ['query, a whole field', (t) => ({ line: `GET /?h=Authorization:+Bearer+${t}` })],
  ['query, behind many words', (t) => ({ line: `GET /?${'a=a-long-word-here&'.repeat(40)}x=${t}` })],
  [
    'query, behind many words, base64',
    (t) => ({ line: `GET /?${'a=a-long-word-here&'.repeat(40)}x=${base64url(`Bearer ${t}`)}` }),
  ],
  ['query, behind many pieces', (t) => ({ line: `GET /?x=${'a-long-piece:'.repeat(80)}${t}` })],
  ['path, behind many segments', (t) => ({ line: `GET /${'a-long-segment/'.repeat(80)}${t}` })],
  ['topic', (t) => ({ line: `PUT /${t}`, body: 'x' })],
  ['Referer', (t) => ({ line: 'GET /', fields: { Referer: `http://localhost/${t}/x` } })],
  ['User-Agent', (t) => ({ line: 'GET /', fields: { 'User-Agent': t } })],
  [
    'User-Agent, beside others',
    (t) => ({ line: 'GET /', fields: { 'User-Agent': `curl/8 (${t}) Bearer ${t}` } }),
  ],
  ['Host', (t) => ({ line: 'GET /', fields: { Host: t } })],
];

/** All spellings that a reader of the log could make a token of. */
function spellings(token: string): string[] {
  const inside = ['', ':', 'u:', 'Bearer ', 'Basic '].flatMap((before) => [
    base64(before + token),
    base64url(before + token),
  ]);
  // The first characters of base64 depend on what stands before.
  return [token, percent(token), ...inside.map((text) => text.slice(4, -4))];
}

describe('no token is logged', () => {
  for (const { name: of, server } of servers) {
    const tokens = [CHOSEN, MADE, STALE];
    const all = [
      ...ways.flatMap(([name, way]) => [...tokens, FOREIGN].map((token) => ({ name, way, token }))),
      ...strange.flatMap(([name, way]) => tokens.map((token) => ({ name, way, token }))),
    ];
    // Nothing tells that these are no names of files while their dialects are off.
    const shaped = /^path of|^X-Gotify|^topic/;
    for (const { name, way, token } of all) {
      if (token === FOREIGN && shaped.test(name) && of.includes('no dialect')) continue;
      test(`${of}: ${name}, ${token.slice(0, 6)}…`, async () => {
        const seen = server.stdout.all.length;
        const { line, fields = {}, body = '' } = way(token);
        const head = {
          Host: 'localhost',
          Connection: 'close',
          'Content-Length': String(body.length),
          ...fields,
        };
        const text = Object.entries(head).map(([field, value]) => `${field}: ${value}\r\n`);
        await exchange(server, `${line} HTTP/1.1\r\n${text.join('')}\r\n${body}`);
        const mark = `/?mark=${seen}-${token.length}-${Math.random()}.`;
        await request(server, mark);
        await server.stdout.find(new RegExp(mark.replace(/[/?.]/g, '\\$&')));
        const printed = [...server.stdout.all.slice(seen), ...server.stderr.all].join('\n');
        for (const spelling of spellings(token)) assert.ok(!printed.includes(spelling), printed);
      });
    }
    test(`${of}: nor counted`, async () => {
      const metrics = String((await request(server, '/metrics')).body);
      assert.match(metrics, /mote_/);
      for (const token of [...tokens, FOREIGN])
        for (const spelling of spellings(token)) assert.ok(!metrics.includes(spelling));
    });
  }
});

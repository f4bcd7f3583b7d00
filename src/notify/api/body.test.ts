import assert from 'node:assert/strict';
import { test } from 'node:test';
import { factsOf, multipart } from '../dialects/fixtures.ts';
import { readOwnBody } from './body.ts';

const picture = '\r\nContent-Disposition: form-data; name="f"; filename="a.png"\r\n\r\n\u0000';
const form = multipart({ title: 't', message: 'm' });
const boundary = '--------------------------d74496d66958873e';
const withFile = { ...form, body: form.body.replace(/--\r\n$/, `${picture}\r\n${boundary}--\r\n`) };
const onlyFile = {
  headers: form.headers,
  body: `${boundary}${picture}\r\n${boundary}--\r\n`,
};
const typed = (type: string, body: string) => ({ headers: { 'content-type': type }, body });
const cases: readonly [
  name: string,
  asked: Parameters<typeof factsOf>[2],
  expected: Record<string, unknown> | string,
][] = [
  ['JSON', typed('application/json', '{"text":"a"}'), { text: 'a' }],
  ['a form', typed('application/x-www-form-urlencoded', 'text=a'), { text: 'a' }],
  ['curl -F', form, { title: 't', message: 'm' }],
  ['curl -F with a file', withFile, { title: 't', message: 'm\n\n(not sent along: a.png)' }],
  ['curl -F with nothing but a file', onlyFile, { text: '(not sent along: a.png)' }],
  ['text/plain', typed('text/plain; charset=utf-8', 'a=b&{'), { text: 'a=b&{' }],
  ['a form of no type', { body: 'title=t&text=a%20b' }, { title: 't', text: 'a b' }],
  ['JSON of no type', { body: ' {"text":"a"}' }, { text: 'a' }],
  ['a text of no type', { body: 'disk=full' }, { text: 'disk=full' }],
  ['nothing', {}, { text: '' }],
  ['text that is not UTF-8', { body: Buffer.from([0xff]) }, 'bad_body'],
  ['broken JSON of no type', { body: '{' }, 'bad_body'],
  ['a form without boundary', typed('multipart/form-data', 'x'), 'bad_body'],
  ['another type', typed('text/xml', '<a/>'), 'unsupported_media_type'],
];
for (const [name, asked, expected] of cases) {
  test(name, () => {
    const fields = readOwnBody(factsOf('POST', '/notify', asked));
    assert.deepEqual(fields.ok ? Object.fromEntries(fields.value) : fields.error.code, expected);
  });
}

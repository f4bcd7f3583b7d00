import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { RequestFacts } from '../../http/types.ts';
import {
  type Draft,
  type Fields,
  fingerprintOf,
  MAX_FAULTS,
  MAX_TEXT_BYTES,
  readFields,
  tokenOf,
  validate,
} from './request.ts';

const JSON_TYPE = 'application/json';
const FORM_TYPE = 'application/x-www-form-urlencoded';

function facts(type: string | undefined, body: string | Uint8Array, query = ''): RequestFacts {
  const headers = type === undefined ? {} : { 'content-type': type };
  const bytes = typeof body === 'string' ? Buffer.from(body) : body;
  return { method: 'POST', target: '', path: '/notify', query, headers, client: '', body: bytes };
}

/** The fields as an object, or the code of the refusal. */
function shown(read: ReturnType<typeof readFields>): unknown {
  return 'kind' in read ? read.code : Object.fromEntries(read);
}

describe('reading', () => {
  type Case = readonly [name: string, type: string | undefined, body: string | Uint8Array, expected: unknown];
  const cases: readonly Case[] = [
    ['JSON', JSON_TYPE, '{"text":"a","priority":2}', { text: 'a', priority: 2 }],
    ['JSON with parameters', 'Application/JSON; charset=utf-8', '{"text":"ü"}', { text: 'ü' }],
    ['another kind of JSON', 'application/cloudevents+json', '{}', {}],
    ['JSON with a byte order mark', JSON_TYPE, '\ufeff{"text":"a"}', { text: 'a' }],
    ['null is absent', JSON_TYPE, '{"text":"a","url":null}', { text: 'a' }],
    ['JSON cut short', JSON_TYPE, '{"text":"a"', 'bad_body'],
    ['JSON with a raw line break', JSON_TYPE, '{"text":"a\nb"}', 'bad_body'],
    ['an array', JSON_TYPE, '[]', 'bad_body'],
    ['a string', JSON_TYPE, '"a"', 'bad_body'],
    ['JSON null', JSON_TYPE, 'null', 'bad_body'],
    ['nothing', JSON_TYPE, '', 'bad_body'],
    ['not UTF-8', JSON_TYPE, Buffer.from('{"text":"\xfc"}', 'latin1'), 'bad_body'],
    ['a form', FORM_TYPE, 'title=a+b&text=%E6%BB%A1', { title: 'a b', text: '满' }],
    ['a form with lists', FORM_TYPE, 'channels=a&channels=b&tags=c', { channels: ['a', 'b'], tags: ['c'] }],
    ['a form that says a field twice', FORM_TYPE, 'text=a&text=b', { text: ['a', 'b'] }],
    ['a form with a percent sign', FORM_TYPE, 'text=100%', { text: '100%' }],
    ['a form in another encoding', FORM_TYPE, 'text=%FC', 'bad_body'],
    ['JSON sent as a form, as curl -d does', FORM_TYPE, '{"text":"a"}', 'bad_body'],
    ['an empty form', FORM_TYPE, '', {}],
    ['multipart', 'multipart/form-data; boundary=x', '--x--', 'unsupported_media_type'],
    ['plain text', 'text/plain', 'a', 'unsupported_media_type'],
    ['no type', undefined, 'a', 'unsupported_media_type'],
  ];
  for (const [name, type, body, expected] of cases) {
    test(name, () => assert.deepEqual(shown(readFields(facts(type, body), 'body')), expected));
  }

  test('a form of thousands of names does not hold up the others', () => {
    const form = Array.from({ length: 16_000 }, (_, i) => i.toString(36)).join('&');
    const before = process.cpuUsage();
    const fields = readFields(facts(FORM_TYPE, form), 'body');
    assert.ok('size' in fields && fields.size === 16_000);
    const spentMs = process.cpuUsage(before).user / 1000;
    assert.ok(spentMs < 500, `${spentMs} ms`);
  });

  test('a form of more names than anybody writes is not read', () => {
    const read = readFields(facts(FORM_TYPE, 'a&'.repeat(2_000_000)), 'body');
    assert.ok('kind' in read && read.code === 'bad_body');
    assert.match(read.detail, /more than 20000 fields/);
  });

  test('the query', () => {
    const asked = facts(undefined, '', '?title=a&text=b%20c');
    assert.deepEqual(shown(readFields(asked, 'query')), { title: 'a', text: 'b c' });
  });

  test('never throws, whatever comes', () => {
    fc.assert(
      fc.property(fc.constantFrom(JSON_TYPE, FORM_TYPE), fc.uint8Array(), fc.json(), (type, bytes, json) => {
        for (const body of [bytes, json]) {
          const read = readFields(facts(type, body), 'body');
          if (!('kind' in read)) validate(read, undefined);
        }
      }),
    );
  });
});

describe('the token', () => {
  const inBody: Fields = new Map([['token', 'body']]);
  const cases: readonly [name: string, headers: RequestFacts['headers'], fields: Fields, token?: string][] = [
    ['Bearer', { authorization: 'Bearer abc' }, inBody, 'abc'],
    ['bearer in lower case', { authorization: 'bearer  abc ' }, inBody, 'abc'],
    ['Bearer before X-Token', { authorization: 'Bearer abc', 'x-token': 'def' }, inBody, 'abc'],
    ['X-Token before the body', { 'x-token': ' def ' }, inBody, 'def'],
    ['another scheme is not ours', { authorization: 'Basic abc' }, inBody, 'body'],
    ['the body', {}, inBody, 'body'],
    ['none', {}, new Map()],
    ['not a string', {}, new Map([['token', 1]])],
    ['two words', { authorization: 'Bearer a b' }, new Map()],
  ];
  for (const [name, headers, fields, token] of cases) {
    test(name, () => assert.equal(tokenOf(headers, fields), token));
  }
});

function draftOf(fields: Readonly<Record<string, unknown>>, header?: string): Draft {
  const draft = validate(new Map(Object.entries(fields)), header);
  assert.ok(!('kind' in draft), JSON.stringify(draft));
  return draft;
}

describe('what is taken', () => {
  const plain = { title: '', text: 'a', format: 'text', priority: 3, tags: [] };
  type Case = readonly [name: string, fields: Readonly<Record<string, unknown>>, content: object];
  const cases: readonly Case[] = [
    ['text alone', { text: 'a' }, plain],
    ['message is text', { message: 'a' }, plain],
    ['body is text', { body: 'a' }, plain],
    ['title alone', { title: 'a' }, { ...plain, title: 'a', text: '' }],
    ['a number as text', { text: 42 }, { ...plain, text: '42' }],
    ['the token is not part of it', { text: 'a', token: 'secret' }, plain],
    [
      'everything',
      {
        title: 't',
        text: 'a',
        format: 'markdown',
        url: 'https://example.com/ä',
        priority: '5',
        tags: 'x, y,x',
      },
      {
        title: 't',
        text: 'a',
        format: 'markdown',
        url: 'https://example.com/%C3%A4',
        priority: 5,
        tags: ['x', 'y'],
      },
    ],
    [
      'a title becomes one line',
      { title: ' a\r\nBcc: b\u2028c\t' },
      { ...plain, title: 'a Bcc: b c', text: '' },
    ],
    [
      'controls in a title become visible',
      { title: 'a\u0000\u009bb' },
      { ...plain, title: 'a\ufffd\ufffdb', text: '' },
    ],
    ['line breaks of text', { text: 'a\r\nb\rc\n\td' }, { ...plain, text: 'a\nb\nc\n\td' }],
    ['colour codes become visible', { text: '\u001b[31mred' }, { ...plain, text: '\ufffd[31mred' }],
    ['half a character', { text: 'a\ud800' }, { ...plain, text: 'a\ufffd' }],
    ['an empty url', { text: 'a', url: '' }, plain],
    [
      'the longest text',
      { text: 'é'.repeat(MAX_TEXT_BYTES / 2) },
      { ...plain, text: 'é'.repeat(MAX_TEXT_BYTES / 2) },
    ],
  ];
  for (const [name, fields, content] of cases) {
    test(name, () => assert.deepEqual(draftOf(fields).content, content));
  }

  const cut = (bytes: number) => `\n\n… (cut: the text has ${bytes} bytes, at most 32768 are sent)`;
  const long: readonly [name: string, text: string, expected: RegExp, note: string][] = [
    ['letters', 'a'.repeat(66_647), /^a+\n/, cut(66_647)],
    ['letters of two bytes', `a${'é'.repeat(MAX_TEXT_BYTES / 2)}`, /^aé+\n/, cut(MAX_TEXT_BYTES + 1)],
    ['letters of three bytes', '测'.repeat(20_000), /^测+\n/, cut(60_000)],
    ['pairs of surrogates', '😀'.repeat(10_000), /^(?:😀)+\n/u, cut(40_000)],
    ['pairs behind one letter', `a${'😀'.repeat(10_000)}`, /^a(?:😀)+\n/u, cut(40_001)],
  ];
  for (const [name, text, expected, note] of long) {
    test(`a text that is too long is cut, and says so: ${name}`, () => {
      const { text: kept } = draftOf({ text }).content;
      assert.match(kept, expected);
      assert.ok(kept.endsWith(note) && kept.isWellFormed(), kept.slice(-100));
      const bytes = Buffer.byteLength(kept);
      assert.ok(bytes <= MAX_TEXT_BYTES && bytes > MAX_TEXT_BYTES - 4, `${bytes} bytes`);
    });
  }

  test('a title that is too long is cut', () => {
    assert.equal(draftOf({ title: '测'.repeat(400) }).content.title, `${'测'.repeat(340)}…`);
    assert.equal(draftOf({ title: 'a'.repeat(1024) }).content.title, 'a'.repeat(1024));
  });

  test('channels', () => {
    assert.equal(draftOf({ text: 'a' }).channels, undefined);
    assert.deepEqual(draftOf({ text: 'a', channels: ['x', 'y', 'x'] }).channels, ['x', 'y']);
    assert.deepEqual(draftOf({ text: 'a', channels: 'x,y' }).channels, ['x', 'y']);
  });

  test('the idempotency key, from field and header', () => {
    assert.equal(draftOf({ text: 'a' }).idempotencyKey, undefined);
    assert.equal(draftOf({ text: 'a', idempotencyKey: 'k' }).idempotencyKey, 'k');
    assert.equal(draftOf({ text: 'a' }, '"k"').idempotencyKey, 'k');
    assert.equal(draftOf({ text: 'a' }, ' k ').idempotencyKey, 'k');
    assert.equal(draftOf({ text: 'a', idempotencyKey: 'k' }, 'k').idempotencyKey, 'k');
  });

  test('what is taken has no control characters but line feed and tab in the text', () => {
    const text = fc.string({ unit: 'binary', minLength: 1, maxLength: 200 });
    fc.assert(
      fc.property(text, text, (title, body) => {
        const draft = validate(new Map(Object.entries({ title, text: body })), undefined);
        if ('kind' in draft) return;
        assert.doesNotMatch(draft.content.title, /[\p{Cc}\p{Cs}\u2028\u2029]/u);
        assert.doesNotMatch(draft.content.text.replace(/[\n\t]/g, ''), /[\p{Cc}\p{Cs}]/u);
      }),
    );
  });
});

describe('what is refused', () => {
  type Case = readonly [
    name: string,
    fields: Readonly<Record<string, unknown>>,
    code: string,
    ...fields: string[],
  ];
  const unprocessable = 'unprocessable_content';
  const cases: readonly Case[] = [
    ['nothing to say', {}, unprocessable, 'text'],
    ['blanks', { text: ' \n', title: ' ' }, unprocessable, 'text'],
    ['an unknown field', { text: 'a', chanels: 'x' }, unprocessable, 'chanels'],
    ['a property of all objects', { text: 'a', constructor: 'x' }, unprocessable, 'constructor'],
    ['two texts', { text: 'a', message: 'b' }, unprocessable, 'message'],
    ['a text given twice', { text: ['a', 'b'] }, unprocessable, 'text'],
    ['a text that is an object', { text: {} }, unprocessable, 'text'],
    [
      'too long and otherwise wrong',
      { text: 'a', url: `https://a/${'b'.repeat(2048)}`, priority: 9 },
      unprocessable,
      'url',
      'priority',
    ],
    ['an unknown format', { text: 'a', format: 'html' }, unprocessable, 'format'],
    ['priority 0', { text: 'a', priority: 0 }, unprocessable, 'priority'],
    ['priority 1.5', { text: 'a', priority: 1.5 }, unprocessable, 'priority'],
    ['priority true', { text: 'a', priority: true }, unprocessable, 'priority'],
    ['priority in an array', { text: 'a', priority: ['3'] }, unprocessable, 'priority'],
    ['a script as url', { text: 'a', url: 'javascript:alert(1)' }, unprocessable, 'url'],
    ['a relative url', { text: 'a', url: '/x' }, unprocessable, 'url'],
    ['a line break in the url', { text: 'a', url: 'https://a/\nb' }, unprocessable, 'url'],
    ['a long url', { text: 'a', url: `https://a/${'b'.repeat(2048)}` }, 'field_too_large', 'url'],
    ['no channels', { text: 'a', channels: [] }, unprocessable, 'channels'],
    ['channels that are numbers', { text: 'a', channels: [1] }, unprocessable, 'channels'],
    ['a line break in a channel', { text: 'a', channels: ['x\ny'] }, unprocessable, 'channels'],
    ['many tags', { text: 'a', tags: Array.from({ length: 17 }, (_, i) => `t${i}`) }, unprocessable, 'tags'],
    ['a long tag', { text: 'a', tags: ['x'.repeat(65)] }, 'field_too_large', 'tags'],
    ['an empty key', { text: 'a', idempotencyKey: '' }, unprocessable, 'idempotencyKey'],
    ['a line break in the key', { text: 'a', idempotencyKey: 'a\nb' }, unprocessable, 'idempotencyKey'],
    ['a long key', { text: 'a', idempotencyKey: 'a'.repeat(256) }, 'field_too_large', 'idempotencyKey'],
    [
      'several at once',
      { url: 'x', priority: 9, format: 1 },
      unprocessable,
      'url',
      'format',
      'priority',
      'text',
    ],
  ];
  for (const [name, fields, code, ...wrong] of cases) {
    test(name, () => {
      const refused = validate(new Map(Object.entries(fields)), undefined);
      assert.ok('kind' in refused);
      assert.equal(refused.code, code);
      assert.deepEqual(refused.errors?.map(({ field }) => field).sort(), wrong.sort());
      assert.ok(refused.errors?.every(({ detail }) => detail.length > 5));
    });
  }

  test('thousands of unknown fields, of which some are named', () => {
    const fields = new Map(Array.from({ length: 10_000 }, (_, i) => [`field ${i}`, 'x']));
    const refused = validate(fields, undefined);
    assert.ok('kind' in refused);
    assert.equal(refused.errors?.length, MAX_FAULTS);
  });

  test('two different keys', () => {
    const refused = validate(new Map(Object.entries({ text: 'a', idempotencyKey: 'k' })), 'l');
    assert.ok('kind' in refused && refused.code === unprocessable);
  });
});

test('the fingerprint is that of what was asked, not of how', () => {
  const print = (fields: Readonly<Record<string, unknown>>) => fingerprintOf(draftOf(fields));
  const base = print({ title: 't', text: 'a', channels: ['x', 'y'] });
  const same = [
    { text: 'a', channels: 'y,x', title: 't' },
    { title: 't', message: 'a', channels: ['x', 'y'], token: 'abc', idempotencyKey: 'k', priority: '3' },
  ];
  for (const fields of same) assert.equal(print(fields), base);
  const others = [
    { title: 't', text: 'b', channels: ['x', 'y'] },
    { title: 't', text: 'a' },
    { title: 't', text: 'a', channels: ['x'] },
    { title: 't', text: 'a', channels: ['x', 'y'], priority: 4 },
    { title: 'ta', text: '', channels: ['x', 'y'] },
  ];
  assert.equal(new Set([base, ...others.map(print)]).size, others.length + 1);
});

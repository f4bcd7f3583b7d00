import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { RequestFacts } from '../../http/types.ts';
import { readRequestFields } from './fields.ts';
import { parseInput } from './input.ts';

const JSON_TYPE = 'application/json';
const FORM_TYPE = 'application/x-www-form-urlencoded';

function facts(type: string | undefined, body: string | Uint8Array, query = ''): RequestFacts {
  const headers = type === undefined ? {} : { 'content-type': type };
  const bytes = typeof body === 'string' ? Buffer.from(body) : body;
  return { method: 'POST', target: '', path: '/notify', query, headers, client: '', body: bytes };
}

/** The fields as an object, or the code of the problem. */
function shown(read: ReturnType<typeof readRequestFields>): unknown {
  return read.ok ? Object.fromEntries(read.value) : read.error.code;
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
    [
      'a form with percent signs before and behind what is encoded',
      FORM_TYPE,
      'text=50%25%+%E6%BB%A1%4',
      { text: '50%% 满%4' },
    ],
    ['a form in another encoding, with a percent sign', FORM_TYPE, 'text=%FC%', 'bad_body'],
    ['a form with letters that need not be encoded', FORM_TYPE, 'text=满+%2B', { text: '满 +' }],
    ['a form in another encoding', FORM_TYPE, 'text=%FC', 'bad_body'],
    ['JSON sent as a form, as curl -d does', FORM_TYPE, '{"text":"a"}', 'bad_body'],
    ['an empty form', FORM_TYPE, '', {}],
    ['multipart', 'multipart/form-data; boundary=x', '--x--', 'unsupported_media_type'],
    ['plain text', 'text/plain', 'a', 'unsupported_media_type'],
    ['no type', undefined, 'a', 'unsupported_media_type'],
  ];
  for (const [name, type, body, expected] of cases) {
    test(name, () => assert.deepEqual(shown(readRequestFields(facts(type, body), 'body')), expected));
  }

  test('a form of thousands of names does not hold up the others', () => {
    const form = Array.from({ length: 16_000 }, (_, i) => i.toString(36)).join('&');
    const before = process.cpuUsage();
    const fields = readRequestFields(facts(FORM_TYPE, form), 'body');
    assert.ok(fields.ok && fields.value.size === 16_000);
    const spentMs = process.cpuUsage(before).user / 1000;
    assert.ok(spentMs < 500, `${spentMs} ms`);
  });

  test('a form of more names than anybody writes is not read', () => {
    const read = readRequestFields(facts(FORM_TYPE, 'a&'.repeat(2_000_000)), 'body');
    assert.ok(!read.ok && read.error.code === 'bad_body');
    assert.match(read.error.detail, /more than 20000 fields/);
  });

  test('the query', () => {
    const asked = facts(undefined, '', '?title=a&text=b%20c');
    assert.deepEqual(shown(readRequestFields(asked, 'query')), { title: 'a', text: 'b c' });
  });

  test('never throws, whatever comes', () => {
    fc.assert(
      fc.property(fc.constantFrom(JSON_TYPE, FORM_TYPE), fc.uint8Array(), fc.json(), (type, bytes, json) => {
        for (const body of [bytes, json]) {
          const read = readRequestFields(facts(type, body), 'body');
          if (read.ok) parseInput(read.value, undefined);
        }
      }),
    );
  });
});

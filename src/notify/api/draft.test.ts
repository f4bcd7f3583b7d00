import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { failure, type Result } from '../../util/result.ts';
import { type Draft, fingerprintOf, MAX_TEXT_BYTES, validate } from './draft.ts';
import { idempotencyKeyOf, parseInput } from './input.ts';
import { invalidFields, MAX_FIELD_PROBLEMS, type NotifyProblem } from './problem.ts';

type FieldRecord = Readonly<Record<string, unknown>>;

/** Parsed and validated, as a request is; `header` is `Idempotency-Key`. */
function draftFrom(fields: FieldRecord, header?: string): Result<Draft, NotifyProblem> {
  const input = parseInput(new Map(Object.entries(fields)), idempotencyKeyOf({ 'idempotency-key': header }));
  if (!input.ok) return input;
  const draft = validate(input.value);
  return draft.ok ? draft : failure(invalidFields(draft.error));
}

function problemOf(fields: FieldRecord, header?: string): NotifyProblem {
  const draft = draftFrom(fields, header);
  assert.ok(!draft.ok);
  return draft.error;
}

function draftOf(fields: FieldRecord, header?: string): Draft {
  const draft = draftFrom(fields, header);
  assert.ok(draft.ok, JSON.stringify(draft));
  return draft.value;
}

describe('what is taken', () => {
  const plain = { title: '', text: 'a', format: 'text', priority: 3, tags: [] };
  type Case = readonly [name: string, fields: FieldRecord, content: object];
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
        const draft = draftFrom({ title, text: body });
        if (!draft.ok) return;
        const { content } = draft.value;
        assert.doesNotMatch(content.title, /[\p{Cc}\p{Cs}\u2028\u2029]/u);
        assert.doesNotMatch(content.text.replace(/[\n\t]/g, ''), /[\p{Cc}\p{Cs}]/u);
      }),
    );
  });
});

describe('what is refused', () => {
  type Case = readonly [name: string, fields: FieldRecord, code: string, ...fields: string[]];
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
      const { code: found, errors } = problemOf(fields);
      assert.equal(found, code);
      assert.deepEqual(errors?.map(({ field }) => field).sort(), wrong.sort());
      assert.ok(errors?.every(({ detail }) => detail.length > 5));
    });
  }

  test('thousands of unknown fields, of which some are named', () => {
    const fields = Object.fromEntries(Array.from({ length: 10_000 }, (_, i) => [`field ${i}`, 'x']));
    assert.equal(problemOf(fields).errors?.length, MAX_FIELD_PROBLEMS);
  });

  test('two different keys', () => {
    assert.equal(problemOf({ text: 'a', idempotencyKey: 'k' }, 'l').code, unprocessable);
  });
});

test('the fingerprint is that of what was asked, not of how', () => {
  const print = (fields: FieldRecord) => fingerprintOf(draftOf(fields));
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

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { success } from '../../util/result.ts';
import { multipart } from '../dialects/fixtures.ts';
import { MAX_PARTS, readMultipart } from './multipart.ts';

const TYPE = 'multipart/form-data; boundary=b';
const readForm = (body: string | Uint8Array, type = TYPE) =>
  readMultipart(typeof body === 'string' ? Buffer.from(body) : body, type);
const read = (body: string | Uint8Array, type = TYPE) => {
  const form = readForm(body, type);
  return form.ok ? success(form.value.fields) : form;
};
const part = (disposition: string, value: string) =>
  `--b\r\nContent-Disposition: form-data; ${disposition}\r\n\r\n${value}\r\n`;
const END = '--b--\r\n';

const forms: readonly [name: string, body: string, expected: Record<string, string>, type?: string][] = [
  ['as curl writes it', part('name="a"', 'x') + part('name="标"', '满了') + END, { a: 'x', 标: '满了' }],
  ['a preamble and an epilogue', `hi\r\n${part('name="a"', 'x')}${END}bye`, { a: 'x' }],
  ['no parts', END, {}],
  ['an empty value', part('name="a"', '') + END, { a: '' }],
  [
    'line breaks and dashes in the value',
    part('name="a"', '\r\n--\r\n-- b\r\n') + END,
    { a: '\r\n--\r\n-- b\r\n' },
  ],
  ['a name without quotes', part('name=a', 'x') + END, { a: 'x' }],
  [
    'other header fields',
    `--b\r\nX: y\r\ncontent-disposition: form-data; name="a"\r\n\r\nx\r\n${END}`,
    { a: 'x' },
  ],
  [
    'white space after the boundary',
    `--b \t\r\nContent-Disposition: form-data; name="a"\r\n\r\nx\r\n${END}`,
    { a: 'x' },
  ],
  ['the first of a name', part('name="a"', 'x') + part('name="a"', 'y') + END, { a: 'x' }],
  [
    'a file is left out',
    part('name="f"; filename="a.png"', '\u0000') + part('name="a"', 'x') + END,
    { a: 'x' },
  ],
  ['a part without a name is left out', part('x="y"', 'z') + END, {}],
  [
    'a boundary in quotes',
    part('name="a"', 'x') + END,
    { a: 'x' },
    'multipart/form-data; charset=utf-8; boundary="b"',
  ],
];
describe('forms', () => {
  for (const [name, body, expected, type] of forms) {
    test(name, () => {
      const fields = read(body, type);
      assert.ok(fields.ok, JSON.stringify(fields));
      assert.deepEqual(Object.fromEntries(fields.value), expected);
    });
  }

  const files: readonly [disposition: string, name: string][] = [
    ['name="f"; filename="图.png"', '图.png'],
    ['name="f"; filename="a\\"b.png"', 'a"b.png'],
    ['name="f"; filename=a.png', 'a.png'],
    ['name="f"; filename*=utf-8\'\'%E5%9B%BE.png', '图.png'],
    ['name="f"; filename*=utf-8\'\'%ff', '%ff'],
    ['name="f"; filename=""', 'file'],
  ];
  for (const [disposition, name] of files) {
    test(`the name of a file: ${disposition}`, () => {
      const form = readForm(part(disposition, 'x') + END);
      assert.ok(form.ok);
      assert.deepEqual([form.value.fields.size, form.value.files], [0, [name]]);
    });
  }

  test('whatever is written is read', () => {
    const value = fc.string({ unit: 'grapheme' });
    fc.assert(
      fc.property(fc.dictionary(fc.stringMatching(/^\w+$/), value), (fields) => {
        const { headers, body } = multipart(fields);
        assert.deepEqual(read(body, headers['content-type']), success(new Map(Object.entries(fields))));
      }),
    );
  });
});

const broken: readonly [name: string, body: string | Uint8Array, detail: RegExp, type?: string][] = [
  ['no boundary', END, /no boundary parameter/, 'multipart/form-data'],
  ['an empty boundary', END, /no boundary parameter/, 'multipart/form-data; boundary='],
  ['another boundary', END, /does not end/, 'multipart/form-data; boundary=c'],
  ['no end', part('name="a"', 'x'), /does not end/],
  ['empty', '', /does not end/],
  ['a part without header', `--b\r\nx\r\n${END}`, /without a header/],
  ['what goes on after the boundary', `--bx\r\n\r\n\r\n${END}`, /without a header/],
  ['too many parts', part('name="a"', 'x').repeat(MAX_PARTS + 1) + END, /more than 64 parts/],
  ['not UTF-8', Buffer.from(part('name="a"', '\xff') + END, 'latin1'), /not valid UTF-8/],
];
describe('malformed', () => {
  for (const [name, body, detail, type] of broken) {
    test(name, () => {
      const form = read(body, type);
      assert.ok(!form.ok && form.error.code === 'bad_body');
      assert.match(form.error.detail, detail);
    });
  }

  test('as many parts as may be', () => {
    assert.ok(read(part('name="a"', 'x').repeat(MAX_PARTS) + END).ok);
  });

  test('never throws', () => {
    const piece = fc.constantFrom('--b', '\r\n', '--', 'Content-Disposition: form-data; name="a"', 'x', '"');
    fc.assert(fc.property(fc.array(piece), (pieces) => void read(pieces.join(''))));
  });
});

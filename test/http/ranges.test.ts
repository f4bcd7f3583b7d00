/** Range requests byte for byte (RFC 9110 §14); the full case table stands beside src/static/range.ts. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeFolder, pattern } from '../support/folder.ts';
import { request } from '../support/raw.ts';
import { startForFile } from '../support/target.ts';

const DIGITS = '0123456789';
/** Several times what the server can hold in one buffer. */
const BIG = pattern(5_000_003);
const root = makeFolder({ 'digits.txt': DIGITS, 'empty.txt': '', 'big.bin': BIG });
const server = await startForFile({ root, args: ['--cache-bytes', '1M'] });
const whole = await request(server, '/digits.txt');
const ETAG = whole.header('etag') ?? '';
const MODIFIED = whole.header('last-modified') ?? '';

function range(value: string, headers: Readonly<Record<string, string>> = {}, path = '/digits.txt') {
  return request(server, path, { headers: { Range: value, ...headers } });
}

const partial: readonly (readonly [name: string, range: string, contentRange: string, body: string])[] = [
  ['the first byte', 'bytes=0-0', 'bytes 0-0/10', '0'],
  ['a span', 'bytes=2-5', 'bytes 2-5/10', '2345'],
  ['the last byte', 'bytes=9-9', 'bytes 9-9/10', '9'],
  ['an open end', 'bytes=7-', 'bytes 7-9/10', '789'],
  ['everything', 'bytes=0-', 'bytes 0-9/10', DIGITS],
  ['an end beyond the size', 'bytes=8-99', 'bytes 8-9/10', '89'],
  ['an end beyond 2^53', 'bytes=8-99999999999999999999', 'bytes 8-9/10', '89'],
  ['a suffix', 'bytes=-3', 'bytes 7-9/10', '789'],
  ['a suffix longer than the file', 'bytes=-99', 'bytes 0-9/10', DIGITS],
  ['the unit in capitals', 'BYTES=1-2', 'bytes 1-2/10', '12'],
  ['leading zeros', 'bytes=0001-0002', 'bytes 1-2/10', '12'],
  ['empty list elements', 'bytes=,1-2, ,', 'bytes 1-2/10', '12'],
  ['one of two is satisfiable', 'bytes=1-2,50-60', 'bytes 1-2/10', '12'],
];

for (const [name, value, contentRange, body] of partial) {
  test(`206: ${name}`, async () => {
    const response = await range(value);
    assert.equal(response.status, 206);
    assert.equal(response.reason, 'Partial Content');
    assert.equal(response.header('content-range'), contentRange);
    assert.equal(response.header('content-length'), String(body.length));
    assert.equal(response.header('content-type'), whole.header('content-type'));
    assert.equal(response.header('etag'), ETAG);
    assert.equal(response.text, body);
  });
}

const ignored: readonly (readonly [name: string, range: string])[] = [
  ['an unknown unit', 'items=0-1'],
  ['a unit that only begins like bytes', 'bytesx=0-1'],
  ['no unit', '0-1'],
  ['no range', 'bytes='],
  ['only a dash', 'bytes=-'],
  ['letters', 'bytes=a-b'],
  ['the last before the first', 'bytes=5-2'],
  ['a negative first', 'bytes=--1'],
  ['a plus sign', 'bytes=+1-2'],
  ['a space inside', 'bytes=1 -2'],
  ['one bad element in a set', 'bytes=0-1,x'],
  ['overlapping ranges', 'bytes=0-5,3-8'],
  ['the same range twice', 'bytes=1-2,1-2'],
  ['more bytes than the file has', 'bytes=0-9,0-'],
  ['a thousand ranges', `bytes=${Array.from({ length: 1000 }, () => '0-0').join(',')}`],
];

for (const [name, value] of ignored) {
  test(`200: ${name}`, async () => {
    const response = await range(value);
    assert.equal(response.status, 200);
    assert.equal(response.header('content-range'), undefined);
    assert.equal(response.text, DIGITS);
  });
}

for (const value of [
  'bytes=10-',
  'bytes=10-20',
  'bytes=99999999999999999999-',
  'bytes=-0',
  'bytes=20-30,40-50',
]) {
  test(`416: ${value}`, async () => {
    const response = await range(value);
    assert.equal(response.status, 416);
    assert.equal(response.header('content-range'), 'bytes */10');
    assert.equal(response.text, '416 Range Not Satisfiable\n');
  });
}

test('416 on an empty file', async () => {
  const response = await range('bytes=0-', {}, '/empty.txt');
  assert.deepEqual([response.status, response.header('content-range')], [416, 'bytes */0']);
});

test('several ranges make a multipart response, exact to the byte', async () => {
  const response = await range('bytes=0-1,5-8,-1');
  assert.equal(response.status, 206);
  assert.equal(response.header('content-range'), undefined);
  assert.equal(response.header('etag'), ETAG);
  const type = response.header('content-type') ?? '';
  const boundary = /^multipart\/byteranges; boundary=("?)([\w'()+,./:=?-]{1,70})\1$/.exec(type)?.[2];
  assert.ok(boundary, type);
  const part = (contentRange: string, body: string) =>
    `--${boundary}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Range: ${contentRange}\r\n\r\n${body}\r\n`;
  const expected =
    part('bytes 0-1/10', '01') +
    part('bytes 5-8/10', '5678') +
    part('bytes 9-9/10', '9') +
    `--${boundary}--\r\n`;
  // The delimiter's first CRLF may stand before the first part too (RFC 2046 §5.1.1).
  assert.equal(response.text.replace(/^\r\n/, ''), expected);
  assert.equal(response.header('content-length'), String(response.body.length));
});

test('ranges keep the order in which they were asked for', async () => {
  const { status, text } = await range('bytes=8-9,0-1');
  assert.equal(status, 206);
  assert.ok(text.indexOf('bytes 8-9/10') < text.indexOf('bytes 0-1/10'));
});

test('adjacent ranges are sent as they were asked for', async () => {
  const { text } = await range('bytes=0-1,2-3');
  assert.match(text, /bytes 0-1\/10[\s\S]*bytes 2-3\/10/);
});

const conditions: readonly (readonly [name: string, ifRange: string, status: number])[] = [
  ['the tag', ETAG, 206],
  ['the date', MODIFIED, 206],
  ['another tag', '"x"', 200],
  ['the tag as a weak one', `W/${ETAG}`, 200],
  ['an earlier date', 'Mon, 05 Jan 2015 10:20:30 GMT', 200],
  ['a later date: only the exact one counts', 'Fri, 05 Jan 2052 10:20:30 GMT', 200],
  ['garbage', 'x', 200],
];

for (const [name, ifRange, status] of conditions) {
  test(`If-Range: ${name} → ${status}`, async () => {
    const response = await range('bytes=2-3', { 'If-Range': ifRange });
    assert.equal(response.status, status);
    assert.equal(response.text, status === 206 ? '23' : DIGITS);
  });
}

test('an If-Range that fails makes an impossible range harmless', async () => {
  assert.equal((await range('bytes=50-', { 'If-Range': '"x"' })).status, 200);
  assert.equal((await range('bytes=50-', { 'If-Range': ETAG })).status, 416);
});

test('HEAD ignores Range', async () => {
  const response = await request(server, '/digits.txt', { method: 'HEAD', headers: { Range: 'bytes=0-1' } });
  assert.deepEqual([response.status, response.header('content-length')], [200, '10']);
});

for (const [first, last] of [
  [0, 0],
  [65_535, 65_536],
  [131_071, 262_145],
  [1_048_575, 3_145_729],
  [5_000_000, 5_000_002],
] as const) {
  test(`bytes ${first}-${last} of a file that does not fit the memory cache`, async () => {
    const response = await range(`bytes=${first}-${last}`, {}, '/big.bin');
    assert.equal(response.header('content-range'), `bytes ${first}-${last}/${BIG.length}`);
    assert.ok(response.body.equals(BIG.subarray(first, last + 1)));
  });
}

test('several ranges of a big file', async () => {
  const response = await range('bytes=100-199,3000000-3999999', {}, '/big.bin');
  assert.equal(response.status, 206);
  assert.ok(response.body.includes(BIG.subarray(100, 200)));
  assert.ok(response.body.includes(BIG.subarray(3_000_000, 4_000_000)));
});

test('the whole big file', async () => {
  const response = await request(server, '/big.bin');
  assert.ok(response.body.equals(BIG));
});

/** Preconditions over the wire (RFC 9110 §13); the full case table stands beside src/static/conditional.ts. */
import assert from 'node:assert/strict';
import { renameSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { makeFolder } from '../support/folder.ts';
import { eventually, request } from '../support/raw.ts';
import { startForFile, startForTest } from '../support/target.ts';

/** The promise is one second; the rest is for a busy machine. */
const NOTICED_WITHIN_MS = 2000;
const CONTENT = 'content';
const MODIFIED = 'Tue, 06 Jan 2026 10:20:30 GMT';
const BEFORE = 'Tue, 06 Jan 2026 10:20:29 GMT';
const AFTER = 'Tue, 06 Jan 2026 10:20:31 GMT';
const root = makeFolder({ 'file.txt': CONTENT, 'undated.txt': CONTENT });
// The fraction of a second cannot be seen in a date: it must not make the file look newer.
utimesSync(join(root, 'file.txt'), new Date(MODIFIED), Date.parse(MODIFIED) / 1000 + 0.6);
utimesSync(join(root, 'undated.txt'), 1, 1);
const server = await startForFile({ root });
const first = await request(server, '/file.txt');
const ETAG = first.header('etag') ?? '';

test('the validators', () => {
  assert.match(ETAG, /^"[^"]+"$/);
  assert.equal(first.header('last-modified'), MODIFIED);
});

interface Case {
  readonly name: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly status: number;
}

const cases: readonly Case[] = [
  { name: 'If-None-Match: the tag', headers: { 'If-None-Match': ETAG }, status: 304 },
  { name: 'If-None-Match: the tag as a weak one', headers: { 'If-None-Match': `W/${ETAG}` }, status: 304 },
  {
    name: 'If-None-Match: a list with the tag',
    headers: { 'If-None-Match': `"x", ${ETAG}, "y"` },
    status: 304,
  },
  { name: 'If-None-Match: a comma inside a tag', headers: { 'If-None-Match': `"a,b",${ETAG}` }, status: 304 },
  { name: 'If-None-Match: *', headers: { 'If-None-Match': '*' }, status: 304 },
  { name: 'If-None-Match: another tag', headers: { 'If-None-Match': '"x"' }, status: 200 },
  {
    name: 'If-None-Match: the tag without quotes',
    headers: { 'If-None-Match': ETAG.slice(1, -1) },
    status: 200,
  },
  { name: 'If-None-Match: a prefix', headers: { 'If-None-Match': `${ETAG.slice(0, -2)}"` }, status: 200 },
  {
    name: 'If-None-Match wins over If-Modified-Since',
    headers: { 'If-None-Match': '"x"', 'If-Modified-Since': AFTER },
    status: 200,
  },
  {
    name: 'If-None-Match matches, If-Modified-Since would not',
    headers: { 'If-None-Match': ETAG, 'If-Modified-Since': BEFORE },
    status: 304,
  },
  { name: 'If-Modified-Since: the date', headers: { 'If-Modified-Since': MODIFIED }, status: 304 },
  { name: 'If-Modified-Since: later', headers: { 'If-Modified-Since': AFTER }, status: 304 },
  { name: 'If-Modified-Since: earlier', headers: { 'If-Modified-Since': BEFORE }, status: 200 },
  {
    name: 'If-Modified-Since: RFC 850 form',
    headers: { 'If-Modified-Since': 'Tuesday, 06-Jan-26 10:20:30 GMT' },
    status: 304,
  },
  {
    name: 'If-Modified-Since: asctime form',
    headers: { 'If-Modified-Since': 'Tue Jan  6 10:20:30 2026' },
    status: 304,
  },
  {
    // A browser of the last century; RFC 9110 §13.1.3: MUST ignore.
    name: 'If-Modified-Since: a length behind the date',
    headers: { 'If-Modified-Since': `${MODIFIED}; length=123` },
    status: 200,
  },
  { name: 'If-Modified-Since: not a date', headers: { 'If-Modified-Since': 'yesterday' }, status: 200 },
  {
    name: 'If-Modified-Since: an ISO date is not an HTTP date',
    headers: { 'If-Modified-Since': '2030-01-01' },
    status: 200,
  },
  { name: 'If-Match: the tag', headers: { 'If-Match': ETAG }, status: 200 },
  { name: 'If-Match: a list with the tag', headers: { 'If-Match': `"x", ${ETAG}` }, status: 200 },
  { name: 'If-Match: *', headers: { 'If-Match': '*' }, status: 200 },
  { name: 'If-Match: another tag', headers: { 'If-Match': '"x"' }, status: 412 },
  { name: 'If-Match compares strongly', headers: { 'If-Match': `W/${ETAG}` }, status: 412 },
  { name: 'If-Unmodified-Since: the date', headers: { 'If-Unmodified-Since': MODIFIED }, status: 200 },
  { name: 'If-Unmodified-Since: later', headers: { 'If-Unmodified-Since': AFTER }, status: 200 },
  { name: 'If-Unmodified-Since: earlier', headers: { 'If-Unmodified-Since': BEFORE }, status: 412 },
  { name: 'If-Unmodified-Since: not a date', headers: { 'If-Unmodified-Since': 'x' }, status: 200 },
  {
    name: 'If-Match wins over If-Unmodified-Since',
    headers: { 'If-Match': ETAG, 'If-Unmodified-Since': BEFORE },
    status: 200,
  },
  {
    name: 'If-Match fails before If-None-Match is looked at',
    headers: { 'If-Match': '"x"', 'If-None-Match': ETAG },
    status: 412,
  },
  {
    name: 'If-Match holds, then If-None-Match',
    headers: { 'If-Match': ETAG, 'If-None-Match': ETAG },
    status: 304,
  },
  {
    name: 'a precondition comes before Range',
    headers: { 'If-None-Match': ETAG, Range: 'bytes=0-1' },
    status: 304,
  },
  { name: 'If-Match fails before Range', headers: { 'If-Match': '"x"', Range: 'bytes=0-1' }, status: 412 },
  { name: 'If-Match holds, then Range', headers: { 'If-Match': ETAG, Range: 'bytes=0-1' }, status: 206 },
];

for (const method of ['GET', 'HEAD']) {
  for (const { name, headers, status } of cases) {
    // Range is defined for GET only (RFC 9110 §14.2).
    const expected = method === 'HEAD' && status === 206 ? 200 : status;
    test(`${method} ${name} → ${expected}`, async () => {
      const response = await request(server, '/file.txt', { method, headers });
      assert.equal(response.status, expected);
      if (expected === 200 && method === 'GET') assert.equal(response.text, CONTENT);
      if (expected === 412 && method === 'GET') assert.equal(response.text, '412 Precondition Failed\n');
    });
  }
}

test('a 304 carries what a 200 would have said about the cached response (RFC 9110 §15.4.5)', async () => {
  const response = await request(server, '/file.txt', { headers: { 'If-None-Match': ETAG } });
  for (const name of ['etag', 'cache-control']) {
    assert.equal(response.header(name), first.header(name), name);
  }
  for (const name of ['content-encoding', 'content-range', 'transfer-encoding']) {
    assert.equal(response.header(name), undefined, name);
  }
});

test('preconditions do not matter where there is no representation', async () => {
  for (const headers of [{ 'If-None-Match': '*' }, { 'If-Modified-Since': AFTER }]) {
    assert.equal((await request(server, '/missing', { headers })).status, 404);
  }
});

test('If-None-Match does not turn a refused method into a 304', async () => {
  const response = await request(server, '/file.txt', { method: 'POST', headers: { 'If-None-Match': ETAG } });
  assert.equal(response.status, 405);
});

test('a file whose time is no date (Nix and Bazel set the first day of 1970) has none, and date conditions mean nothing', async () => {
  const undated = { 'If-Modified-Since': AFTER, 'If-Range': 'Thu, 01 Jan 1970 00:00:01 GMT' };
  const plain = await request(server, '/undated.txt');
  assert.equal(plain.header('last-modified'), undefined);
  for (const headers of [undated, { ...undated, Range: 'bytes=0-1' }, { 'If-Unmodified-Since': BEFORE }]) {
    const response = await request(server, '/undated.txt', { headers });
    assert.deepEqual([response.status, response.text], [200, CONTENT]);
  }
  const tag = plain.header('etag') ?? '';
  assert.equal((await request(server, '/undated.txt', { headers: { 'If-None-Match': tag } })).status, 304);
});

for (const [maker, date] of [
  ['npm', '1985-10-26T08:15:00Z'],
  ['buildpacks', '1980-01-01T00:00:01Z'],
  ['Nix', '1970-01-01T00:00:01Z'],
] as const) {
  test(`a redeploy with the date that ${maker} gives to all files is no 304 to that date`, async (t) => {
    const site = makeFolder({ 'app.txt': 'first release', 'next.txt': 'second release' });
    const [file, next, time] = [join(site, 'app.txt'), join(site, 'next.txt'), new Date(date)];
    for (const path of [file, next]) utimesSync(path, time, time);
    const deployed = await startForTest(t, { root: site });
    assert.equal((await request(deployed, '/app.txt')).header('last-modified'), undefined);
    renameSync(next, file);
    const headers = { 'If-Modified-Since': time.toUTCString() };
    const ask = () => request(deployed, '/app.txt', { headers });
    await eventually(NOTICED_WITHIN_MS, ask, ({ text }) => text === 'second release');
  });
}

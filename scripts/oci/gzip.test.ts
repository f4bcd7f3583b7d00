import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { gzip } from './gzip.ts';

const text = Buffer.from('A mote is a speck of dust.\n'.repeat(1000));

test('the output can be decompressed', () => assert.ok(gunzipSync(gzip(text)).equals(text)));

// RFC 1952 §2.3: magic, deflate, no flags, no time, «best compression», unknown system.
test('the header contains no time, file name or operating system', () => {
  assert.equal(gzip(text).toString('hex', 0, 10), '1f8b08000000000002ff');
});

test('equal input gives equal bytes', () => assert.ok(gzip(text).equals(gzip(Buffer.from(text)))));

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { gzip } from './gzip.ts';

const text = Buffer.from('A mote is a speck of dust.\n'.repeat(1000));

test('what is packed can be unpacked', () => assert.ok(gunzipSync(gzip(text)).equals(text)));

// RFC 1952 §2.3: magic, deflate, no flags, no time, «best compression», unknown system.
test('the header tells nothing of time, name and system', () => {
  assert.equal(gzip(text).toString('hex', 0, 10), '1f8b08000000000002ff');
});

test('equal input gives equal bytes', () => assert.ok(gzip(text).equals(gzip(Buffer.from(text)))));

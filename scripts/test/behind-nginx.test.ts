import { strict as assert } from 'node:assert';
import { after, describe, test } from 'node:test';
import fc from 'fast-check';
import { refusedFraming } from '../../src/http/engine/conformance-bodies-fixtures.ts';
import { refusedHeads } from '../../src/http/engine/conformance-heads-fixtures.ts';
import { fuzzText, smuggled } from '../../src/http/wire/fixtures.ts';
import { noNginx } from '../../test/support/nginx.ts';
import { BehindNginx } from './behind-nginx.ts';

const next = 'GET /next HTTP/1.1\r\nHost: a\r\n\r\n';

describe('nginx and mote frame requests alike', { skip: noNginx }, async () => {
  if (noNginx) return;
  const behind = await BehindNginx.start();
  after(() => behind.stop());

  test('plain requests and bodies get through in every way', async () => {
    const chunked = 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n';
    const post = 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nab';
    await behind.judge(next + chunked + post + next);
    assert.deepEqual([behind.forwarded, behind.handled], [16, 16]);
  });

  test('what RFC 9112 refuses, with a request behind it', async () => {
    for (const { text } of Object.values({ ...refusedHeads, ...refusedFraming }).flat())
      if (text.length < 10_000) await behind.judge(text + next);
  });

  test('known shapes of request smuggling', async () => {
    for (const text of Object.values(smuggled)) await behind.judge(text);
  });

  test('property: random requests', async () => {
    await fc.assert(
      fc.asyncProperty(fuzzText, (text) => behind.judge(text)),
      { numRuns: 300 },
    );
  });
});

import assert from 'node:assert/strict';
import type { IncomingMessage } from 'node:http';
import { PassThrough } from 'node:stream';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { hasBody, receiveBody } from './body.ts';

type Headers = Readonly<Record<string, string>>;

/** The part of a request that a body is read from: a stream with headers. */
function requestOf(headers: Headers = {}): { readonly stream: PassThrough; readonly req: IncomingMessage } {
  const stream = new PassThrough();
  return { stream, req: Object.assign(stream, { headers }) as unknown as IncomingMessage };
}

const LIMIT = 10;
const TOO_LARGE = { code: 'content_too_large' };

describe('whether there is a body', () => {
  const cases: readonly (readonly [name: string, headers: Headers, expected: boolean])[] = [
    ['nothing said', {}, false],
    ['a length', { 'content-length': '5' }, true],
    ['a length of 0', { 'content-length': '0' }, false],
    ['a length of 0 in more digits, to be on the safe side', { 'content-length': '00' }, true],
    ['chunked', { 'transfer-encoding': 'chunked' }, true],
    ['chunked and a length of 0', { 'transfer-encoding': 'chunked', 'content-length': '0' }, true],
    ['a type alone', { 'content-type': 'text/plain' }, false],
  ];
  for (const [name, headers, expected] of cases) {
    test(name, () => assert.equal(hasBody(requestOf(headers).req), expected));
  }
});

describe('a body within the limit', () => {
  const cases: readonly (readonly [name: string, chunks: readonly string[], headers: Headers])[] = [
    ['in one piece', ['hello'], { 'content-length': '5' }],
    ['in pieces', ['he', 'l', 'lo'], { 'content-length': '5' }],
    ['without a length', ['hello'], {}],
    ['of exactly the limit', ['0123456789'], { 'content-length': '10' }],
    ['of exactly the limit, in pieces, without a length', ['01234', '56789'], {}],
    ['empty', [], {}],
  ];
  for (const [name, chunks, headers] of cases) {
    test(name, async () => {
      const { stream, req } = requestOf(headers);
      const body = receiveBody(req, LIMIT);
      for (const chunk of chunks) stream.write(chunk);
      stream.end();
      assert.equal(Buffer.from(await body).toString(), chunks.join(''));
    });
  }

  test('every content comes through, however it is cut', async () => {
    const property = fc.asyncProperty(fc.array(fc.uint8Array({ minLength: 1 })), async (chunks) => {
      const { stream, req } = requestOf();
      const body = receiveBody(req, Number.MAX_SAFE_INTEGER);
      for (const chunk of chunks) stream.write(chunk);
      stream.end();
      assert.deepEqual(Buffer.from(await body), Buffer.concat(chunks));
    });
    await fc.assert(property);
  });

  test('takes memory in proportion to its bytes, not to their number of chunks', async () => {
    const { stream, req } = requestOf();
    const received = { bytes: 0 };
    const body = receiveBody(req, 100_000, received);
    for (let i = 0; i < 60_000; i++) stream.write('x');
    stream.end();
    const bytes = await body;
    assert.deepEqual([bytes.length, received.bytes], [60_000, 60_000]);
    assert.ok(bytes.buffer.byteLength <= 2 * bytes.length, `${bytes.buffer.byteLength} bytes`);
  });

  test('a declared length alone takes none', async () => {
    const { stream, req } = requestOf({ 'content-length': '1000000' });
    const body = receiveBody(req, 1_000_000);
    stream.write('x');
    stream.end();
    assert.ok((await body).buffer.byteLength <= 4096);
  });

  test('nothing at all may be the limit', async () => {
    const { stream, req } = requestOf();
    const body = receiveBody(req, 0);
    stream.end();
    assert.equal((await body).length, 0);
  });
});

describe('a body beyond the limit', () => {
  test('declared: refused before anything of it is read', async () => {
    const { stream, req } = requestOf({ 'content-length': '11' });
    stream.write('hello');
    await assert.rejects(receiveBody(req, LIMIT), TOO_LARGE);
    assert.equal(stream.readableLength, 5);
  });

  test('sent: refused with the byte that is too many, not at the end', async () => {
    const { stream, req } = requestOf();
    const body = receiveBody(req, LIMIT);
    stream.write('0123456789');
    stream.write('x');
    await assert.rejects(body, TOO_LARGE);
    // What is still under way disturbs nobody.
    stream.write('more');
    stream.destroy(new Error('reset'));
  });

  test('more than declared', async () => {
    const { stream, req } = requestOf({ 'content-length': '5' });
    const body = receiveBody(req, LIMIT);
    stream.write('x'.repeat(LIMIT + 1));
    await assert.rejects(body, TOO_LARGE);
  });
});

describe('a body that breaks off', () => {
  test('with an error', async () => {
    const { stream, req } = requestOf({ 'content-length': '5' });
    const body = receiveBody(req, LIMIT);
    stream.write('he');
    const reset = new Error('ECONNRESET');
    stream.destroy(reset);
    await assert.rejects(body, reset);
  });

  test('without one', async () => {
    const { stream, req } = requestOf({ 'content-length': '5' });
    const body = receiveBody(req, LIMIT);
    stream.write('he');
    stream.destroy();
    await assert.rejects(body, /closed before the body was complete/);
  });

  test('a close after the end takes nothing back', async () => {
    const { stream, req } = requestOf();
    const body = receiveBody(req, LIMIT);
    stream.end('hello');
    stream.once('end', () => stream.destroy());
    assert.equal(Buffer.from(await body).toString(), 'hello');
  });
});

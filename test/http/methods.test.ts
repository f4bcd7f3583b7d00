/** Methods (RFC 9110 §9) and protocol versions. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeFolder } from '../support/folder.ts';
import { connect, exchange, request, requestText } from '../support/raw.ts';
import { startForFile } from '../support/target.ts';

const CONTENT = 'hello, world\n';
const root = makeFolder({ 'index.html': '<p>index</p>', 'file.txt': CONTENT, 'empty.txt': '' });
const server = await startForFile({ root });
const ALLOW = 'GET, HEAD, OPTIONS';

test('GET responds with the file and its headers', async () => {
  const response = await request(server, '/file.txt');
  assert.equal(response.status, 200);
  assert.equal(response.reason, 'OK');
  assert.equal(response.text, CONTENT);
  assert.equal(response.header('content-length'), String(CONTENT.length));
  assert.equal(response.header('content-type'), 'text/plain; charset=utf-8');
  assert.equal(response.header('accept-ranges'), 'bytes');
  assert.match(response.header('etag') ?? '', /^"[\x21\x23-\x7e]+"$/);
  assert.match(response.header('last-modified') ?? '', /^\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT$/);
  assert.match(response.header('date') ?? '', /^\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT$/);
});

test('GET of an empty file', async () => {
  const response = await request(server, '/empty.txt');
  assert.deepEqual([response.status, response.header('content-length'), response.text], [200, '0', '']);
});

for (const path of ['/file.txt', '/', '/empty.txt', '/missing']) {
  test(`HEAD ${path} has the headers of GET and no body`, async () => {
    const get = await request(server, path);
    const head = await request(server, path, { method: 'HEAD' });
    const withoutDate = (text: string) => text.replace(/\r\nDate: [^\r]*/, '');
    assert.equal(withoutDate(head.head), withoutDate(get.head));
  });
}

for (const path of ['/file.txt', '/', '*']) {
  test(`OPTIONS ${path} responds with 204 and Allow`, async () => {
    const response = await request(server, path, { method: 'OPTIONS' });
    assert.deepEqual([response.status, response.header('allow')], [204, ALLOW]);
  });
}

for (const method of ['POST', 'PUT', 'DELETE', 'PATCH', 'PROPFIND', 'TRACE', 'PURGE']) {
  test(`${method} on a file is refused with Allow`, async () => {
    const response = await request(server, '/file.txt', { method });
    assert.deepEqual([response.status, response.header('allow')], [405, ALLOW]);
    assert.equal(response.text, '405 Method Not Allowed\n');
  });
}

test('TRACE never reflects the request', async () => {
  const response = await request(server, '/', { method: 'TRACE', headers: { Cookie: 'secret=1' } });
  assert.doesNotMatch(response.text, /secret/);
});

for (const target of ['localhost:80', 'example.com:443']) {
  test(`CONNECT ${target} is refused and the connection closed`, async () => {
    const [response] = await exchange(server, `CONNECT ${target} HTTP/1.1\r\nHost: ${target}\r\n\r\n`, [
      'CONNECT',
    ]);
    assert.equal(response?.status, 405);
    assert.equal(response?.header('connection'), 'close');
  });
}

for (const method of ['get', 'Get', 'FOO', 'GETX', 'G!T', 'M-SEARCHX', 'A'.repeat(9000), 'DESCRIBE']) {
  test(`the method ${method.slice(0, 20)} is unknown (RFC 9110 §9.1)`, async () => {
    const [response] = await exchange(server, requestText(method, '/file.txt'));
    assert.deepEqual([response?.status, response?.header('connection')], [501, 'close']);
  });
}

for (const method of ['G E T', 'GET,', 'G(T', '']) {
  test(`${JSON.stringify(method)} is no method at all`, async () => {
    const [response] = await exchange(server, requestText(method, '/file.txt'));
    assert.equal(response?.status, 400);
  });
}

test('an unknown method behind others is answered in its turn', async () => {
  const post = 'POST /file.txt HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc';
  const bytes = requestText('GET', '/file.txt') + post + requestText('FOO', '/file.txt');
  const responses = await exchange(server, bytes, ['GET', 'POST', 'FOO']);
  assert.deepEqual(
    responses.map(({ status }) => status),
    [200, 405, 501],
  );
});

test('an unknown method in pieces is refused, whatever the pieces', async () => {
  const text = requestText('FOO', '/file.txt');
  for (let cut = 1; cut < text.length; cut++) {
    const client = await connect(server);
    client.write(text.slice(0, cut));
    client.write(text.slice(cut));
    const { status } = await client.response();
    assert.ok(status === 501 || status === 400, `${status} when cut at ${cut}`);
    client.destroy();
  }
});

test('a small body is drained and the connection goes on', async () => {
  const client = await connect(server);
  client.write('POST /file.txt HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello');
  assert.equal((await client.response()).status, 405);
  client.write(
    'GET /file.txt HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n',
  );
  assert.equal((await client.response()).text, CONTENT);
  assert.equal((await client.get('/file.txt')).text, CONTENT);
  client.destroy();
});

test('HTTP/1.0 needs no Host and ends with the response', async () => {
  const [response] = await exchange(server, 'GET /file.txt HTTP/1.0\r\n\r\n');
  assert.deepEqual([response?.status, response?.text], [200, CONTENT]);
  assert.equal(response?.header('transfer-encoding'), undefined);
});

test('HTTP/1.0 keeps the connection when asked to', async () => {
  const client = await connect(server);
  for (let i = 0; i < 3; i++) {
    client.write('GET /file.txt HTTP/1.0\r\nConnection: keep-alive\r\n\r\n');
    const response = await client.response();
    assert.equal(response.text, CONTENT);
    assert.match(response.header('connection') ?? '', /^keep-alive$/i);
  }
  client.destroy();
});

test('a query does not change which file is served', async () => {
  assert.equal((await request(server, '/file.txt?v=1&x=/../y')).text, CONTENT);
  assert.equal((await request(server, '/?')).text, '<p>index</p>');
});

test('the absolute form names the same file (RFC 9112 §3.2.2)', async () => {
  const [response] = await exchange(
    server,
    requestText('GET', 'http://example.com/file.txt?x', { Connection: 'close' }),
  );
  assert.deepEqual([response?.status, response?.text], [200, CONTENT]);
});

/** Requests that are not HTTP, or not quite, as raw bytes (RFC 9110, RFC 9112). */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeFolder } from '../support/folder.ts';
import { connect, exchange, request, requestText } from '../support/raw.ts';
import { startForFile } from '../support/target.ts';

const CONTENT = 'ok';
const MAX_BODY_BYTES = 1000;
const root = makeFolder({ 'index.html': CONTENT });
const server = await startForFile({
  root,
  args: ['--max-body-bytes', String(MAX_BODY_BYTES), '--max-header-bytes', '8k', '--max-target-bytes', '2k'],
});

interface Case {
  readonly name: string;
  readonly bytes: string;
  readonly status: number;
}

const line = 'GET / HTTP/1.1\r\n';
const host = 'Host: localhost\r\n';
const post = `POST / HTTP/1.1\r\n${host}`;

const requestLines: readonly Case[] = [
  { name: 'a tab for the space', bytes: `GET\t/ HTTP/1.1\r\n${host}\r\n`, status: 400 },
  { name: 'a space before the method', bytes: ` GET / HTTP/1.1\r\n${host}\r\n`, status: 400 },
  { name: 'a space inside the target', bytes: `GET /a b HTTP/1.1\r\n${host}\r\n`, status: 400 },
  { name: 'a space after the version', bytes: `GET / HTTP/1.1 \r\n${host}\r\n`, status: 400 },
  { name: 'no target', bytes: `GET HTTP/1.1\r\n${host}\r\n`, status: 400 },
  { name: 'no version (HTTP/0.9)', bytes: 'GET /\r\n\r\n', status: 400 },
  { name: 'the version in lower case', bytes: `GET / http/1.1\r\n${host}\r\n`, status: 400 },
  { name: 'a version without its minor part', bytes: `GET / HTTP/1\r\n${host}\r\n`, status: 400 },
  { name: 'HTTP/1.10', bytes: `GET / HTTP/1.10\r\n${host}\r\n`, status: 400 },
  { name: 'HTTP/9.9', bytes: `GET / HTTP/9.9\r\n${host}\r\n`, status: 505 },
  { name: 'HTTP/3.0 as text', bytes: `GET / HTTP/3.0\r\n${host}\r\n`, status: 505 },
  // RFC 9110 §2.5 would have it taken for 1.1, which the parser cannot be told.
  { name: 'HTTP/1.2', bytes: `GET / HTTP/1.2\r\n${host}\r\n`, status: 505 },
  { name: 'HTTP/0.9 by name', bytes: `GET / HTTP/0.9\r\n${host}\r\n`, status: 400 },
  { name: 'an unknown method of another version', bytes: `FOO / HTTP/2.0\r\n${host}\r\n`, status: 505 },
  { name: 'RTSP', bytes: 'OPTIONS * RTSP/1.0\r\n\r\n', status: 400 },
  { name: 'RTSP for a path', bytes: 'OPTIONS / RTSP/1.0\r\nCSeq: 1\r\n\r\n', status: 400 },
  { name: 'RTSP with a method of HTTP', bytes: 'GET / RTSP/1.0\r\nCSeq: 1\r\n\r\n', status: 400 },
  { name: 'RTSP with its own method', bytes: 'DESCRIBE / RTSP/1.0\r\n\r\n', status: 400 },
  { name: 'RTSP with its own scheme', bytes: 'OPTIONS rtsp://a/ RTSP/1.0\r\n\r\n', status: 400 },
  { name: 'the asterisk in HTTP/1.0', bytes: 'OPTIONS * HTTP/1.0\r\n\r\n', status: 400 },
  { name: 'HTTP/2.0 as text', bytes: `GET / HTTP/2.0\r\n${host}\r\n`, status: 505 },
  { name: 'the HTTP/2 preface', bytes: 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', status: 400 },
  { name: 'another protocol', bytes: `GET / FTP/1.1\r\n${host}\r\n`, status: 400 },
  { name: 'the asterisk for GET', bytes: `GET * HTTP/1.1\r\n${host}\r\n`, status: 400 },
  { name: 'a target without a slash', bytes: `GET index.html HTTP/1.1\r\n${host}\r\n`, status: 400 },
  { name: 'an absolute form without a host', bytes: `GET http:///x HTTP/1.1\r\n${host}\r\n`, status: 400 },
  { name: 'an absolute form with a user', bytes: `GET http://u@h/ HTTP/1.1\r\n${host}\r\n`, status: 400 },
  { name: 'an absolute form of another scheme', bytes: `GET ftp://h/ HTTP/1.1\r\n${host}\r\n`, status: 400 },
  { name: 'a fragment in the target', bytes: `GET /#x HTTP/1.1\r\n${host}\r\n`, status: 400 },
  { name: 'a non-ASCII byte in the target', bytes: `GET /\xe9 HTTP/1.1\r\n${host}\r\n`, status: 400 },
  { name: 'raw UTF-8 in the target', bytes: `GET /\xc3\xa9 HTTP/1.1\r\n${host}\r\n`, status: 400 },
  { name: 'a non-ASCII byte in the query', bytes: `GET /?\xff HTTP/1.1\r\n${host}\r\n`, status: 400 },
  { name: 'NUL in the target', bytes: `GET /\0 HTTP/1.1\r\n${host}\r\n`, status: 400 },
  { name: 'DEL in the target', bytes: `GET /\x7f HTTP/1.1\r\n${host}\r\n`, status: 400 },
  { name: 'an escape byte in the target', bytes: `GET /\x1b[31m HTTP/1.1\r\n${host}\r\n`, status: 400 },
  { name: 'CR in the target', bytes: `GET /\rx HTTP/1.1\r\n${host}\r\n`, status: 400 },
  { name: 'binary garbage', bytes: '\x80\x81\x82\x83\x00\x01\r\n\r\n', status: 400 },
  {
    name: 'a TLS greeting',
    bytes: `\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03${'\x00'.repeat(40)}`,
    status: 400,
  },
  { name: 'only NUL bytes', bytes: '\0'.repeat(100), status: 400 },
  { name: 'an SMTP greeting', bytes: 'EHLO example.com\r\n', status: 400 },
];

const hosts: readonly Case[] = [
  { name: 'no Host', bytes: `${line}\r\n`, status: 400 },
  { name: 'two Hosts', bytes: `${line}${host}Host: other\r\n\r\n`, status: 400 },
  { name: 'the same Host twice', bytes: `${line}${host}${host}\r\n`, status: 400 },
  { name: 'two Hosts, spelled differently', bytes: `${line}${host}hOST: localhost\r\n\r\n`, status: 400 },
  { name: 'Host with a user', bytes: `${line}Host: user@localhost\r\n\r\n`, status: 400 },
  { name: 'Host with a path', bytes: `${line}Host: localhost/path\r\n\r\n`, status: 400 },
  { name: 'Host with a query', bytes: `${line}Host: localhost?x\r\n\r\n`, status: 400 },
  { name: 'Host with a comma', bytes: `${line}Host: a,b\r\n\r\n`, status: 400 },
  { name: 'Host with a space', bytes: `${line}Host: a b\r\n\r\n`, status: 400 },
  { name: 'Host with a scheme', bytes: `${line}Host: http://localhost\r\n\r\n`, status: 400 },
  { name: 'Host with a port of letters', bytes: `${line}Host: localhost:http\r\n\r\n`, status: 400 },
  { name: 'Host with only a port', bytes: `${line}Host: :80\r\n\r\n`, status: 400 },
  { name: 'Host with non-ASCII bytes', bytes: `${line}Host: \xe9\r\n\r\n`, status: 400 },
  { name: 'two Hosts in HTTP/1.0', bytes: 'GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n', status: 400 },
];

const fields: readonly Case[] = [
  { name: 'a space before the colon', bytes: `${line}${host}X-A : b\r\n\r\n`, status: 400 },
  { name: 'a space before the first field', bytes: `${line} ${host}\r\n`, status: 400 },
  { name: 'a line folded (obs-fold)', bytes: `${line}${host}X-A: b\r\n c\r\n\r\n`, status: 400 },
  { name: 'no colon', bytes: `${line}${host}X-A\r\n\r\n`, status: 400 },
  { name: 'no name', bytes: `${line}${host}: b\r\n\r\n`, status: 400 },
  { name: 'a name with a space', bytes: `${line}${host}X A: b\r\n\r\n`, status: 400 },
  { name: 'a name with a parenthesis', bytes: `${line}${host}X(A): b\r\n\r\n`, status: 400 },
  { name: 'a name with a non-ASCII byte', bytes: `${line}${host}X\xe9: b\r\n\r\n`, status: 400 },
  { name: 'NUL in a value', bytes: `${line}${host}X-A: a\0b\r\n\r\n`, status: 400 },
  { name: 'an escape byte in a value', bytes: `${line}${host}X-A: a\x1bb\r\n\r\n`, status: 400 },
  { name: 'a lone CR in a value', bytes: `${line}${host}X-A: a\rb\r\n\r\n`, status: 400 },
  { name: 'a lone CR as line end', bytes: 'GET / HTTP/1.1\rHost: localhost\r\r', status: 400 },
];

const framing: readonly Case[] = [
  {
    name: 'Content-Length and Transfer-Encoding',
    bytes: `${post}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    status: 400,
  },
  {
    name: 'Transfer-Encoding and Content-Length',
    bytes: `${post}Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n`,
    status: 400,
  },
  {
    name: 'two Content-Lengths',
    bytes: `${post}Content-Length: 1\r\nContent-Length: 2\r\n\r\nab`,
    status: 400,
  },
  {
    name: 'the same Content-Length twice',
    bytes: `${post}Content-Length: 1\r\nContent-Length: 1\r\n\r\na`,
    status: 400,
  },
  { name: 'a list of Content-Lengths', bytes: `${post}Content-Length: 1,1\r\n\r\na`, status: 400 },
  { name: 'a signed Content-Length', bytes: `${post}Content-Length: +1\r\n\r\na`, status: 400 },
  { name: 'a negative Content-Length', bytes: `${post}Content-Length: -1\r\n\r\n`, status: 400 },
  { name: 'a hexadecimal Content-Length', bytes: `${post}Content-Length: 0x1\r\n\r\na`, status: 400 },
  { name: 'an empty Content-Length', bytes: `${post}Content-Length:\r\n\r\n`, status: 400 },
  {
    name: 'a Content-Length beyond 2^64',
    bytes: `${post}Content-Length: ${'9'.repeat(30)}\r\n\r\n`,
    status: 400,
  },
  { name: 'an empty Transfer-Encoding', bytes: `${post}Transfer-Encoding:\r\n\r\n`, status: 400 },
  { name: 'a blank Transfer-Encoding', bytes: `${post}Transfer-Encoding:   \r\n\r\n`, status: 400 },
  { name: 'an unknown Transfer-Encoding', bytes: `${post}Transfer-Encoding: xchunked\r\n\r\n`, status: 400 },
  {
    name: 'Transfer-Encoding that does not end in chunked',
    bytes: `${post}Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n`,
    status: 400,
  },
  // RFC 9112 §6.1: content that is coded inside of its chunks.
  ...['gzip, chunked', 'identity, chunked', 'foo;a=b, chunked'].map((coding) => ({
    name: `Transfer-Encoding: ${coding}`,
    bytes: `${post}Transfer-Encoding: ${coding}\r\n\r\n0\r\n\r\n`,
    status: 501,
  })),
  {
    name: 'another coding and chunked in two fields',
    bytes: `${post}Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    status: 501,
  },
  {
    name: 'an empty member in Transfer-Encoding',
    bytes: `${post}Transfer-Encoding: ,chunked\r\n\r\n0\r\n\r\n`,
    status: 400,
  },
  {
    name: 'Transfer-Encoding in HTTP/1.0',
    bytes: `POST / HTTP/1.0\r\n${host}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    status: 400,
  },
  { name: 'a chunk size that is none', bytes: `${chunked()}x\r\n\r\n`, status: 400 },
  { name: 'a negative chunk size', bytes: `${chunked()}-1\r\n\r\n`, status: 400 },
  { name: 'a chunk size with 0x', bytes: `${chunked()}0x1\r\na\r\n0\r\n\r\n`, status: 400 },
  { name: 'a chunk size beyond 2^64', bytes: `${chunked()}${'f'.repeat(17)}\r\n`, status: 400 },
  { name: 'a chunk longer than its size', bytes: `${chunked()}1\r\nabc\r\n0\r\n\r\n`, status: 400 },
  { name: 'a chunk that ends with LF', bytes: `${chunked()}1\r\na\n0\r\n\r\n`, status: 400 },
  { name: 'a bad trailer', bytes: `${chunked()}0\r\nX(: y\r\n\r\n`, status: 400 },
];

function chunked(): string {
  return `${post}Transfer-Encoding: chunked\r\n\r\n`;
}

const limits: readonly Case[] = [
  { name: 'a long target', bytes: requestText('GET', `/${'x'.repeat(3000)}`), status: 414 },
  { name: 'a long query', bytes: requestText('GET', `/?${'x'.repeat(3000)}`), status: 414 },
  { name: 'a target longer than all headers may be', bytes: `GET /${'x'.repeat(100_000)}`, status: 414 },
  { name: 'a big field', bytes: requestText('GET', '/', { 'X-A': 'x'.repeat(10_000) }), status: 431 },
  { name: 'a field that never ends', bytes: `${line}${host}X-A: ${'x'.repeat(100_000)}`, status: 431 },
  { name: 'many fields', bytes: `${line}${host}${'X-A: b\r\n'.repeat(2000)}\r\n`, status: 431 },
  { name: 'a big field name', bytes: `${line}${host}${'x'.repeat(10_000)}: y\r\n\r\n`, status: 431 },
  { name: 'a body that is announced too large', bytes: `${post}Content-Length: 1001\r\n\r\n`, status: 413 },
  {
    name: 'a body that comes too large',
    bytes: `${post}Content-Length: 1001\r\n\r\n${'x'.repeat(1001)}`,
    status: 413,
  },
  { name: 'a GET body too large', bytes: `${line}${host}Content-Length: 1001\r\n\r\n`, status: 413 },
  {
    name: 'chunks that add up too large',
    bytes: `${chunked()}${`ff\r\n${'x'.repeat(255)}\r\n`.repeat(5)}0\r\n\r\n`,
    status: 413,
  },
  {
    name: 'a body of gigabytes',
    bytes: `${post}Content-Length: 99999999999\r\n\r\n${'x'.repeat(100_000)}`,
    status: 413,
  },
  { name: 'an unknown expectation', bytes: requestText('GET', '/', { Expect: 'tea' }), status: 417 },
  {
    name: 'an unknown expectation beside a known one',
    bytes: requestText('GET', '/', { Expect: '100-continue, tea' }),
    status: 417,
  },
];

for (const { name, bytes, status } of [...requestLines, ...hosts, ...fields, ...framing, ...limits]) {
  test(`${status} and the end of the connection: ${name}`, async () => {
    const [response] = await exchange(server, bytes);
    assert.equal(response?.status, status);
    assert.match(response?.text ?? '', new RegExp(`^${status} [A-Z][A-Za-z -]+\n$`));
    assert.equal(response?.header('content-type'), 'text/plain; charset=utf-8');
    assert.match(response?.header('connection') ?? '', /^close$/i);
    assert.notEqual(response?.header('date'), undefined);
  });
}

const served: readonly (readonly [name: string, bytes: string])[] = [
  ['an empty line before the request (RFC 9112 §2.2)', `\r\n${line}${host}Connection: close\r\n\r\n`],
  ['field names in any case', `${line}hOsT: localhost\r\ncONNECTION: close\r\n\r\n`],
  ['no space after the colon', `${line}Host:localhost\r\nConnection:close\r\n\r\n`],
  ['spaces around a value', `${line}Host:  localhost \t\r\nConnection: close\r\n\r\n`],
  ['Latin-1 in a value', `${line}${host}X-A: \xe9\r\nConnection: close\r\n\r\n`],
  ['the empty Host of a probe', `${line}Host: \r\nConnection: close\r\n\r\n`],
  ['a Host with a zone', `${line}Host: [fe80::1%25eth0]:8080\r\nConnection: close\r\n\r\n`],
  ['a Host with a zone as it is typed', `${line}Host: [fe80::1%eth0]\r\nConnection: close\r\n\r\n`],
  ['HTTP/1.0 that wants to stay and to go', 'GET / HTTP/1.0\r\nConnection: keep-alive, close\r\n\r\n'],
  ['an expectation in HTTP/1.0, which has none', 'GET / HTTP/1.0\r\nExpect: tea\r\n\r\n'],
  ['an IPv6 Host', `${line}Host: [::1]:8080\r\nConnection: close\r\n\r\n`],
  ['a Host with an underscore', `${line}Host: my_host.local:80\r\nConnection: close\r\n\r\n`],
  ['a target of just allowed length', requestText('GET', `/?${'x'.repeat(2046)}`, { Connection: 'close' })],
];

for (const [name, bytes] of served) {
  test(`200: ${name}`, async () => {
    const count = bytes.split('GET ').length - 1;
    const responses = await exchange(
      server,
      bytes,
      Array.from({ length: count }, () => 'GET'),
    );
    for (const { status, text } of responses) assert.deepEqual([status, text], [200, CONTENT]);
  });
}

const either: readonly (readonly [name: string, bytes: string])[] = [
  // RFC 9112 §2.2: a recipient may take a single LF for the end of a line.
  ['LF for CRLF', 'GET / HTTP/1.1\nHost: localhost\nConnection: close\n\n'],
  // RFC 9112 §3: a recipient may split the request line at any white space.
  ['two spaces in the request line', `GET  / HTTP/1.1\r\n${host}Connection: close\r\n\r\n`],
];

for (const [name, bytes] of either) {
  test(`understood as meant or refused, nothing between: ${name}`, async () => {
    const [response] = await exchange(server, bytes);
    if (response?.status !== 400) assert.deepEqual([response?.status, response?.text], [200, CONTENT]);
  });
}

test('a smuggled request behind a bad frame is not answered', async () => {
  const smuggled = requestText('GET', '/smuggled');
  const bytes = `${post}Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${smuggled}`;
  // exchange() fails if anything comes after the one response.
  const [response] = await exchange(server, bytes);
  assert.equal(response?.status, 400);
});

for (const [name, bytes] of [
  ['a bad target', 'GET * HTTP/1.1\r\nHost: a\r\n\r\n'],
  ['two Hosts', `${line}${host}${host}\r\n`],
  ['an unknown expectation', requestText('GET', '/', { Expect: 'tea' })],
  ['an unknown method', requestText('FOO', '/')],
  ['a coding that nobody undoes', `${post}Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n`],
  ['a body too large', `${post}Content-Length: 1001\r\n\r\n${'x'.repeat(1001)}`],
] as const) {
  test(`nothing is answered behind ${name}`, async () => {
    const [response] = await exchange(server, bytes + requestText('GET', '/').repeat(3));
    assert.match(response?.header('connection') ?? '', /^close$/i);
  });
}

test('garbage after a good request: the good one is answered first', async () => {
  const [first, second] = await exchange(server, `${requestText('GET', '/')}garbage\r\n\r\n`, ['GET', 'GET']);
  assert.deepEqual([first?.status, second?.status], [200, 400]);
});

test('a request before a limit is answered first', async () => {
  const long = requestText('GET', `/${'x'.repeat(3000)}`);
  const [first, second] = await exchange(server, requestText('GET', '/') + long, ['GET', 'GET']);
  assert.deepEqual([first?.status, second?.status], [200, 414]);
});

test('Expect: 100-continue gets its interim response before the body', async () => {
  const client = await connect(server);
  client.write(`${post}Expect: 100-continue\r\nContent-Length: 2\r\nConnection: close\r\n\r\n`);
  assert.equal((await client.response()).status, 100);
  client.write('ab');
  assert.equal((await client.response()).status, 405);
  await client.ended();
});

test('Expect: 100-continue with a body too large is refused without waiting for it', async () => {
  const bytes = `${post}Expect: 100-continue\r\nContent-Length: 5000\r\n\r\n`;
  const [response] = await exchange(server, bytes);
  assert.equal(response?.status, 413);
});

test('a body of just the allowed size is drained', async () => {
  const client = await connect(server);
  client.write(`${post}Content-Length: ${MAX_BODY_BYTES}\r\n\r\n${'x'.repeat(MAX_BODY_BYTES)}`);
  assert.equal((await client.response()).status, 405);
  assert.equal((await client.get('/')).text, CONTENT);
  client.destroy();
});

test('a request that comes byte by byte is whole in the end', async () => {
  const client = await connect(server);
  for (const byte of requestText('GET', '/', { Connection: 'close' })) {
    client.write(byte);
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.equal((await client.response()).text, CONTENT);
  await client.ended();
});

test('after all that the server still responds', async () => {
  assert.equal((await request(server, '/')).text, CONTENT);
});

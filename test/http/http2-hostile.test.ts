/** HTTP/2 from clients that break it or abuse it: cases like those of h2spec, and the known floods. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, test } from 'node:test';
import { connect as connectTls } from 'node:tls';
import { makeFolder } from '../support/folder.ts';
import {
  ACK,
  CANCEL,
  COMPRESSION_ERROR,
  CONTINUATION,
  DATA,
  END_HEADERS,
  END_STREAM,
  ENHANCE_YOUR_CALM,
  FLOW_CONTROL_ERROR,
  FRAME_SIZE_ERROR,
  FrameClient,
  fieldBlock,
  frame,
  GOAWAY,
  get,
  HEADERS,
  number32,
  PING,
  PREFACE,
  PRIORITY,
  PROTOCOL_ERROR,
  RST_STREAM,
  requestFields,
  SETTINGS,
  setting,
  WINDOW_UPDATE,
} from '../support/http2-frames.ts';
import { connectSecurely, secure } from '../support/https.ts';
import { eventually } from '../support/raw.ts';
import { severalWorkers, startForFile, startForTest, without } from '../support/target.ts';

const skip = without('tls');
const root = makeFolder({ 'index.html': 'ok' });
const server = skip
  ? undefined
  : await startForFile({ root, args: [...secure, '--metrics-path', '/metrics'] });
const port = server?.port ?? 0;

const PATIENCE_MS = 15_000;
const INITIAL_WINDOW_SIZE = 4;
const MAX_FRAME_SIZE = 5;

async function outcomeOf(...frames: readonly Uint8Array[]): Promise<string> {
  const client = await FrameClient.open(port);
  const outcome = await client.write(...frames).outcome(1);
  client.destroy();
  return outcome;
}

function headers(fields: readonly (readonly [string, string])[], flags = END_HEADERS | END_STREAM): Buffer {
  return frame(HEADERS, flags, 1, fieldBlock(fields));
}

const plain = requestFields('/');
const refused = new Set(['reset 1', 'goaway 1', '400']);

describe('requests that are malformed (RFC 9113 §8)', { skip }, () => {
  const without = (name: string) => plain.filter(([own]) => own !== name);
  const cases: Readonly<Record<string, readonly (readonly [string, string])[]>> = {
    'no method': without(':method'),
    'no scheme': without(':scheme'),
    'no path': without(':path'),
    'no authority and no host': without(':authority'),
    'an empty path': requestFields(''),
    'a relative path': requestFields('index.html'),
    'an absolute path': requestFields('https://localhost/'),
    'a fragment in the path': requestFields('/#a'),
    'a control in the path': requestFields('/a\x01'),
    'raw bytes in the path': requestFields('/\xc3\xa9'),
    'an asterisk for GET': requestFields('*'),
    'two methods': [[':method', 'GET'], ...plain],
    'two paths': [...plain, [':path', '/other']],
    'an unknown pseudo-header': [[':protocol', 'x'], ...plain],
    'a pseudo-header of responses': [...plain, [':status', '200']],
    'a pseudo-header behind a field': [['a', 'b'], ...plain],
    'a name in upper case': [...plain, ['X-Upper', 'a']],
    Connection: [...plain, ['connection', 'keep-alive']],
    'Transfer-Encoding': [...plain, ['transfer-encoding', 'chunked']],
    'TE with gzip': [...plain, ['te', 'gzip']],
    'a host that differs from the authority': [...plain, ['host', 'other.example']],
    'two hosts': [...plain, ['host', 'localhost'], ['host', 'localhost']],
    'userinfo in the authority': [...without(':authority'), [':authority', 'me@localhost']],
    'a foreign scheme': [...without(':scheme'), [':scheme', 'ftp']],
    'a length that lies': [...plain, ['content-length', '5']],
  };
  for (const [name, fields] of Object.entries(cases)) {
    test(name, async () => {
      const outcome = await outcomeOf(headers(fields));
      assert.ok(refused.has(outcome), outcome);
    });
  }

  test('a body of another length than announced is no message', async () => {
    const fields = requestFields('/', 'POST', [['content-length', '5']]);
    assert.equal(await outcomeOf(headers(fields, END_HEADERS), frame(DATA, END_STREAM, 1, 'abc')), 'reset 1');
  });

  test('trailers with a pseudo-header', async () => {
    const trailers = frame(HEADERS, END_HEADERS | END_STREAM, 1, fieldBlock([[':path', '/']]));
    const outcome = await outcomeOf(headers(requestFields('/', 'POST'), END_HEADERS), trailers);
    assert.ok(refused.has(outcome), outcome);
  });
});

test('requests that are unusual and fine', { skip }, async () => {
  const cases = [
    [...plain, ['te', 'trailers']],
    [...plain, ['cookie', 'a=1'], ['cookie', 'b=2']],
    [...plain, ['host', 'localhost']],
    [
      [':method', 'GET'],
      [':scheme', 'http'],
      [':path', '/'],
      ['host', 'localhost'],
    ],
    requestFields('/?q=\xc3\xa9'),
    requestFields('/', 'HEAD'),
    // nghttp2 drops such a field without a word.
    [...plain, ['a b', 'c']],
  ] as const;
  for (const fields of cases)
    assert.equal(await outcomeOf(headers(fields as typeof plain)), '200', JSON.stringify(fields));
});

describe('what has a status of its own', { skip }, () => {
  const big = (count: number, size: number) =>
    Array.from({ length: count }, (_, i): [string, string] => [`x-${i}`, 'a'.repeat(size)]);
  const cases: readonly (readonly [name: string, fields: typeof plain, status: string])[] = [
    ['an unknown method', requestFields('/', 'BREW'), '501'],
    ['a method in lower case', requestFields('/', 'get'), '501'],
    ['POST to a file', requestFields('/', 'POST'), '405'],
    ['a path that leads out', requestFields('/../etc/passwd'), '404'],
    ['a target that is too long', requestFields(`/${'a'.repeat(9000)}`), '414'],
    ['too many fields', [...plain, ...big(205, 1)], '431'],
    ['fields that are too large', [...plain, ...big(20, 1000)], '431'],
    ['an unknown expectation', [...plain, ['expect', 'tea']], '417'],
  ];
  for (const [name, fields, status] of cases) {
    test(`${name}: ${status}`, async () => {
      const block = fieldBlock(fields);
      const first = frame(HEADERS, END_STREAM, 1, block.subarray(0, 16_000));
      const last = frame(CONTINUATION, END_HEADERS, 1, block.subarray(16_000));
      const outcome = await outcomeOf(first, last);
      assert.ok(outcome === status || (status === '404' && outcome === '400'), outcome);
    });
  }

  test('CONNECT: 405', async () => {
    const outcome = await outcomeOf(
      headers(
        [
          [':method', 'CONNECT'],
          [':authority', 'a.example:443'],
        ],
        END_HEADERS,
      ),
    );
    assert.equal(outcome, '405');
  });

  test('a body that is too large: 413, and the client is told to stop', async () => {
    const client = await FrameClient.open(port);
    client.write(headers(requestFields('/', 'POST', [['content-length', '100000000']]), END_HEADERS));
    assert.equal(await client.outcome(1), '413');
    assert.equal(await client.outcome(1), 'reset 0');
    client.destroy();
  });

  test('a body in frames of a byte: 413 before it is complete', async () => {
    const client = await FrameClient.open(port);
    client.write(headers(requestFields('/', 'POST'), END_HEADERS));
    client.write(...Array.from({ length: 5000 }, () => frame(DATA, 0, 1, 'a')));
    assert.equal(await client.outcome(1), '413');
    client.destroy();
  });
});

describe('connections that are broken', { skip }, () => {
  const open = get(1, '/');
  const cases: Readonly<Record<string, readonly [frames: readonly Uint8Array[], code: number]>> = {
    'SETTINGS of a wrong size': [[frame(SETTINGS, 0, 0, 'abc')], FRAME_SIZE_ERROR],
    'SETTINGS on a stream': [[frame(SETTINGS, 0, 1)], PROTOCOL_ERROR],
    'an ACK with content': [[frame(SETTINGS, ACK, 0, setting(3, 1))], FRAME_SIZE_ERROR],
    'a window that is too large': [
      [frame(SETTINGS, 0, 0, setting(INITIAL_WINDOW_SIZE, 0x80000000))],
      FLOW_CONTROL_ERROR,
    ],
    'frames that are too small': [[frame(SETTINGS, 0, 0, setting(MAX_FRAME_SIZE, 1))], PROTOCOL_ERROR],
    'a frame that is too large': [[frame(HEADERS, END_HEADERS, 1, Buffer.alloc(20_000))], FRAME_SIZE_ERROR],
    'DATA on stream 0': [[frame(DATA, 0, 0, 'a')], PROTOCOL_ERROR],
    'DATA on an idle stream': [[frame(DATA, 0, 5, 'a')], PROTOCOL_ERROR],
    'HEADERS on an even stream': [[frame(HEADERS, END_HEADERS, 2, fieldBlock(plain))], PROTOCOL_ERROR],
    'CONTINUATION without HEADERS': [[frame(CONTINUATION, END_HEADERS, 1)], PROTOCOL_ERROR],
    'another frame within a field block': [
      [frame(HEADERS, 0, 1, fieldBlock(plain)), frame(PING, 0, 0, '12345678')],
      PROTOCOL_ERROR,
    ],
    'a field block that is none': [
      [frame(HEADERS, END_HEADERS, 1, '\xff\xff\xff\xff\xff')],
      COMPRESSION_ERROR,
    ],
    'a PING of a wrong size': [[frame(PING, 0, 0, 'abc')], FRAME_SIZE_ERROR],
    'an increment of the window by 0': [[frame(WINDOW_UPDATE, 0, 0, number32(0))], PROTOCOL_ERROR],
    'a window beyond its limit': [
      [frame(WINDOW_UPDATE, 0, 0, number32(0x7fffffff)), frame(WINDOW_UPDATE, 0, 0, number32(0x7fffffff))],
      FLOW_CONTROL_ERROR,
    ],
    'RST_STREAM on an idle stream': [[frame(RST_STREAM, 0, 7, number32(CANCEL))], PROTOCOL_ERROR],
    'GOAWAY of a wrong size': [[open, frame(GOAWAY, 0, 0, 'abc')], FRAME_SIZE_ERROR],
    'PUSH_PROMISE from a client': [[frame(5, END_HEADERS, 1, number32(2))], PROTOCOL_ERROR],
  };
  for (const [name, [frames, code]] of Object.entries(cases)) {
    test(name, async () => {
      const client = await FrameClient.open(port);
      assert.equal(await client.write(...frames).goaway(), code);
      assert.equal(await client.next(() => false), undefined, 'and the connection ends');
    });
  }

  test('no preface', async () => {
    const client = await FrameClient.open(port, 'abc');
    assert.equal(await client.goaway(), FRAME_SIZE_ERROR);
  });
});

describe('floods end the connection, and nobody else notices', { skip }, () => {
  /** The code with which the connection ends. */
  async function flood(count: number, of: (index: number) => Uint8Array): Promise<number | undefined> {
    const client = await FrameClient.open(port);
    client.write(...Array.from({ length: count }, (_, index) => of(index)));
    const code = await client.goaway();
    assert.equal(await client.next(() => false), undefined);
    return code;
  }

  const cases: Readonly<Record<string, readonly [count: number, of: (index: number) => Uint8Array]>> = {
    'rapid reset (CVE-2023-44487)': [
      3000,
      (index) =>
        Buffer.concat([get(2 * index + 1, '/'), frame(RST_STREAM, 0, 2 * index + 1, number32(CANCEL))]),
    ],
    'more streams than were allowed': [
      3000,
      (index) => frame(HEADERS, END_HEADERS, 2 * index + 1, fieldBlock(requestFields('/', 'POST'))),
    ],
    SETTINGS: [20_000, () => frame(SETTINGS, 0, 0, setting(INITIAL_WINDOW_SIZE, 65_535))],
    PING: [20_000, () => frame(PING, 0, 0, '12345678')],
    PRIORITY: [50_000, (index) => frame(PRIORITY, 0, 2 * index + 1, '\0\0\0\0\x01')],
    'empty DATA': [
      20_000,
      (index) =>
        index === 0
          ? frame(HEADERS, END_HEADERS, 1, fieldBlock(requestFields('/', 'POST')))
          : frame(DATA, 0, 1, ''),
    ],
    'CONTINUATION (CVE-2024-27983)': [
      5000,
      (index) =>
        index === 0
          ? frame(HEADERS, END_STREAM, 1, fieldBlock(plain))
          : frame(CONTINUATION, 0, 1, fieldBlock([[`x-${index}`, 'a']])),
    ],
  };
  for (const [name, [count, of]] of Object.entries(cases)) {
    test(name, async () => {
      const code = await flood(count, of);
      // A connection that is cut in the middle of writing may take the last word with it.
      assert.ok([undefined, PROTOCOL_ERROR, 2, ENHANCE_YOUR_CALM].includes(code), String(code));
      assert.equal(await outcomeOf(get(1, '/')), '200');
    });
  }

  test('a field block that unfolds (HPACK bomb)', async () => {
    // One entry of 4,000 bytes in the table, then 3,000 references to it.
    const entry = Buffer.concat([
      Buffer.from([0x40, 1]),
      Buffer.from('a'),
      Buffer.from([0x7f, 0xa1, 0x1e]),
      Buffer.alloc(4000, 'b'),
    ]);
    const block = Buffer.concat([fieldBlock(plain), entry, Buffer.alloc(3000, 0xbe)]);
    const outcome = await outcomeOf(frame(HEADERS, END_HEADERS | END_STREAM, 1, block));
    assert.match(outcome, /^(431|reset|goaway)/);
    assert.equal(await outcomeOf(get(1, '/')), '200');
  });
});

test('connections that are reset at once leave nothing behind', {
  skip: skip || severalWorkers,
}, async (t) => {
  const args = [...secure, '--metrics-path', '/metrics', '--send-timeout-ms', '1s'];
  const { port: own } = await startForTest(t, { root, args });
  for (let i = 0; i < 60; i++) {
    const raw = connect(own, '127.0.0.1');
    const client = connectTls({ socket: raw, rejectUnauthorized: false, ALPNProtocols: ['h2'] });
    for (const socket of [raw, client]) socket.on('error', () => undefined);
    await once(client, 'secureConnect');
    client.write(Buffer.concat([Buffer.from(PREFACE), frame(SETTINGS, 0, 0), get(1, '/')]), () =>
      raw.resetAndDestroy(),
    );
    await once(raw, 'close');
  }
  await nothingIsLeft(own);
});

test('nothing of them is left', { skip: skip || severalWorkers }, () => nothingIsLeft(port));

async function nothingIsLeft(on: number): Promise<void> {
  const page = async () => {
    const client = await connectSecurely({ port: on });
    const { text } = await client.get('/metrics');
    client.destroy();
    return text;
  };
  await eventually(
    PATIENCE_MS,
    page,
    (text) => /^mote_http_requests_in_flight 1$/m.test(text) && /^mote_connections 1$/m.test(text),
  );
}

/**
 * HTTP/2 at its edges (RFC 9113, RFC 7541): what has to be ignored, windows to the byte, and what ends a stream or a
 * connection. What clients do on purpose to harm is in `http2-hostile.test.ts`.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { makeFolder, pattern } from '../support/folder.ts';
import {
  ACK,
  COMPRESSION_ERROR,
  CONTINUATION,
  DATA,
  END_HEADERS,
  END_STREAM,
  FLOW_CONTROL_ERROR,
  FRAME_SIZE_ERROR,
  FrameClient,
  fieldBlock,
  frame,
  GOAWAY,
  get,
  HEADERS,
  NO_ERROR,
  number32,
  PING,
  PRIORITY,
  PROTOCOL_ERROR,
  RST_STREAM,
  requestFields,
  SETTINGS,
  STREAM_CLOSED,
  setting,
  WINDOW_UPDATE,
} from '../support/http2-frames.ts';
import { secure } from '../support/https.ts';
import { startForFile, without } from '../support/target.ts';

const skip = without('tls');
const BIG = pattern(100_000);
const root = makeFolder({ 'index.html': 'ok', 'big.bin': BIG });
const server = skip ? undefined : await startForFile({ root, args: [...secure, '--cache-bytes', '1M'] });
const port = server?.port ?? 0;

const PADDED = 8;
const WITH_PRIORITY = 32;
const RESERVED = 0x80000000;
const ENABLE_PUSH = 2;
const INITIAL_WINDOW_SIZE = 4;
const MAX_FRAME_SIZE = 5;
const UNKNOWN = 0xfa;
/** Of RFC 9113 §6.9.2. */
const WINDOW_BYTES = 65_535;

const plain = requestFields('/');
const block = fieldBlock(plain);
const bytes = (...values: readonly number[]) => Buffer.from(values);

describe('what is fine, or has to be ignored', { skip }, () => {
  const cases: Readonly<Record<string, readonly Uint8Array[]>> = {
    'a frame of an unknown type': [frame(UNKNOWN, 0xff, 0, 'anything'), get(1, '/')],
    'flags that nobody knows': [frame(HEADERS, END_HEADERS | END_STREAM | 0x40, 1, block)],
    'the reserved bit': [frame(PING, 0, RESERVED, '12345678'), get(1, '/')],
    'a setting that nobody knows': [frame(SETTINGS, 0, 0, setting(UNKNOWN, 1)), get(1, '/')],
    'a setting twice': [
      frame(
        SETTINGS,
        0,
        0,
        Buffer.concat([setting(INITIAL_WINDOW_SIZE, 0), setting(INITIAL_WINDOW_SIZE, 9)]),
      ),
      get(1, '/'),
    ],
    'a priority of an idle stream': [frame(PRIORITY, 0, 3, '\0\0\0\x01\x10'), get(1, '/')],
    'a field block with padding and priority': [
      frame(
        HEADERS,
        END_HEADERS | END_STREAM | PADDED | WITH_PRIORITY,
        1,
        Buffer.concat([bytes(2), number32(0), bytes(15), block, bytes(0, 0)]),
      ),
    ],
    'a field block byte by byte': [
      frame(HEADERS, END_STREAM, 1, block.subarray(0, -6)),
      ...[...block.subarray(-6)].map((byte, at) =>
        frame(CONTINUATION, at === 5 ? END_HEADERS : 0, 1, bytes(byte)),
      ),
    ],
    'a smaller table, announced at the beginning of a block': [
      frame(HEADERS, END_HEADERS | END_STREAM, 1, Buffer.concat([bytes(0x20), block])),
    ],
  };
  for (const [name, frames] of Object.entries(cases)) {
    test(name, async () => {
      const client = await FrameClient.open(port);
      assert.equal(await client.write(...frames).outcome(1), '200');
      client.destroy();
    });
  }

  test('a stream number that is not the next', async () => {
    const client = await FrameClient.open(port);
    assert.equal(await client.write(get(7, '/'), get(101, '/')).outcome(101), '200');
    client.destroy();
  });

  test('an unknown code: the stream ends, the connection does not', async () => {
    const client = await FrameClient.open(port);
    client.write(get(1, '/big.bin'), frame(RST_STREAM, 0, 1, number32(0xff)), get(3, '/'));
    assert.equal(await client.outcome(3), '200');
    client.destroy();
  });

  test('an empty frame of content is none, and padding is not content', async () => {
    const client = await FrameClient.open(port);
    const fields = requestFields('/', 'POST', [['content-length', '3']]);
    client.write(
      frame(HEADERS, END_HEADERS, 1, fieldBlock(fields)),
      frame(DATA, 0, 1),
      frame(DATA, PADDED, 1, Buffer.concat([bytes(3), Buffer.from('abc'), bytes(0, 0, 0)])),
      frame(DATA, END_STREAM, 1),
    );
    assert.equal(await client.outcome(1), '405', 'and not a reset for a length that lies');
    client.destroy();
  });
});

test('SETTINGS and PING get their acknowledgements', { skip }, async () => {
  const client = await FrameClient.open(port);
  const acknowledged = await client.next(({ type, flags }) => type === SETTINGS && flags === ACK);
  assert.equal(acknowledged?.payload.length, 0);
  const pong = await client.write(frame(PING, 0, 0, 'a payload'.slice(-8))).next(({ type }) => type === PING);
  assert.deepEqual([pong?.flags, pong?.payload.toString()], [ACK, 'a payload'.slice(-8)]);
  client.destroy();
});

describe('windows', { skip }, () => {
  const contentOf = async (client: FrameClient, stream: number) => {
    const data = await client.next(({ type, stream: of }) => type === DATA && of === stream);
    return data?.payload ?? Buffer.alloc(0);
  };
  const received = async (client: FrameClient, length: number) => {
    const parts: Buffer[] = [];
    for (let size = 0; size < length; size += parts.at(-1)?.length ?? length)
      parts.push(await contentOf(client, 1));
    return Buffer.concat(parts);
  };
  /** Nothing but the answer to this comes. */
  const isQuiet = async (client: FrameClient) => {
    const answer = await client.write(frame(PING, 0, 0, '87654321')).next(() => true);
    assert.equal(answer?.type, PING);
  };

  test('of a stream: not a byte more than it is open', async () => {
    const client = await FrameClient.open(port, setting(INITIAL_WINDOW_SIZE, 1));
    assert.equal(await client.write(get(1, '/big.bin')).outcome(1), '200');
    assert.deepEqual(await received(client, 1), BIG.subarray(0, 1));
    await isQuiet(client);
    client.write(frame(WINDOW_UPDATE, 0, 1, number32(10)));
    assert.deepEqual(await received(client, 10), BIG.subarray(1, 11));
    await isQuiet(client);
    client.destroy();
  });

  test('of a stream: it can become negative', async () => {
    const client = await FrameClient.open(port, setting(INITIAL_WINDOW_SIZE, 5));
    assert.equal(await client.write(get(1, '/big.bin')).outcome(1), '200');
    await received(client, 5);
    // It is -3 now, so that 3 change nothing, and 2 more open it.
    client.write(frame(SETTINGS, 0, 0, setting(INITIAL_WINDOW_SIZE, 2)));
    client.write(frame(WINDOW_UPDATE, 0, 1, number32(3)));
    await client.next(({ type, flags }) => type === SETTINGS && flags === ACK);
    await isQuiet(client);
    client.write(frame(WINDOW_UPDATE, 0, 1, number32(2)));
    assert.deepEqual(await received(client, 2), BIG.subarray(5, 7));
    client.destroy();
  });

  test('of a connection: it bounds all streams together', async () => {
    const client = await FrameClient.open(port, setting(INITIAL_WINDOW_SIZE, 10 * WINDOW_BYTES));
    client.write(get(1, '/big.bin'));
    assert.deepEqual(await received(client, WINDOW_BYTES), BIG.subarray(0, WINDOW_BYTES));
    assert.equal(await client.write(get(3, '/')).outcome(3), '200');
    await isQuiet(client);
    client.write(frame(WINDOW_UPDATE, 0, 0, number32(BIG.length)));
    assert.equal((await contentOf(client, 3)).toString(), 'ok');
    client.destroy();
  });

  test('frames of content are no larger than the client takes', async () => {
    const client = await FrameClient.open(port, setting(INITIAL_WINDOW_SIZE, 10 * WINDOW_BYTES));
    client.write(get(1, '/big.bin'));
    for (let size = 0; size < WINDOW_BYTES; ) {
      const { length } = await contentOf(client, 1);
      assert.ok(length > 0 && length <= 16_384, String(length));
      size += length;
    }
    client.destroy();
  });
});

describe('what ends the connection', { skip }, () => {
  const open = frame(HEADERS, END_HEADERS, 1, fieldBlock(requestFields('/', 'POST')));
  const fields = (...head: readonly number[]) => frame(HEADERS, END_HEADERS | END_STREAM, 1, bytes(...head));
  const cases: Readonly<Record<string, readonly [frames: readonly Uint8Array[], code: number]>> = {
    'content that is too large for a frame': [
      [open, frame(DATA, 0, 1, Buffer.alloc(16_385))],
      FRAME_SIZE_ERROR,
    ],
    'more padding than content': [[open, frame(DATA, PADDED, 1, bytes(6, 0, 0))], PROTOCOL_ERROR],
    'more padding than fields': [
      [frame(HEADERS, PADDED | END_HEADERS | END_STREAM, 1, Buffer.concat([bytes(200), block]))],
      PROTOCOL_ERROR,
    ],
    'HEADERS on stream 0': [[frame(HEADERS, END_HEADERS, 0, block)], PROTOCOL_ERROR],
    'CONTINUATION on another stream': [
      [frame(HEADERS, 0, 1, block), frame(CONTINUATION, END_HEADERS, 3)],
      PROTOCOL_ERROR,
    ],
    'CONTINUATION after the end of the fields': [
      [frame(HEADERS, END_HEADERS, 1, block), frame(CONTINUATION, END_HEADERS, 1)],
      PROTOCOL_ERROR,
    ],
    'an unknown frame within a field block': [
      [frame(HEADERS, 0, 1, block), frame(UNKNOWN, 0, 0)],
      PROTOCOL_ERROR,
    ],
    'PRIORITY of a wrong size': [[frame(PRIORITY, 0, 1, 'abc')], FRAME_SIZE_ERROR],
    'RST_STREAM on stream 0': [[frame(RST_STREAM, 0, 0, number32(8))], PROTOCOL_ERROR],
    'RST_STREAM of a wrong size': [[open, frame(RST_STREAM, 0, 1, 'abc')], FRAME_SIZE_ERROR],
    'push that is neither on nor off': [[frame(SETTINGS, 0, 0, setting(ENABLE_PUSH, 2))], PROTOCOL_ERROR],
    'frames that are too large': [[frame(SETTINGS, 0, 0, setting(MAX_FRAME_SIZE, 2 ** 24))], PROTOCOL_ERROR],
    'PING on a stream': [[open, frame(PING, 0, 1, '12345678')], PROTOCOL_ERROR],
    'GOAWAY on a stream': [[open, frame(GOAWAY, 0, 1, Buffer.alloc(8))], PROTOCOL_ERROR],
    'WINDOW_UPDATE of a wrong size': [[frame(WINDOW_UPDATE, 0, 0, 'abc')], FRAME_SIZE_ERROR],
    'WINDOW_UPDATE on an idle stream': [[frame(WINDOW_UPDATE, 0, 9, number32(1))], PROTOCOL_ERROR],
    'a window of a stream beyond its limit': [
      [open, frame(WINDOW_UPDATE, 0, 1, number32(0x7fffffff))],
      FLOW_CONTROL_ERROR,
    ],
    'a window that a setting makes too large': [
      [
        open,
        frame(WINDOW_UPDATE, 0, 1, number32(0x7fffffff - WINDOW_BYTES)),
        frame(SETTINGS, 0, 0, setting(INITIAL_WINDOW_SIZE, WINDOW_BYTES + 1)),
      ],
      FLOW_CONTROL_ERROR,
    ],
    'fields on a stream that the client has ended': [[get(1, '/big.bin'), get(1, '/')], STREAM_CLOSED],
    'a field that is in no table': [[fields(0xff, 0x50)], COMPRESSION_ERROR],
    'field 0': [[fields(0x80)], COMPRESSION_ERROR],
    'a table that is larger than allowed': [[fields(0x3f, 0xe2, 0x1f)], COMPRESSION_ERROR],
    'a table that changes at the end of a block': [
      [frame(HEADERS, END_HEADERS | END_STREAM, 1, Buffer.concat([block, bytes(0x20)]))],
      COMPRESSION_ERROR,
    ],
    'a code that is filled up with zeros': [[fields(0x00, 0x81, 0x00, 0x01, 0x61)], COMPRESSION_ERROR],
    'a code with an end within': [
      [fields(0x00, 0x84, 0xff, 0xff, 0xff, 0xff, 0x01, 0x61)],
      COMPRESSION_ERROR,
    ],
    'a text that is longer than its block': [[fields(0x00, 0x7f, 0xff, 0x7f, 0x61)], COMPRESSION_ERROR],
  };
  for (const [name, [frames, code]] of Object.entries(cases)) {
    test(name, async () => {
      const client = await FrameClient.open(port);
      assert.equal(await client.write(...frames).goaway(), code);
      assert.equal(await client.next(() => false), undefined, 'and the connection ends');
    });
  }
});

describe('what ends the stream', { skip }, () => {
  test('a window that is opened by nothing', async () => {
    const client = await FrameClient.open(port, setting(INITIAL_WINDOW_SIZE, 0));
    client.write(get(1, '/big.bin'), frame(WINDOW_UPDATE, 0, 1, number32(0)));
    const end = await client.next(({ type }) => type === RST_STREAM || type === GOAWAY);
    assert.equal(end?.payload.readUInt32BE(end.type === GOAWAY ? 4 : 0), PROTOCOL_ERROR);
    client.destroy();
  });

  test('fields in the middle of a request that do not end it', async () => {
    const client = await FrameClient.open(port);
    const start = frame(HEADERS, END_HEADERS, 1, fieldBlock(requestFields('/', 'POST')));
    client.write(start, frame(HEADERS, END_HEADERS, 1, fieldBlock([['a', 'b']])));
    assert.equal(await client.outcome(1), `reset ${PROTOCOL_ERROR}`);
    client.destroy();
  });

  test('what comes on a stream that the client has reset changes nothing', async () => {
    const client = await FrameClient.open(port);
    client.write(
      frame(HEADERS, END_HEADERS, 1, fieldBlock(requestFields('/', 'POST'))),
      frame(RST_STREAM, 0, 1, number32(NO_ERROR)),
      frame(DATA, END_STREAM, 1, 'late'),
      get(3, '/'),
    );
    const answer = await client.next(({ type }) => type === HEADERS || type === GOAWAY);
    // Either is allowed (RFC 9113 §5.1).
    assert.ok(answer?.type === GOAWAY || answer?.stream === 3);
    client.destroy();
  });
});

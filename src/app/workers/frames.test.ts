import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeFrame, type Frame, FrameReader } from './frames.ts';

const frames: readonly Frame[] = [
  { head: { ask: 'x', id: 1 }, body: new Uint8Array(0) },
  { head: { to: 1, data: '满了 \u2028 "' }, body: Buffer.from([0, 255, 10, 13]) },
  { head: null, body: Buffer.alloc(300, 7) },
];
const bytes = Buffer.concat(frames.flatMap(({ head, body }) => encodeFrame(head, body)));

function plain(read: readonly Frame[]) {
  return read.map(({ head, body }) => ({ head, body: [...body] }));
}

test('frames that come at once', () => {
  assert.deepEqual(plain(new FrameReader().push(bytes)), plain(frames));
});

test('frames that come in two pieces, split anywhere', () => {
  for (let at = 0; at <= bytes.length; at++) {
    const reader = new FrameReader();
    const read = [...reader.push(bytes.subarray(0, at)), ...reader.push(bytes.subarray(at))];
    assert.deepEqual(plain(read), plain(frames), `split at ${at}`);
  }
});

test('frames that come byte by byte', () => {
  const reader = new FrameReader();
  const read = [...bytes].flatMap((byte) => reader.push(Uint8Array.of(byte)));
  assert.deepEqual(plain(read), plain(frames));
});

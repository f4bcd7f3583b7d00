/** The codec takes linear time, whatever the bytes are and however they are split. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BodyReader } from './body.ts';
import { type Progress, parseHead } from './head.ts';

/** Of CPU, in all; quadratic time would be minutes. */
const MAX_MS = 2000;
const line = 'GET / HTTP/1.1\r\n';
const limits = { maxHeaderBytes: 64 * 1024, maxTargetBytes: 64 * 1024 };

test('heads, whole and in pieces', () => {
  const hostile = [
    `${line}X: ${' '.repeat(60_000)}\0`,
    `${line}${'x'.repeat(60_000)}\0`,
    `${line}${'x:\r\n'.repeat(10_000)}\0`,
    `GET /${'x'.repeat(60_000)}`,
    `GET /${'?'.repeat(60_000)}\0`,
    `GET /?${'\xff'.repeat(60_000)}`,
    `${line}Host: a\r\nTransfer-Encoding: ${' ,'.repeat(30_000)}\r\n\r\n`,
    `${line}Host: a\r\nConnection: ${' c'.repeat(30_000)}\r\n\r\n`,
    `${line}Host: ${'a'.repeat(60_000)}\r\n\r\n`,
  ];
  const before = process.threadCpuUsage();
  for (const text of hostile) {
    parseHead(text, limits);
    let progress: Progress | undefined;
    for (let cut = 30; cut < text.length; cut += 30) {
      const result = parseHead(text.slice(0, cut), limits, progress);
      if (result.kind !== 'incomplete') break;
      progress = result.progress;
    }
  }
  const { user } = process.threadCpuUsage(before);
  const tookMs = user / 1000;
  assert.ok(tookMs < MAX_MS, `${tookMs} ms`);
});

test('bodies', () => {
  const hostile = [
    '1\r\nx\r\n'.repeat(100_000),
    `fffff\r\n${'x'.repeat(0xfffff)}\r\n1;${'e'.repeat(1_000_000)}`,
    `fffff\r\n${'x'.repeat(0xfffff)}\r\n0\r\n${'x:\r\n'.repeat(400_000)}`,
    `fffff\r\n${'x'.repeat(0xfffff)}\r\n1;${'a="'.repeat(300_000)}\r\n`,
  ];
  const before = process.threadCpuUsage();
  for (const text of hostile) new BodyReader({ kind: 'chunked' }, 2 ** 21).take(Buffer.from(text), 0);
  const { user } = process.threadCpuUsage(before);
  const tookMs = user / 1000;
  assert.ok(tookMs < MAX_MS, `${tookMs} ms`);
});

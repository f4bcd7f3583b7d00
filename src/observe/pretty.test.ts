import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { accessLog, droppedNotice, eventLog, type LoggedHead, type LoggedResponse } from './log.ts';
import type { LogFormat } from './look.ts';

/** 13:55:36 where this runs. */
const WHEN_MS = new Date(2000, 9, 10, 13, 55, 36, 42).getTime();

function logged(format: LogFormat, fields: Partial<LoggedHead & LoggedResponse> = {}): string {
  const lines: string[] = [];
  const log = accessLog(format, { write: (line) => void lines.push(line) }, () => WHEN_MS);
  const head = { method: 'GET', target: '/a?x=1', httpVersion: '1.1', userAgent: 'x', ...fields };
  const response = { client: '127.0.0.1', status: 200, bodyBytes: 1234, durationMs: 1.2, ...fields };
  log?.write(log.describe(head), response);
  return lines.join('\n');
}

describe('a line for a person', () => {
  const rows: readonly [name: string, fields: Partial<LoggedHead & LoggedResponse>, line: string][] = [
    ['of this machine', {}, '200 GET /a?x=1 1.2 kB 1 ms'],
    ['of another one', { client: '192.0.2.7', user: 'ann' }, '200 GET /a?x=1 1.2 kB 1 ms 192.0.2.7 ann'],
    ['without a response', { status: 0, bodyBytes: 0, durationMs: 2345 }, '--- GET /a?x=1 0 B 2.3 s'],
    ['a secret', { target: '/a?token=abc' }, '200 GET /a?token=*** 1.2 kB 1 ms'],
    [
      'controls of every kind',
      { target: '/\x1b]0;x\x07\x9b31m\r\n\u202e', user: '\x1b[2J' },
      '200 GET /\\x1b]0;x\\x07\\x9b31m\\x0d\\x0a\\xe2\\x80\\xae 1.2 kB 1 ms \\x1b[2J',
    ],
    ['a long target', { target: `/${'a'.repeat(500)}` }, `200 GET /${'a'.repeat(95)}... 1.2 kB 1 ms`],
    ['999 bytes', { bodyBytes: 999 }, '200 GET /a?x=1 999 B 1 ms'],
    ['nearly a megabyte', { bodyBytes: 999_950 }, '200 GET /a?x=1 1.0 MB 1 ms'],
    ['many', { bodyBytes: 123_456_789_012 }, '200 GET /a?x=1 123 GB 1 ms'],
  ];
  for (const [name, fields, line] of rows)
    test(name, () => assert.equal(logged('pretty', fields), `13:55:36 ${line}`));
});

test('the colour is that of the status', () => {
  const colorOf = (status: number) => logged('colored', { status }).split('\x1b[')[3]?.split('m')[0];
  assert.deepEqual([200, 206, 304, 404, 503, 0].map(colorOf), ['32', '32', '36', '33', '31', '35']);
});

test('nothing of a request reaches the terminal but printable ASCII, and the line is short', () => {
  const text = fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes).toString('latin1'));
  fc.assert(
    fc.property(text, text, text, (target, client, user) => {
      const line = logged('pretty', {
        target: `/${target}`,
        client: client.slice(0, 40),
        user: user.slice(0, 40),
      });
      assert.match(line, /^[ -~]*$/);
    }),
  );
});

test('events and their fields', () => {
  const lines: string[] = [];
  const log = eventLog({ write: (line) => void lines.push(line) }, 'pretty', () => WHEN_MS);
  log('warn', 'permission denied', { path: 'a\x1b', count: 1, none: undefined });
  log('info', 'plain');
  assert.deepEqual(lines, ['13:55:36 warn permission denied path="a\\u001b" count=1', '13:55:36 info plain']);
  assert.equal(droppedNotice('pretty', () => WHEN_MS)(3), '13:55:36 warn 3 log lines dropped');
});

/** Attacks cost the server little memory, and others little time. `npm run attack` shows all of them in numbers. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { BIG_BYTES, BIG_FILE, costOf } from '../support/attacks.ts';
import { makeFolder } from '../support/folder.ts';
import { connect, eventually, exchange, request, requestText } from '../support/raw.ts';
import { engineBetween, severalWorkers, startForFile, startForTest } from '../support/target.ts';

const MAX_GROWTH_BYTES = 100_000_000;
const MAX_ROUNDS = 3;
/** The patience of `mote healthcheck`, on a machine that has nothing else to do. */
const MAX_HEALTH_MS = 2000;
const PATIENCE_MS = 10_000;
/** How many more the server may use, in the test that takes them from it. */
const DESCRIPTORS_LEFT = 6;

const root = makeFolder({ 'index.html': 'ok', [BIG_FILE]: '' });
truncateSync(join(root, BIG_FILE), BIG_BYTES);
const server = await startForFile({ root, args: ['--max-requests-per-connection', '10000'] });

describe('what an attack costs', { skip: engineBetween }, () => {
  for (const name of [
    'one-byte chunks',
    'one-byte chunks behind a response',
    'one-byte chunks, the connection refused before',
    'chunk extensions of one byte',
    'trailers of many requests',
    'pipelined requests with 900 fields',
    'pipelined requests with 190 fields behind a response',
    'tiny pipelined requests',
    'pipelined bodies behind a response',
    'downloads that nobody reads',
  ]) {
    test(name, async (t) => {
      let least = Number.POSITIVE_INFINITY;
      // When memory is collected is up to the engine, so what counts is the least of some rounds.
      for (let round = 0; round < MAX_ROUNDS && least >= MAX_GROWTH_BYTES; round++) {
        const attacked = await startForTest(t, {
          root,
          args: ['--log-format', 'off', '--shutdown-grace-ms', '0'],
        });
        const { grownBytes, healthMs, busyMs } = await costOf(name, attacked);
        const [slowest, busiest] = [Math.max(...healthMs), Math.max(...busyMs)].map(Math.round);
        t.diagnostic(
          `${Math.round(grownBytes / 1e6)} MB, /healthz within ${slowest} ms, of which it computed ${busiest} ms`,
        );
        assert.ok(Number.isFinite(slowest), '/healthz did not respond');
        assert.ok(Number(busiest) < MAX_HEALTH_MS, `/healthz waited for ${busiest} ms of computing`);
        least = Math.min(least, grownBytes);
      }
      assert.ok(least < MAX_GROWTH_BYTES, `grew by ${Math.round(least / 1e6)} MB`);
    });
  }
});

describe('framing', () => {
  const head = 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n';
  const chunks = (count: number, chunk: string) => `${head}${chunk.repeat(count)}0\r\n\r\n`;

  for (const [name, body] of [
    ['many chunks of one byte', chunks(20_000, '1\r\nx\r\n')],
    ['extensions in moderate chunks', chunks(50, `1;${'e'.repeat(1000)}\r\nx\r\n`)],
  ] as const) {
    test(`${name}: 413 and the end of the connection`, async () => {
      const [response] = await exchange(server, body);
      assert.equal(response?.status, 413);
    });
  }

  for (const [name, body] of [
    ['some chunks of one byte', chunks(3000, '1\r\nx\r\n')],
    ['many small chunks', chunks(6000, 'a\r\n0123456789\r\n')],
    ['a few extensions', chunks(100, '5;key=value\r\nhello\r\n')],
  ] as const) {
    test(`${name}: a body like any other`, async () => {
      const client = await connect(server);
      client.write(body + requestText('GET', '/'));
      assert.equal((await client.response()).status, 405);
      assert.equal((await client.response()).text, 'ok');
      client.destroy();
    });
  }
});

describe('the number of fields', () => {
  const withFields = (count: number, last = '') =>
    `GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n${'x:\r\n'.repeat(count - 2)}${last}\r\n`;

  test('200 are taken', async () => {
    const [response] = await exchange(server, withFields(200));
    assert.equal(response?.status, 200);
  });

  for (const [name, bytes] of [
    ['one more', withFields(201)],
    ['a Host that a parser could hide', withFields(1100, 'Host: b\r\n')],
    ['a length that a parser could hide', withFields(1100, 'Content-Length: 30\r\n')],
  ] as const) {
    test(`${name}: 431`, async () => {
      const [response] = await exchange(server, bytes);
      assert.equal(response?.status, 431);
    });
  }
});

test('thousands of pipelined requests are answered one after another, a modest client in between', async () => {
  const count = 5000;
  const eager = await connect(server);
  eager.write(requestText('GET', '/').repeat(count));
  assert.equal((await request(server, '/')).text, 'ok');
  for (let i = 0; i < count; i++) assert.equal((await eager.response()).text, 'ok');
  eager.destroy();
});

test('no descriptors left: it is said, and passes', {
  skip: withoutPrlimit() || severalWorkers,
}, async (t) => {
  const poor = await startForTest(t, { root });
  const used = () => readdirSync(`/proc/${poor.pid}/fd`).length;
  await request(poor, '/');
  const atRest = used();
  execFileSync('prlimit', ['--pid', String(poor.pid), `--nofile=${atRest + DESCRIPTORS_LEFT}`]);
  const clients = await Promise.all(Array.from({ length: 2 * DESCRIPTORS_LEFT }, () => connect(poor)));
  const line = await poor.logged(/out of file descriptors/);
  assert.match(line, /ulimit -n.*--max-connections/);
  for (const client of clients) client.destroy();
  await eventually(PATIENCE_MS, used, (now) => now <= atRest);
  assert.equal((await request(poor, '/')).text, 'ok');
});

test('no descriptor left for a file: 503, and it is said', {
  skip: withoutPrlimit() || severalWorkers,
}, async (t) => {
  const poor = await startForTest(t, { root });
  const client = await connect(poor);
  assert.equal((await client.get('/')).status, 200);
  // Numbers of descriptors below it are taken.
  execFileSync('prlimit', ['--pid', String(poor.pid), '--nofile=3']);
  const response = await client.get(`/${BIG_FILE}`);
  assert.deepEqual([response.status, response.header('retry-after')], [503, '1']);
  await poor.logged(/out of file descriptors/);
  client.destroy();
});

function withoutPrlimit(): string | false {
  try {
    execFileSync('prlimit', ['--version']);
    return engineBetween;
  } catch {
    return 'needs prlimit of util-linux';
  }
}

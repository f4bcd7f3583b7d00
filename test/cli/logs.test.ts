/** The access log: its formats, whose address it shows, and that no reader or client can harm it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeFolder } from '../support/folder.ts';
import { connect, exchange, request, requestText } from '../support/raw.ts';
import { engineBetween, type Server, startForFile, startForTest } from '../support/target.ts';

const root = makeFolder({ 'index.html': 'index', 'file.txt': 'hello' });
const combined = await startForFile({ root });
const json = await startForFile({ root, args: ['--log-format', 'json'] });

/** Asks for a path of its own, so that its line can be found. */
let serial = 0;
async function logLine(
  server: Server,
  headers: Readonly<Record<string, string>> = {},
  query = '',
): Promise<string> {
  const mark = `n${serial++}.`;
  await request(server, `/file.txt?${mark}${query}`, { headers });
  return server.stdout.find(new RegExp(`\\?${mark.replace('.', '\\.')}`));
}

test('the combined format', async () => {
  const line = await logLine(combined, { Referer: 'http://a/b', 'User-Agent': 'probe/1.0 (x; y)' });
  const format =
    /^127\.0\.0\.1 - - \[(\d\d\/\w{3}\/\d{4}:\d\d:\d\d:\d\d \+0000)\] "GET (\/file\.txt\?n\d+\.) HTTP\/1\.1" 200 5 "(.*)" "(.*)"$/;
  const [, time = '', , referer, agent] = format.exec(line) ?? assert.fail(line);
  assert.deepEqual([referer, agent], ['http://a/b', 'probe/1.0 (x; y)']);
  const logged = Date.parse(time.replace(/^(\d\d)\/(\w{3})\/(\d{4}):/, '$1 $2 $3 '));
  assert.ok(Math.abs(Date.now() - logged) < 60_000, time);
});

test('the combined format without referrer and agent, and with other responses', async () => {
  await request(combined, '/missing-1', { method: 'HEAD' });
  assert.match(await combined.stdout.find(/missing-1/), /"HEAD \/missing-1 HTTP\/1\.1" 404 0 "-" "-"$/);
  await exchange(combined, 'GET /old-1 HTTP/1.0\r\n\r\n');
  assert.match(await combined.stdout.find(/old-1/), /"GET \/old-1 HTTP\/1\.0" 404 14 "-" "-"$/);
  await request(combined, '/file.txt?part', { headers: { Range: 'bytes=0-1' } });
  assert.match(await combined.stdout.find(/\?part/), / 206 2 "-" "-"$/);
});

test('the JSON format', async () => {
  const line = await logLine(json, { Referer: 'http://a/b', 'User-Agent': 'probe/1.0' });
  const entry = JSON.parse(line);
  assert.ok(Math.abs(Date.now() - Date.parse(entry.time)) < 60_000);
  assert.ok(typeof entry.duration_ms === 'number' && entry.duration_ms >= 0 && entry.duration_ms < 60_000);
  assert.match(entry.target, /^\/file\.txt\?n/);
  const { client, method, http, status, bytes, host, referer, user_agent } = entry;
  assert.deepEqual(
    { client, method, http, status, bytes, host, referer, user_agent },
    {
      client: '127.0.0.1',
      method: 'GET',
      http: '1.1',
      status: 200,
      bytes: 5,
      host: 'localhost',
      referer: 'http://a/b',
      user_agent: 'probe/1.0',
    },
  );
});

test('with the JSON format every line is JSON, the first one too', async () => {
  await request(json, '/\\bad');
  await logLine(json);
  for (const line of json.stdout.all) assert.doesNotThrow(() => JSON.parse(line), line);
  assert.match(json.startLine, /^mote serves /);
});

const hostile = 'x" 200 0 "-" "-"\\ \\" \xe9\xff {"a":1} \t end';

test('a client cannot forge fields or lines: combined', async () => {
  const before = combined.stdout.all.length;
  const line = await logLine(combined, { 'User-Agent': hostile, Referer: hostile });
  assert.match(line, /^[\x20-\x7e]*$/, 'only printable ASCII');
  const quoted = line.match(/"(?:[^"\\]|\\.)*"/g) ?? [];
  assert.equal(quoted.length, 3, line);
  assert.ok(line.endsWith(quoted[2] ?? ''), line);
  assert.equal(combined.stdout.all.length, before + 1);
});

test('a client cannot forge fields or lines: JSON', async () => {
  const entry = JSON.parse(await logLine(json, { 'User-Agent': hostile, Referer: hostile }));
  assert.deepEqual([entry.status, entry.method], [200, 'GET']);
  assert.match(entry.user_agent, /^x" 200 0 "-" "-"\\/);
});

test('secrets in a query are struck out', async () => {
  for (const server of [combined, json]) {
    const referer = 'http://a/?access_token=hunter4';
    const line = await logLine(server, { Referer: referer }, '&token=hunter2&a=1&PASSWORD=hunter3');
    assert.doesNotMatch(line, /hunter/);
    assert.match(line, /token=\*\*\*&a=1&PASSWORD=\*\*\*/);
  }
});

test('off logs nothing but the start', async (t) => {
  const server = await startForTest(t, { root, args: ['--log-format', 'off'] });
  for (let i = 0; i < 10; i++) await request(server, '/file.txt');
  await server.stop();
  assert.match(server.stdout.all[0] ?? '', /^mote serves /);
  assert.doesNotMatch(server.stdout.all.join('\n'), /file\.txt/);
  assert.deepEqual(server.stderr.all, []);
});

test('all lines are written before the server ends', async (t) => {
  const server = await startForTest(t, { root });
  for (let i = 0; i < 50; i++) await request(server, `/file.txt?last-${i}`);
  await server.stop();
  assert.equal(server.stdout.all.filter((line) => line.includes('?last-')).length, 50);
});

const FORWARDED = { 'X-Forwarded-For': '9.9.9.9, 203.0.113.7, 10.0.0.5' };

const trust: readonly (readonly [
  name: string,
  proxies: string[],
  header: Record<string, string>,
  client: string,
])[] = [
  ['nobody is trusted', [], FORWARDED, '127.0.0.1'],
  ['another address is trusted', ['10.0.0.0/8'], FORWARDED, '127.0.0.1'],
  ['the peer is trusted', ['127.0.0.1'], FORWARDED, '10.0.0.5'],
  ['the peer and the next proxy are trusted', ['127.0.0.0/8', '10.0.0.0/8'], FORWARDED, '203.0.113.7'],
  ['IPv6 behind a proxy', ['127.0.0.1'], { 'X-Forwarded-For': '2001:db8::1' }, '2001:db8::1'],
  ['no header', ['127.0.0.1'], {}, '127.0.0.1'],
  ['garbage in the header', ['127.0.0.1'], { 'X-Forwarded-For': '1.2.3.4, "> <script>' }, '127.0.0.1'],
];

for (const [name, proxies, headers, client] of trust) {
  test(`trusted proxies: ${name} → ${client}`, async (t) => {
    const args = proxies.flatMap((proxy) => ['--trusted-proxies', proxy]);
    const server = await startForTest(t, { root, args });
    assert.equal((await logLine(server, headers)).split(' ')[0], client);
  });
}

for (const format of ['combined', 'json']) {
  test(`a closed stdout does not matter (${format})`, async (t) => {
    const server = await startForTest(t, { root, args: ['--log-format', format] });
    server.stdout.stream.destroy();
    const client = await connect(server);
    for (let i = 0; i < 500; i++) assert.equal((await client.get('/file.txt')).text, 'hello');
    client.destroy();
    assert.deepEqual(await server.stop(), { code: 0, signal: null });
  });
}

test('a closed stderr does not matter either', async (t) => {
  const server = await startForTest(t, { root });
  server.stdout.stream.destroy();
  server.stderr.stream.destroy();
  assert.equal((await exchange(server, 'garbage\r\n\r\n'))[0]?.status, 400);
  assert.equal((await request(server, '/file.txt')).text, 'hello');
  assert.deepEqual(await server.stop(), { code: 0, signal: null });
});

test('a log that nobody reads blocks nothing; what is lost is counted', {
  skip: engineBetween,
}, async (t) => {
  const server = await startForTest(t, { root, args: ['--metrics-path', '/metrics'] });
  server.stdout.stream.pause();
  const client = await connect(server);
  // Some megabytes of log lines: more than the pipe and the server's own queue hold.
  const burst = requestText('GET', '/file.txt', { 'User-Agent': 'x'.repeat(4000) }).repeat(50);
  for (let round = 0; round < 20; round++) {
    client.write(burst);
    for (let i = 0; i < 50; i++) assert.equal((await client.response()).text, 'hello');
  }
  client.destroy();
  const { text } = await request(server, '/metrics');
  assert.ok(Number(/^mote_log_lines_dropped_total (\d+)$/m.exec(text)?.[1]) > 0, text);
  server.stdout.stream.resume();
  await server.stdout.find(/\d+ log lines dropped/);
});

test('a log that nobody reads does not hold the shutdown up', { skip: engineBetween }, async (t) => {
  const server = await startForTest(t, { root });
  server.stdout.stream.pause();
  const client = await connect(server);
  client.write(requestText('GET', '/file.txt', { 'User-Agent': 'x'.repeat(4000) }).repeat(100));
  for (let i = 0; i < 100; i++) assert.equal((await client.response()).text, 'hello');
  client.destroy();
  const began = performance.now();
  server.signal('SIGTERM');
  // The streams end only when they are read, so it is the process that must go.
  await server.ended;
  assert.ok(performance.now() - began < 3000);
  server.stdout.stream.resume();
});

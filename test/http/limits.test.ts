/** Time limits against slow clients, and the limits on connections. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setInterval } from 'node:timers';
import { makeFolder, pattern } from '../support/folder.ts';
import { type Client, connect, eventually, request, requestText } from '../support/raw.ts';
import { severalWorkers, startForFile, startForTest } from '../support/target.ts';

/** More than the socket buffers of both ends hold. */
const BIG_BYTES = 64 * 1024 * 1024;
/** The server looks at its clocks now and then; a busy machine adds to that. */
const SLACK_MS = 4000;
/** No clock needs to run out; the default for idle connections is 5 s, which would show. */
const AT_ONCE_MS = 0;

const root = makeFolder({ 'index.html': 'ok', 'big.bin': pattern(BIG_BYTES) });
const impatient = await startForFile({
  root,
  args: [
    '--header-timeout-ms',
    '600',
    '--request-timeout-ms',
    '1200',
    '--idle-timeout-ms',
    '500',
    '--send-timeout-ms',
    '1000',
  ],
});

/** Sends one byte after another until the connection ends, so that it is never silent. */
function drip(client: Client, bytes: string): void {
  let at = 0;
  const timer = setInterval(() => {
    if (client.socket.destroyed || at === bytes.length) clearInterval(timer);
    else client.write(bytes.charAt(at++));
  }, 100);
  client.socket.on('error', () => undefined);
  client.socket.once('close', () => clearInterval(timer));
}

/** Runs `wait` and checks how long it took. */
async function within(minMs: number, maxMs: number, wait: () => Promise<void>): Promise<void> {
  const began = performance.now();
  await wait();
  const tookMs = performance.now() - began;
  assert.ok(tookMs >= minMs - 50 && tookMs <= maxMs + SLACK_MS, `${tookMs} ms`);
}

async function assertTimedOut(client: Client): Promise<void> {
  const response = await client.response();
  assert.deepEqual([response.status, response.text], [408, '408 Request Timeout\n']);
  assert.match(response.header('connection') ?? '', /^close$/i);
  await client.ended();
}

test('headers that stop', async () => {
  const client = await connect(impatient);
  client.write('GET / HTTP/1.1\r\nHost: a\r\nX-');
  await within(600, 600, () => assertTimedOut(client));
});

test('headers that come byte by byte win no time (slowloris)', async () => {
  const client = await connect(impatient);
  client.write('GET / HTTP/1.1\r\n');
  drip(client, 'X-Slow: '.repeat(100));
  await within(600, 600, () => assertTimedOut(client));
});

test('slow headers of the second request on a connection', async () => {
  const client = await connect(impatient);
  assert.equal((await client.get('/')).status, 200);
  client.write('GET / HTTP/1.1\r\n');
  drip(client, 'X-Slow: '.repeat(100));
  await within(600, 600, () => assertTimedOut(client));
});

test('a body that stops', async () => {
  const client = await connect(impatient);
  client.write('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc');
  await within(1200, 1200, () => assertTimedOut(client));
});

test('a body that comes byte by byte wins no time', async () => {
  const client = await connect(impatient);
  client.write('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n');
  drip(client, 'x'.repeat(1000));
  await within(1200, 1200, () => assertTimedOut(client));
});

test('a connection that says nothing is closed', async () => {
  const client = await connect(impatient);
  await within(0, 1200, async () => {
    const bytes = (await client.gone()).toString('latin1');
    assert.match(bytes, /^(HTTP\/1\.1 408 [\s\S]*)?$/);
  });
  client.destroy();
});

test('an idle kept connection is closed without a word', async () => {
  const client = await connect(impatient);
  assert.equal((await client.get('/')).status, 200);
  await within(500, 500, () => client.ended());
});

test('a client that reads nothing is cut, and its file closed', async () => {
  const client = await connect(impatient);
  client.socket.pause();
  client.write(requestText('GET', '/big.bin'));
  await eventually(
    SLACK_MS,
    () => impatient.descriptors(root).files,
    (files) => files.length === 1,
  );
  await eventually(
    1000 + SLACK_MS,
    () => impatient.descriptors(root).files,
    (files) => files.length === 0,
  );
  client.socket.resume();
  assert.ok((await client.gone()).length < BIG_BYTES);
  client.destroy();
});

test('a client that reads nothing but goes on talking is cut too', async () => {
  const client = await connect(impatient);
  client.socket.pause();
  client.write(requestText('GET', '/big.bin'));
  drip(client, requestText('GET', '/', { 'X-Long': 'x'.repeat(1000) }));
  await eventually(
    SLACK_MS,
    () => impatient.descriptors(root).files,
    (files) => files.length === 1,
  );
  await eventually(
    1000 + SLACK_MS,
    () => impatient.descriptors(root).files,
    (files) => files.length === 0,
  );
  client.destroy();
});

test('a slow reader that makes progress is not cut', async () => {
  const client = await connect(impatient);
  client.write(requestText('GET', '/big.bin', { Connection: 'close' }));
  // Twenty pauses of a third of the time limit, spread over the whole response.
  for (let pause = 1; pause <= 10; pause++) {
    await client.received((BIG_BYTES / 11) * pause);
    client.socket.pause();
    await new Promise((resolve) => setTimeout(resolve, 330));
    client.socket.resume();
  }
  const response = await client.response();
  assert.equal(response.body.length, BIG_BYTES);
  assert.ok(response.body.equals(pattern(BIG_BYTES)));
  await client.ended();
});

test('connections over the limit get 503 and are closed; a free place is used again', {
  skip: severalWorkers,
}, async (t) => {
  const server = await startForTest(t, { root, args: ['--max-connections', '2'] });
  const [first, second] = [await connect(server), await connect(server)];
  assert.equal((await first.get('/')).status, 200);
  assert.equal((await second.get('/')).status, 200);
  const third = await connect(server);
  const refusal = await third.response();
  assert.deepEqual([refusal.status, refusal.text], [503, '503 Service Unavailable\n']);
  assert.match(refusal.header('retry-after') ?? '', /^\d+$/);
  assert.match(refusal.header('connection') ?? '', /^close$/i);
  await third.ended();
  assert.equal((await first.get('/')).status, 200, 'the others go on');
  second.destroy();
  const { value: response } = await eventually(
    SLACK_MS,
    () => request(server, '/'),
    ({ status }) => status === 200,
  );
  assert.equal(response.text, 'ok');
  first.destroy();
});

test('a flood of connections over the limit does no harm', async (t) => {
  const server = await startForTest(t, { root, args: ['--max-connections', '5'] });
  const kept = await connect(server);
  assert.equal((await kept.get('/')).status, 200);
  const flood = await Promise.all(Array.from({ length: 300 }, () => connect(server)));
  assert.equal((await kept.get('/')).status, 200);
  for (const client of flood) client.destroy();
  await eventually(
    SLACK_MS,
    () => request(server, '/').catch(() => undefined),
    (response) => response?.status === 200,
  );
  kept.destroy();
});

test('the last request that a connection may make says so and closes at once', async (t) => {
  const server = await startForTest(t, { root, args: ['--max-requests-per-connection', '3'] });
  const client = await connect(server);
  for (const last of [false, false, true]) {
    const response = await client.get('/');
    assert.equal(response.status, 200);
    assert.equal(/^close$/i.test(response.header('connection') ?? ''), last);
  }
  await within(0, AT_ONCE_MS, () => client.ended());
});

test('pipelined requests beyond the limit are not answered', async (t) => {
  const server = await startForTest(t, { root, args: ['--max-requests-per-connection', '3'] });
  const client = await connect(server);
  client.write(requestText('GET', '/').repeat(10));
  for (let i = 0; i < 3; i++) assert.equal((await client.response()).status, 200);
  await within(0, AT_ONCE_MS, () => client.ended());
});

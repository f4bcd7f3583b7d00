/** Several processes that serve as one: `--workers`. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { addTo, makeFolder, pattern } from '../support/folder.ts';
import { type Client, connect, eventually, request, requestText } from '../support/raw.ts';
import {
  engineBetween,
  run,
  type Server,
  type StartOptions,
  start,
  startForTest,
  startWith,
  without,
} from '../support/target.ts';
import { connectTo, replaceWorker, sampleBy, sampleOf } from '../support/workers.ts';

/** More than the socket buffers of both ends hold. */
const BIG = pattern(64 * 1024 * 1024);
const PATIENCE_MS = 20_000;
/** More than Node lets wait by itself. */
const MANY = 800;
const OK_REQUESTS = 'mote_http_requests_total{code="2xx"}';
const root = makeFolder({ 'index.html': 'index', 'small.txt': 'small', 'big.bin': BIG });

function startTwo(t: TestContext, { args = [], ...options }: Partial<StartOptions> = {}): Promise<Server> {
  return startForTest(t, {
    root,
    args: ['--workers', '2', '--metrics-path', '/metrics', ...args],
    ...options,
  });
}

async function downloading(client: Client): Promise<Client> {
  client.write(requestText('GET', '/big.bin'));
  await client.received(100_000);
  client.socket.pause();
  return client;
}

function areGone(pids: readonly number[]): Promise<unknown> {
  return eventually(
    PATIENCE_MS,
    () => pids.filter((pid) => existsSync(`/proc/${pid}`)),
    (left) => left.length === 0,
  );
}

const skip = engineBetween || without('workers');

test('two workers serve as one server', { skip }, async (t) => {
  const server = await startTwo(t);
  const [one = 0, other = 0] = server.workers;
  assert.equal(server.workers.length, 2);
  for (const pid of [one, other, one]) {
    const client = await connectTo(server, pid);
    assert.equal((await client.get('/small.txt')).text, 'small');
    client.destroy();
  }
  await server.stop();
  const lines = server.stdout.all.filter((line) => line.includes('/small.txt'));
  assert.equal(lines.length, 3);
  assert.deepEqual(server.stderr.all, []);
  assert.equal(server.stdout.all.filter((line) => line.startsWith('mote serves')).length, 1);
});

test('one worker is the program itself', { skip }, async (t) => {
  const server = await startForTest(t, { root, args: ['--workers', '1'] });
  assert.equal(server.workers.length, 0);
});

test('the metrics are sums, whichever worker is asked, and outlive workers', { skip }, async (t) => {
  const server = await startTwo(t);
  const [one = 0, other = 0] = server.workers;
  const clients = [await connectTo(server, one), await connectTo(server, other)];
  for (const client of clients) for (let i = 0; i < 10; i++) await client.get('/small.txt');
  const checks = 2;
  for (const client of clients) {
    const { text } = await client.get('/metrics');
    assert.match(text, /^mote_connections 2$/m);
    assert.match(text, /^mote_workers 2$/m);
  }
  // Each counts what ended before it.
  // By the one that stays: what a worker counts after it was asked for the last time is lost with it.
  const counted = await sampleBy(clients[1] as Client, OK_REQUESTS);
  assert.equal(counted, checks + 20 + 2);
  await replaceWorker(server, one);
  assert.equal(await sampleBy(clients[1] as Client, OK_REQUESTS), counted + 1);
  assert.equal(await sampleOf(server, 'mote_workers_lost_total'), 1);
  await eventually(
    PATIENCE_MS,
    () => sampleOf(server, 'mote_connections'),
    (open) => open === 2,
  );
  for (const client of clients) client.destroy();
});

test('a worker that is killed under load is replaced, and that is told once', { skip }, async (t) => {
  const server = await startTwo(t, { args: ['--log-format', 'json'] });
  const [victim = 0] = server.workers;
  let over = false;
  let cut = 0;
  let answered = 0;
  const load = Array.from({ length: 8 }, async () => {
    while (!over) {
      const response = await request(server, '/small.txt').catch(() => undefined);
      if (response?.status === 200) answered += 1;
      else cut += 1;
    }
  });
  await eventually(
    PATIENCE_MS,
    () => answered,
    (count) => count > 50,
  );
  await replaceWorker(server, victim);
  const before = answered;
  await eventually(
    PATIENCE_MS,
    () => answered,
    (count) => count > before + 50,
  );
  over = true;
  await Promise.all(load);
  assert.ok(cut <= 8, `${cut} requests were cut, at most one for each client`);
  await server.stop();
  const told = server.stdout.all.filter((line) => line.includes('a worker ended'));
  assert.equal(told.length, 1, told.join('\n'));
  assert.equal(JSON.parse(told[0] ?? '').pause_ms, 100);
  assert.match(told[0] ?? '', /a worker ended: SIGKILL/);
});

test('the pause before a worker is replaced grows', { skip }, async (t) => {
  const server = await startTwo(t);
  for (let kills = 0; kills < 3; kills++) await replaceWorker(server, server.workers[0] as number);
  const pauses = server.stdout.all.flatMap((line) => /pause_ms=(\d+)/.exec(line)?.[1] ?? []);
  assert.deepEqual(pauses, ['100', '200', '400']);
  assert.equal((await request(server, '/small.txt')).text, 'small');
});

test('connections wait while there is no worker at all', { skip }, async (t) => {
  const server = await startTwo(t);
  for (const pid of server.workers) process.kill(pid, 'SIGKILL');
  await areGone(server.workers);
  assert.equal((await request(server, '/small.txt')).text, 'small');
});

const shortQueue =
  Number(readFileSync('/proc/sys/net/core/somaxconn', 'utf8')) < MANY && 'the system allows no such queue';

test('many connections wait while all workers are busy', { skip: skip || shortQueue }, async (t) => {
  const server = await startTwo(t);
  const { workers } = server;
  for (const pid of workers) process.kill(pid, 'SIGSTOP');
  const all = Promise.all(Array.from({ length: MANY }, () => connect(server)));
  const haveRoom = await Promise.race([all.then(() => true), delay(PATIENCE_MS, false)]);
  for (const pid of workers) process.kill(pid, 'SIGCONT');
  for (const client of await all) client.destroy();
  assert.ok(haveRoom, 'the queue is long enough for all of them');
});

test('without anything in flight all of it ends at once', { skip }, async (t) => {
  const server = await startTwo(t, { args: ['--shutdown-grace-ms', '60s'] });
  for (const pid of server.workers) await connectTo(server, pid);
  const began = performance.now();
  assert.deepEqual(await server.stop(), { code: 0, signal: null });
  assert.ok(performance.now() - began < 5000);
});

test('SIGTERM lets responses of all workers finish', { skip }, async (t) => {
  const server = await startTwo(t);
  const { workers } = server;
  const clients: Client[] = [];
  for (const pid of workers) clients.push(await downloading(await connectTo(server, pid)));
  const idle = await connectTo(server, workers[0] as number);
  server.signal('SIGTERM');
  await idle.ended();
  await server.logged(/SIGTERM: finishing/);
  for (const client of clients) {
    client.socket.resume();
    assert.ok((await client.response()).body.equals(BIG));
    await client.ended();
  }
  assert.deepEqual(await server.exited, { code: 0, signal: null });
  await areGone(workers);
  assert.equal(server.stdout.all.filter((line) => line.includes('finishing what')).length, 1);
  const whole = server.stdout.all.filter(
    (line) => line.includes('/big.bin') && line.includes(` 200 ${BIG.length} `),
  );
  assert.equal(whole.length, 2, 'both downloads are in the log');
});

test('an interrupt that a terminal sends to all processes counts once', { skip }, async (t) => {
  const server = await startTwo(t);
  const { workers } = server;
  const client = await downloading(await connectTo(server, workers[0] as number));
  for (const pid of [...workers, server.pid]) process.kill(pid, 'SIGINT');
  await server.logged(/SIGINT: finishing/);
  client.socket.resume();
  assert.ok((await client.response()).body.equals(BIG));
  await client.ended();
  assert.deepEqual(await server.exited, { code: 0, signal: null });
});

test('a second signal ends all of it now', { skip }, async (t) => {
  const server = await startTwo(t, { args: ['--shutdown-grace-ms', '60s'] });
  const { workers } = server;
  const client = await downloading(await connectTo(server, workers[0] as number));
  server.signal('SIGTERM');
  await server.logged(/SIGTERM: finishing/);
  const began = performance.now();
  assert.deepEqual(await server.stop('SIGINT'), { code: 130, signal: null });
  await areGone(workers);
  assert.ok(performance.now() - began < 5000);
  client.destroy();
});

test('the grace time cuts, and the sum is told', { skip }, async (t) => {
  const server = await startTwo(t, { args: ['--shutdown-grace-ms', '300'] });
  for (const pid of server.workers) await downloading(await connectTo(server, pid));
  assert.deepEqual(await server.stop(), { code: 0, signal: null });
  await server.logged(/the grace time is over.* connections=2/);
});

test('workers end with a leader that is killed', { skip }, async (t) => {
  const server = await startTwo(t);
  const { workers } = server;
  await server.stop('SIGKILL');
  await areGone(workers);
});

test('lines of the log are whole, however long and from whichever worker', { skip }, async (t) => {
  const server = await startTwo(t, { args: ['--max-target-bytes', '16000', '--max-header-bytes', '32000'] });
  const target = (mark: number) => `/small.txt?mark=${mark}.${'x'.repeat(8000)}`;
  const clients: Client[] = [];
  for (const pid of server.workers) for (let i = 0; i < 8; i++) clients.push(await connectTo(server, pid));
  const each = 20;
  await Promise.all(
    clients.map(async (client, number) => {
      for (let i = 0; i < each; i++) assert.equal((await client.get(target(number * each + i))).status, 200);
    }),
  );
  await server.stop();
  const line =
    /^127\.0\.0\.1 - - \[[^\]]+\] "GET \/small\.txt\?mark=(\d+)\.x{8000} HTTP\/1\.1" 200 5 "-" "-"$/;
  const marks = server.stdout.all.flatMap((text) => {
    if (!text.includes('xxx')) return [];
    return Number(line.exec(text)?.[1] ?? assert.fail(`torn: ${text.slice(0, 200)}`));
  });
  const expected = Array.from({ length: clients.length * each }, (_, index) => index);
  assert.deepEqual(
    marks.toSorted((a, b) => a - b),
    expected,
  );
});

describe('a start that fails ends as with one worker', { skip: without('workers') }, () => {
  const ends = async (args: readonly string[]) => {
    const [one, two] = [await run([...args, '--workers', '1']), await run([...args, '--workers', '2'])];
    assert.deepEqual([two.code, two.stderr, two.stdout], [one.code, one.stderr, one.stdout]);
    return two;
  };

  test('a port in use', async (t) => {
    const server = await startForTest(t, { root });
    const { code, stderr } = await ends([root, String(server.port)]);
    assert.equal(code, 1);
    assert.match(stderr, /^mote: cannot listen on port \d+: already in use; [^\n]+\n$/);
  });

  test('a missing folder', async () => {
    assert.equal((await ends([join(root, 'nosuch'), '0'])).code, 1);
  });

  test('an address of another machine', async () => {
    assert.equal((await ends([root, '0', '--host', '192.0.2.1'])).code, 1);
  });
});

test('a unix socket', { skip }, async (t) => {
  const path = join(makeFolder(), 'mote.sock');
  const args = ['--host', path, '--workers', '2'];
  const server = await startForTest(t, { root, args });
  assert.equal(server.startLine, `mote serves ${root} on unix:${path}`);
  assert.equal((await request({ path }, '/small.txt')).text, 'small');
  assert.equal((await run(['healthcheck', '--host', path])).code, 0);
  assert.match((await run([root, '0', ...args])).stderr, /^[^\n]*already in use[^\n]*\n$/);
  await replaceWorker(server, server.workers[0] as number);
  assert.equal((await request({ path }, '/small.txt')).text, 'small');
  await server.stop('SIGKILL');
  assert.equal(existsSync(path), true);
  const next = await startForTest(t, { root, args });
  assert.equal((await request({ path }, '/small.txt')).text, 'small');
  await next.stop();
  assert.equal(existsSync(path), false, 'the socket is removed at the end');
});

test('a health check', { skip: without('workers') }, async (t) => {
  const server = await startTwo(t);
  assert.equal((await run(['healthcheck', '--port', String(server.port)])).code, 0);
});

test('the configuration is read once, for workers that come later too', { skip }, async (t) => {
  const folder = makeFolder({ 'mote.json': JSON.stringify({ csp: "default-src 'self'", workers: 2 }) });
  const file = join(folder, 'mote.json');
  const server = await startWith([root, '0', '--config', file]);
  t.after(() => server.stop());
  addTo(folder, { 'mote.json': '{"csp": "default-src *"' });
  writeFileSync(join(root, 'late.txt'), 'late');
  for (const pid of server.workers) await replaceWorker(server, pid);
  for (let i = 0; i < 4; i++) {
    const { text, header } = await request(server, '/late.txt');
    assert.deepEqual([text, header('content-security-policy')], ['late', "default-src 'self'"]);
  }
});

test('a worker that cannot start later is tried again', { skip }, async (t) => {
  const folder = makeFolder({ 'site/index.html': 'index' });
  const server = await start({ root: join(folder, 'site'), args: ['--workers', '2'] });
  t.after(() => server.stop());
  assert.equal((await request(server, '/')).text, 'index');
  renameSync(join(folder, 'site'), join(folder, 'away'));
  process.kill(server.workers[0] as number, 'SIGKILL');
  await server.logged(/a worker ended: cannot serve \S+: no such file or folder/);
  renameSync(join(folder, 'away'), join(folder, 'site'));
  await eventually(
    PATIENCE_MS,
    () => server.workers.length,
    (count) => count === 2,
  );
  assert.equal((await request(server, '/')).text, 'index');
});

test('auto starts', async (t) => {
  const server = await startForTest(t, { root, args: ['--workers', 'auto'] });
  assert.equal((await request(server, '/small.txt')).text, 'small');
});

test('connections of all workers together are limited', { skip }, async (t) => {
  const server = await startTwo(t, { args: ['--max-connections', '4'] });
  const [one = 0] = server.workers;
  const clients = [await connectTo(server, one), await connectTo(server, one)];
  // The half of this worker is used up.
  await assert.rejects(connectTo(server, one), /503/);
  for (const client of clients) client.destroy();
});

/** Notify behind several workers: one queue, one memory, one spool, whichever worker has the connection. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { makeFolder } from '../support/folder.ts';
import { ann, ask, hashOf, notifyFile, send, TOKEN } from '../support/notify.ts';
import { type Client, eventually } from '../support/raw.ts';
import { json, type StandIn, startStandIn } from '../support/stand-in.ts';
import { engineBetween, type Server, startForTest, without } from '../support/target.ts';
import { connectTo, replaceWorker, sampleOf } from '../support/workers.ts';

const PATIENCE_MS = 20_000;
const LONG_TOKEN = 'mote_0123456789-0123456789_0123456789-01234567890';
const DIALECTS = 'gotify,ntfy,bark,apprise,alertmanager';
const skip = engineBetween || without('workers');

interface Notifying {
  readonly server: Server;
  readonly hook: StandIn;
  /** The titles that were delivered. */
  readonly titles: () => readonly string[];
}

async function startNotifying(
  t: TestContext,
  { args = [] as readonly string[], delay = async () => {} } = {},
): Promise<Notifying> {
  const hook = await startStandIn(async () => {
    await delay();
    return json({ ok: true });
  });
  t.after(() => hook.close());
  const webhook = { kind: 'webhook', url: hook.origin, allowAddresses: ['127.0.0.1'] };
  const file = notifyFile(
    { hook: { ...webhook, json: { title: '{{title}}' } } },
    { ann: { ...ann, tokens: [TOKEN, LONG_TOKEN].map(hashOf) } },
  );
  const all = ['--workers', '2', '--metrics-path', '/metrics', '--notify', file, ...args];
  const server = await startForTest(t, { root: makeFolder({ 'index.html': 'index' }), args: all });
  const titles = () => hook.received.map(({ body }) => JSON.parse(String(body)).title as string);
  return { server, hook, titles };
}

function post(
  client: Client,
  body: string,
  fields: Readonly<Record<string, string>> = {},
  path = '/notify',
): Client {
  const all = {
    Host: 'localhost',
    Authorization: `Bearer ${TOKEN}`,
    'Content-Type': 'application/json',
    'Content-Length': String(Buffer.byteLength(body)),
    ...fields,
  };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return client.write(Buffer.from(`POST ${path} HTTP/1.1\r\n${lines.join('')}\r\n${body}`));
}

async function both(server: Server): Promise<[Client, Client]> {
  const [one = 0, other = 0] = server.workers;
  return [await connectTo(server, one), await connectTo(server, other)];
}

test('the same key by different workers is one message', { skip }, async (t) => {
  const { server, titles } = await startNotifying(t);
  const clients = await both(server);
  for (const client of clients) post(client, '{"title":"once"}', { 'Idempotency-Key': 'k' });
  const responses = await Promise.all(clients.map((client) => client.response('POST')));
  const [first, second] = responses.map(({ status, text }) => ({ ...JSON.parse(text), status }));
  assert.deepEqual([first.status, second.status, first.id], [200, 200, second.id]);
  assert.deepEqual([first.repeated, second.repeated].filter(Boolean), [true]);
  assert.deepEqual(titles(), ['once']);
  // Either worker knows it.
  for (const client of clients) {
    const status = await client.get(`/notify/${first.id}`, { Authorization: `Bearer ${TOKEN}` });
    assert.equal(status.status, 200);
    client.destroy();
  }
});

test('wrong tokens are counted together', { skip }, async (t) => {
  const { server } = await startNotifying(t);
  const statuses: number[] = [];
  for (let guess = 0; guess < 12; guess++) {
    const [client, other] = await both(server);
    post(guess % 2 === 0 ? client : other, '{"title":"x"}', {
      Authorization: `Bearer wrong-token-number-${guess}`,
    });
    statuses.push((await (guess % 2 === 0 ? client : other).response('POST')).status);
    client.destroy();
    other.destroy();
  }
  const alone = statuses.indexOf(429);
  assert.ok(alone > 0 && alone <= 11, statuses.join(' '));
  assert.equal((await send(server, { title: 'good' })).http, 200, 'a good token is never refused for that');
});

test('a client that left one worker and repeats at the other has sent one message', { skip }, async (t) => {
  let open = () => {};
  const gate = new Promise<void>((resolve) => {
    open = resolve;
  });
  const { server, hook, titles } = await startNotifying(t, { delay: () => gate });
  const [client, other] = await both(server);
  post(client, '{"title":"alarm"}');
  await eventually(
    PATIENCE_MS,
    () => hook.received.length,
    (count) => count === 1,
  );
  client.destroy();
  post(other, '{"title":"alarm"}');
  await new Promise((resolve) => setTimeout(resolve, 300));
  open();
  const { status, text } = await other.response('POST');
  assert.deepEqual([status, JSON.parse(text).repeated], [200, true]);
  // While clients stay, two equal requests are two alarms.
  assert.equal((await send(server, { title: 'alarm' })).repeated, undefined);
  assert.deepEqual(titles(), ['alarm', 'alarm']);
  other.destroy();
});

test('a worker that hangs does not hold up the same message by another one', { skip }, async (t) => {
  const { server, hook, titles } = await startNotifying(t, { delay: () => gate });
  const [victim = 0] = server.workers;
  const { promise: gate, resolve: open } = Promise.withResolvers<void>();
  const [client, other] = await both(server);
  post(client, '{"title":"alarm"}');
  await eventually(
    PATIENCE_MS,
    () => hook.received.length,
    (count) => count === 1,
  );
  process.kill(victim, 'SIGSTOP');
  post(other, '{"title":"alarm"}');
  // Whether the first client has left is not known: twice is better than never.
  await eventually(
    PATIENCE_MS,
    () => hook.received.length,
    (count) => count === 2,
  );
  open();
  assert.equal((await other.response('POST')).status, 200);
  assert.deepEqual(titles(), ['alarm', 'alarm']);
  process.kill(victim, 'SIGCONT');
  for (const one of [client, other]) one.destroy();
});

test('a worker that is killed with a request under way loses nothing', { skip }, async (t) => {
  let open = () => {};
  const gate = new Promise<void>((resolve) => {
    open = resolve;
  });
  const { server, hook, titles } = await startNotifying(t, {
    delay: () => gate,
    args: ['--spool', makeFolder()],
  });
  const [victim = 0] = server.workers;
  const client = await connectTo(server, victim);
  post(client, '{"title":"alarm"}');
  await eventually(
    PATIENCE_MS,
    () => hook.received.length,
    (count) => count === 1,
  );
  await replaceWorker(server, victim);
  await client.gone();
  // The sender repeats what got no response.
  const again = send(server, { title: 'alarm' });
  open();
  assert.deepEqual(await again.then(({ http, repeated }) => [http, repeated]), [200, true]);
  assert.deepEqual(titles(), ['alarm']);
});

test('no message that was accepted is lost while workers are killed', {
  skip,
  timeout: 120_000,
}, async (t) => {
  const { server, titles } = await startNotifying(t, {
    args: ['--spool', makeFolder(), '--notify-wait', '0'],
  });
  const accepted: string[] = [];
  let over = false;
  const senders = Array.from({ length: 6 }, async (_, sender) => {
    for (let number = 0; !over; number++) {
      const title = `${sender}.${number}`;
      for (let isAccepted = false; !isAccepted; ) {
        const result = await send(server, { title }, { 'Idempotency-Key': title }).catch(() => undefined);
        isAccepted = result !== undefined && result.http >= 200 && result.http < 300;
        if (isAccepted) accepted.push(title);
      }
    }
  });
  for (let kills = 0; kills < 4; kills++) {
    const before = accepted.length;
    await eventually(
      PATIENCE_MS,
      () => accepted.length,
      (count) => count > before + 20,
    );
    await replaceWorker(server, server.workers[kills % 2] as number);
  }
  over = true;
  await Promise.all(senders);
  await eventually(
    PATIENCE_MS,
    () => new Set(titles()).size,
    (count) => count >= accepted.length,
  );
  assert.deepEqual(titles().toSorted(), accepted.toSorted(), 'each is delivered, and once');
});

test('large alerts have room in every worker', { skip }, async (t) => {
  const { server, titles } = await startNotifying(t, { args: ['--notify-dialects', DIALECTS] });
  const alert = { status: 'firing', labels: { alertname: 'Disk', pad: 'x'.repeat(500) }, annotations: {} };
  const group = {
    version: '4',
    groupKey: 'g',
    status: 'firing',
    receiver: 'r',
    alerts: Array(2000).fill(alert),
  };
  for (const client of await both(server)) {
    const body = JSON.stringify({ ...group, groupKey: `g${titles().length}` });
    assert.ok(body.length > 1024 * 1024);
    assert.equal((await post(client, body, {}, '/notify/alertmanager').response('POST')).status, 200);
    // Without a token that is known there is no such room.
    client.destroy();
  }
  const [client] = await both(server);
  const refused = await post(client, 'x'.repeat(70_000), {
    Authorization: 'Bearer nobody-has-this-token',
  }).response('POST');
  assert.equal(refused.status, 401, 'the token matters more than the size');
  assert.equal(titles().length, 2);
});

test('dialects, their probes, the page and files work as with one worker', { skip }, async (t) => {
  const { server, titles } = await startNotifying(t, { args: ['--notify-dialects', DIALECTS] });
  for (const client of await both(server)) {
    assert.equal((await client.get('/')).text, 'index');
    assert.equal((await client.get('/ping')).status, 200);
    assert.match((await client.get('/notify')).header('content-type') ?? '', /html/);
    assert.equal((await client.get(`/${LONG_TOKEN}/by%20get/text`)).status, 200);
    assert.equal(
      (await post(client, '{"topic":"x","title":"by ntfy"}', {}, '/').response('POST')).status,
      200,
    );
    assert.equal((await client.write('DELETE / HTTP/1.1\r\nHost: x\r\n\r\n').response()).status, 405);
    client.destroy();
  }
  assert.deepEqual(titles().toSorted(), ['by get', 'by get', 'by ntfy', 'by ntfy']);
  assert.equal(await sampleOf(server, 'mote_notify_attempts_total{channel="hook",result="delivered"}'), 4);
  await server.stop();
  assert.doesNotMatch(server.stdout.all.join('\n'), new RegExp(LONG_TOKEN), 'tokens are not in the log');
});

test('a spool has one owner, and what is in flight is finished at the end', { skip }, async (t) => {
  const spool = makeFolder();
  const { server, titles } = await startNotifying(t, {
    args: ['--spool', spool],
    delay: () => new Promise((resolve) => setTimeout(resolve, 500)),
  });
  const clients = await both(server);
  for (const [number, client] of clients.entries()) post(client, `{"title":"last ${number}"}`);
  await eventually(
    PATIENCE_MS,
    () => titles().length,
    (count) => count === 2,
  );
  server.signal('SIGTERM');
  for (const client of clients) assert.equal((await client.response('POST')).status, 200);
  assert.deepEqual(await server.exited, { code: 0, signal: null });
  assert.equal(await ask({ port: server.port }).catch(() => undefined), undefined);
});

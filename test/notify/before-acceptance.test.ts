/** Before a message is in: large bodies, bad tokens, clients that leave before the response. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect as connectTcp, type Socket } from 'node:net';
import { after, describe, test } from 'node:test';
import { makeFolder } from '../support/folder.ts';
import { hashOf, notifyFile } from '../support/notify.ts';
import { startStandIn } from '../support/stand-in.ts';
import { start, without } from '../support/target.ts';

const TOKEN = 'token-of-ann-in-this-file';
const MIB = 1024 * 1024;
const REVOKED = 'token-that-was-revoked';

let responding = true;
const waiting: (() => void)[] = [];
const delivered: string[] = [];
const hook = await startStandIn(async ({ body }) => {
  delivered.push(JSON.parse(String(body)).text);
  if (!responding) await new Promise<void>((resolve) => waiting.push(resolve));
  return { status: 204 };
});
after(() => hook.close());
const webhook = { kind: 'webhook', allowAddresses: ['127.0.0.1'], url: `${hook.origin}/` };
const limit = { burst: 10_000, perMinute: 1_000_000 };
const file = notifyFile(
  { hook: { ...webhook, json: { text: '{{text}}' } } },
  { ann: { tokens: [hashOf(TOKEN)], ...limit } },
);
const root = makeFolder({ 'index.html': 'the site' });
const args = ['--notify', file, '--notify-dialects', 'alertmanager,gotify,ntfy,apprise'];
const server = await start({ root, args });
after(() => server.stop());
const origin = `http://127.0.0.1:${server.port}`;
const bearer = (token: string) => ({ Authorization: `Bearer ${token}` });

/** An alert group of `count` alerts, about 950 bytes each, as Alertmanager writes it. */
function groupOf(count: number): string {
  const alerts = Array.from({ length: count }, (_, index) => ({
    status: 'firing',
    labels: { alertname: 'DiskFull', instance: `web-${index}`, pad: 'x'.repeat(780) },
    annotations: { summary: `The disk of web-${index} is full` },
    startsAt: '2026-01-02T03:04:05Z',
    endsAt: '0001-01-01T00:00:00Z',
    fingerprint: String(index),
  }));
  return JSON.stringify({ version: '4', groupKey: `g${count}`, status: 'firing', alerts });
}

describe('large bodies', () => {
  const isSmall = without('largeMessages');
  const post = (path: string, body: string, headers: Record<string, string>) =>
    fetch(`${origin}${path}`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', ...headers },
      body,
    });

  for (const count of [70, 4000]) {
    test(`${count} alerts arrive`, { skip: count > 200 && isSmall }, async () => {
      const body = groupOf(count);
      assert.ok(body.length > 65_536 && body.length < 4 * MIB, String(body.length));
      const before = delivered.length;
      const response = await post('/notify/alertmanager', body, bearer(TOKEN));
      assert.equal(response.status, 200, await response.text());
      assert.match(delivered[before] ?? '', /and \d+ more/);
      assert.ok(delivered[before]?.startsWith(`**Firing (${count})**`));
    });
  }

  test('a text beyond the limit arrives shortened, and says so', async () => {
    const before = delivered.length;
    const bytes = isSmall ? 200_000 : MIB;
    const texts = ['测'.repeat(20_000), 'x'.repeat(bytes)];
    for (const text of texts) {
      const headers = { ...bearer(TOKEN), 'Content-Type': 'text/plain' };
      assert.equal((await post('/topic', text, headers)).status, 200);
      assert.equal((await post('/notify', text, headers)).status, 200);
    }
    const notes = delivered.slice(before).map((text) => /\(cut: the text has (\d+) bytes/.exec(text)?.[1]);
    assert.deepEqual(notes, ['60000', '60000', String(bytes), String(bytes)]);
  });

  const refusals: readonly [name: string, headers: Record<string, string>, status: number][] = [
    ['without a token', {}, 413],
    ['with a bad token', bearer('token-of-a-stranger'), 401],
  ];
  for (const [name, headers, status] of refusals) {
    test(`${name} not a byte of it is waited for`, async () => {
      const lines = Object.entries({ Host: 'a', 'Content-Length': String(3 * MIB), ...headers });
      const socket = await open();
      socket.write(
        `POST /notify/alertmanager HTTP/1.1\r\n${lines.map(([key, value]) => `${key}: ${value}\r\n`).join('')}\r\n`,
      );
      const response = await readAll(socket);
      assert.match(response, new RegExp(`^HTTP/1.1 ${status} `));
      assert.match(response, /\r\n\r\n\{"status":"error","error":"/);
    });
  }

  test('more of them at a time than there is memory for come again', async () => {
    const head = `POST /notify/alertmanager HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${TOKEN}\r\n`;
    const mostBytes = isSmall ? MIB / 4 : 4 * MIB;
    const sockets: Socket[] = [];
    for (let i = 0; i < 2; i++) {
      const socket = await open();
      socket.write(`${head}Content-Length: ${mostBytes}\r\nExpect: 100-continue\r\n\r\n`);
      await once(socket, 'data');
      sockets.push(socket);
    }
    const body = groupOf(70);
    const refused = await post('/notify/alertmanager', body, bearer(TOKEN));
    assert.deepEqual([refused.status, refused.headers.get('retry-after')], [503, '2']);
    const ended = sockets.map((socket) => once(socket, 'close'));
    for (const socket of sockets) socket.destroy();
    await Promise.all(ended);
    for (let tries = 0; tries < 100; tries++) {
      if ((await post('/notify/alertmanager', body, bearer(TOKEN))).status === 200) return;
    }
    assert.fail('the memory was not given back');
  });
});

test('a stale token locks nobody out, and guesses are slowed down', async (t) => {
  const fresh = await start({ root, args });
  t.after(() => fresh.stop());
  const ask = async (token: string) => {
    const target = `http://127.0.0.1:${fresh.port}/notify/channels`;
    const { status, headers } = await fetch(target, { headers: bearer(token) });
    return `${status} ${headers.get('connection')}`;
  };
  for (let round = 0; round < 10; round++) {
    assert.equal(await ask(REVOKED), '401 keep-alive');
  }
  const guesses: string[] = [];
  for (let guess = 0; guess < 8; guess++) guesses.push(await ask(`guess-${guess}-of-a-token`));
  assert.deepEqual(guesses.slice(0, 4), Array(4).fill('401 keep-alive'));
  assert.equal(guesses.at(-1), '429 close');
  assert.equal(await ask(TOKEN), '200 keep-alive');
});

describe('raw UTF-8 in the query', () => {
  const auth = `Host: a\r\nAuthorization: Bearer ${TOKEN}\r\n`;
  const ask = async (...packets: (string | Buffer)[]) => {
    const socket = await open();
    socket.setNoDelay();
    for (const packet of packets) {
      socket.write(packet);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    return readAll(socket);
  };

  test('with the body in a packet of its own', async () => {
    const response = await ask(
      `POST /topic?title=测试 HTTP/1.1\r\n${auth}Content-Length: 10\r\n\r\n`,
      'raw',
      ' target',
    );
    assert.match(response, /^HTTP\/1\.1 200 [\s\S]*"title":"测试","message":"raw target"/);
    assert.equal(delivered.at(-1), 'raw target');
  });

  for (const [name, fields] of [
    ['in the packet of its head', ''],
    ['chunked', 'Transfer-Encoding: chunked\r\n'],
  ]) {
    // Heads of more than 256 bytes are given to the parser without what follows them.
    test(`with a large head and the body ${name}`, async () => {
      const body = fields ? '5\r\nlarge\r\n5\r\n head\r\n0\r\n\r\n' : 'large head';
      const head = `${auth}User-Agent: ${'x'.repeat(300)}\r\n${fields || 'Content-Length: 10\r\n'}`;
      const answer = await ask(`POST /topic?title=测试 HTTP/1.1\r\n${head}\r\n${body}`);
      assert.match(answer, /^HTTP\/1\.1 200 [\s\S]*"title":"测试","message":"large head"/);
    });
  }

  test('such a connection is counted once, and a shutdown waits for its answer', async (t) => {
    const args = ['--notify', file, '--notify-dialects', 'ntfy', '--max-connections', '2'];
    const own = await start({ root, args: [...args, '--metrics-path', '/metrics'] });
    t.after(() => own.stop());
    responding = false;
    t.after(() => (responding = true));
    const socket = connectTcp(own.port, '127.0.0.1');
    const count = delivered.length;
    socket.write(`POST /topic?title=测试 HTTP/1.1\r\n${auth}Content-Length: 4\r\n\r\nlate`);
    const answer = readAll(socket);
    while (delivered.length === count) await new Promise((resolve) => setTimeout(resolve, 5));
    const metrics = await fetch(`http://127.0.0.1:${own.port}/metrics`);
    assert.match(await metrics.text(), /^mote_connections 2$/m);
    const stopped = own.stop();
    await own.stdout.find(/SIGTERM/);
    for (const respond of waiting.splice(0)) respond();
    assert.match(await answer, /^HTTP\/1\.1 200 /);
    await stopped;
  });

  test('a file, and what follows on the connection is not read', async () => {
    const response = await ask(`GET /?测试 HTTP/1.1\r\n${auth}\r\nGET / HTTP/1.1\r\n${auth}\r\n`);
    assert.match(response, /^HTTP\/1\.1 200 [\s\S]*Connection: close\r\n[\s\S]*\r\nthe site$/);
  });

  const refused: readonly [name: string, request: Buffer][] = [
    ['what is not UTF-8', Buffer.from(`GET /?\xe9 HTTP/1.1\r\n${auth}\r\n`, 'latin1')],
    ['a second mistake', Buffer.from('GET /?é HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n')],
    ['raw UTF-8 in the path', Buffer.from('GET /é?é HTTP/1.1\r\nHost: a\r\n\r\n')],
    ['a path that leads out', Buffer.from('GET /../x?é HTTP/1.1\r\nHost: a\r\n\r\n')],
  ];
  for (const [name, request] of refused) {
    test(`${name} is refused`, async () => assert.match(await ask(request), /^HTTP\/1\.1 400 /));
  }

  test('a client that leaves does no harm', async () => {
    for (let i = 0; i < 20; i++) {
      const socket = await open();
      socket.write(`GET /?é HTTP/1.1\r\n${auth}\r\n`);
      if (i % 2) socket.resetAndDestroy();
      else socket.destroy();
    }
    assert.match(await ask(`GET /?测试 HTTP/1.1\r\n${auth}\r\n`), /^HTTP\/1\.1 200 /);
  });
});

describe('a client that leaves before the response', () => {
  const request = (body: string) =>
    `POST /message HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${TOKEN}\r\n` +
    `Content-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
  const send = async (text: string) => {
    const socket = await open();
    socket.write(request(JSON.stringify({ message: text })));
    return socket;
  };
  const count = (text: string) => delivered.filter((one) => one === text).length;

  test('and sends the same again is heard once', async () => {
    responding = false;
    const first = await send('left');
    await until(() => count('left') === 1);
    const closed = once(first, 'close');
    first.destroy();
    await closed;
    const second = await send('left');
    const response = await once(second, 'data');
    second.destroy();
    assert.match(String(response), /^HTTP\/1\.1 200 /);
    responding = true;
    for (const resolve of waiting.splice(0)) resolve();
    const third = await send('another');
    await once(third, 'data');
    third.destroy();
    assert.equal(count('left'), 1);
  });

  test('two that were both answered are two', async () => {
    for (let i = 0; i < 2; i++) {
      const socket = await send('twice');
      await once(socket, 'data');
      socket.destroy();
    }
    assert.equal(count('twice'), 2);
  });

  test('nobody waits for more than 3 s', async () => {
    responding = false;
    const startMs = performance.now();
    const response = await fetch(`${origin}/topic`, { method: 'POST', headers: bearer(TOKEN), body: 'slow' });
    const tookMs = performance.now() - startMs;
    responding = true;
    for (const resolve of waiting.splice(0)) resolve();
    assert.equal(response.status, 200);
    assert.ok(tookMs > 1000 && tookMs < 3000, `${tookMs} ms`);
  });
});

async function open(): Promise<Socket> {
  const socket = connectTcp(server.port, '127.0.0.1');
  await once(socket, 'connect');
  return socket;
}

async function readAll(socket: Socket): Promise<string> {
  let text = '';
  for await (const chunk of socket) text += chunk;
  return text;
}

async function until(holds: () => boolean): Promise<void> {
  for (let i = 0; i < 1000 && !holds(); i++) await new Promise((resolve) => setTimeout(resolve, 10));
  assert.ok(holds());
}

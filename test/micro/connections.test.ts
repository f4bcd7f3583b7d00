/** mote-micro: many clients, slow ones, rude ones. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { lacking } from '../../scripts/test/lacking.ts';
import { pattern } from '../support/folder.ts';
import { cannotRunMicro, freePort, type Micro, program, startMicro } from '../support/micro.ts';
import { type Client, connect, eventually, request, requestText } from '../support/raw.ts';

const PAGE = '<!doctype html><title>mote</title><p>a page';
const BIG = pattern(20_000_003);
const PATIENCE_MS = 10_000;
/** Two ticks of the slowest clock in use, and the sleep of an idle program. */
const DROP_LIMIT_MS = 50_000;
const big = cannotRunMicro ? '' : program('standard', BIG, { contentType: 'application/octet-stream' });

async function served(server: Micro): Promise<void> {
  assert.equal((await request(server, '/')).text, PAGE);
}

async function quiet(server: Micro, descriptors: number): Promise<void> {
  await eventually(PATIENCE_MS, server.descriptors, (now) => now <= descriptors);
}

const many = (count: number, server: Micro): Promise<Client[]> =>
  Promise.all(Array.from({ length: count }, () => connect(server)));

const beginnings = [
  '',
  'G',
  'GET / HTTP/1.1\r\nHo',
  requestText('GET', '/').repeat(3),
  'POST / H\r\n\r\nabc',
];

/** Some clients send something, and are gone, in three ways. */
async function leave(server: Micro, bytes: string): Promise<void> {
  for (const way of ['destroy', 'resetAndDestroy', 'destroySoon'] as const) {
    for (const client of await many(20, server)) {
      client.write(bytes);
      client.socket[way]();
      client.socket.resume();
    }
  }
}

describe('mote-micro', { skip: cannotRunMicro, concurrency: true }, () => {
  for (const profile of ['standard', 'full', 'site'])
    describe(profile, { concurrency: true }, () => {
      const small = program(profile, PAGE);

      test('requests split at every position, and one byte at a time', async (t) => {
        const server = await startMicro(t, small, { port: await freePort() });
        const bytes = `${requestText('GET', '/?q')}${requestText('HEAD', '/')}${requestText('GET', '/x')}`;
        const client = await connect(server);
        const check = async () => {
          assert.equal((await client.response()).text, PAGE);
          assert.equal((await client.response('HEAD')).header('content-length'), String(PAGE.length));
          assert.equal((await client.response()).status, 404);
        };
        for (let at = 1; at < bytes.length; at++) {
          client.write(bytes.slice(0, at));
          await delay(1);
          client.write(bytes.slice(at));
          await check();
        }
        for (const byte of bytes) {
          client.write(byte);
          await delay(0);
        }
        await check();
        assert.equal(client.waiting, 0);
        client.destroy();
      });

      test('a request longer than every buffer', async (t) => {
        const server = await startMicro(t, small, { port: await freePort() });
        const client = await connect(server);
        for (const length of [90, 119, 120, 121, 4000, 100_000]) {
          client.write(requestText('GET', '/', { 'X-Long': 'x'.repeat(length) }));
          assert.equal((await client.response()).text, PAGE);
        }
        client.destroy();
      });

      test('a client that closes its half gets all responses', async (t) => {
        const server = await startMicro(t, small, { port: await freePort() });
        const client = await connect(server);
        client.socket.end(requestText('GET', '/').repeat(5));
        for (let count = 0; count < 5; count++) assert.equal((await client.response()).text, PAGE);
        await client.ended();
      });

      test('deep pipelining, with a reader and without one', async (t) => {
        const server = await startMicro(t, small, { port: await freePort() });
        const before = server.descriptors();
        const [client, deaf] = await many(2, server);
        assert.ok(client && deaf);
        deaf.socket.pause();
        deaf.write(requestText('GET', '/').repeat(100_000));
        client.write(requestText('GET', '/').repeat(2000));
        for (let count = 0; count < 2000; count++) assert.equal((await client.response()).text, PAGE);
        await served(server);
        const busy = server.cpuSeconds();
        await delay(500);
        assert.ok(server.cpuSeconds() - busy < 0.2, 'waiting for the reader takes no time');
        deaf.socket.resume();
        await deaf.received(100_000 * PAGE.length);
        client.destroy();
        deaf.destroy();
        await quiet(server, before);
      });

      for (const head of [
        'POST / HTTP/1.1\r\nContent-Length: 60000',
        'GET / HTTP/1.1\r\ncontent-length:60000',
      ]) {
        test(`no body is taken for requests: ${head.slice(0, 4)}`, async (t) => {
          const server = await startMicro(t, small, { port: await freePort() });
          const before = server.descriptors();
          const client = await connect(server);
          client.write(`${head}\r\n\r\n${requestText('GET', '/').repeat(1500)}`);
          assert.equal((await client.response()).status, head.startsWith('GET') ? 200 : 405);
          await client.ended();
          await quiet(server, before);
        });
      }

      test('200 connections, half of them stalled', async (t) => {
        const server = await startMicro(t, small, { port: await freePort() });
        const before = server.descriptors();
        const clients = await many(200, server);
        const bytes = requestText('GET', '/');
        for (const [index, client] of clients.entries()) {
          client.write(index % 2 ? bytes : bytes.slice(0, index % bytes.length));
        }
        await Promise.all(clients.filter((_, index) => index % 2).map((client) => client.response()));
        await Promise.all(clients.filter((_, index) => index % 2).map((client) => client.get('/')));
        for (const client of clients) client.destroy();
        await quiet(server, before);
        await served(server);
      });

      test('silent, slow and idle connections are dropped, and readers are not', async (t) => {
        const [server, bigServer] = await Promise.all([
          freePort().then((port) => startMicro(t, small, { port })),
          freePort().then((port) => startMicro(t, big, { port })),
        ]);
        const before = server.descriptors();
        const [silent, slow, idle] = await many(3, server);
        assert.ok(silent && slow && idle);
        const reader = await connect(bigServer);
        reader.write(requestText('GET', '/'));
        await idle.get('/');
        const began = performance.now();
        const writer = setInterval(() => slow.write('x'), 200);
        // Takes a little at a time, so that the server has something to send all the while, and never stops for long.
        const pause = () => reader.socket.pause();
        reader.socket.on('data', pause);
        const steps = setInterval(() => reader.socket.resume(), 200);
        t.after(() => [writer, steps].map(clearInterval));
        await Promise.all([silent, slow, idle].map((client) => goneWithin(client, DROP_LIMIT_MS)));
        assert.ok(performance.now() - began > 2000, 'not at once');
        clearInterval(steps);
        reader.socket.off('data', pause).resume();
        assert.ok((await reader.response()).body.equals(BIG));
        await served(server);
        await quiet(server, before);
      });

      test('clients that reset or leave at any moment', async (t) => {
        const [server, bigServer] = await Promise.all([
          freePort().then((port) => startMicro(t, small, { port })),
          freePort().then((port) => startMicro(t, big, { port })),
        ]);
        for (const one of [server, bigServer]) {
          const before = one.descriptors();
          for (const bytes of beginnings) await leave(one, bytes);
          await quiet(one, before);
        }
        await served(server);
      });

      test('out of descriptors it lives and recovers', {
        skip: lacking({ prlimit: 'util-linux' }),
      }, async (t) => {
        const server = await startMicro(t, small, { port: await freePort() });
        const before = server.descriptors();
        execFileSync('prlimit', ['--pid', String(server.pid), `--nofile=${before + 20}`]);
        const clients = await many(60, server);
        for (const client of clients) client.write(requestText('GET', '/'));
        await Promise.all(clients.slice(0, 15).map((client) => client.received(PAGE.length)));
        for (const client of clients) client.destroy();
        await eventually(
          PATIENCE_MS,
          () =>
            served(server).then(
              () => true,
              () => false,
            ),
          Boolean,
        );
        await quiet(server, before);
      });

      test('random bytes do no harm', async (t) => {
        const server = await startMicro(t, small, { port: await freePort() });
        const before = server.descriptors();
        let seed = 1;
        const random = (below: number) => {
          seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0;
          return Math.floor((seed / 2 ** 32) * below);
        };
        const words = [
          'GET ',
          'HEAD ',
          'POST ',
          '/',
          ' ',
          '?',
          ' HTTP/1.1',
          '\r\n',
          '\n',
          '\r\n\r\n',
          'close',
          'Content-Length: 3',
          'docs/index.html',
          '\r\nIf-None-Match: "*',
          '\r\nAccept-Encoding: gzip,',
        ];
        for (let round = 0; round < 60; round++) {
          const clients = await many(10, server);
          for (const client of clients) {
            const parts = Array.from({ length: random(40) }, () =>
              random(3) ? Buffer.from(words[random(words.length)] as string) : Buffer.from([random(256)]),
            );
            client.socket.end(Buffer.concat(parts));
            client.socket.resume();
          }
          await Promise.all(clients.map((client) => client.gone()));
          for (const client of clients) client.destroy();
          assert.ok(server.isRunning());
        }
        await quiet(server, before);
        await served(server);
      });
    });

  test('20 MB, to quick readers, slow ones, and some that leave', async (t) => {
    const server = await startMicro(t, big, { port: await freePort() });
    const before = server.descriptors();
    const clients = await many(8, server);
    for (const client of clients) client.write(requestText('GET', '/'));
    const [first, second, ...others] = clients;
    assert.ok(first && second);
    for (const client of others.slice(2)) client.socket.pause();
    assert.ok((await first.response()).body.equals(BIG));
    for (const client of others.slice(0, 2)) client.socket.resetAndDestroy();
    assert.ok((await second.response()).body.equals(BIG));
    for (const client of others.slice(2)) {
      client.socket.resume();
      assert.ok((await client.response()).body.equals(BIG));
    }
    for (const client of clients) client.destroy();
    await quiet(server, before);
  });
});

/** Like `gone`, for ends that take longer than its patience. */
async function goneWithin(client: Client, limitMs: number): Promise<void> {
  const ended = new Promise<void>((resolve) => {
    client.socket.once('end', resolve);
    client.socket.once('close', () => resolve());
  });
  const limit = AbortSignal.timeout(limitMs);
  const late = new Promise<never>((_, reject) => {
    limit.addEventListener('abort', () => reject(new Error(`still there after ${limitMs} ms`)));
  });
  await Promise.race([ended, late]);
  client.destroy();
}

/** Basic authentication (RFC 7617). */
import assert from 'node:assert/strict';
import { pbkdf2Sync } from 'node:crypto';
import { join } from 'node:path';
import { test } from 'node:test';
import { makeFolder } from '../support/folder.ts';
import { eventually, request } from '../support/raw.ts';
import { run, startForTest } from '../support/target.ts';

const root = makeFolder({ 'index.html': 'index', 'file.txt': 'file', 'sub/page.html': 'page' });

/** A line for `--auth`, made here and not by the program. Few iterations: the tests are in a hurry. */
function authLine(user: string, password: string, iterations = 1000): string {
  const salt = Buffer.from('sixteen byte salt');
  const hash = pbkdf2Sync(password, salt, iterations, 32, 'sha256');
  return `${user}:pbkdf2-sha256:${iterations}:${salt.toString('base64url')}:${hash.toString('base64url')}`;
}

function basic(user: string, password: string): Record<string, string> {
  return { Authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}` };
}

test('basic authentication', async (t) => {
  const args = ['--auth', authLine('alice', 'pass:word'), '--auth', authLine('bob', 'pässwört')];
  const server = await startForTest(t, { root, args });
  const refused: readonly Record<string, string>[] = [
    {},
    basic('alice', 'wrong'),
    basic('bob', 'pass:word'),
    basic('eve', 'pass:word'),
    basic('', ''),
    { Authorization: 'Basic' },
    { Authorization: 'Basic !!!' },
    { Authorization: `Bearer ${Buffer.from('alice:pass:word').toString('base64')}` },
    { Authorization: `Basic ${Buffer.from('alice').toString('base64')}` },
  ];
  for (const headers of refused) {
    for (const path of ['/file.txt', '/missing', '/', '/.env', '/sub']) {
      const response = await request(server, path, { headers });
      assert.equal(response.status, 401, JSON.stringify(headers));
      assert.match(response.header('www-authenticate') ?? '', /^Basic realm="[^"]+", charset="UTF-8"$/);
      assert.equal(response.text, '401 Unauthorized\n');
    }
  }
  for (const headers of [basic('alice', 'pass:word'), basic('bob', 'pässwört')]) {
    for (let i = 0; i < 3; i++) assert.equal((await request(server, '/file.txt', { headers })).text, 'file');
  }
  const lower = {
    authorization: basic('alice', 'pass:word').Authorization?.replace('Basic', 'bAsIc') ?? '',
  };
  assert.equal((await request(server, '/file.txt', { headers: lower })).status, 200);
  assert.equal((await request(server, '/healthz')).status, 200, 'health checks need no password');
});

test('an authenticated user is in the log, a claimed one is not', async (t) => {
  const server = await startForTest(t, { root, args: ['--auth', authLine('alice', 'secret')] });
  await request(server, '/file.txt?good', { headers: basic('alice', 'secret') });
  await request(server, '/file.txt?bad', { headers: basic('mallory', 'secret') });
  assert.match(await server.stdout.find(/\?good/), /^127\.0\.0\.1 - alice \[/);
  assert.match(await server.stdout.find(/\?bad/), /^127\.0\.0\.1 - - \[.* 401 /);
});

test('hash-password makes a line that --auth takes', async (t) => {
  const made = await run(['hash-password', 'carol'], { input: 'correct horse\n' });
  assert.equal(made.code, 0);
  assert.match(made.stdout, /^carol:pbkdf2-sha256:\d+:[\w-]+:[\w-]+\n$/);
  assert.doesNotMatch(made.stdout, /horse/);
  const again = await run(['hash-password', 'carol'], { input: 'correct horse\n' });
  assert.notEqual(again.stdout, made.stdout, 'every line has its own salt');
  const server = await startForTest(t, { root, args: ['--auth', made.stdout.trim()] });
  assert.equal((await request(server, '/', { headers: basic('carol', 'correct horse') })).status, 200);
  assert.equal((await request(server, '/', { headers: basic('carol', 'correct horse\n') })).status, 401);
});

test('the secret comes from a file', async (t) => {
  const folder = makeFolder({ secret: `${authLine('dave', 'x')}\n${authLine('erin', 'y')}\n` });
  const server = await startForTest(t, { root, env: { MOTE_AUTH_FILE: join(folder, 'secret') } });
  assert.equal((await request(server, '/')).status, 401);
  assert.equal((await request(server, '/', { headers: basic('dave', 'x') })).status, 200);
  assert.equal((await request(server, '/', { headers: basic('erin', 'y') })).status, 200);
});

test('a crowd that guesses passwords keeps nobody out, not even behind the same address', async (t) => {
  const users = Array.from({ length: 12 }, (_, i) => `user${i}`);
  // Forty guesses at a time: as many hashes must not take longer than a client waits, on a slow or busy machine.
  const args = users.flatMap((user) => ['--auth', authLine(user, `password of ${user}`, 20_000)]);
  const server = await startForTest(t, { root, args: [...args, '--log-format', 'off'] });
  let isOver = false;
  const statuses = new Map<number, number>();
  const guess = async (_: unknown, guesser: number) => {
    for (let i = 0; !isOver; i++) {
      const { status } = await request(server, '/', { headers: basic('user0', `guess ${guesser} ${i}`) });
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
    }
  };
  const crowd = Array.from({ length: 40 }, guess);
  try {
    await eventually(
      60_000,
      () => statuses.get(401) ?? 0,
      (failed) => failed > 20,
    );
    // user0 is the one whose password is being guessed.
    const logins = users.map((user) => request(server, '/', { headers: basic(user, `password of ${user}`) }));
    for (const { status } of await Promise.all(logins)) assert.equal(status, 200);
  } finally {
    isOver = true;
    await Promise.all(crowd);
  }
  assert.deepEqual([...statuses.keys()], [401]);
});

test('a client that repeats a wrong password for ever costs no more than one hash', async (t) => {
  const server = await startForTest(t, { root, args: ['--auth', authLine('alice', 'secret', 2_000_000)] });
  const headers = basic('alice', 'stale');
  assert.equal((await request(server, '/', { headers })).status, 401);
  const startMs = performance.now();
  for (let i = 0; i < 50; i++) assert.equal((await request(server, '/', { headers })).status, 401);
  assert.ok(performance.now() - startMs < 5000, 'fifty hashes take twenty seconds');
  assert.equal((await request(server, '/', { headers: basic('alice', 'secret') })).status, 200);
});

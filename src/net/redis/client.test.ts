import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { makeScript } from './client.ts';
import { REPLY_TIMEOUT_MS, RedisUnavailable } from './connection.ts';
import { clientFor, type FakeServer, type Saying, type Script, startFake, usual } from './fixtures.ts';
import { RedisError } from './resp.ts';

/** Usual but for some commands, by their first word. */
function but(answers: Readonly<Record<string, (connection: number) => Saying>>): Script {
  return (words, connection) => (answers[words[0] ?? ''] ?? (() => usual(words, connection)))(connection);
}

const urlOf = ({ port }: FakeServer, login = '') => `redis://${login}127.0.0.1:${port}`;

async function connected(script: Script) {
  const server = await startFake(script);
  const told = clientFor(urlOf(server));
  await told.client.start();
  assert.ok(told.client.isUp, told.client.fault);
  return { server, ...told };
}

const unavailable = (isUnknown: boolean, text: RegExp) => (error: unknown) =>
  error instanceof RedisUnavailable && error.isUnknown === isUnknown && text.test(error.message);

describe('the client', { concurrency: true }, () => {
  test('logs in, asks for the role, finds its keys and subscribes', async () => {
    const { server, client, messages } = await connected(usual);
    assert.deepEqual(server.heard, ['HELLO 3 SETNAME mote', 'ROLE', 'EXISTS {mote}:messages', 'SUBSCRIBE c']);
    assert.equal(client.place, `127.0.0.1:${server.port}`);
    server.push('>3\r\n+message\r\n+c\r\n$5\r\nhello\r\n>2\r\n+invalidate\r\n_\r\n');
    assert.equal(await client.command(['GET', 'x']), 'OK');
    assert.deepEqual(messages, ['hello']);
  });

  const refusals: readonly (readonly [string, string, RegExp])[] = [
    ['a wrong password', '-WRONGPASS invalid username-password pair\r\n', /^WRONGPASS/],
    ['no password where one is needed', '-NOAUTH HELLO must be called with AUTH\r\n', /^NOAUTH/],
    [
      'a server without RESP3, which would repeat the password',
      '-ERR unknown command `HELLO`, with args beginning with: `3`, `AUTH`, `u`, `secret`\r\n',
      /^it does not speak RESP3; Redis 7\.0 or Valkey 7\.2 is the oldest/,
    ],
    ['a server that refuses RESP3', '-NOPROTO unsupported protocol version\r\n', /^it does not speak RESP3/],
    ['an old server', '%1\r\n+version\r\n+6.2.14\r\n', /^it is version 6\.2\.14; Redis 7\.0/],
  ];
  for (const [name, hello, expected] of refusals) {
    test(`at its start gives up at ${name}`, async () => {
      const server = await startFake(but({ HELLO: () => hello }));
      const { client, downs } = clientFor(urlOf(server, 'u:secret@'));
      await assert.rejects(client.start(), (error) => {
        assert.ok(error instanceof RedisError);
        assert.match(error.message, expected);
        assert.doesNotMatch(error.message, /secret/);
        return true;
      });
      assert.deepEqual(downs, []);
      await assert.rejects(client.command(['GET', 'x']), unavailable(false, /./));
    });
  }

  const passing: readonly (readonly [string, Script])[] = [
    ['that loads its data', but({ EXISTS: (n) => (n < 3 ? '-LOADING Redis is loading\r\n' : ':0\r\n') })],
    ['that is a replica at first', but({ ROLE: (n) => (n < 3 ? '*1\r\n+slave\r\n' : '*1\r\n+master\r\n') })],
    [
      'that has enough clients',
      but({ HELLO: (n) => (n < 3 ? '-ERR max number of clients reached\r\n' : '%0\r\n') }),
    ],
    ['that hangs up during the login', but({ HELLO: (n) => (n < 3 ? (s) => s.destroy() : '%0\r\n') })],
    ['that says what is no RESP3', but({ HELLO: (n) => (n < 3 ? 'HTTP/1.1 400 Bad\r\n\r\n' : '%0\r\n') })],
    [
      'that stops in half a reply',
      but({ ROLE: (n) => (n < 3 ? (s) => s.end('*3\r\n+mas') : '*1\r\n+master\r\n') }),
    ],
    [
      'whose cluster is down',
      but({ EXISTS: (n) => (n < 3 ? '-CLUSTERDOWN Hash slot not served\r\n' : ':0\r\n') }),
    ],
  ];
  for (const [name, script] of passing) {
    test(`waits for a server ${name}`, async () => {
      const server = await startFake(script);
      const { client, ups, downs } = clientFor(urlOf(server));
      await client.start();
      assert.equal(client.isUp, false);
      await assert.rejects(client.command(['GET', 'x']), unavailable(false, /./));
      await ups(1);
      assert.equal(downs.length, 2);
      assert.equal(server.connections(), 3);
    });
  }

  test('refuses at once while it is not connected, and connects again', async () => {
    const { server, client, ups, downs } = await connected(usual);
    server.cut();
    await ups(2);
    assert.equal(downs.length, 1);
    assert.match(client.fault, /closed|reset/);
    assert.equal(await client.command(['GET', 'x']), 'OK');
  });

  test('does not send again what may have been executed', async () => {
    const { server, client } = await connected(but({ INCR: () => (socket) => socket.destroy() }));
    await assert.rejects(client.command(['INCR', 'x']), unavailable(true, /closed|reset/));
    assert.equal(server.heard.filter((line) => line === 'INCR x').length, 1);
  });

  test('a server that says nothing is left after the deadline, for every command that waits', async () => {
    const { server, client, ups } = await connected(but({ INCR: () => undefined }));
    const began = performance.now();
    const all = Array.from({ length: 100 }, () => client.command(['INCR', 'x']));
    for (const one of all) await assert.rejects(one, unavailable(true, /no reply within 5 s/));
    const tookMs = performance.now() - began;
    assert.ok(tookMs >= REPLY_TIMEOUT_MS && tookMs < REPLY_TIMEOUT_MS + 3000, `${tookMs} ms`);
    await ups(2);
    assert.equal(server.heard.filter((line) => line === 'INCR x').length, 100);
  });

  test('a late reply is not taken for that of another command', async () => {
    const { server, client, ups } = await connected(
      but({
        INCR: () => (socket) => void setTimeout(() => socket.write(':1\r\n'), REPLY_TIMEOUT_MS + 500),
        GET: () => '+right\r\n',
      }),
    );
    await assert.rejects(client.command(['INCR', 'x']), unavailable(true, /no reply/));
    await ups(2);
    const until = performance.now() + 1000;
    while (performance.now() < until) assert.equal(await client.command(['GET', 'x']), 'right');
    assert.equal(server.connections(), 2);
  });

  const leaving: readonly (readonly [string, boolean])[] = [
    ["-READONLY You can't write against a read only replica.\r\n", true],
    ['-NOAUTH Authentication required.\r\n', true],
    ['-MISCONF Redis is configured to save, but cannot\r\n', false],
    ['-BUSY Redis is busy running a script.\r\n', false],
    ['-ASK 1 127.0.0.1:1\r\n', false],
    ['-NOREPLICAS Not enough good replicas to write.\r\n', false],
  ];
  for (const [said, isLeft] of leaving) {
    test(`at ${said.split(' ')[0]} it ${isLeft ? 'connects anew' : 'stays'}`, async () => {
      const { server, client, ups } = await connected(but({ SET: (n) => (n === 1 ? said : '+OK\r\n') }));
      await assert.rejects(client.command(['SET', 'x', 1]), unavailable(false, new RegExp(said.slice(1, 6))));
      if (isLeft) await ups(2);
      assert.equal(server.connections(), isLeft ? 2 : 1);
    });
  }

  test('follows a cluster to another node, at its start and later', async () => {
    const third = await startFake(usual);
    const isMoved = { value: false };
    const second = await startFake(
      but({ SET: () => (isMoved.value ? `-MOVED 7 127.0.0.1:${third.port}\r\n` : '+OK\r\n') }),
    );
    // An empty host is that of the node itself.
    const first = await startFake(but({ EXISTS: () => `-MOVED 7 :${second.port}\r\n` }));
    const { client, ups } = clientFor(urlOf(first));
    await client.start();
    assert.equal(client.place, `127.0.0.1:${second.port}`);
    isMoved.value = true;
    await assert.rejects(client.command(['SET', 'x', 1]), unavailable(false, /MOVED/));
    await ups(2);
    assert.equal(client.place, `127.0.0.1:${third.port}`);
    assert.equal(await client.command(['SET', 'x', 1]), 'OK');
  });

  test('does not follow for ever', async () => {
    const server: FakeServer = await startFake(
      but({ EXISTS: () => `-MOVED 7 127.0.0.1:${server.port}\r\n` }),
    );
    const { client } = clientFor(urlOf(server));
    await client.start();
    assert.equal(client.isUp, false);
    assert.equal(server.connections(), 4);
  });

  test('asks one sentinel after the other, with the password where they want it', async () => {
    const primary = await startFake(usual);
    const open = await startFake(but({ SENTINEL: () => '_\r\n' }));
    const address = `*2\r\n$9\r\n127.0.0.1\r\n$${`${primary.port}`.length}\r\n${primary.port}\r\n`;
    const locked = await startFake((words, connection) => {
      if (words[0] === 'HELLO' && !words.includes('AUTH'))
        return '-NOAUTH HELLO must be called with AUTH\r\n';
      return words[0] === 'SENTINEL' ? address : usual(words, connection);
    });
    const { client } = clientFor(
      `redis+sentinel://:p@127.0.0.1:1,127.0.0.1:${open.port},127.0.0.1:${locked.port}/name`,
    );
    await client.start();
    assert.equal(client.place, `127.0.0.1:${primary.port}`, client.fault);
    assert.deepEqual(locked.heard.slice(-2), [
      'HELLO 3 AUTH default p SETNAME mote',
      'SENTINEL GET-MASTER-ADDR-BY-NAME name',
    ]);
  });

  test('says of a server that it is no sentinel', async () => {
    const server = await startFake(but({ SENTINEL: () => "-ERR unknown command 'SENTINEL'\r\n" }));
    const { client } = clientFor(`redis+sentinel://127.0.0.1:${server.port}/name`);
    await assert.rejects(client.start(), { name: 'RedisError', message: /is a server, and no sentinel$/ });
  });

  test('gives a script by its name, and its text where that is unknown', async () => {
    const script = makeScript('return 1');
    assert.equal(script.sha, 'e0e1f9fabfc9d4800c877a703b823ac0578ff8db');
    let isKnown = false;
    const { server, client } = await connected(
      but({
        EVALSHA: () => (isKnown ? ':1\r\n' : '-NOSCRIPT No matching script.\r\n'),
        EVAL: () => {
          isKnown = true;
          return ':1\r\n';
        },
      }),
    );
    for (const _ of [1, 2]) assert.equal(await client.run(script, ['k'], [2]), 1);
    assert.deepEqual(server.heard.slice(4), [
      `EVALSHA ${script.sha} 1 k 2`,
      'EVAL return 1 1 k 2',
      `EVALSHA ${script.sha} 1 k 2`,
    ]);
  });

  test('keeps thousands of commands in order, and no more than it has room for', async () => {
    let count = 0;
    const { client } = await connected(
      but({
        INCR: () => {
          count += 1;
          return `:${count}\r\n`;
        },
      }),
    );
    const all = Array.from({ length: 10_000 }, () => client.command(['INCR', 'x']));
    await assert.rejects(client.command(['INCR', 'x']), unavailable(false, /too many commands wait/));
    assert.deepEqual(
      await Promise.all(all),
      Array.from({ length: 10_000 }, (_, index) => index + 1),
    );
    assert.equal(await client.command(['INCR', 'x']), 10_001);
  });

  test('a server that reads nothing gets no more than there is room for', async () => {
    const { client } = await connected(but({ BIG: () => (socket) => void socket.pause() }));
    const text = 'x'.repeat(8 * 1024 * 1024);
    const all = Array.from({ length: 12 }, () => client.command(['BIG', text]).catch((error) => error));
    const refused = (await Promise.race([Promise.all(all.slice(-1)), Promise.all(all)])) as unknown[];
    assert.ok(refused.every(unavailable(false, /too many commands wait/)));
    client.close();
    await Promise.all(all);
  });

  test('a reply to nothing ends the connection', async () => {
    const { server, ups } = await connected(usual);
    server.push(':1\r\n');
    await ups(2);
    assert.equal(server.connections(), 2);
  });

  test('is closed for good', async () => {
    const { server, client } = await connected(usual);
    client.close();
    await assert.rejects(client.command(['GET', 'x']), unavailable(false, /./));
    assert.equal(client.isUp, false);
    assert.equal(server.connections(), 1);
  });
});

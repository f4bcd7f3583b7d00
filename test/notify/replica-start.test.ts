/** How replicas come to their server: while it is away, refuses them, or promises less than it should. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { makeFolder } from '../support/folder.ts';
import { freePort } from '../support/free-port.ts';
import { notifyFile, send, untilStatus } from '../support/notify.ts';
import { eventually, request } from '../support/raw.ts';
import { noRedis, startRedis } from '../support/redis.ts';
import { replicaStarter, startReceiver, startSharing, untilEmpty } from '../support/replicas.ts';
import { json } from '../support/stand-in.ts';
import { run } from '../support/target.ts';

const nowhere = { kind: 'webhook', url: 'http://127.0.0.1:9/', allowAddresses: ['127.0.0.1'] };
const PASSWORD = 'the password of mote';

/** What starts on it says, where it does not start. */
async function refusalOf(url: string): Promise<string> {
  const args = ['--notify', notifyFile({ nowhere }), '--spool', url];
  const { code, stderr, stdout } = await run([makeFolder(), '0', ...args]);
  assert.equal(code, 1, stdout + stderr);
  assert.equal(stderr.trim().split('\n').length, 1, stderr);
  assert.ok(
    !(stdout + stderr).includes(PASSWORD) && !(stdout + stderr).includes(encodeURIComponent(PASSWORD)),
  );
  return stderr;
}

/** The rights that the documentation tells operators to give. */
function documentedRights(): string[] {
  const text = readFileSync(new URL('../../docs/replicas.md', import.meta.url), 'utf8');
  const line = /^ACL SETUSER mote (.*)$/m.exec(text)?.[1];
  assert.ok(line, 'docs/replicas.md has the line');
  return line
    .replace('PASSWORD', PASSWORD)
    .replace(/ >.*(?= ~)/, '')
    .split(' ');
}

describe('the start of replicas', { skip: noRedis }, () => {
  test('a server that is not there yet is waited for; files go on meanwhile', async (t) => {
    const { hook } = await startReceiver(t);
    const port = await freePort();
    const startOne = replicaStarter(t, `redis://127.0.0.1:${port}`, { channels: { hook } });
    const server = await startOne();
    assert.match(await server.logged(/cannot be used/), /ECONNREFUSED|refused/);
    assert.equal((await request(server, '/a.txt')).status, 200);
    assert.equal((await request(server, '/healthz')).status, 200);
    assert.equal((await request(server, '/readyz')).status, 503);
    const refused = await send(server, { title: 'early' });
    assert.deepEqual([refused.http, refused.code], [503, 'unavailable']);
    assert.match(refused.header('retry-after') ?? '', /^\d+$/);
    const redis = await startRedis([], { port });
    t.after(() => redis.stop());
    await eventually(
      20_000,
      () => request(server, '/readyz'),
      ({ status }) => status === 200,
    );
    assert.equal((await send(server, { title: 'in time' })).http, 202);
    await untilEmpty(redis);
    const lines = server.stdout.all.filter((line) => /cannot be used/.test(line));
    const reasons = lines.map((line) => line.slice(line.indexOf(' ')));
    assert.deepEqual(reasons, [...new Set(reasons)], 'it is not repeated at each try');
  });

  test('what refuses is told in one line, without the password', async (t) => {
    const redis = await startRedis();
    t.after(() => redis.stop());
    const at = (user: string, password = PASSWORD) =>
      `redis://${user}:${encodeURIComponent(password)}@127.0.0.1:${redis.port}`;
    redis.cli('acl', 'setuser', 'powerless', 'on', `>${PASSWORD}`, '-@all');
    const some = ['+hello', '+role', '+exists', '+subscribe', '+eval', '+evalsha', '+hset'];
    redis.cli('acl', 'setuser', 'weak', 'on', `>${PASSWORD}`, '~*', '&*', '-@all', ...some);
    redis.cli('acl', 'setuser', 'lone', 'on', `>${PASSWORD}`, '~{mote}:*', '+@all', 'resetchannels');
    assert.match(await refusalOf(at('nobody')), /refuses mote: WRONGPASS/);
    assert.match(await refusalOf(at('powerless')), /NOPERM/);
    assert.match(await refusalOf(at('weak')), /may not run .*ZADD.*docs\/replicas\.md/);
    assert.match(await refusalOf(at('lone')), /NOPERM.*channel/i);
    redis.cli('config', 'set', 'requirepass', PASSWORD);
    assert.match(await refusalOf(redis.url), /NOAUTH/);
  });

  test('the documented rights are enough', async (t) => {
    const { hook } = await startReceiver(t);
    const redis = await startRedis();
    t.after(() => redis.stop());
    redis.cli('acl', 'setuser', 'mote', 'on', `>${PASSWORD}`, ...documentedRights());
    const url = `redis://mote:${encodeURIComponent(PASSWORD)}@127.0.0.1:${redis.port}`;
    const server = await replicaStarter(t, url, { channels: { hook } })();
    await server.logged(/appendfsync always/);
    const { id } = await send(server, { title: 'x' }, { 'Idempotency-Key': 'k' });
    await untilStatus(server, id, ({ status }) => status === 'delivered');
    const { code, stderr } = await run(['--spool', url, 'spool', 'list']);
    assert.equal(code, 0, stderr);
    assert.equal((await server.stop()).code, 0);
    const denied = redis.cli('acl', 'log').split('\n');
    assert.deepEqual(
      denied.filter((line) => line !== ''),
      [],
    );
  });

  test('what the promise is worth is said', async (t) => {
    const cases = [
      [['--appendonly', 'no'], /a restart of the server loses accepted messages/],
      [['--appendfsync', 'everysec'], /last two seconds/],
      [['--maxmemory-policy', 'allkeys-lru'], /removes messages when its memory is full/],
      [['--rename-command', 'CONFIG', ''], /does not say how soon/],
    ] as const;
    for (const [settings, expected] of cases) {
      const { startOne } = await startSharing(t, { channels: { nowhere } }, settings);
      const server = await startOne();
      await server.logged(expected);
      await server.stop();
    }
  });

  test('the URL can be a secret in a file', async (t) => {
    const standIn = await startReceiver(t, () => json({ ok: true }));
    const redis = await startRedis(['--requirepass', PASSWORD]);
    t.after(() => redis.stop());
    const url = `redis://:${encodeURIComponent(PASSWORD)}@127.0.0.1:${redis.port}/3`;
    const folder = makeFolder({ url: `${url}\n` });
    const { hook } = standIn;
    const env = { MOTE_SPOOL_FILE: `${folder}/url`, MOTE_NOTIFY: notifyFile({ hook }) };
    const { code, stdout, stderr } = await run(['spool', 'list'], { env });
    assert.deepEqual([code, stdout, stderr], [0, '', '']);
  });
});

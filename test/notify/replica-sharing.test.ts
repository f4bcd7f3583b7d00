/** What replicas know together: messages, keys, paces, tokens, dead letters; and that files need nothing of it. */
import assert from 'node:assert/strict';
import { utimesSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { authority } from '../support/certificates.ts';
import { makeFolder } from '../support/folder.ts';
import { ann, ask, hashOf, send, TOKEN, untilStatus } from '../support/notify.ts';
import { startWecom } from '../support/providers/wecom.ts';
import { eventually, request } from '../support/raw.ts';
import { noRedis, startRedis } from '../support/redis.ts';
import { countsIn, nothing, replicaStarter, startReceiver, untilEmpty } from '../support/replicas.ts';
import { run, type Server, start } from '../support/target.ts';

const [redis, caFolder] = [noRedis ? undefined : await startRedis(), makeFolder({ 'ca.pem': authority })];
after(() => redis?.stop());

const wrong = (token: string) => ({ Authorization: `Bearer ${token}` });

describe('replicas share', { skip: noRedis }, () => {
  if (!redis) return;

  test('a message, its key and its status', async (t) => {
    const { deliveries, hook } = await startReceiver(t);
    const startOne = replicaStarter(t, redis.url, { channels: { hook } });
    const [one, two] = await Promise.all([startOne(), startOne()]);
    const key = { 'Idempotency-Key': 'the key' };
    const first = await send(one, { title: 'x' }, key);
    assert.equal(first.http, 202);
    const again = await send(two, { title: 'x' }, key);
    assert.deepEqual([again.id, again.repeated], [first.id, true], again.text);
    assert.equal((await send(two, { title: 'y' }, key)).http, 409);
    for (const server of [one, two]) {
      await untilStatus(server, first.id, ({ status }) => status === 'delivered');
    }
    const late = await send(two, { title: 'x' }, key);
    assert.deepEqual([late.http, late.id, late.status], [200, first.id, 'delivered']);
    const stranger = await ask(two, { method: 'GET', path: `/notify/${first.id}`, headers: wrong('no') });
    assert.equal(stranger.http, 401);
    const both = await Promise.all(
      [one, two].map((server) => send(server, { title: 'z' }, { 'Idempotency-Key': 'z' })),
    );
    assert.equal(new Set(both.map(({ id }) => id)).size, 1, 'at the same time');
    await untilEmpty(redis);
    assert.deepEqual(
      deliveries.map(({ title }) => title),
      ['x', 'z'],
    );
  });

  test('dead letters, which the operator lists, shows, sends again and purges', async (t) => {
    let isBroken = true;
    const { deliveries, hook } = await startReceiver(t, () => (isBroken ? { status: 400 } : undefined));
    const startOne = replicaStarter(t, redis.url, { channels: { hook } });
    const [one, two] = await Promise.all([startOne(), startOne()]);
    const ids: string[] = [];
    for (const title of ['first', 'second']) {
      const { id } = await send(one, { title });
      await untilStatus(two, id, ({ status }) => status === 'failed');
      ids.push(id);
    }
    const spool = (...words: string[]) => run(['spool', ...words], { env: { MOTE_SPOOL: redis.url } });
    const [first = '', second = ''] = ids;
    const lines = (await spool('list')).stdout.trim().split('\n');
    assert.deepEqual(
      lines.map((line) => line.split('\t')[0]),
      ids,
    );
    assert.match(lines[0] ?? '', /\tdead\t.*\tann\thook:failed\tfirst$/);
    assert.match((await spool('show', first)).stdout, /first[\s\S]*400/);
    isBroken = false;
    assert.equal((await spool('requeue', first)).code, 0);
    for (const server of [one, two]) {
      await untilStatus(server, first, ({ status }) => status === 'delivered');
    }
    assert.equal((await spool('requeue', first)).code, 1, 'it has ended');
    assert.equal((await spool('purge', second)).code, 0);
    assert.equal((await spool('list')).stdout, '');
    assert.deepEqual(countsIn(redis), nothing);
    assert.deepEqual(
      deliveries.map(({ title }) => title),
      ['first', 'second', 'first'],
    );
    const fault = await spool('requeue', 'nonsense');
    assert.deepEqual([fault.code, fault.stderr.trim().split('\n').length], [1, 1]);
  });

  test('the access token of WeCom, and that it was refused', async (t) => {
    const wecom = await startWecom(
      { corpId: 'corp', secret: 'never-shown', agentId: 1, users: ['zhang'], nowMs: Date.now, robotKey: 'r' },
      { tls: true },
    );
    t.after(() => wecom.close());
    const channel = {
      kind: 'wecom',
      corpId: 'corp',
      secret: 'never-shown',
      agentId: 1,
      users: ['zhang'],
      base: wecom.origin,
    };
    const env = { SSL_CERT_FILE: join(caFolder, 'ca.pem') };
    const startOne = replicaStarter(t, redis.url, { channels: { channel }, env });
    const servers = await Promise.all([startOne(), startOne(), startOne()]);
    const sendAll = async (text: string) => {
      const sent = await Promise.all(
        servers.map((server, number) => send(server, { title: `${text} ${number}` })),
      );
      await Promise.all(
        sent.map(({ id }, number) =>
          untilStatus(servers[number] as Server, id, ({ status }) => status === 'delivered'),
        ),
      );
    };
    await sendAll('one token');
    assert.equal(wecom.tokenCalls(), 1);
    wecom.endTokens();
    await sendAll('another token');
    assert.equal(wecom.tokenCalls(), 2, 'replaced by one for all');
    assert.equal(wecom.delivered.length, 6);
    assert.deepEqual(
      redis
        .cli('keys', '{mote}:token*')
        .split('\n')
        .filter((name) => name.includes('never-shown')),
      [],
      'the name of the key says nothing of the secret',
    );
  });

  test('how often a channel may be called', async (t) => {
    const wecom = await startWecom(
      { corpId: 'corp', secret: 's', agentId: 1, users: [], nowMs: Date.now, robotKey: 'r' },
      { tls: true },
    );
    t.after(() => wecom.close());
    const robot = { kind: 'wecom-robot', key: 'r', base: wecom.origin };
    const env = { SSL_CERT_FILE: join(caFolder, 'ca.pem') };
    const startOne = replicaStarter(t, redis.url, { channels: { robot }, env });
    const [one, two] = await Promise.all([startOne(), startOne()]);
    for (let number = 0; number < 24; number++) {
      assert.equal((await send(number % 2 === 0 ? one : two, { title: `${number}` })).http, 202);
    }
    await eventually(
      20_000,
      () => wecom.delivered.length,
      (count) => count >= 20,
    );
    const windowed = () => redis.cli('keys', '{mote}:window:robot:*').trim();
    assert.equal(redis.cli('zcard', windowed()).trim(), '20');
    assert.equal(wecom.delivered.length, 20, 'and no call more in this minute');
    redis.cli('del', windowed());
  });

  test('how often a token may send, and which tokens were wrong', async (t) => {
    const { hook } = await startReceiver(t);
    const slow = { tokens: [hashOf('slow')], burst: 3, perMinute: 1 };
    const startOne = replicaStarter(t, redis.url, { channels: { hook }, users: { ann, slow } });
    const [one, two] = await Promise.all([startOne(), startOne()]);
    const statuses: number[] = [];
    for (const server of [one, two, one, two, one]) {
      statuses.push((await send(server, { title: 'x' }, wrong('slow'))).http);
    }
    assert.deepEqual(
      statuses.map((status) => (status < 300 ? 202 : status)),
      [202, 202, 202, 429, 429],
    );
    for (let guess = 0; guess < 40; guess++) {
      if ((await send(one, { title: 'x' }, wrong(`guess-${guess}`))).http === 429) break;
    }
    const told = () => send(two, { title: 'x' }, wrong(`another-guess-${Math.random()}`));
    await eventually(5000, told, ({ http }) => http === 429);
    const valid = await send(two, { title: 'x' }, { Authorization: `Bearer ${TOKEN}` });
    assert.equal(valid.http, 202, 'who has a token is not slowed down');
  });
});

test('files have the same tags at every replica, whatever their dates', async (t) => {
  const names = ['index.html', 'deep/page.html', 'app.js'];
  const tree = Object.fromEntries(names.map((name) => [name, `the content of ${name}\n`.repeat(200)]));
  const roots = [makeFolder(tree), makeFolder(tree)];
  for (const name of names) utimesSync(join(roots[1] ?? '', name), 1_600_000_000, 1_600_000_000);
  const servers = await Promise.all(roots.map((root) => start({ root })));
  t.after(() => Promise.all(servers.map((server) => server.stop())));
  for (const path of ['/', '/deep/page.html', '/app.js']) {
    for (const coding of ['identity', 'gzip', 'br']) {
      const headers = { 'Accept-Encoding': coding };
      const [a, b] = await Promise.all(servers.map((server) => request(server, path, { headers })));
      assert.ok(a?.header('etag'));
      assert.equal(a?.header('etag'), b?.header('etag'), `${path} ${coding}`);
      const etag = a?.header('etag') ?? '';
      const other = await request(servers[1] as Server, path, {
        headers: { ...headers, 'If-None-Match': etag },
      });
      assert.equal(other.status, 304);
    }
  }
});

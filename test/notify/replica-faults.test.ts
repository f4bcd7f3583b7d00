/** Replicas that are halted, and a server that is halted, killed, cut off or full: nothing is lost, nothing is stale. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { makeId } from '../../src/notify/id.ts';
import { LEASE_MS } from '../../src/notify/replicas/replica-store.ts';
import { ask, type NotifyResult, send, untilStatus } from '../support/notify.ts';
import { eventually, request } from '../support/raw.ts';
import { noRedis } from '../support/redis.ts';
import {
  aliveIn,
  assertDeliveredOnce,
  countsIn,
  type Delivery,
  endLease,
  isAccepted,
  keepSending,
  nothing,
  ownersIn,
  startReceiver,
  startSharing,
  untilEmpty,
  waitingAt,
} from '../support/replicas.ts';
import type { Server } from '../support/target.ts';

/** A sender waits no longer than this for its 503. */
const PATIENCE_MS = 12_000;

const titlesOf = (deliveries: readonly Delivery[]) => deliveries.map(({ title }) => title);
const times = (deliveries: readonly Delivery[], title: string) =>
  titlesOf(deliveries).filter((one) => one === title).length;

describe('replicas', { skip: noRedis }, () => {
  test('one that is halted for longer than its lease writes nothing of what others have', async (t) => {
    const { promise: gate, resolve: open } = Promise.withResolvers<undefined>();
    const { deliveries, hook } = await startReceiver(t, async (title, count) => {
      if (title === 'under way' && count === 1) return gate;
      return title === 'later' && count === 1 ? { status: 503, headers: { 'retry-after': '1' } } : undefined;
    });
    const { redis, startOne } = await startSharing(t, { channels: { hook } });
    const halted = await startOne();
    const [name = ''] = aliveIn(redis);
    const other = await startOne();
    const results: NotifyResult[] = [];
    for (const title of ['under way', 'later']) results.push(await send(halted, { title }));
    await eventually(
      5000,
      () => countsIn(redis).notes,
      (notes) => notes === 2,
    );
    await untilStatus(halted, results[1]?.id ?? '', ({ channels }) => channels.hook?.status === 'retrying');
    halted.signal('SIGSTOP');
    endLease(redis, name);
    await untilEmpty(redis);
    const receipts = () => results.map(({ id }) => redis.cli('get', `{mote}:receipt:${id}`));
    const before = receipts();
    open(undefined);
    halted.signal('SIGCONT');
    await eventually(
      20_000,
      () => waitingAt(halted),
      (count) => count === 0,
    );
    assert.deepEqual(receipts(), before, 'what was recorded stays');
    assert.deepEqual(countsIn(redis), nothing);
    assert.equal(times(deliveries, 'under way'), 2, 'an attempt that was under way');
    assert.equal(times(deliveries, 'later'), 2, 'a refusal, and one delivery');
    const keys = deliveries.filter(({ title }) => title === 'under way').map(({ key }) => key);
    assert.equal(new Set(keys).size, 1, 'receivers can tell');
    for (const server of [halted, other]) {
      for (const { id } of results) {
        const { status } = await ask(server, { method: 'GET', path: `/notify/${id}` });
        assert.equal(status, 'delivered');
      }
    }
    assert.equal((await send(halted, { title: 'again' })).http, 202, 'it works on');
  });

  test('a halted server, killed and started again, loses nothing; files go on, senders are told', async (t) => {
    const { deliveries, hook } = await startReceiver(t);
    const { redis, startOne } = await startSharing(t, { channels: { hook } });
    const servers = [await startOne(), await startOne()];
    const [one] = servers as [Server];
    const sending = keepSending(servers);
    await eventually(
      10_000,
      () => deliveries.length,
      (count) => count > 20,
    );
    redis.signal('SIGSTOP');
    await eventually(
      20_000,
      () => request(one, '/readyz'),
      ({ status }) => status === 503,
    );
    assert.equal((await request(one, '/healthz')).status, 200);
    assert.equal((await request(one, '/a.txt')).status, 200);
    const unknown = makeId(Date.now(), (bytes) => Buffer.alloc(bytes, 7));
    const untold = await ask(one, { method: 'GET', path: `/notify/${unknown}` });
    assert.deepEqual([untold.http, untold.code], [503, 'unavailable']);
    const { http, header } = await send(one, { title: 'refused' });
    assert.equal(http, 503);
    assert.match(header('retry-after') ?? '', /^\d+$/);
    await redis.restart('SIGKILL');
    await eventually(
      20_000,
      () => request(one, '/readyz'),
      ({ status }) => status === 200,
    );
    const seen = sending.accepted.length;
    await eventually(
      20_000,
      () => sending.accepted.length,
      (count) => count > seen + 20,
    );
    const { accepted, statuses, slowestMs } = await sending.stop();
    await untilEmpty(redis, 30_000);
    t.diagnostic(`${accepted.length} messages, the slowest answer after ${slowestMs.toFixed(0)} ms`);
    assert.ok(!statuses.has(500), `${[...statuses]}`);
    assert.ok(slowestMs < PATIENCE_MS, `${slowestMs} ms`);
    assertDeliveredOnce(accepted, deliveries);
  });

  test('connections that are cut over and over lose and double nothing', async (t) => {
    const { deliveries, hook } = await startReceiver(t);
    const { redis, startOne } = await startSharing(t, { channels: { hook } });
    const sending = keepSending([await startOne(), await startOne()]);
    for (let round = 0; round < 15; round++) {
      await sleep(100);
      redis.cli('client', 'kill', 'type', 'normal');
      redis.cli('client', 'kill', 'type', 'pubsub');
    }
    await eventually(
      20_000,
      () => sending.accepted.length,
      (count) => count > 20,
    );
    const { accepted } = await sending.stop();
    await untilEmpty(redis);
    assertDeliveredOnce(accepted, deliveries);
  });

  test('a full memory refuses messages whole, and lets those that wait end', async (t) => {
    const { deliveries, hook } = await startReceiver(t, (_, count) =>
      count === 1 ? { status: 503, headers: { 'retry-after': '1' } } : undefined,
    );
    const { redis, startOne } = await startSharing(t, { channels: { hook } });
    const server = await startOne();
    const { id } = await send(server, { title: 'before' });
    await untilStatus(server, id, ({ channels }) => channels.hook?.status === 'retrying');
    redis.cli('config', 'set', 'maxmemory', '1');
    const began = performance.now();
    const refused = await send(server, { title: 'refused' }, { 'Idempotency-Key': 'refused' });
    assert.ok(performance.now() - began < PATIENCE_MS);
    assert.equal(refused.http, 503, refused.text);
    assert.match(refused.header('retry-after') ?? '', /^\d+$/);
    await untilEmpty(redis);
    assert.equal(redis.cli('keys', '{mote}:key:*').trim(), '', 'nothing of it is written');
    redis.cli('config', 'set', 'maxmemory', '0');
    assert.equal((await send(server, { title: 'after' }, { 'Idempotency-Key': 'refused' })).http, 202);
    await untilEmpty(redis);
    assert.deepEqual(titlesOf(deliveries), ['before', 'before', 'after', 'after']);
  });

  test('a server that takes no writes is not ready, and that is told', async (t) => {
    const { hook } = await startReceiver(t);
    const { redis, startOne } = await startSharing(t, { channels: { hook } });
    const server = await startOne();
    redis.cli('config', 'set', 'min-replicas-to-write', '1');
    const { http, header } = await send(server, { title: 'x' });
    assert.equal(http, 503);
    assert.match(header('retry-after') ?? '', /^\d+$/);
    const status = () => request(server, '/readyz').then((response) => response.status);
    await eventually(20_000, status, (now) => now === 503);
    await server.logged(/cannot be used.*NOREPLICAS/);
    assert.equal((await request(server, '/healthz')).status, 200);
    redis.cli('config', 'set', 'min-replicas-to-write', '0');
    await eventually(20_000, status, (now) => now === 200);
    assert.equal((await send(server, { title: 'x' })).http, 202);
    await untilEmpty(redis);
  });

  test('a rolling update: what the old one has is taken at once, who sends twice sees no gap', async (t) => {
    const { deliveries, hook } = await startReceiver(t, (title, count) =>
      title.startsWith('later') && count === 1 ? { status: 503, headers: { 'retry-after': '1' } } : undefined,
    );
    const { redis, startOne } = await startSharing(t, { channels: { hook } });
    const servers = [await startOne(), await startOne()];
    const later = Array.from({ length: 20 }, (_, number) => `later ${number}`);
    for (const title of later) assert.equal((await send(servers[0] as Server, { title })).http, 202);
    // A refusal pauses the channel: which messages are still waiting for their first attempt is left open.
    await eventually(
      10_000,
      () => deliveries.length,
      (count) => count > 0,
    );
    let isOver = false;
    const gaps: string[] = [];
    const sent: string[] = [];
    const sender = (async () => {
      for (let turn = 0; !isOver; turn++) {
        const title = `message ${turn}`;
        const results: number[] = [];
        for (let tries = 0; tries < 2 && !results.some(isAccepted); tries++) {
          const server = servers[(turn + tries) % servers.length] as Server;
          const result = await send(server, { title }, { 'Idempotency-Key': title }).catch(() => undefined);
          results.push(result?.http ?? 0);
        }
        if (!results.some(isAccepted)) gaps.push(`${title}: ${results}`);
        sent.push(title);
        await sleep(5);
      }
    })();
    for (const index of [0, 1]) {
      const old = servers[index] as Server;
      const fresh = await startOne();
      await old.stop('SIGTERM').then(({ code }) => assert.equal(code, 0));
      servers[index] = fresh;
      const { afterMs } = await eventually(
        LEASE_MS / 2,
        () => ownersIn(redis).filter((name) => !aliveIn(redis).includes(name)),
        (gone) => gone.length === 0,
      );
      t.diagnostic(`what it had was taken after ${afterMs.toFixed(0)} ms`);
    }
    isOver = true;
    await sender;
    await untilEmpty(redis, 30_000);
    assert.deepEqual(gaps, []);
    assertDeliveredOnce(sent, deliveries);
    for (const title of later) assert.equal(times(deliveries, title), 2, title);
  });
});

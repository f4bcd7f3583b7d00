/** Replicas of several processes each: one queue for all workers of all of them. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ann, hashOf, send, TOKEN, untilStatus } from '../support/notify.ts';
import { eventually } from '../support/raw.ts';
import { noRedis } from '../support/redis.ts';
import {
  aliveIn,
  assertDeliveredOnce,
  endLease,
  keepSending,
  ownersIn,
  startReceiver,
  startSharing,
  untilEmpty,
} from '../support/replicas.ts';
import { engineBetween, without } from '../support/target.ts';
import { connectTo, replaceWorker } from '../support/workers.ts';

const PATIENCE_MS = 20_000;
const args = ['--workers', '2'];

describe('replicas with workers', { skip: noRedis || engineBetween || without('workers') }, () => {
  test('lose and double nothing when workers are killed, and when a replica ends', async (t) => {
    const { deliveries, hook } = await startReceiver(t);
    const { redis, startOne } = await startSharing(t, { channels: { hook }, args });
    const servers = [await startOne(), await startOne()];
    assert.equal(aliveIn(redis).length, 2, 'workers are no replicas');
    const sending = keepSending(servers);
    const more = (count: number) => {
      const seen = sending.accepted.length;
      return eventually(
        PATIENCE_MS,
        () => sending.accepted.length,
        (now) => now > seen + count,
      );
    };
    await more(10);
    for (const server of servers) {
      for (const worker of server.workers) await replaceWorker(server, worker);
    }
    await more(10);
    const { code } = (await servers[0]?.stop('SIGTERM')) ?? {};
    assert.equal(code, 0);
    await more(10);
    const { accepted } = await sending.stop();
    await untilEmpty(redis);
    assertDeliveredOnce(accepted, deliveries);
    assert.equal(aliveIn(redis).length, 1);
  });

  test('what a replica had whose first process was killed is taken by another', async (t) => {
    const { deliveries, hook } = await startReceiver(t, (_, times) =>
      times === 1 ? { status: 503, headers: { 'retry-after': '2' } } : undefined,
    );
    const { redis, startOne } = await startSharing(t, { channels: { hook }, args });
    const first = await startOne();
    const [name = ''] = aliveIn(redis);
    const second = await startOne();
    const { id } = await send(first, { title: 'x' });
    await untilStatus(second, id, ({ channels }) => channels.hook?.status === 'retrying');
    assert.deepEqual(ownersIn(redis), [name]);
    await first.stop('SIGKILL');
    endLease(redis, name);
    await untilStatus(second, id, ({ status }) => status === 'delivered');
    assert.equal(deliveries.length, 2, 'a refusal, and one delivery');
  });

  test('share the rate of a token, and tell a message at every worker', async (t) => {
    const { hook } = await startReceiver(t);
    const slow = { tokens: [hashOf('slow')], burst: 3, perMinute: 1 };
    const { redis, startOne } = await startSharing(t, { channels: { hook }, users: { ann, slow }, args });
    const servers = [await startOne(), await startOne()];
    const { id } = await send(servers[1] ?? assert.fail(), { title: 'x' });
    await untilEmpty(redis);
    const statuses: number[] = [];
    for (const server of servers) {
      for (const worker of server.workers) {
        const client = await connectTo(server, worker);
        const told = await client.get(`/notify/${id}`, { Authorization: `Bearer ${TOKEN}` });
        assert.deepEqual([told.status, JSON.parse(told.text).status], [200, 'delivered']);
        const head = `POST /notify HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer slow\r\n`;
        client.write(Buffer.from(`${head}Content-Type: text/plain\r\nContent-Length: 1\r\n\r\ny`));
        statuses.push((await client.response('POST')).status);
        client.destroy();
      }
    }
    assert.deepEqual(statuses, [202, 202, 202, 429]);
  });
});

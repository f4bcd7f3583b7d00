/** Several servers that share the queue, against the real Redis. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { LEASE_MS } from '../../src/notify/replicas/replica-store.ts';
import { send } from '../support/notify.ts';
import { eventually } from '../support/raw.ts';
import { noRedis } from '../support/redis.ts';
import { repetitions } from '../support/repetitions.ts';
import { type Delivery, endDeadLeases, startReceiver, startSharing } from '../support/replicas.ts';
import type { Server } from '../support/target.ts';

const MESSAGES = 1000;
const REPLICAS = 3;
const KILLS = 30;
const SENDERS = 12;
const LIMIT_MS = 240_000;
/** Attempts at a time on one channel: what a kill can hide. */
const CHANNEL_CONCURRENCY = 8;

/** Sends all of them, to one replica after the other, until each was accepted. */
async function sendAll(
  servers: readonly Server[],
  titles: readonly string[],
  deadlineMs: number,
): Promise<void> {
  const waiting = [...titles];
  let turn = 0;
  const sendUntilAccepted = async (title: string): Promise<void> => {
    while (performance.now() < deadlineMs) {
      turn += 1;
      const server = servers[turn % servers.length] as Server;
      const result = await send(server, { title }, { 'Idempotency-Key': title }).catch(() => undefined);
      if (result && result.http >= 200 && result.http < 300) return;
      await sleep(10);
    }
    throw new Error(`${title} was never accepted`);
  };
  const senders = Array.from({ length: SENDERS }, async () => {
    for (let title = waiting.pop(); title !== undefined; title = waiting.pop()) {
      await sendUntilAccepted(title);
      await sleep(100);
    }
  });
  await Promise.all(senders);
}

/** Kills one after the other, two at a time at most, and starts others in their place. Returns when each was killed. */
async function killAtRandom(
  servers: Server[],
  restart: () => Promise<Server>,
  untilMs: number,
): Promise<number[]> {
  const killsMs: number[] = [];
  const starting = new Set<number>();
  let begun = 0;
  const killer = async (): Promise<void> => {
    while (begun < KILLS && performance.now() < untilMs) {
      const running = [...servers.keys()].filter((index) => !starting.has(index));
      const index = running[Math.floor(Math.random() * running.length)] as number;
      starting.add(index);
      begun += 1;
      await sleep(Math.random() * 200);
      await (servers[index] as Server).stop('SIGKILL');
      killsMs.push(performance.now());
      servers[index] = await restart();
      starting.delete(index);
    }
  };
  await Promise.all([killer(), killer()]);
  return killsMs;
}

test(`${MESSAGES} messages through ${REPLICAS} replicas outlive ${KILLS} kills`, {
  skip: noRedis,
  timeout: 2 * LIMIT_MS,
}, async (t) => {
  const { deliveries, hook } = await startReceiver(t);
  const { redis, startOne } = await startSharing(t, { channels: { hook } });
  const servers = await Promise.all(Array.from({ length: REPLICAS }, startOne));
  const deadlineMs = performance.now() + LIMIT_MS;
  const titles = Array.from({ length: MESSAGES }, (_, number) => `message ${number}`);
  const sent = sendAll(servers, titles, deadlineMs);
  const killsMs = await killAtRandom(servers, startOne, performance.now() + LIMIT_MS / 2);
  await sent;
  // What a killed one had not delivered, or not recorded, is taken by another after its lease.
  await endDeadLeases(redis);
  const left = () => redis.cli('hlen', '{mote}:messages').trim();
  await eventually(2 * LEASE_MS, left, (count) => count === '0');
  const delivered = new Set(deliveries.map(({ title }) => title));
  assert.deepEqual(
    titles.filter((title) => !delivered.has(title)),
    [],
    'everything was delivered',
  );
  judgeRepetitions(t, deliveries, killsMs);
  assert.equal(redis.cli('hlen', '{mote}:notes').trim(), '0', 'nothing is left');
  assert.equal(redis.cli('zcard', '{mote}:owners').trim(), '0');
});

function judgeRepetitions(t: TestContext, deliveries: readonly Delivery[], killsMs: readonly number[]): void {
  const repeated = repetitions(deliveries);
  t.diagnostic(
    `${killsMs.length} kills, ${repeated.length} of ${MESSAGES} deliveries repeated because of them`,
  );
  for (const [first, second] of repeated) {
    const { title, key, beginMs, endMs } = first;
    const isExcused = killsMs.some((atMs) => beginMs < atMs && atMs < second.beginMs);
    assert.equal(key, second.key, 'a receiver that looks at the key takes it once');
    assert.ok(isExcused, `${title} was repeated without a kill in between`);
    assert.ok(endMs <= second.beginMs, `${title} was worked on by two at a time`);
  }
  assert.ok(repeated.length <= killsMs.length * CHANNEL_CONCURRENCY, `${repeated.length} repetitions`);
}

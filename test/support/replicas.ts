/** Several servers that share a queue in a real Redis, and who receives their webhooks. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { RENEW_MS } from '../../src/notify/replicas/replica-store.ts';
import { makeFolder } from './folder.ts';
import { ann, notifyFile, send, type User } from './notify.ts';
import { eventually, request } from './raw.ts';
import { type Redis, startRedis } from './redis.ts';
import { json, type Reply, startStandIn } from './stand-in.ts';
import { type Server, start } from './target.ts';

export interface Delivery {
  readonly title: string;
  readonly key: unknown;
  readonly beginMs: number;
  endMs: number;
}

/** Takes messages after a few milliseconds, unless `respond` has another answer. */
export async function startReceiver(
  t: TestContext,
  respond: (title: string, times: number) => Reply | undefined | Promise<Reply | undefined> = () => undefined,
) {
  const deliveries: Delivery[] = [];
  const standIn = await startStandIn(async ({ body, headers }) => {
    const { title } = JSON.parse(body.toString());
    const beginMs = performance.now();
    const delivery = { title, key: headers['idempotency-key'], beginMs, endMs: beginMs };
    deliveries.push(delivery);
    const times = deliveries.filter((one) => one.title === title).length;
    const reply = await respond(title, times);
    if (!reply) await sleep(Math.random() * 5);
    delivery.endMs = performance.now();
    return reply ?? json({ ok: true });
  });
  t.after(() => standIn.close());
  return { deliveries, hook: { kind: 'webhook', url: standIn.origin, allowAddresses: ['127.0.0.1'] } };
}

export interface ReplicaSetup {
  readonly channels: object;
  readonly users?: Readonly<Record<string, User>>;
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** A server of its own for this test, and replicas that it starts as they are asked for. */
export async function startSharing(t: TestContext, setup: ReplicaSetup, settings: readonly string[] = []) {
  const redis = await startRedis(settings);
  t.after(() => redis.stop('SIGKILL'));
  return { redis, startOne: replicaStarter(t, redis.url, setup) };
}

export function replicaStarter(
  t: TestContext,
  url: string,
  { channels, users = { ann }, args = [], env = {} }: ReplicaSetup,
) {
  const own = ['--notify', notifyFile(channels, users), '--spool', url, '--notify-wait', '0'];
  own.push('--metrics-path', '/metrics', ...args);
  return async (): Promise<Server> => {
    const server = await start({ root: makeFolder({ 'a.txt': 'a' }), args: own, env });
    t.after(() => server.stop('SIGKILL'));
    return server;
  };
}

/** The names of those that are taken to be alive. */
export function aliveIn(redis: Redis): string[] {
  return redis.cli('zrangebyscore', '{mote}:leases', '1000', '+inf').split('\n').filter(Boolean);
}

/** Whose messages are there, once for each message. */
export function ownersIn(redis: Redis): string[] {
  const members = redis.cli('zrange', '{mote}:owners', '0', '-1').split('\n').filter(Boolean);
  return members.map((member) => member.split(' ')[0] ?? '');
}

/** Ends the lease of a replica that does not renew it, and tells the others. */
export function endLease(redis: Redis, name: string): void {
  redis.cli('zadd', '{mote}:leases', 'XX', '0', name);
  redis.cli('publish', '{mote}:wake', 'orphans');
}

/** Ends the leases of all that do not renew theirs, sooner than they would end by themselves. */
export async function endDeadLeases(redis: Redis): Promise<void> {
  const leases = () => redis.cli('zrange', '{mote}:leases', '0', '-1', 'withscores').split('\n');
  const before = leases();
  await sleep(2 * RENEW_MS);
  const after = leases();
  for (let at = 0; at + 1 < before.length; at += 2) {
    const name = before[at] ?? '';
    const now = after.indexOf(name);
    if (name !== '' && now >= 0 && after[now + 1] === before[at + 1]) endLease(redis, name);
  }
}

export function countsIn(redis: Redis): Readonly<Record<'messages' | 'owners' | 'notes' | 'dead', number>> {
  const count = (command: string, key: string) => Number(redis.cli(command, `{mote}:${key}`));
  return {
    messages: count('hlen', 'messages'),
    owners: count('zcard', 'owners'),
    notes: count('hlen', 'notes'),
    dead: count('hlen', 'dead'),
  };
}

export const nothing = { messages: 0, owners: 0, notes: 0, dead: 0 };

/** Waits until all messages have ended, and nothing of them is left. */
export async function untilEmpty(redis: Redis, withinMs = 20_000): Promise<void> {
  const text = () => JSON.stringify(countsIn(redis));
  await eventually(withinMs, text, (now) => now === JSON.stringify(nothing));
}

export async function waitingAt(server: Server): Promise<number> {
  const { text } = await request(server, '/metrics');
  return Number(/^mote_notify_messages (\d+)$/m.exec(text)?.[1] ?? Number.NaN);
}

export const isAccepted = (status: number) => status === 200 || status === 202;

/** Sends until told to stop, each until it is accepted; gives the titles, and how long the longest answer took. */
export function keepSending(servers: readonly Server[]) {
  const accepted: string[] = [];
  const statuses = new Set<number>();
  let [isOver, isPaused, busy, slowestMs, serial] = [false, false, 0, 0, 0];
  const sendOne = async (title: string, turn: number): Promise<void> => {
    for (let tries = 0; tries < 200; tries++) {
      const began = performance.now();
      const server = servers[(turn + tries) % servers.length] as Server;
      const result = await send(server, { title }, { 'Idempotency-Key': title }).catch(() => undefined);
      slowestMs = Math.max(slowestMs, performance.now() - began);
      statuses.add(result?.http ?? 0);
      if (result?.http === 503) assert.match(result.header('retry-after') ?? '', /^\d+$/);
      if (result && isAccepted(result.http)) {
        accepted.push(title);
        return;
      }
      await sleep(50);
    }
    throw new Error(`${title} was never accepted`);
  };
  const senders = Array.from({ length: 4 }, async () => {
    while (!isOver) {
      if (!isPaused) {
        serial += 1;
        busy += 1;
        await sendOne(`message ${serial}`, serial);
        busy -= 1;
      }
      await sleep(10);
    }
  });
  // Where a test has failed already, nobody waits for them.
  for (const sender of senders) sender.catch(() => undefined);
  return {
    accepted,
    /** Resolves when nothing is under way. */
    async pause() {
      isPaused = true;
      while (busy > 0) await sleep(10);
    },
    resume() {
      isPaused = false;
    },
    async stop() {
      isOver = true;
      await Promise.all(senders);
      return { accepted, statuses, slowestMs };
    },
  };
}

export function assertDeliveredOnce(accepted: readonly string[], deliveries: readonly Delivery[]): void {
  const counts = new Map<string, number>();
  for (const { title } of deliveries) counts.set(title, (counts.get(title) ?? 0) + 1);
  assert.deepEqual(
    accepted.filter((title) => counts.get(title) !== 1).map((title) => [title, counts.get(title)]),
    [],
  );
}

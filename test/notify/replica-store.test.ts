/** The scripts of replicas in the real server, held to the rules of the model. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { RedisClient } from '../../src/net/redis/client.ts';
import { delivered, messageWith, orderFor, queueOptions } from '../../src/notify/fixtures.ts';
import { makeId } from '../../src/notify/id.ts';
import { type Envelope, newEnvelope, pendingAt, receiptOf, record } from '../../src/notify/queue/envelope.ts';
import { PLAIN_RECEIPTS } from '../../src/notify/queue/idempotency.ts';
import { LostMessage, StoreError } from '../../src/notify/queue/store.ts';
import { Keys } from '../../src/notify/replicas/keys.ts';
import * as rules from '../../src/notify/replicas/protocol-fixtures.ts';
import { ReplicaStore, type ReplicaStoreOptions } from '../../src/notify/replicas/replica-store.ts';
import { parseRedisUrl } from '../../src/util/redis-url.ts';
import { noRedis, type Redis, startRedis } from '../support/redis.ts';

const { policy } = queueOptions([]);
const at = { nowMs: 5, random: () => 0, policy };
let serial = 0;

const freshEnvelope = (key?: string, atMs = serial): Envelope => {
  serial += 1;
  const message = messageWith(makeId(atMs, (bytes) => Buffer.alloc(bytes, serial)));
  return newEnvelope(
    message,
    'ann',
    orderFor('a').channels,
    key === undefined ? undefined : { key, fingerprint: 'f' },
  );
};
const recentEnvelope = (inMs = 0): Envelope => freshEnvelope(undefined, Date.now() + inMs + 1);
const noteOf = ({ message: { id } }: Envelope) => ({
  id,
  round: 0,
  channel: 'a',
  number: 1,
  done: [],
  mayBeSent: true,
});
const ended = (envelope: Envelope) => record(envelope, 'a', delivered, at);

async function connect(redis: Redis): Promise<RedisClient> {
  const target = parseRedisUrl(redis.url);
  assert.ok(target.ok);
  const silence = () => undefined;
  const client = new RedisClient({
    target: target.value,
    trust: () => assert.fail('no TLS here'),
    probeKey: '{mote}:messages',
    channel: '{mote}:wake',
    onMessage: silence,
    onUp: silence,
    onDown: silence,
  });
  await client.start();
  return client;
}

function storeFor(server: RedisClient, replica: string, over: Partial<ReplicaStoreOptions> = {}) {
  return new ReplicaStore({
    server,
    name: 'redis',
    keys: new Keys('mote'),
    replica,
    maxMessages: 1000,
    maxDead: 1000,
    maxAgeMs: 60_000,
    now: Date.now,
    report: (id, fault) => assert.fail(`${id}: ${fault}`),
    onRefusal: () => undefined,
    onRemoved: () => undefined,
    ...over,
  });
}

describe('messages in the real server', { skip: noRedis }, async () => {
  const redis = noRedis ? undefined : await startRedis(['--appendfsync', 'no']);
  const server = redis && (await connect(redis));
  const one = server as RedisClient;
  test.after(async () => {
    server?.close();
    await redis?.stop();
  });

  test('go the way of the model', async () => {
    const step = fc.tuple(
      fc.constantFrom('accept', 'begin', 'finish', 'adopt', 'expire', 'renew'),
      fc.constantFrom('x', 'y', 'z'),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 3, maxLength: 14 }), async (steps) => {
        await one.command(['FLUSHALL']);
        const envelope = freshEnvelope('k');
        let state: rules.ServerState = { row: false, owner: '', receipt: '', alive: [] };
        for (const [what, name] of steps) {
          const next = expected(state, what, name);
          assert.equal(await perform(one, envelope, what, name), next.result, `${what} by ${name}`);
          state = next.state;
          assert.deepEqual(await stateIn(one, envelope), state, `${what} by ${name}`);
        }
      }),
      { numRuns: 150 },
    );
  });

  test('a key belongs to the first message, for as long as it is known', async () => {
    await one.command(['FLUSHALL']);
    const [x, y] = [storeFor(one, 'x'), storeFor(one, 'y')];
    const [first, second] = [freshEnvelope('k'), freshEnvelope('k')];
    assert.deepEqual(await x.accept(first), { kind: 'saved' });
    const used = { kind: 'used', id: first.message.id, fingerprint: 'f' };
    assert.deepEqual(await y.accept(second), used);
    await x.finish(ended(first), receiptOf(ended(first), 7));
    assert.deepEqual(await y.accept(second), used);
    assert.deepEqual((await y.find(first.message.id))?.progress, ended(first).progress);
  });

  test('are limited in number', async () => {
    await one.command(['FLUSHALL']);
    const store = storeFor(one, 'x', { maxMessages: 1 });
    assert.deepEqual(await store.accept(freshEnvelope()), { kind: 'saved' });
    assert.deepEqual(await store.accept(freshEnvelope()), { kind: 'full' });
  });

  test('a channel is called no faster than it allows, by all replicas together', async () => {
    await one.command(['FLUSHALL']);
    const stores = ['x', 'y'].map((name) => storeFor(one, name));
    const rates = [{ calls: 3, windowMs: 60_000 }];
    const starts: string[] = [];
    for (let i = 0; i < 6; i++) {
      const store = stores[i % 2] as ReplicaStore;
      const envelope = freshEnvelope();
      await store.accept(envelope);
      const { kind } = await store.begin(noteOf(envelope), { channel: 'a', rates, calls: 1 });
      starts.push(kind);
    }
    assert.deepEqual(starts, ['begun', 'begun', 'begun', 'wait', 'wait', 'wait']);
  });

  test('a full memory refuses new messages, and lets old ones end', async () => {
    await one.command(['FLUSHALL']);
    const store = storeFor(one, 'x');
    const envelope = freshEnvelope();
    await store.accept(envelope);
    await one.command(['CONFIG', 'SET', 'maxmemory', '1']);
    try {
      await assert.rejects(store.accept(freshEnvelope()), StoreError);
      await store.begin(noteOf(envelope), { channel: 'a', rates: [], calls: 1 });
      await store.finish(ended(envelope), receiptOf(ended(envelope), 7));
    } finally {
      await one.command(['CONFIG', 'SET', 'maxmemory', '0']);
    }
    assert.equal(await one.command(['HLEN', '{mote}:messages']), 0);
    assert.equal(await one.command(['ZCARD', '{mote}:owners']), 0);
  });

  test('what must not be sent twice is noted for its owner only', async () => {
    await one.command(['FLUSHALL']);
    const [x, y] = [storeFor(one, 'x'), storeFor(one, 'y')];
    const envelope = freshEnvelope();
    await x.accept(envelope);
    await x.note(noteOf(envelope));
    await one.command(['ZADD', '{mote}:leases', 'XX', '0', 'x']);
    assert.equal((await y.discover(() => false, 10)).length, 1);
    await assert.rejects(x.note(noteOf(envelope)), LostMessage);
    await y.finish(ended(envelope), receiptOf(ended(envelope), 7));
    await assert.rejects(x.note(noteOf(envelope)), LostMessage);
    await one.command(['FLUSHALL']);
    await x.note(noteOf(envelope));
  });

  test('what it owns and does not know is found, also after a late command', async () => {
    await one.command(['FLUSHALL']);
    const reported: string[] = [];
    const store = storeFor(await connect(redis as Redis), 'x', { report: (id) => reported.push(id) });
    const [known, unknown, unreadable] = [freshEnvelope(), freshEnvelope(), freshEnvelope()];
    assert.deepEqual(await store.discover(() => false, 10), []);
    for (const envelope of [known, unknown, unreadable]) await store.accept(envelope);
    await one.command(['HSET', '{mote}:messages', unreadable.message.id, '{"version":2}']);
    await one.command(['ZADD', '{mote}:owners', '0', 'x gone', '0', 'z gone']);
    await one.command(['ZADD', '{mote}:leases', '0', 'z']);
    const look = () => store.discover((id) => id === known.message.id, 10);
    assert.deepEqual(await look(), [], 'not always');
    store.onUp();
    assert.deepEqual(await look(), [unknown]);
    store.onUp();
    assert.deepEqual(await look(), [unknown]);
    assert.deepEqual(reported, [unreadable.message.id], 'once');
    assert.equal(await one.command(['ZSCORE', '{mote}:owners', 'z gone']), null);
    await store.close();
  });

  test('who was halted for longer than a receipt lives takes nothing for lost', async () => {
    await one.command(['FLUSHALL']);
    let haltedMs = 0;
    const x = storeFor(one, 'x', { now: () => Date.now() + haltedMs });
    const before = recentEnvelope();
    await x.accept(before);
    await one.command(['FLUSHALL']);
    haltedMs = PLAIN_RECEIPTS.lifeMs + 1000;
    assert.equal((await x.begin(noteOf(before), { channel: 'a', rates: [], calls: 1 })).kind, 'lost');
    await assert.rejects(x.save(before), LostMessage);
    await assert.rejects(x.finish(ended(before), receiptOf(ended(before), 7)), LostMessage);
    const after = recentEnvelope(haltedMs);
    await x.accept(after);
    await one.command(['FLUSHALL']);
    await x.save(after);
    assert.equal(await one.command(['HLEN', '{mote}:messages']), 1, 'what came later is written again');
  });

  test('clocks of replicas that differ change no waiting time', async () => {
    await one.command(['FLUSHALL']);
    const hourMs = 3_600_000;
    const clients = [await connect(redis as Redis), await connect(redis as Redis)] as const;
    const [x, y] = [
      storeFor(clients[0], 'x', { now: () => Date.now() + 3 * hourMs }),
      storeFor(clients[1], 'y', { now: () => Date.now() - hourMs }),
    ];
    for (const store of [x, y]) {
      const { promise, resolve } = Promise.withResolvers<void>();
      store.watch(() => undefined, resolve);
      store.onUp();
      await promise;
    }
    const dueIn = ({ progress: [first] }: Pick<Envelope, 'progress'>, nowMs: number): number =>
      first?.kind === 'pending' ? first.nextMs - nowMs : Number.NaN;
    const fresh = freshEnvelope();
    const nowMs = Date.now() + 3 * hourMs;
    const envelope = { ...fresh, roundMs: nowMs, progress: [pendingAt('a', nowMs + 60_000, [])] };
    await x.accept(envelope);
    await x.save(envelope);
    await one.command(['ZADD', '{mote}:leases', 'XX', '0', 'x']);
    const found = await y.find(fresh.message.id);
    const [adopted] = await y.discover(() => false, 10);
    for (const there of [found, adopted]) {
      assert.ok(there);
      assert.ok(Math.abs(dueIn(there, Date.now() - hourMs) - 60_000) < 5000, JSON.stringify(there));
    }
    assert.ok(Math.abs((adopted?.roundMs ?? 0) - Date.now() + hourMs) < 5000, 'and its age is right');
    for (const store of [x, y]) await store.close();
  });

  test('a state that comes late replaces no later one', async () => {
    await one.command(['FLUSHALL']);
    const store = storeFor(one, 'x');
    const fresh = freshEnvelope();
    await store.accept(fresh);
    const again = (envelope: Envelope) => record(envelope, 'a', { kind: 'retry', reason: 'busy' }, at);
    const [first, second] = [again(fresh), again(again(fresh))];
    for (const envelope of [first, second, first, second]) await store.save(envelope);
    assert.deepEqual((await store.find(fresh.message.id))?.progress, second.progress);
    await store.save(first);
    assert.deepEqual((await store.find(fresh.message.id))?.progress, second.progress);
  });

  test('what the server has lost is there again with the next change', async () => {
    await one.command(['FLUSHALL']);
    const store = storeFor(one, 'x');
    const envelope = freshEnvelope();
    await store.accept(envelope);
    await one.command(['FLUSHALL']);
    const retried = record(envelope, 'a', { kind: 'retry', reason: 'busy' }, at);
    await store.save(retried);
    assert.deepEqual((await store.find(envelope.message.id))?.progress, retried.progress);
  });
});

interface Expected {
  readonly state: rules.ServerState;
  readonly result: string;
}

function expected(state: rules.ServerState, what: string, name: string): Expected {
  const alive = state.alive.includes(name) ? state.alive : [...state.alive, name].sort();
  switch (what) {
    case 'accept':
      // One replica accepts, and may ask again whenever a reply was lost.
      return name === 'x'
        ? { state: rules.accept(state, name), result: 'saved' }
        : { state, result: 'skipped' };
    case 'begin': {
      const result = rules.begin(state, name);
      return { state: result === 'begun' && state.owner === name ? { ...state, alive } : state, result };
    }
    case 'finish': {
      const { server, is } = rules.finish(state, name);
      return { state: server, result: is };
    }
    case 'adopt':
      return rules.canAdopt(state, name)
        ? { state: rules.adopt(state, name), result: 'adopted' }
        : { state: { ...state, alive }, result: 'nothing' };
    case 'expire':
      return { state: { ...state, alive: state.alive.filter((other) => other !== name) }, result: 'done' };
    default:
      return { state: { ...state, alive }, result: 'done' };
  }
}

async function perform(server: RedisClient, envelope: Envelope, what: string, name: string): Promise<string> {
  const store = storeFor(server, name);
  switch (what) {
    case 'accept':
      return name === 'x' ? (await store.accept(envelope)).kind : 'skipped';
    case 'begin':
      return (await store.begin(noteOf(envelope), { channel: 'a', rates: [], calls: 1 })).kind;
    case 'finish':
      return await store.finish(ended(envelope), receiptOf(ended(envelope), 7)).then(
        () => 'finished',
        (error) => (error instanceof LostMessage ? 'stale' : String(error)),
      );
    case 'adopt': {
      const isOwn = (await stateIn(server, envelope)).owner === name;
      return (await store.discover(() => isOwn, 10)).length > 0 ? 'adopted' : 'nothing';
    }
    case 'expire':
      await server.command(['ZADD', '{mote}:leases', 'XX', '0', name]);
      return 'done';
    default:
      await server.command(['ZADD', '{mote}:leases', '99999999999999', name]);
      return 'done';
  }
}

async function stateIn(server: RedisClient, { message: { id } }: Envelope): Promise<rules.ServerState> {
  const row = (await server.command(['HEXISTS', '{mote}:messages', id])) === 1;
  const members = (await server.command(['ZRANGE', '{mote}:owners', '0', '-1'])) as readonly string[];
  const owner = members.map((member) => member.split(' ')[0] ?? '').join();
  const receipt = String((await server.command(['GET', `{mote}:receipt:${id}`])) ?? '').split(' ')[0] ?? '';
  const leases = (await server.command([
    'ZRANGEBYSCORE',
    '{mote}:leases',
    '1000',
    '+inf',
  ])) as readonly string[];
  return { row, owner, receipt, alive: leases.toSorted() };
}

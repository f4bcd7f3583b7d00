/** Where a server can be: behind sentinels, in a cluster, behind TLS, at a unix socket; and Valkey. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { lacking } from '../../scripts/test/lacking.ts';
import { authority, certificate, key } from '../support/certificates.ts';
import { makeFolder } from '../support/folder.ts';
import { freePort } from '../support/free-port.ts';
import { send } from '../support/notify.ts';
import { eventually, request } from '../support/raw.ts';
import { clusterPort, noRedis, type Redis, startRedis, startSentinel } from '../support/redis.ts';
import {
  assertDeliveredOnce,
  keepSending,
  type ReplicaSetup,
  replicaStarter,
  startReceiver,
  untilEmpty,
} from '../support/replicas.ts';
import type { Server } from '../support/target.ts';

/** Sentinels look every ten seconds, and act after some more. */
const PATIENCE_MS = 60_000;
const noValkey = noRedis || lacking({ 'valkey-server': 'valkey-server' });
const noSentinel = noRedis || lacking({ 'redis-sentinel': 'redis-sentinel' });
const pem = makeFolder({
  'ca.pem': authority,
  'own.pem': certificate,
  'key.pem': key,
});

/** A message goes from one replica through the server, and is told by the other. */
async function assertWorks(t: TestContext, redis: Redis, url: string, setup: Partial<ReplicaSetup> = {}) {
  const { deliveries, hook } = await startReceiver(t);
  const startOne = replicaStarter(t, url, { channels: { hook }, ...setup });
  const servers = [await startOne(), await startOne()];
  for (const [number, server] of servers.entries()) {
    assert.equal(
      (await send(server, { title: `${number}` }, { 'Idempotency-Key': `${url} ${number}` })).http,
      202,
    );
  }
  await untilEmpty(redis);
  assert.equal(deliveries.length, 2);
  for (const server of servers) assert.equal((await server.stop()).code, 0);
}

const isReady = (server: Server) => request(server, '/readyz').then(({ status }) => status === 200);

describe('replicas find their server', { skip: noRedis }, () => {
  test('behind sentinels, also when it becomes another one', { skip: noSentinel }, async (t) => {
    const { first, second, sentinel } = await startPair(t);
    const { deliveries, hook } = await startReceiver(t);
    const url = `redis+sentinel://127.0.0.1:1,127.0.0.1:${sentinel.port}/main`;
    const startOne = replicaStarter(t, url, { channels: { hook } });
    const servers = [await startOne(), await startOne()];
    await servers[0]?.logged(/a failover can lose/);
    const sending = keepSending(servers);
    await eventually(
      PATIENCE_MS,
      () => deliveries.length,
      (count) => count > 5,
    );
    const primary = () => sentinel.cli('sentinel', 'get-master-addr-by-name', 'main').split('\n')[1];
    // The first goes on as a replica, which refuses writes.
    await eventually(
      PATIENCE_MS,
      () => sentinel.cli('sentinel', 'failover', 'main'),
      (said) => said.includes('OK'),
    );
    await eventually(PATIENCE_MS, primary, (port) => port === `${second.port}`);
    const seen = sending.accepted.length;
    await eventually(
      PATIENCE_MS,
      () => sending.accepted.length,
      (count) => count > seen + 5,
    );
    await eventually(
      PATIENCE_MS,
      () => replicationOf(first),
      (text) => /role:slave[\s\S]*link_status:up/.test(text),
    );
    await second.stop('SIGKILL');
    await eventually(PATIENCE_MS, primary, (port) => port === `${first.port}`);
    await eventually(
      PATIENCE_MS,
      () => isReady(servers[0] as Server),
      (ready) => ready,
    );
    const again = sending.accepted.length;
    await eventually(
      PATIENCE_MS,
      () => sending.accepted.length,
      (count) => count > again + 5,
    );
    const { accepted } = await sending.stop();
    await untilEmpty(first, PATIENCE_MS);
    const delivered = new Set(deliveries.map(({ title }) => title));
    assert.deepEqual(
      accepted.filter((title) => !delivered.has(title)),
      [],
      'nothing is lost',
    );
    t.diagnostic(`${deliveries.length - delivered.size} of ${accepted.length} repeated by two failovers`);
  });

  test('in a cluster of one', async (t) => {
    const node = await startNode();
    t.after(() => node.stop('SIGKILL'));
    node.cli('cluster', 'addslotsrange', '0', '16383');
    await eventually(
      PATIENCE_MS,
      () => node.cli('cluster', 'info'),
      (text) => text.includes('cluster_state:ok'),
    );
    await assertWorks(t, node, node.url);
  });

  test('in a cluster whose other node has the keys, and when they move', async (t) => {
    const nodes = await Promise.all([1, 2, 3].map(startNode));
    t.after(() => Promise.all(nodes.map((node) => node.stop('SIGKILL'))));
    const [first, second, third] = nodes as [Redis, Redis, Redis];
    const ranges = [
      ['0', '5000'],
      ['5001', '10000'],
      ['10001', '16383'],
    ] as const;
    for (const [index, node] of nodes.entries()) {
      node.cli('cluster', 'addslotsrange', ...(ranges[index] as readonly [string, string]));
      if (node !== first) first.cli('cluster', 'meet', '127.0.0.1', `${node.port}`);
    }
    for (const node of nodes) {
      await eventually(
        PATIENCE_MS,
        () => node.cli('cluster', 'info'),
        (text) => /cluster_state:ok[\s\S]*cluster_known_nodes:3/.test(text),
      );
    }
    const slot = first.cli('cluster', 'keyslot', '{mote}:messages').trim();
    const owner = ranges.findIndex(
      ([from, to]) => Number(from) <= Number(slot) && Number(slot) <= Number(to),
    );
    const [has, others] = [
      nodes[owner] as Redis,
      nodes.filter((_, index) => index !== owner) as [Redis, Redis],
    ];
    await assertWorks(t, has, others[0].url);
    const { deliveries, hook } = await startReceiver(t);
    const startOne = replicaStarter(t, others[1].url, { channels: { hook } });
    const sending = keepSending([await startOne(), await startOne()]);
    await eventually(
      PATIENCE_MS,
      () => deliveries.length,
      (count) => count > 5,
    );
    await sending.pause();
    await untilEmpty(has);
    // As redis-cli --cluster reshard does, under load again.
    const to = others[0];
    const [fromId, toId] = [has.cli('cluster', 'myid').trim(), to.cli('cluster', 'myid').trim()];
    sending.resume();
    to.cli('cluster', 'setslot', slot, 'importing', fromId);
    has.cli('cluster', 'setslot', slot, 'migrating', toId);
    for (let keys = keysIn(has, slot); keys.length > 0; keys = keysIn(has, slot)) {
      has.cli('migrate', '127.0.0.1', `${to.port}`, '', '0', '5000', 'KEYS', ...keys);
    }
    for (const node of [to, has, third, second, first]) node.cli('cluster', 'setslot', slot, 'node', toId);
    const seen = sending.accepted.length;
    await eventually(
      PATIENCE_MS,
      () => sending.accepted.length,
      (count) => count > seen + 5,
    );
    const { accepted } = await sending.stop();
    await untilEmpty(to, PATIENCE_MS);
    assertDeliveredOnce(accepted, deliveries);
  });

  test('behind TLS, if its certificate is right', async (t) => {
    const port = await freePort();
    const options = {
      port,
      listen: ['--port', '0', '--tls-port', `${port}`],
      reach: ['--tls', '--cacert', join(pem, 'ca.pem'), '-h', 'localhost', '-p', `${port}`],
    };
    const file = (name: string) => join(pem, name);
    const tls = ['--tls-cert-file', file('own.pem'), '--tls-key-file', file('key.pem')];
    tls.push('--tls-ca-cert-file', file('ca.pem'), '--tls-auth-clients', 'no');
    const redis = await startRedis(tls, options);
    t.after(() => redis.stop());
    const env = { SSL_CERT_FILE: join(pem, 'ca.pem') };
    await assertWorks(t, redis, `rediss://localhost:${port}`, { env });
    await assertWorks(t, redis, `rediss://127.0.0.1:${port}`, { env });
    const { hook } = await startReceiver(t);
    const faults = [
      [`rediss://localhost:${port}`, {}, /certificate|issuer|CA/i],
      [`redis://localhost:${port}`, env, /closed|reset|RESP3/],
    ] as const;
    for (const [url, environment, expected] of faults) {
      const server = await replicaStarter(t, url, { channels: { hook }, env: environment })();
      assert.match(await server.logged(/cannot be used/), expected);
      assert.equal(await isReady(server), false);
    }
  });

  test('at a unix socket', async (t) => {
    const path = join(makeFolder(), 'redis.sock');
    const options = { listen: ['--port', '0', '--unixsocket', path], reach: ['-s', path] };
    const redis = await startRedis([], options);
    t.after(() => redis.stop());
    await assertWorks(t, redis, `unix://${path}`);
  });

  test('where it is Valkey', { skip: noValkey }, async (t) => {
    const redis = await startRedis([], { program: 'valkey-server' });
    t.after(() => redis.stop());
    t.diagnostic(/valkey_version:.*/.exec(redis.cli('info', 'server'))?.[0] ?? '');
    await assertWorks(t, redis, redis.url.replace('redis', 'valkey'));
    const { deliveries, hook } = await startReceiver(t);
    const startOne = replicaStarter(t, redis.url, { channels: { hook } });
    const sending = keepSending([await startOne(), await startOne()]);
    await eventually(
      PATIENCE_MS,
      () => deliveries.length,
      (count) => count > 10,
    );
    await redis.restart('SIGKILL');
    const seen = sending.accepted.length;
    await eventually(
      PATIENCE_MS,
      () => sending.accepted.length,
      (count) => count > seen + 10,
    );
    const { accepted } = await sending.stop();
    await untilEmpty(redis);
    assertDeliveredOnce(accepted, deliveries);
  });
});

/** A primary, a replica of it, and a sentinel that knows both. */
async function startPair(t: TestContext) {
  const first = await startRedis();
  const second = await startRedis(['--replicaof', '127.0.0.1', `${first.port}`]);
  const sentinel = await startSentinel(first);
  t.after(() => Promise.all([first.stop('SIGKILL'), second.stop('SIGKILL'), sentinel.stop()]));
  await eventually(
    PATIENCE_MS,
    () => sentinel.cli('sentinel', 'replicas', 'main'),
    (text) => text.includes(`${second.port}`) && second.cli('info', 'replication').includes('link_status:up'),
  );
  return { first, second, sentinel };
}

function replicationOf(redis: Redis): string {
  try {
    return redis.cli('info', 'replication');
  } catch {
    // A sentinel cuts the connections of who asks meanwhile.
    return '';
  }
}

async function startNode(): Promise<Redis> {
  return startRedis(['--cluster-enabled', 'yes'], { port: await clusterPort() });
}

function keysIn(node: Redis, slot: string): string[] {
  return node.cli('cluster', 'getkeysinslot', slot, '100').split('\n').filter(Boolean);
}

/** The composition of a spool in a Redis or Valkey server. Loaded only where `--spool` is its URL. */
import { randomBytes } from 'node:crypto';
import type { Config } from '../config/options.ts';
import type { CaTrust } from '../net/ca-bundle.ts';
import { RedisClient } from '../net/redis/client.ts';
import { RedisError, type RedisReply } from '../net/redis/resp.ts';
import { FAULT_SILENCE_MS } from '../notify/queue/persister.ts';
import { type MessageStore, StoreError } from '../notify/queue/store.ts';
import { Keys } from '../notify/replicas/keys.ts';
import { promiseOf, type Settings } from '../notify/replicas/promise.ts';
import { ReplicaAdmin } from '../notify/replicas/replica-admin.ts';
import { ReplicaStore } from '../notify/replicas/replica-store.ts';
import { COMMANDS, RIGHTS } from '../notify/replicas/scripts.ts';
import { Sharing } from '../notify/replicas/sharing.ts';
import type { DeliveryMetrics } from '../observe/deliveries.ts';
import type { EventLog } from '../observe/log.ts';
import { News } from '../util/news.ts';
import { nameOf, parseRedisUrl, type RedisTarget } from '../util/redis-url.ts';
import { lazyTrust } from './channels.ts';

const REPLICA_BYTES = 12;

/** What opening a store needs. */
export interface StoreOptions {
  readonly event: EventLog;
  readonly metrics: DeliveryMetrics;
  readonly trust: () => CaTrust;
}

export interface OpenedStore {
  readonly store: MessageStore;
  /** Where other processes use the store too. */
  readonly sharing?: Sharing;
}

/** Rejects with a {@link StoreError} if the server refuses mote; one that cannot be reached yet is waited for. */
export async function openReplicas(config: Config, options: StoreOptions): Promise<OpenedStore> {
  const { event, metrics, trust } = options;
  const target = targetOf(config);
  const tell = tellOnce(event);
  const faults = new News(FAULT_SILENCE_MS);
  const tellFault = (reason: string): void => {
    if (faults.isNews(reason, performance.now()))
      event('warn', 'the spool cannot be used; trying again', { reason });
  };
  const keys = new Keys(config.spoolPrefix);
  const client = clientOf(keys, target, trust, {
    onMessage: (text) => {
      if (text === 'orphans') store.onOrphans();
      else sharing.hear(text);
    },
    onUp: () => {
      faults.forget();
      event('info', 'connected to the spool', { server: client.place });
      if (isOpen) demandRights(client, keys).catch((error) => event('error', error.message));
      settingsOf(client).then(tell, () => undefined);
      store.onUp();
    },
    onDown: tellFault,
  });
  let isOpen = false;
  const replica = randomBytes(REPLICA_BYTES).toString('base64url');
  const sharing = new Sharing({ server: client, keys, replica });
  const store: ReplicaStore = new ReplicaStore({
    server: client,
    name: nameOf(target),
    keys,
    replica,
    maxMessages: config.maxQueuedMessages,
    maxDead: config.maxDeadMessages,
    maxAgeMs: config.notifyMaxAgeMs,
    now: Date.now,
    report: (id, fault) => event('warn', `spool: a message is ${fault}; left alone`, { id }),
    onRefusal: tellFault,
    onRemoved(messages) {
      metrics.countRemoved(messages);
      event('warn', 'messages that were given up were removed: more than --max-dead-messages', { messages });
    },
  });
  await startClient(client);
  if (client.isUp) await demandRights(client, keys);
  isOpen = true;
  return { store, sharing };
}

/** For the operator. Rejects with a {@link StoreError} if the server cannot be reached, or refuses. */
export async function openReplicaAdmin(
  config: Pick<Config, 'spool' | 'spoolPrefix'>,
  caFile: string,
  report: (id: string, fault: string) => void,
): Promise<ReplicaAdmin> {
  const silence = () => undefined;
  const events = { onMessage: silence, onUp: silence, onDown: silence };
  const keys = new Keys(config.spoolPrefix);
  const client = clientOf(keys, targetOf(config), lazyTrust(caFile), events);
  await startClient(client);
  if (!client.isUp) {
    client.close();
    throw new StoreError(`--spool: ${client.fault}`, undefined);
  }
  return new ReplicaAdmin({ client, keys, now: Date.now, report });
}

type ClientEvents = Pick<ConstructorParameters<typeof RedisClient>[0], 'onMessage' | 'onUp' | 'onDown'>;

/** `config.spool` is a valid URL. */
function targetOf({ spool }: Pick<Config, 'spool'>): RedisTarget {
  const target = parseRedisUrl(spool);
  if (!target.ok) throw new Error(`--spool ${target.error}`);
  return target.value;
}

function clientOf(keys: Keys, target: RedisTarget, trust: () => CaTrust, events: ClientEvents): RedisClient {
  return new RedisClient({
    target,
    trust: () => trust().secureContext,
    probeKey: keys.messages,
    channel: keys.wake,
    ...events,
  });
}

/** Rejects with a {@link StoreError} for what the operator must change. */
async function startClient(client: RedisClient): Promise<void> {
  try {
    await client.start();
  } catch (error) {
    if (!(error instanceof RedisError)) throw error;
    throw refusal(error);
  }
}

/**
 * Rejects with a {@link StoreError} if the server's user may not run all that the scripts need: one that stops half-way
 * leaves what it has written.
 */
async function demandRights(client: RedisClient, keys: Keys): Promise<void> {
  const missing = await client.run(RIGHTS, [keys.messages], [keys.wake, ...COMMANDS]).catch((error) => {
    if (error instanceof RedisError && error.code === 'NOPERM') throw refusal(error);
    return [];
  });
  const names = (missing as readonly string[]).join(', ');
  if (names === '') return;
  throw new StoreError(
    `--spool: the server's user may not run ${names}; docs/replicas.md has its rights`,
    undefined,
  );
}

function refusal(error: RedisError): StoreError {
  return new StoreError(`--spool: the server refuses mote: ${error.message}`, error);
}

/** Rejects where the connection ends meanwhile: the next one tells. */
async function settingsOf(client: RedisClient): Promise<Settings> {
  const ask = (words: readonly string[]): Promise<RedisReply> =>
    client.command(words).catch((error) => {
      if (error instanceof RedisError) return null;
      throw error;
    });
  const [info, appendfsync, policy] = await Promise.all([
    ask(['INFO', 'persistence', 'replication']),
    ask(['CONFIG', 'GET', 'appendfsync']),
    ask(['CONFIG', 'GET', 'maxmemory-policy']),
  ]);
  return {
    info: typeof info === 'string' ? info : undefined,
    appendfsync: settingOf(appendfsync),
    maxmemoryPolicy: settingOf(policy),
  };
}

function settingOf(reply: RedisReply): string | undefined {
  const value = Array.isArray(reply) ? (reply as readonly RedisReply[])[1] : undefined;
  return typeof value === 'string' ? value : undefined;
}

/** What the promise is worth, whenever that changes. */
function tellOnce(event: EventLog): (settings: Settings) => void {
  let told = '';
  return (settings) => {
    const { isSafe, text } = promiseOf(settings);
    if (text !== told) event(isSafe ? 'info' : 'warn', `spool: ${text}`);
    told = text;
  };
}

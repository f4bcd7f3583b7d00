/**
 * The composition of notify: its configuration becomes stages for requests and a queue that delivers. Loaded only
 * where notify is on.
 */
import { randomBytes } from 'node:crypto';
import type { NotifyConfig } from '../config/notify/file.ts';
import type { Config } from '../config/options.ts';
import type { BodyRoom, RequestFacts, Stage } from '../http/types.ts';
import type { CaTrust } from '../net/ca-bundle.ts';
import { createBodyLimits, inTurn } from '../notify/api/body-limit.ts';
import { createNotifyStage, readNotifyHead } from '../notify/api/handler.ts';
import { createPageStage } from '../notify/api/page/page.ts';
import { Access } from '../notify/auth/access.ts';
import type { Channel } from '../notify/channels/channel.ts';
import { createRedactor, type Redactor } from '../notify/dialects/redact.ts';
import { createDialects } from '../notify/dialects/stage.ts';
import type { OpenHooks } from '../notify/hooks/open-hooks.ts';
import { Notifier } from '../notify/notifier.ts';
import { systemClock } from '../notify/queue/clock.ts';
import { Queue, type QueueEvents } from '../notify/queue/queue.ts';
import { defaultRetryPolicy } from '../notify/queue/retry.ts';
import { type MessageStore, memoryStore, StoreError } from '../notify/queue/store.ts';
import { type DeliveryMetrics, deliveryMetrics } from '../observe/deliveries.ts';
import type { EventLog } from '../observe/log.ts';
import { inStock } from '../util/random.ts';
import { isRedisUrl } from '../util/redis-url.ts';
import { StartError } from '../util/start-error.ts';
import { Turns } from '../util/turns.ts';
import { createChannel, lazyTrust, type ShareToken } from './channels.ts';
import { ConfigurationError } from './configuration-error.ts';
import type { OpenedStore, StoreOptions } from './replicas.ts';

/** Concurrent attempts on each channel. */
const CHANNEL_CONCURRENCY = 8;

export interface NotifyService {
  readonly stages: readonly Stage[];
  /** Room for the body of a request that is for notify; see `Hooks.roomFor`. */
  roomFor(facts: RequestFacts): BodyRoom | undefined;
  /** Replaces tokens in everything of a request that is logged. */
  readonly redact: Redactor;
  /** Whether messages can be taken now, as far as the store can tell. */
  isReady(): boolean | Promise<boolean>;
  /** For the operator: where messages go, and where they are kept until then. */
  readonly summary: string;
  /** In the Prometheus format. */
  renderMetrics(): string;
  /** Takes up the messages of the spool. Rejects with a `StartError`. */
  start(): Promise<void>;
  /** Ends within the grace time, or about a second later where a channel does not stop. */
  stop(graceMs: number): Promise<void>;
}

export interface NotifyServiceOptions {
  /** Empty: the CA bundle of the system. */
  readonly caFile: string;
  readonly event: EventLog;
}

/** Rejects with a `StartError` if channels or the spool cannot work as configured. */
export async function openNotify(
  config: Config,
  notify: NotifyConfig,
  { caFile, event }: NotifyServiceOptions,
): Promise<NotifyService> {
  const hooks = await openHooks(notify);
  const trust = lazyTrust(caFile);
  const metrics = deliveryMetrics(notify.channels.map(({ name }) => name));
  const { store, sharing } = await openStore(config, { event, metrics, trust }).catch(refuseStart);
  const channels = await createChannels(
    notify.channels,
    trust,
    sharing && ((secret) => sharing.token(secret)),
  );
  const queue = new Queue({
    channels,
    store,
    clock: systemClock,
    random: Math.random,
    randomBytes: inStock(randomBytes),
    policy: { ...defaultRetryPolicy, maxAgeMs: config.notifyMaxAgeMs },
    limits: {
      maxMessages: config.maxQueuedMessages,
      maxBytes: config.maxQueuedBytes,
      concurrency: CHANNEL_CONCURRENCY,
    },
    events: eventsOf(event, metrics),
  });
  const now = () => performance.now();
  const access = new Access(hooks?.users ?? notify.users, now, sharing);
  const notifier = new Notifier({ access, queue, waitMs: config.notifyWaitMs, now });
  const { notifyDialects } = config;
  const hookStage = hooks?.stage(notifier, { allowQuery: config.notifyQuery });
  const kinds = new Map(notify.channels.map(({ name, kind }) => [name, kind]));
  const options = { allowQuery: config.notifyQuery, hasHooks: hookStage !== undefined, kinds };
  const turns = new Turns();
  const dialects = createDialects(notifyDialects, notifier, { now: Date.now, wordings: hooks?.wordings });
  return {
    stages: [
      ...(hookStage ? [inTurn(turns, hookStage)] : []),
      inTurn(turns, dialects.stage),
      inTurn(turns, createNotifyStage(notifier, options)),
      createPageStage(),
    ],
    roomFor: createBodyLimits({
      usualBytes: config.maxBodyBytes,
      notifier,
      headReaders: [dialects.readHead, (facts) => readNotifyHead(facts, options)],
    }),
    redact: createRedactor(notifyDialects, (text) => access.isToken(text)),
    isReady: () => store.isReady,
    summary: summaryOf(channels, store),
    renderMetrics: () =>
      metrics.render({ waiting: queue.size, dead: store.isDurable ? store.deadMessages : undefined }),
    start: () => queue.start().catch(refuseStart),
    stop: async (graceMs) => report(await queue.stop(graceMs), store, event),
  };
}

/** Rejects with a {@link ConfigurationError} that has the problems of all channels. */
async function createChannels(
  configs: NotifyConfig['channels'],
  trust: () => CaTrust,
  share?: ShareToken,
): Promise<Channel[]> {
  const problems: string[] = [];
  const channels: Channel[] = [];
  for (const config of configs) {
    const channel = await createChannel(config, trust, share);
    if (channel.ok) channels.push(channel.value);
    else problems.push(`channel ${config.name}: ${channel.error}`);
  }
  if (problems.length > 0) throw new ConfigurationError('channel_unusable', problems);
  return channels;
}

/** Rejects with a {@link ConfigurationError} that has the problems of all hooks and templates. */
async function openHooks({ users, hooks, templates }: NotifyConfig): Promise<OpenHooks | undefined> {
  if (!hooks && !templates) return undefined;
  const { compileHooks } = await import('../notify/hooks/open-hooks.ts');
  const compiled = compileHooks({ users, hooks, templates });
  if (compiled.ok) return compiled.value;
  throw new ConfigurationError('hook_unusable', compiled.error);
}

/** What the store cannot do at the start is for the operator to change; its messages say how. */
function refuseStart(error: unknown): never {
  throw error instanceof StoreError ? new StartError('spool_unusable', error.message, '') : error;
}

async function openStore(config: Config, options: StoreOptions): Promise<OpenedStore> {
  const { spool, maxDeadMessages } = config;
  const { event, metrics } = options;
  if (spool === '') return { store: memoryStore };
  if (isRedisUrl(config.spool)) return (await import('./replicas.ts')).openReplicas(config, options);
  const { openSpool } = await import('../notify/spool/spool.ts');
  const store = await openSpool(spool, {
    maxDead: maxDeadMessages,
    report: (path, fault) => event('warn', `spool: ${fault}; left alone`, { path }),
    onRemoved(messages) {
      metrics.countRemoved(messages);
      event('warn', 'messages that were given up were removed: more than --max-dead-messages', { messages });
    },
  });
  return { store };
}

function eventsOf(event: EventLog, metrics: DeliveryMetrics): QueueEvents {
  return {
    attempt(id, progress) {
      const { kind, channel, attempts } = progress;
      metrics.count(channel, kind);
      if (kind === 'delivered') event('info', 'delivered', { id, channel, attempts });
      else if (kind === 'failed')
        event('error', 'not delivered', { id, channel, attempts, reason: progress.reason });
      else event('warn', 'will be retried', { id, channel, attempts, reason: progress.reason });
    },
    channelFault: (channel, fault) => event('error', `defect of a channel: ${fault}`, { channel }),
    storeFault: (message) => event('error', message),
  };
}

function summaryOf(channels: readonly Channel[], store: MessageStore): string {
  const names = channels.map(({ name }) => name).join(', ');
  const safety = store.isDurable
    ? `the queue is kept in ${store.name}`
    : 'the queue is in memory and is lost when the process ends; --spool DIR keeps it';
  return `mote notifies by ${names} at POST /notify; ${safety}`;
}

function report(remaining: number, store: MessageStore, event: EventLog): void {
  if (remaining === 0) return;
  if (store.isDurable)
    event('info', 'messages wait in the spool for the next start', { messages: remaining });
  else
    event('warn', 'messages were not delivered and are lost; --spool DIR keeps them', {
      messages: remaining,
    });
}

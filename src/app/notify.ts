/**
 * The composition of notify: its configuration becomes stages for requests and a queue that delivers. Loaded only
 * where notify is on.
 */
import { randomBytes } from 'node:crypto';
import type { NotifyConfig } from '../config/notify/file.ts';
import type { Config } from '../config/options.ts';
import type { BodyRoom, RequestFacts, Stage } from '../http/types.ts';
import type { Trust } from '../net/ca-bundle.ts';
import { createNotifyStage, readNotifyHead } from '../notify/api/handler.ts';
import { createPageStage } from '../notify/api/page/page.ts';
import { createRooms } from '../notify/api/room.ts';
import { Access } from '../notify/auth/access.ts';
import type { Channel } from '../notify/channels/channel.ts';
import { createRedactor, type Redactor } from '../notify/dialects/redact.ts';
import { createDialects } from '../notify/dialects/stage.ts';
import { Notifier } from '../notify/notifier.ts';
import { systemClock } from '../notify/queue/clock.ts';
import { Queue, type QueueEvents } from '../notify/queue/queue.ts';
import { defaultRetryPolicy } from '../notify/queue/retry.ts';
import { memoryStore, type Store } from '../notify/queue/store.ts';
import { type DeliveryMetrics, deliveryMetrics } from '../observe/deliveries.ts';
import type { EventLog } from '../observe/log.ts';
import { createChannel, type Env, lazyTrust } from './channels.ts';

/** Attempts at a time on each channel. */
const CHANNEL_CONCURRENCY = 8;

/** What cannot be as it is configured: lines for the operator. */
export class NotifyError extends Error {
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(problems.join('; '));
    this.name = 'NotifyError';
    this.problems = problems;
  }
}

export interface Notifying {
  readonly stages: readonly Stage[];
  /** Room for the body of a request that is for notify; see `Hooks.roomFor`. */
  roomFor(facts: RequestFacts): BodyRoom | undefined;
  /** For everything of a request that is logged. */
  readonly strike: Redactor;
  /** For the operator: where messages go, and how safe they are until then. */
  readonly summary: string;
  /** In the Prometheus format. */
  renderMetrics(): string;
  /** Takes up what the spool holds. Rejects with a `StoreError`. */
  start(): Promise<void>;
  /** Ends within the grace time, about a second later where a channel does not let go. */
  stop(graceMs: number): Promise<void>;
}

export interface Surroundings {
  readonly env: Env;
  readonly event: EventLog;
}

/** Rejects with {@link NotifyError}, or a `StoreError` if the spool cannot be used. */
export async function openNotify(
  config: Config,
  { users, channels: configs }: NotifyConfig,
  { env, event }: Surroundings,
): Promise<Notifying> {
  const channels = await createChannels(configs, lazyTrust(env));
  const metrics = deliveryMetrics(channels.map(({ name }) => name));
  const store = await openStore(config, event, metrics);
  const queue = new Queue({
    channels,
    store,
    clock: systemClock,
    random: Math.random,
    randomBytes,
    policy: { ...defaultRetryPolicy, maxAgeMs: config.notifyMaxAgeMs },
    limits: {
      maxMessages: config.maxQueuedMessages,
      maxBytes: config.maxQueuedBytes,
      concurrency: CHANNEL_CONCURRENCY,
    },
    events: eventsOf(event, metrics),
  });
  const now = () => performance.now();
  const access = new Access(users, now);
  const notifier = new Notifier({ access, queue, waitMs: config.notifyWaitMs, now });
  const { notifyDialects } = config;
  const options = { allowQuery: config.notifyQuery };
  const dialects = createDialects(notifyDialects, notifier, { now: Date.now });
  return {
    stages: [dialects.stage, createNotifyStage(notifier, options), createPageStage()],
    roomFor: createRooms({
      usualBytes: config.maxBodyBytes,
      notifier,
      headReaders: [dialects.readHead, (facts) => readNotifyHead(facts, options)],
    }),
    strike: createRedactor(notifyDialects, (text) => access.isToken(text)),
    summary: summaryOf(channels, store),
    renderMetrics: () =>
      metrics.render({ waiting: queue.size, dead: store.isDurable ? store.deadMessages : undefined }),
    start: () => queue.start(),
    stop: async (graceMs) => report(await queue.stop(graceMs), store, event),
  };
}

/** All of them, or everything that is wrong with any. */
async function createChannels(configs: NotifyConfig['channels'], trust: () => Trust): Promise<Channel[]> {
  const problems: string[] = [];
  const channels: Channel[] = [];
  for (const config of configs) {
    try {
      channels.push(await createChannel(config, trust));
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      problems.push(`channel ${config.name}: ${error.message}`);
    }
  }
  if (problems.length > 0) throw new NotifyError(problems);
  return channels;
}

async function openStore(
  { spool, maxDeadMessages }: Config,
  event: EventLog,
  metrics: DeliveryMetrics,
): Promise<Store> {
  if (spool === '') return memoryStore;
  const { openSpool } = await import('../notify/spool/spool.ts');
  return openSpool(spool, {
    maxDead: maxDeadMessages,
    report: (path, fault) => event('warn', `spool: ${fault}; left alone`, { path }),
    onRemoved(messages) {
      metrics.countRemoved(messages);
      event('warn', 'messages that were given up are removed: more than --max-dead-messages', { messages });
    },
  });
}

function eventsOf(event: EventLog, metrics: DeliveryMetrics): QueueEvents {
  return {
    attempt(id, progress) {
      const { kind, channel, attempts } = progress;
      metrics.count(channel, kind);
      if (kind === 'delivered') event('info', 'delivered', { id, channel, attempts });
      else if (kind === 'failed')
        event('error', 'not delivered', { id, channel, attempts, reason: progress.reason });
      else event('warn', 'to be tried again', { id, channel, attempts, reason: progress.reason });
    },
    channelFault: (channel, fault) => event('error', `defect of a channel: ${fault}`, { channel }),
    storeFault: (message) => event('error', message),
  };
}

function summaryOf(channels: readonly Channel[], store: Store): string {
  const names = channels.map(({ name }) => name).join(', ');
  const safety = store.isDurable
    ? `the queue is kept in ${store.name}`
    : 'the queue is in memory and ends with the process; --spool DIR keeps it';
  return `mote notifies by ${names} at POST /notify; ${safety}`;
}

function report(remaining: number, store: Store, event: EventLog): void {
  if (remaining === 0) return;
  if (store.isDurable)
    event('info', 'messages wait in the spool for the next start', { messages: remaining });
  else
    event('warn', 'messages were not delivered and are lost; --spool DIR keeps them', {
      messages: remaining,
    });
}

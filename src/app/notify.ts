/**
 * The composition of notify: its configuration becomes stages for requests and a queue that delivers. Loaded only
 * where notify is on.
 */
import { randomBytes } from 'node:crypto';
import type { NotifyConfig } from '../config/notify/file.ts';
import type { Config } from '../config/options.ts';
import type { ErrorCode } from '../http/errors.ts';
import type { BodyRoom, Plan, RequestFacts, Stage } from '../http/types.ts';
import type { CaTrust } from '../net/ca-bundle.ts';
import { createNotifyStage, isOurs, tokenOfHead } from '../notify/api/handler.ts';
import { createPageStage } from '../notify/api/page/page.ts';
import { problem, type Refused } from '../notify/api/refusal.ts';
import { refusalPlan } from '../notify/api/response.ts';
import { createRooms, MAX_MESSAGE_BODY_BYTES } from '../notify/api/room.ts';
import { Access } from '../notify/auth/access.ts';
import type { Channel } from '../notify/channels/channel.ts';
import { createStrike, type Strike } from '../notify/dialects/redact.ts';
import { createDialects, type Dialects } from '../notify/dialects/stage.ts';
import { Notifier } from '../notify/notifier.ts';
import { systemClock } from '../notify/queue/clock.ts';
import { Queue, type QueueEvents } from '../notify/queue/queue.ts';
import { defaultRetryPolicy } from '../notify/queue/retry.ts';
import { type MessageStore, memoryStore } from '../notify/queue/store.ts';
import { type DeliveryMetrics, deliveryMetrics } from '../observe/deliveries.ts';
import type { EventLog } from '../observe/log.ts';
import { createChannel, type Env, lazyTrust } from './channels.ts';

/** When to come back after a large body had no room. */
const LARGE_RETRY_SECONDS = '2';
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
  /** Room for a body that is larger than usual, if it is for notify; see `Hooks.roomFor`. */
  roomFor(facts: RequestFacts): BodyRoom | undefined;
  /** The answer to a body that the server refuses to read, if it is for notify. */
  refusalOf(facts: RequestFacts, code: ErrorCode): Plan | undefined;
  /** For everything of a request that is logged. */
  readonly strike: Strike;
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
    ...doorOf({ config, dialects, notifier, ownTokenOf: (facts) => tokenOfHead(facts, options) }),
    strike: createStrike(notifyDialects, (text) => access.has(text)),
    summary: summaryOf(channels, store),
    renderMetrics: () =>
      metrics.render({ waiting: queue.size, dead: store.isDurable ? store.deadMessages : undefined }),
    start: () => queue.start(),
    stop: async (graceMs) => report(await queue.stop(graceMs), store, event),
  };
}

interface Door {
  readonly config: Config;
  readonly dialects: Dialects;
  readonly notifier: Notifier;
  readonly ownTokenOf: (facts: RequestFacts) => string | undefined;
}

/** What is decided before a body is read. */
function doorOf({ config, dialects, notifier, ownTokenOf }: Door): Pick<Notifying, 'roomFor' | 'refusalOf'> {
  const tokenOf = (facts: RequestFacts) =>
    dialects.tokenOf(facts) ?? (isOurs(facts.path) ? ownTokenOf(facts) : undefined);
  return {
    roomFor: createRooms({
      usualBytes: config.maxBodyBytes,
      isWelcome: (facts) => notifier.knows(tokenOf(facts) ?? ''),
    }),
    refusalOf(facts, code) {
      const token = tokenOf(facts);
      const grant = token === undefined ? undefined : notifier.identify({ token, client: facts.client });
      const refused = grant?.kind === 'refused' ? grant : unread(code, grant !== undefined, config);
      return dialects.refusalPlan(facts, refused) ?? (isOurs(facts.path) ? refusalPlan(refused) : undefined);
    },
  };
}

function unread(code: ErrorCode, isKnown: boolean, { maxBodyBytes }: Config): Refused {
  if (code !== 'content_too_large') {
    const detail = 'Too many large messages come in at a time: send it again in a moment.';
    return problem(code, detail, ['Retry-After', LARGE_RETRY_SECONDS]);
  }
  if (isKnown) {
    const max = Math.max(maxBodyBytes, MAX_MESSAGE_BODY_BYTES);
    return problem(code, `The body has more than ${max} bytes: send less.`);
  }
  const more = 'with the token in the header of the request it may have more';
  return problem(code, `The body has more than ${maxBodyBytes} bytes: send less; ${more}.`);
}

/** All of them, or everything that is wrong with any. */
async function createChannels(configs: NotifyConfig['channels'], trust: () => CaTrust): Promise<Channel[]> {
  const problems: string[] = [];
  const channels: Channel[] = [];
  for (const config of configs) {
    const channel = await createChannel(config, trust);
    if (channel.ok) channels.push(channel.value);
    else problems.push(`channel ${config.name}: ${channel.error}`);
  }
  if (problems.length > 0) throw new NotifyError(problems);
  return channels;
}

async function openStore(
  { spool, maxDeadMessages }: Config,
  event: EventLog,
  metrics: DeliveryMetrics,
): Promise<MessageStore> {
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

function summaryOf(channels: readonly Channel[], store: MessageStore): string {
  const names = channels.map(({ name }) => name).join(', ');
  const safety = store.isDurable
    ? `the queue is kept in ${store.name}`
    : 'the queue is in memory and ends with the process; --spool DIR keeps it';
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

/**
 * mote's notify endpoint with all dialects and one channel that keeps what it gets, wired as the program wires it:
 * a real server on loopback, its stages in their order, and its access log.
 */
import { randomBytes } from 'node:crypto';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { defaults } from '../../src/config/options.ts';
import type { Hooks } from '../../src/http/connection.ts';
import { route } from '../../src/http/router.ts';
import { HttpServer } from '../../src/http/server.ts';
import { Access, type RateLimit } from '../../src/notify/access.ts';
import type { Channel, Delivery } from '../../src/notify/channels/channel.ts';
import { systemClock } from '../../src/notify/clock.ts';
import { createDialectStage, DIALECT_NAMES } from '../../src/notify/dialects/dialects.ts';
import { createStrike } from '../../src/notify/dialects/strike.ts';
import { createNotifyStage } from '../../src/notify/handler.ts';
import type { Message } from '../../src/notify/message.ts';
import { Notifier } from '../../src/notify/notifier.ts';
import { Queue } from '../../src/notify/queue.ts';
import { memoryStore } from '../../src/notify/store.ts';
import { hashToken } from '../../src/notify/token.ts';
import { type AccessEntry, accessLog } from '../../src/observe/log.ts';
import { diskFolder } from '../../src/static/disk.ts';
import { createStaticStage } from '../../src/static/handler.ts';
import { makeFolder } from './folder.ts';

const PATIENCE_MS = 20_000;
const POLL_MS = 20;

/** Good for every dialect, also for clients that want 15 characters beginning with an A. */
export const TOKEN = 'A23456789012345';
/** Long enough for GETs in paths that files could have. */
export const LONG_TOKEN = 'mote_0123456789-0123456789_0123456789-01234567890';
/** Whoever uses this gets nothing delivered. */
export const BROKEN_TOKEN = 'Abroken89012345';

export type Received = Pick<Message, 'title' | 'text' | 'format' | 'url' | 'priority' | 'tags'>;

export interface NotifyServer {
  readonly port: number;
  readonly origin: string;
  /** What was delivered, in order. */
  readonly received: readonly Received[];
  /** The lines of the access log. */
  readonly log: readonly string[];
  /** Waits until `count` messages were delivered, and gives the last of them. */
  message(count: number): Promise<Received>;
}

export async function startNotifyServer(
  t: TestContext,
  limit: RateLimit = { burst: 1000, perMinute: 1000 },
): Promise<NotifyServer> {
  const received: Received[] = [];
  const log: string[] = [];
  const channel = (name: string, delivery: Delivery): Channel => ({
    ...{ name, timeoutMs: 1000 },
    async deliver({ id, acceptedMs, ...message }) {
      if (delivery.kind === 'delivered') received.push(message);
      return delivery;
    },
  });
  const channels = [
    channel('kept', { kind: 'delivered' }),
    channel('broken', { kind: 'rejected', reason: 'no such number' }),
  ];
  const access = new Access(
    [
      { name: 'ann', tokenHashes: [TOKEN, LONG_TOKEN].map(hashToken), channels: ['kept'], limit },
      { name: 'bob', tokenHashes: [hashToken(BROKEN_TOKEN)], channels: ['broken'], limit },
    ],
    Date.now,
  );
  const queue = openQueue(channels);
  const server = new HttpServer(
    defaults,
    hooksOf(new Notifier({ access, queue, waitMs: 5000 }), access, log),
  );
  await server.listen({ host: '127.0.0.1', port: 0 });
  t.after(async () => {
    await server.stop(100);
    await queue.stop(0);
  });
  const { port } = server;
  return {
    port,
    origin: `http://127.0.0.1:${port}`,
    received,
    log,
    message: (count) => waitFor(received, count),
  };
}

async function waitFor(received: readonly Received[], count: number): Promise<Received> {
  for (const endMs = Date.now() + PATIENCE_MS; Date.now() < endMs; await sleep(POLL_MS)) {
    const message = received[count - 1];
    if (message) return message;
  }
  throw new Error(`${received.length} of ${count} messages came within ${PATIENCE_MS} ms`);
}

function openQueue(channels: readonly Channel[]): Queue {
  return new Queue({
    ...{ channels, store: memoryStore, clock: systemClock, random: Math.random, randomBytes },
    policy: { firstDelayMs: 1000, maxDelayMs: 60_000, maxAttempts: 4, maxAgeMs: 3_600_000 },
    limits: { maxMessages: 1000, maxBytes: 1e7, concurrency: 4 },
    events: {
      attempt: () => undefined,
      channelFault: (name, fault) => {
        throw new Error(`${name}: ${fault}`);
      },
      storeFault: (message) => {
        throw new Error(message);
      },
    },
  });
}

function hooksOf(notifier: Notifier, access: Access, log: string[]): Hooks {
  const strike = createStrike(DIALECT_NAMES, (text) => access.has(text));
  const write = accessLog('combined', { write: (line) => void log.push(line) });
  const site = makeFolder({ 'index.html': 'the site', 'docs/send': 'a file' });
  return {
    handle: route([
      createDialectStage(DIALECT_NAMES, notifier, { now: Date.now }),
      createNotifyStage(notifier, { allowQuery: false }),
      createStaticStage(diskFolder(site, defaults), defaults),
    ]),
    commonHeaders: () => [],
    clientOf: (peer) => peer,
    onConnection: () => undefined,
    onStart: () => undefined,
    onRefused: () => undefined,
    onFault: (error) => {
      throw error;
    },
    onEnd: ({ facts: { method, target, client, headers }, httpVersion, status }) => {
      const { referer } = headers;
      const entry: AccessEntry = {
        ...{
          client,
          method,
          target: strike(target, method),
          httpVersion,
          status,
          bodyBytes: 0,
          durationMs: 0,
        },
        ...{ referer: referer && strike(referer), userAgent: headers['user-agent'] },
      };
      write?.(entry);
    },
  };
}

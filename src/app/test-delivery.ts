/** One message by each channel, without a server and its queue: whether the configuration works. */
import { randomUUID } from 'node:crypto';
import type { ChannelConfig } from '../config/notify/kinds.ts';
import type { Channel, Delivery } from '../notify/channels/channel.ts';
import type { Message } from '../notify/message.ts';
import { createChannel, lazyTrust } from './channels.ts';

/** A provider that has not answered by then is told as too slow: a person waits. */
export const TEST_TIMEOUT_MS = 30_000;
/** A channel that does not stop when it is asked to is left alone after this. */
const STOP_TIMEOUT_MS = 1000;

export type TestOutcome = Delivery | { readonly kind: 'unusable'; readonly reason: string };

/** Never rejects. */
export async function testDelivery(
  config: ChannelConfig,
  caFile: string,
  timeoutMs: number = TEST_TIMEOUT_MS,
): Promise<TestOutcome> {
  const created = await createChannel(config, lazyTrust(caFile));
  if (!created.ok) return { kind: 'unusable', reason: created.error };
  const channel = created.value;
  const outcome = await attempt(channel, Math.min(timeoutMs, channel.timeoutMs));
  await within(STOP_TIMEOUT_MS, Promise.resolve(channel.close?.()));
  return outcome;
}

async function attempt(channel: Channel, timeoutMs: number): Promise<Delivery> {
  const limit = new AbortController();
  const timer = setTimeout(() => limit.abort(), timeoutMs);
  const delivery = channel.deliver(testMessage(), { number: 1, done: [], signal: limit.signal });
  const outcome = await within(timeoutMs + STOP_TIMEOUT_MS, delivery);
  clearTimeout(timer);
  return outcome ?? { kind: 'retry', reason: 'it took too long' };
}

/** `undefined` if it takes longer. */
function within<T>(timeoutMs: number, promise: Promise<T>): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => resolve(undefined), timeoutMs);
    promise.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}

function testMessage(): Message {
  return {
    id: randomUUID(),
    title: 'Test of mote',
    text: 'This message was sent by: mote notify-test',
    format: 'text',
    priority: 3,
    tags: [],
    acceptedMs: Date.now(),
  };
}

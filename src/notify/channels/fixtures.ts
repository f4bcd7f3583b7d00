/** What the tests of channels share. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import type { StandIn } from '../../../test/support/stand-in.ts';
import type { Result } from '../../util/result.ts';
import type { Message } from '../message.ts';
import type { Attempt, Channel, Delivery, EndedPart } from './channel.ts';
import { deliveredPart } from './partial-delivery.ts';

export function messageOf(fields: Partial<Message> = {}): Message {
  return {
    id: 'm-1',
    title: 'Disk full',
    text: 'on web1',
    format: 'text',
    priority: 3,
    tags: [],
    acceptedMs: 0,
    ...fields,
  };
}

/** One attempt, the first unless `attempt` says otherwise. */
export function deliver(
  channel: Channel,
  message: Message = messageOf(),
  attempt: Partial<Attempt> = {},
): Promise<Delivery> {
  return channel.deliver(message, { number: 1, done: [], signal: AbortSignal.timeout(5000), ...attempt });
}

/** Attempts as a queue makes them, until one does not ask for another; at most `attempts`. */
export async function deliverUntilEnd(channel: Channel, message: Message, attempts = 5): Promise<Delivery> {
  let done: readonly EndedPart[] = [];
  for (let number = 1; ; number++) {
    const delivery = await deliver(channel, message, { number, done });
    if (delivery.kind !== 'retry' || number === attempts) return delivery;
    done = delivery.done ?? done;
  }
}

export function successOf<T>(result: Result<T, string>): T {
  if (!result.ok) assert.fail(result.error);
  return result.value;
}

export function errorOf(result: Result<unknown, string>): string {
  return result.ok ? assert.fail('no error') : result.error;
}

/** Parts that an earlier attempt delivered. */
export function deliveredParts(...parts: readonly string[]): EndedPart[] {
  return parts.map(deliveredPart);
}

/** Closes it after the test. */
export function during<S extends StandIn>(t: TestContext, standIn: S): S {
  t.after(() => standIn.close());
  return standIn;
}

/**
 * The error boundary of both engines: whatever the rest of the program throws, the client gets a response or the end
 * of its connection, and a defect one line in the log.
 */
import { forReader } from '../error-page.ts';
import { errorPlan, HttpError } from '../errors.ts';
import { closeQuietly } from '../send.ts';
import type { HeaderList, Plan } from '../types.ts';
import type { Exchange, Hooks } from './contract.ts';

/** Hooks that report a defect of their own instead of throwing it, where no response depends on what they return. */
export function guardHooks(hooks: Hooks): Hooks {
  const { clientOf, onConnection, onStart, onEnd, onRefused, onExhausted, onFault } = hooks;
  return {
    ...hooks,
    onConnection: guarded<1 | -1>(onConnection, onFault),
    onStart: guarded<void>(onStart, onFault),
    onEnd: guarded<Exchange, number>(onEnd, onFault),
    onRefused: guarded(onRefused, onFault),
    onExhausted: guarded<void>(onExhausted, onFault),
    clientOf(peer, headers) {
      try {
        return clientOf(peer, headers);
      } catch (error) {
        onFault(error);
        return peer;
      }
    },
  };
}

/** Without rest parameters, which would cost an array for each call. */
function guarded<A, B = void>(hook: (a: A, b: B) => void, onFault: Hooks['onFault']) {
  return (a: A, b: B): void => {
    try {
      hook(a, b);
    } catch (error) {
      onFault(error);
    }
  };
}

/** The plan that `make` returns or throws as an `HttpError`; for a defect, which is reported, a 500. */
export function planOf(make: () => Plan, hooks: Hooks, exchange?: Exchange): Plan {
  try {
    return make();
  } catch (error) {
    if (error instanceof HttpError) return errorPlan(error.code, error.headers);
    hooks.onFault(error, exchange);
    return errorPlan('internal');
  }
}

/** @throws what the default headers throw; then the source of `plan` is closed, since it will not be sent. */
export function defaultsFor({ body }: Plan, { facts }: Exchange, hooks: Hooks): HeaderList {
  try {
    return hooks.defaultHeaders(facts.headers);
  } catch (error) {
    if (body.kind === 'source') void closeQuietly(body.source);
    throw error;
  }
}

export interface LastWord {
  readonly plan: Plan;
  readonly common: HeaderList;
}

/** What to send for a refusal; for a defect in the default headers, which is reported, a 500 without them. */
export function refusalOf(plan: Plan, hooks: Hooks, exchange?: Exchange): LastWord {
  try {
    return { plan: forReader(plan, exchange?.facts.headers ?? {}), common: hooks.defaultHeaders({}) };
  } catch (error) {
    hooks.onFault(error, exchange);
    return { plan: errorPlan('internal'), common: [] };
  }
}

/** Sends the response to a defect that has been reported; without default headers if they cannot be made or sent. */
export function sendInternal(
  send: (plan: Plan, common: HeaderList) => void,
  hooks: Hooks,
  { facts }: Exchange,
): void {
  const plan = errorPlan('internal');
  try {
    send(plan, hooks.defaultHeaders(facts.headers));
  } catch {
    send(plan, []);
  }
}

/** The response has been sent, or the connection is gone; returns when, by the clock of `performance.now()`. */
export function endExchange(exchange: Exchange, hooks: Hooks): number {
  try {
    exchange.room?.release();
  } catch (error) {
    hooks.onFault(error, exchange);
  }
  const nowMs = performance.now();
  hooks.onEnd(exchange, nowMs);
  return nowMs;
}

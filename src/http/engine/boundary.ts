/**
 * The error boundary of all engines: whatever the rest of the program throws, the client gets a response or the end
 * of its connection, and a defect one line in the log.
 */
import { forReader } from '../error-page.ts';
import { errorPlan, HttpError } from '../errors.ts';
import { closeQuietly } from '../send.ts';
import type { HeaderList, Plan, RequestFacts } from '../types.ts';
import type { ConnectionLimits, Exchange, Hooks, Shared } from './contract.ts';

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
function planOf(make: () => Plan, hooks: Hooks, exchange?: Exchange): Plan {
  try {
    return make();
  } catch (error) {
    if (error instanceof HttpError) return errorPlan(error.code, error.headers);
    hooks.onFault(error, exchange);
    return errorPlan('internal');
  }
}

/** How large the body may be; `undefined` after a defect, which is reported: then the body must stay unread. */
export function takeRoom(
  exchange: Exchange,
  { hooks, limits }: Shared<ConnectionLimits>,
): number | undefined {
  try {
    exchange.room = hooks.roomFor?.(exchange.facts);
    return exchange.room?.maxBytes ?? limits.maxBodyBytes;
  } catch (error) {
    hooks.onFault(error, exchange);
    return undefined;
  }
}

/** The response to a body that is larger than its room. */
export function sizeRefusal(exchange: Exchange | undefined, hooks: Hooks): Plan {
  return planOf(() => exchange?.room?.refuse() ?? errorPlan('content_too_large'), hooks, exchange);
}

/** How an engine sends the response to one of its exchanges. */
export interface Responder<E extends Exchange> {
  /** The client is gone. */
  isClosed(exchange: E): boolean;
  /** It is too late for another response. */
  hasBegun(exchange: E): boolean;
  send(exchange: E, plan: Plan, common: HeaderList): void;
  /** Ends the response where it is. */
  abort(exchange: E): void;
}

type Sharing = Pick<Shared<ConnectionLimits>, 'hooks' | 'descriptors'>;

/** Has the request handled, and sends what comes of it, now or later. */
export function handleRequest<E extends Exchange>(
  exchange: E,
  facts: RequestFacts,
  responder: Responder<E>,
  shared: Sharing,
): void {
  try {
    const plan = shared.hooks.handle(facts);
    if (!(plan instanceof Promise)) return answer(exchange, plan, responder, shared);
    plan.then(
      (late) => answer(exchange, late, responder, shared),
      (error) => fail(exchange, error, responder, shared),
    );
  } catch (error) {
    fail(exchange, error, responder, shared);
  }
}

/** An `HttpError` goes to the client, any other error becomes a 500 and a log line. */
function fail<E extends Exchange>(
  exchange: E,
  error: unknown,
  responder: Responder<E>,
  shared: Sharing,
): void {
  if (!(error instanceof HttpError)) return reportDefect(exchange, error, responder, shared);
  shared.descriptors.onError(error.cause);
  answer(exchange, errorPlan(error.code, error.headers), responder, shared);
}

/** Sends a response that is known. */
export function answer<E extends Exchange>(
  exchange: E,
  plan: Plan,
  responder: Responder<E>,
  shared: Sharing,
): void {
  exchange.status = plan.status;
  if (responder.isClosed(exchange)) return closeBody(plan);
  try {
    responder.send(exchange, plan, defaultsFor(plan, exchange, shared.hooks));
  } catch (error) {
    reportDefect(exchange, error, responder, shared);
  }
}

/** @throws what the default headers throw; then the source of `plan` is closed, since it will not be sent. */
function defaultsFor(plan: Plan, { facts }: Exchange, hooks: Hooks): HeaderList {
  try {
    return hooks.defaultHeaders(facts.headers);
  } catch (error) {
    closeBody(plan);
    throw error;
  }
}

function closeBody({ body }: Plan): void {
  if (body.kind === 'source') void closeQuietly(body.source);
}

/** One line in the log, and a 500; without default headers if they cannot be made or sent. */
function reportDefect<E extends Exchange>(
  exchange: E,
  error: unknown,
  responder: Responder<E>,
  { hooks }: Sharing,
): void {
  hooks.onFault(error, exchange);
  if (responder.hasBegun(exchange)) return responder.abort(exchange);
  const plan = errorPlan('internal');
  exchange.status = plan.status;
  try {
    responder.send(exchange, plan, hooks.defaultHeaders(exchange.facts.headers));
  } catch {
    responder.send(exchange, plan, []);
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

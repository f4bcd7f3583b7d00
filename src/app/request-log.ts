/** What is logged and counted of requests, without the tokens that may be in them. */
import { PROBE_AGENT } from '../cli/healthcheck.ts';
import type { Config } from '../config/options.ts';
import type { Exchange, Hooks } from '../http/engine/contract.ts';
import type { Authenticator } from '../http/middleware/basic-auth.ts';
import type { RequestFacts } from '../http/types.ts';
import type { AccessLog, EventLog, HeadText, LoggedResponse } from '../observe/log.ts';
import type { Metrics } from '../observe/metrics.ts';
import type { NotifyService } from './notify.ts';

const OUT_OF_DESCRIPTORS =
  'out of file descriptors: connections are dropped and files answered with 503. ' +
  'Raise the limit (ulimit -n, docker run --ulimit nofile=N, LimitNOFILE=) or lower --max-connections';

export interface RequestLogOptions {
  readonly config: Config;
  readonly event: EventLog;
  readonly access: AccessLog | undefined;
  readonly metrics: Metrics;
  readonly authenticator: Authenticator | undefined;
  readonly notifyService: Pick<NotifyService, 'redact'> | undefined;
}

type ObservingHooks = Pick<
  Hooks,
  'onConnection' | 'onStart' | 'onEnd' | 'onRefused' | 'onExhausted' | 'onFault'
>;

export function observingHooks(options: RequestLogOptions): ObservingHooks {
  const { event, metrics } = options;
  return {
    onConnection: (delta) => (delta > 0 ? metrics.connectionOpened() : metrics.connectionClosed()),
    onStart: metrics.requestStarted,
    onEnd: endHook(options),
    onRefused: (status, client) => event('warn', 'connection refused', { status, client }),
    onExhausted: () => event('error', OUT_OF_DESCRIPTORS),
    onFault: (error, exchange) =>
      event('error', faultText(error), {
        method: exchange?.facts.method,
        target: exchange && loggedTarget(options, exchange.facts),
      }),
  };
}

function loggedTarget(
  { notifyService }: Pick<RequestLogOptions, 'notifyService'>,
  { method, target }: RequestFacts,
): string {
  return notifyService ? notifyService.redact(target, method) : target;
}

/** Counts and logs a finished request. */
function endHook(options: RequestLogOptions): Hooks['onEnd'] {
  const { config, access, event, metrics, authenticator, notifyService } = options;
  const redacted = (text: string | undefined) => (text && notifyService ? notifyService.redact(text) : text);
  const describe = (access: AccessLog, { facts, httpVersion }: Exchange) => {
    const { method, headers } = facts;
    return access.describe({
      method,
      target: loggedTarget(options, facts),
      httpVersion,
      referer: redacted(headers.referer),
      userAgent: redacted(headers['user-agent']),
      host: redacted(headers.host),
    });
  };
  const textOf = (access: AccessLog, exchange: Exchange) => {
    const { known } = exchange;
    if (!known) return describe(access, exchange);
    known.logged ??= describe(access, exchange);
    return known.logged as HeadText;
  };
  // One for all lines, since they are rendered at once: a new one would cost mote-tiny a tenth of a line.
  const logged: { -readonly [K in keyof LoggedResponse]: LoggedResponse[K] } = {
    client: '',
    user: undefined,
    status: 0,
    bodyBytes: 0,
    durationMs: 0,
  };
  return (exchange, nowMs) => {
    const { progress, facts } = exchange;
    logged.status = exchange.status;
    logged.bodyBytes = progress.bodyBytes;
    logged.durationMs = nowMs - exchange.startedMs;
    metrics.requestEnded(logged.status, logged.bodyBytes, logged.durationMs);
    if (access && !isOwnProbe(config, exchange)) {
      logged.client = facts.client;
      logged.user = authenticator?.knownUser(facts.headers.authorization);
      access.write(textOf(access, exchange), logged);
    }
    if (progress.fault !== undefined)
      event('warn', `response cut short: ${progress.fault}`, {
        method: facts.method,
        target: loggedTarget(options, facts),
      });
  };
}

const loopback = /^(127\.|::1$|$)/;

/** A successful `mote healthcheck` of this machine is no news, twice a minute. */
function isOwnProbe(config: Config, { facts, status }: Exchange): boolean {
  return (
    facts.path === config.healthPath &&
    status === 200 &&
    facts.headers['user-agent'] === PROBE_AGENT &&
    (loopback.test(facts.client) || facts.client === config.host)
  );
}

/** An unexpected error and where it came from, in one line. */
function faultText(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const place = error.stack?.split('\n')[1]?.trim() ?? '';
  return `${error.name}: ${error.message} ${place}`.trim();
}

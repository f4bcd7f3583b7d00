/** The composition root: a configuration becomes a server. Everything is wired here and nowhere else. */
import { basename } from 'node:path';
import { type Config, defaults } from './config/options.ts';
import { readEmbeddedSite } from './embedded-site.ts';
import { type Authenticator, authStage, createAuthenticator } from './http/auth.ts';
import { trustedProxies } from './http/client.ts';
import { commonHeaders, preflightStage } from './http/common.ts';
import type { Hooks } from './http/connection.ts';
import type { Address } from './http/listen.ts';
import { route } from './http/router.ts';
import { HttpServer } from './http/server.ts';
import type { Stage } from './http/types.ts';
import type { Io } from './io.ts';
import { healthStage } from './observe/health.ts';
import { createLineSink } from './observe/line-sink.ts';
import { accessLog, droppedNotice, eventLog } from './observe/log.ts';
import { createMetrics, metricsStage } from './observe/metrics.ts';
import { diskFile, diskFolder, kindOfPath } from './static/disk.ts';
import { embeddedFolder } from './static/embedded.ts';
import { createStaticStage } from './static/handler.ts';
import type { Source } from './static/source.ts';
import { VERSION } from './version.ts';

export interface App {
  /** Listens and says where. Rejects with the system's error. */
  start(): Promise<void>;
  /** Drains within the grace time of the configuration; the log is written when it resolves. */
  stop(reason: string): Promise<void>;
}

/**
 * @param readSite gives the site inside the executable, which is served where no other path is configured
 * @throws the system's error if the path of the configuration cannot be served.
 */
export async function createApp(
  config: Config,
  stdout: Io['stdout'],
  readSite: () => Uint8Array | undefined = readEmbeddedSite,
): Promise<App> {
  const { source, name } = await contentOf(config, readSite);
  const parts: Parts = {
    config,
    source,
    observed: observe(config, stdout),
    authenticator: config.auth.length > 0 ? createAuthenticator(config.auth) : undefined,
    state: { draining: false },
  };
  const { observed, state } = parts;
  const server = new HttpServer(config, hooksOf(parts));
  return {
    async start() {
      await server.listen(addressOf(config));
      const line = `mote serves ${name} on ${urlOf(config, server.port)}`;
      if (config.logFormat !== 'json') return void stdout.write(`${line}\n`);
      observed.event('info', line);
      await observed.sink.flush();
    },
    async stop(reason) {
      state.draining = true;
      observed.event('info', `${reason}: finishing what is in flight`);
      const cut = await server.stop(config.shutdownGraceMs);
      if (cut > 0)
        observed.event('warn', 'the grace time is over, connections were cut', { connections: cut });
      await observed.sink.flush();
    },
  };
}

/** What is served, and its name for people. */
async function contentOf(
  { path, dotfiles, symlinks }: Config,
  readSite: () => Uint8Array | undefined,
): Promise<{ source: Source; name: string }> {
  const site = path === defaults.path ? readSite() : undefined;
  if (site) return { source: embeddedFolder(site), name: 'the embedded site' };
  const kind = await kindOfPath(path);
  const source = kind === 'file' ? diskFile(path, basename(path)) : diskFolder(path, { dotfiles, symlinks });
  return { source, name: path };
}

type Observed = ReturnType<typeof observe>;

function observe({ logFormat }: Config, stdout: Io['stdout']) {
  const sink = createLineSink(stdout, { describeDropped: droppedNotice(logFormat) });
  return {
    sink,
    event: eventLog(sink, logFormat),
    access: accessLog(logFormat, sink),
    metrics: createMetrics({ version: VERSION, droppedLogLines: () => sink.droppedLines }),
  };
}

/** What the wiring connects. */
interface Parts {
  readonly config: Config;
  readonly source: Source;
  readonly observed: Observed;
  readonly authenticator: Authenticator | undefined;
  readonly state: { draining: boolean };
}

/** In order: what must answer to everyone, then who may ask, then the files. */
function stagesOf({ config, source, observed, authenticator, state }: Parts): Stage[] {
  const stages: Stage[] = [];
  if (config.healthPath !== '') stages.push(healthStage(config.healthPath, state));
  if (config.corsOrigins.length > 0) stages.push(preflightStage(config));
  if (authenticator) stages.push(authStage(authenticator));
  if (config.metricsPath !== '') stages.push(metricsStage(config.metricsPath, observed.metrics));
  stages.push(createStaticStage(source, config));
  return stages;
}

function hooksOf(parts: Parts): Hooks {
  const { config, observed } = parts;
  const { event, metrics } = observed;
  const clientOf = trustedProxies(config.trustedProxies);
  return {
    handle: route(stagesOf(parts)),
    commonHeaders: commonHeaders(config),
    clientOf: (peer, headers) => clientOf(peer, headers['x-forwarded-for']),
    onConnection: (delta) => (delta > 0 ? metrics.connectionOpened() : metrics.connectionClosed()),
    onStart: () => metrics.requestStarted(),
    onEnd: endHook(parts),
    onRefused: (status, client) => event('warn', 'connection refused', { status, client }),
    onFault: (error, exchange) =>
      event('error', faultText(error), { method: exchange?.facts.method, target: exchange?.facts.target }),
  };
}

/** Counts and logs a finished request. */
function endHook({ observed: { access, event, metrics }, authenticator }: Parts): Hooks['onEnd'] {
  return (exchange) => {
    const { facts, httpVersion, status, progress } = exchange;
    const { method, target, client, headers } = facts;
    const durationMs = performance.now() - exchange.startedMs;
    metrics.requestEnded(status, progress.bodyBytes, durationMs);
    access?.({
      client,
      method,
      target,
      httpVersion,
      status,
      durationMs,
      user: authenticator?.knownUser(headers.authorization),
      bodyBytes: progress.bodyBytes,
      referer: headers.referer,
      userAgent: headers['user-agent'],
      host: headers.host,
    });
    if (progress.fault !== undefined)
      event('warn', `answer cut short: ${progress.fault}`, { method, target });
  };
}

/** What an operator needs of an unforeseen error: where it came from, in one line. */
function faultText(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const place = error.stack?.split('\n')[1]?.trim() ?? '';
  return `${error.name}: ${error.message} ${place}`.trim();
}

function addressOf({ host, port }: Config): Address {
  if (host.includes('/')) return { path: host };
  return host === '' ? { port } : { host, port };
}

function urlOf({ host }: Config, port: number): string {
  if (host.includes('/')) return `unix:${host}`;
  if (host === '' || host === '0.0.0.0' || host === '::') return `http://localhost:${port}`;
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
}

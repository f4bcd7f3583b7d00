/** The composition root: a configuration becomes a server. Everything is wired in this folder and nowhere else. */
import { readEmbeddedSite } from '../build/site.ts';
import { VERSION } from '../build/version.ts';
import type { Io } from '../cli/io.ts';
import type { Origins } from '../config/load.ts';
import type { NotifyConfig } from '../config/notify/file.ts';
import type { Config } from '../config/options.ts';
import type { Hooks } from '../http/engine/node/connection.ts';
import { HttpServer } from '../http/engine/node/server.ts';
import { WireServer } from '../http/engine/wire/server.ts';
import type { Address } from '../http/listen.ts';
import { type Authenticator, authStage, createAuthenticator } from '../http/middleware/basic-auth.ts';
import { preflightStage, withCors } from '../http/middleware/cors.ts';
import { defaultHeaders } from '../http/middleware/default-headers.ts';
import { route } from '../http/router.ts';
import { trustedProxies } from '../http/trusted-proxies.ts';
import type { Stage } from '../http/types.ts';
import { healthStage } from '../observe/health.ts';
import { createLineSink } from '../observe/line-sink.ts';
import { accessLog, droppedNotice, type EventFields, eventLog } from '../observe/log.ts';
import { createMetrics, metricsStage } from '../observe/metrics.ts';
import { createStaticStage } from '../static/handler.ts';
import type { FileSource } from '../static/source.ts';
import { type ContentOptions, openContent } from './content.ts';
import { missingIndexAdvice, warningSource } from './file-warnings.ts';
import type { NotifyService } from './notify.ts';
import { observingHooks } from './request-log.ts';
import { contentFailure, listenFailure } from './start-failure.ts';

export interface App {
  /** Listens and prints where. Rejects with a `StartError`. */
  start(): Promise<void>;
  /** Drains within the grace time of the configuration; the log is written when it resolves. */
  stop(reason: string): Promise<void>;
}

/** What only some servers have. */
export interface AppOptions extends Partial<Pick<ContentOptions, 'readSite' | 'files' | 'workingFolder'>> {
  readonly notify?: NotifyConfig | undefined;
  /** Empty: the CA bundle of the system. */
  readonly caFile?: string;
  /** Logged once the server listens. */
  readonly notice?: string | undefined;
  readonly origins?: Origins;
}

/** Rejects with a `StartError` if the content cannot be served or notify cannot work as configured. */
export async function createApp(
  config: Config,
  stdout: Io['stdout'],
  { readSite = readEmbeddedSite, origins = {}, notify, notice, files = [], ...options }: AppOptions = {},
): Promise<App> {
  const { caFile = '', workingFolder } = options;
  const mayServeHere = origins.path === undefined;
  const content = await openContent(config, { readSite, mayServeHere, files, workingFolder }).catch(
    (error) => {
      throw contentFailure(error, config, origins);
    },
  );
  const observed = observe(config, stdout);
  const { event, sink } = observed;
  const components: Components = {
    config,
    source: warningSource(content.source, event),
    observed,
    authenticator: config.auth.length > 0 ? createAuthenticator(config.auth) : undefined,
    notifyService: notify && (await openNotifyService(config, notify, caFile, observed)),
    state: { draining: false },
  };
  const { source, notifyService, state } = components;
  const server = serverOf(config, hooksOf(components));
  return {
    async start() {
      await notifyService?.start();
      await server.listen(addressOf(config)).catch(async (error) => {
        await notifyService?.stop(0);
        throw listenFailure(error, config, origins);
      });
      const line = `mote serves ${content.name} on ${urlOf(config, server.port)}`;
      const lines = notifyService ? [line, notifyService.summary] : [line];
      if (config.logFormat !== 'json') stdout.write(lines.map((one) => `${one}\n`).join(''));
      else for (const one of lines) event('info', one);
      if (notice !== undefined) event('warn', notice);
      const advice = content.kind === 'folder' ? await missingIndexAdvice(source, config) : undefined;
      if (advice) event('info', advice);
      await sink.flush();
    },
    async stop(reason) {
      state.draining = true;
      event('info', `${reason}: finishing what is in flight`);
      const [cut] = await Promise.all([
        server.stop(config.shutdownGraceMs),
        notifyService?.stop(config.shutdownGraceMs),
      ]);
      if (cut > 0) event('warn', 'the grace time is over, connections were cut', { connections: cut });
      await sink.flush();
    },
  };
}

/** What the wiring connects. */
interface Components {
  readonly config: Config;
  readonly source: FileSource;
  readonly observed: Observed;
  readonly authenticator: Authenticator | undefined;
  readonly notifyService: NotifyService | undefined;
  readonly state: { draining: boolean };
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

function serverOf(config: Config, hooks: Hooks): HttpServer | WireServer {
  if (config.httpEngine === 'wire') return new WireServer(config, hooks);
  const node = new HttpServer(config, hooks);
  return config.httpEngine === 'node' ? node : new WireServer(config, hooks, node);
}

async function openNotifyService(
  config: Config,
  notify: NotifyConfig,
  caFile: string,
  { event, metrics }: Observed,
): Promise<NotifyService> {
  const { openNotify } = await import('./notify.ts');
  const service = await openNotify(config, notify, { caFile, event });
  metrics.add(service.renderMetrics);
  return service;
}

/** In order: what everyone may use, what has tokens of its own, then authentication, then what it protects. */
function stagesOf({ config, source, observed, authenticator, notifyService, state }: Components): Stage[] {
  const stages: Stage[] = [];
  if (config.healthPath !== '') stages.push(healthStage(config.healthPath, state));
  if (config.corsOrigins.length > 0) stages.push(preflightStage(config));
  if (notifyService) stages.push(...notifyService.stages);
  if (authenticator) stages.push(authStage(authenticator));
  if (config.metricsPath !== '') stages.push(metricsStage(config.metricsPath, observed.metrics));
  const warn = (message: string, fields: EventFields) => observed.event('warn', message, fields);
  stages.push(createStaticStage(source, config, warn));
  return stages;
}

function hooksOf(components: Components): Hooks {
  const { config, observed, authenticator, notifyService } = components;
  const clientOf = trustedProxies(config.trustedProxies);
  return {
    handle: route(stagesOf(components)),
    roomFor: notifyService?.roomFor,
    defaultHeaders: withCors(defaultHeaders(config), config),
    clientOf: (peer, headers) => clientOf(peer, headers['x-forwarded-for']),
    ...observingHooks({ config, ...observed, authenticator, notifyService }),
  };
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

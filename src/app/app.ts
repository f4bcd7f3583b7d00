/** The composition root: a configuration becomes a server. Everything is wired in this folder and nowhere else. */
import { dirname } from 'node:path';
import { confine } from '../build/confine.ts';
import { features } from '../build/features.ts';
import { readEmbeddedSite } from '../build/site.ts';
import { VERSION } from '../build/version.ts';
import type { Io } from '../cli/io.ts';
import type { Origins } from '../config/load.ts';
import type { NotifyConfig } from '../config/notify/file.ts';
import type { Config } from '../config/options.ts';
import type { Hooks } from '../http/engine/contract.ts';
import { HttpServer } from '../http/engine/http-server.ts';
import type { KeyPair } from '../http/engine/tls/front.ts';
import type { Address, BoundAddress } from '../http/listen.ts';
import type { Authenticator, PasswordUser } from '../http/middleware/basic-auth.ts';
import { preflightStage, withCors } from '../http/middleware/cors.ts';
import { defaultHeaders } from '../http/middleware/default-headers.ts';
import { route } from '../http/router.ts';
import { trustedProxies } from '../http/trusted-proxies.ts';
import type { Stage } from '../http/types.ts';
import { trustPaths } from '../net/trust-paths.ts';
import { healthStage, readinessStage } from '../observe/health.ts';
import { createLineSink } from '../observe/line-sink.ts';
import { accessLog, droppedNotice, type EventFields, eventLog } from '../observe/log.ts';
import { type Look, logFormatOf, PLAIN_LOOK } from '../observe/look.ts';
import { createMetrics, type MetricsPage, metricsStage } from '../observe/metrics.ts';
import { createBasePathStage } from '../static/base-path.ts';
import { createStaticStage } from '../static/handler.ts';
import { openRuleFiles, type RuleReport, withoutRuleFiles } from '../static/rule-files.ts';
import { printable } from '../util/printable.ts';
import { isRedisUrl } from '../util/redis-url.ts';
import { alsoUnderBasePath } from './base-path.ts';
import type { Certificates } from './certificates.ts';
import { type ContentOptions, openContent, type ServedContent } from './content.ts';
import {
  folderHints,
  missingIndexAdvice,
  type ReportUnreadable,
  reportingSource,
  unreadableReport,
} from './file-warnings.ts';
import type { NotifyService } from './notify.ts';
import { observingHooks } from './request-log.ts';
import { contentFailure, inheritedFailure, listenFailure } from './start-failure.ts';

export interface App {
  /** Listens and prints where. Rejects with a `StartError`. */
  start(): Promise<void>;
  /** Drains within the grace time of the configuration; the log is written when it resolves. */
  stop(reason: string): Promise<void>;
  /** Ends other processes of the server at once, where there are any. */
  kill?(): void;
}

/** What only some servers have. */
export interface AppOptions extends Partial<Pick<ContentOptions, 'readSite' | 'files' | 'workingFolder'>> {
  readonly notify?: NotifyConfig | undefined;
  /** Empty: the CA bundle of the system. */
  readonly caFile?: string;
  /** Logged once the server listens. */
  readonly notice?: string | undefined;
  readonly origins?: Origins;
  /** Of standard output; default: nobody looks. */
  readonly look?: Look;
  /** Descriptors of sockets that listen already (socket activation); without any, the configured address is used. */
  readonly sockets?: readonly number[];
}

/** Rejects with a `StartError` if the content cannot be served or notify cannot work as configured. */
export async function createApp(
  config: Config,
  stdout: Io['stdout'],
  options: AppOptions = {},
): Promise<App> {
  const observed = observe(config, stdout, options.look);
  const { event, sink } = observed;
  const content = await openContentFor(config, options, unreadableReport(event));
  const certificates = await openCertificatesFor(config, observed);
  const notifyService = await openNotifyService(config, options, observed);
  const state = { draining: false };
  const front = await openFront({
    config,
    content,
    observed,
    notifyService,
    metricsPage: observed.metrics,
    state,
    keyPair: certificates?.keyPair,
  });
  return {
    async start() {
      await notifyService?.start();
      await front.listen(addressesOf(config, options), options).catch(async (error) => {
        await notifyService?.stop(0);
        throw error;
      });
      certificates?.watch((keyPair) => front.server.renew(keyPair));
      const { boundTo } = front.server;
      await announce({ config, options, content, observed, notifyService, stdout, boundTo });
    },
    async stop(reason) {
      state.draining = true;
      event('info', `${reason}: finishing what is in flight`);
      certificates?.close();
      const [cut] = await Promise.all([
        front.stop(config.shutdownGraceMs),
        notifyService?.stop(config.shutdownGraceMs),
      ]);
      reportCut(cut, event);
      await sink.flush();
    },
  };
}

/** Rejects with a `StartError` if it cannot be served. */
export async function openContentFor(
  config: Config,
  { readSite = readEmbeddedSite, origins = {}, files = [], workingFolder }: AppOptions,
  report: ReportUnreadable,
): Promise<ServedContent> {
  const mayServeHere = origins.path === undefined;
  try {
    const content = await openContent(config, { readSite, mayServeHere, files, workingFolder });
    const source = reportingSource(content.source, report);
    if (!config.rules || content.kind === 'file') return { ...content, source };
    return { ...content, source: withoutRuleFiles(source), rules: await openRuleFiles(source) };
  } catch (error) {
    throw contentFailure(error, config, origins);
  }
}

export function failureToListen(
  error: unknown,
  config: Config,
  { sockets, origins = {} }: AppOptions,
): unknown {
  return sockets ? inheritedFailure(error) : listenFailure(error, config, origins);
}

interface Announcement {
  readonly config: Config;
  readonly options: AppOptions;
  readonly content: ServedContent;
  readonly observed: Observed;
  readonly notifyService: Pick<NotifyService, 'summary'> | undefined;
  readonly stdout: Io['stdout'];
  readonly boundTo: readonly BoundAddress[];
}

/** What is still read while the server runs. */
function readablePaths({ content, config, options }: Announcement): string[] | undefined {
  if (config.symlinks && content.kind === 'folder') return undefined;
  const ofNotify = options.notify ? trustPaths(options.caFile) : [];
  return [...(content.path === undefined ? [] : [content.path]), ...ofNotify];
}

/** A unix socket is removed when the server stops. */
function writableFolders({ spool, host }: Config): string[] {
  const socketFolder = host.includes('/') ? [dirname(host)] : [];
  return [...(spool === '' || isRedisUrl(spool) ? [] : [spool]), ...socketFolder];
}

/** Tells the operator what is served where, and what could be amiss. */
export async function announce(announcement: Announcement): Promise<void> {
  const { config, options, content, observed, notifyService, stdout, boundTo } = announcement;
  const { event, sink } = observed;
  const { host, basePath, tlsCert } = config;
  const scheme = tlsCert === '' ? 'http' : 'https';
  const below = basePath === '' ? '' : `${basePath}/`;
  const urls = boundTo.map((address) => urlOf(scheme, options.sockets ? undefined : host, address) + below);
  const line = printable(`mote serves ${content.name} on ${urls.join(' and ')}`);
  const confined = confine({
    writable: writableFolders(config),
    readable: readablePaths(announcement),
    resolvesNames: options.notify !== undefined,
    seccomp: config.seccomp,
  });
  const redirect = config.redirectPort === 0 ? '' : `mote redirects port ${config.redirectPort} to HTTPS`;
  const lines = [line, redirect, notifyService?.summary ?? '', confined].filter((one) => one !== '');
  const isGreeted = options.look?.isTerminal === true && config.logFormat !== 'json';
  if (isGreeted) lines[0] = await greetingFor(announcement, urls);
  if (config.logFormat !== 'json') stdout.write(lines.map((one) => `${one}\n`).join(''));
  else for (const one of lines) event('info', one);
  if (options.notice !== undefined) event('warn', options.notice);
  const advice =
    isGreeted || !isPlain(content) ? undefined : await missingIndexAdvice(content.source, config);
  if (advice) event('info', advice);
  content.rules?.tell((report) => logRules(report, event));
  await sink.flush();
}

/** A folder without rules: what is at an address is the file of its name. */
function isPlain({ kind, rules }: ServedContent): boolean {
  return kind === 'folder' && !rules?.current;
}

/** In place of the start line, where a person looks at it. */
async function greetingFor(
  { config, options, content, boundTo }: Announcement,
  urls: readonly string[],
): Promise<string> {
  const { greet } = await import('./greeting.ts');
  const { source, name } = content;
  const places = boundTo.map((address, index) => ({ address, url: urls[index] ?? '' }));
  const hints = isPlain(content) ? await folderHints(source, config) : [];
  return greet(name, places, hints, options.look ?? PLAIN_LOOK);
}

/** A line for the rules, and one for each line of their files that is skipped. */
export function logRules({ rules, warnings }: RuleReport, event: Observed['event']): void {
  event('info', rules);
  for (const warning of warnings) event('warn', warning);
}

export function reportCut(connections: number, event: Observed['event']): void {
  if (connections > 0) event('warn', 'the grace time is over, connections were cut', { connections });
}

/** What serving needs of notify. */
export type NotifyFront = Pick<NotifyService, 'stages' | 'isReady' | 'roomFor' | 'redact'>;

/** What a server is made of. */
export interface ServerParts {
  readonly config: Config;
  readonly content: ServedContent;
  readonly observed: Observed;
  readonly notifyService: NotifyFront | undefined;
  readonly metricsPage: MetricsPage;
  readonly state: { draining: boolean };
  /** With it the server speaks HTTPS. */
  readonly keyPair: KeyPair | undefined;
}

/** The server, and beside it the one that leads to it, if there is one. */
export interface Front {
  readonly server: HttpServer;
  /**
   * Rejects with a `StartError`. The other server listens where it is configured, or at `forRedirect`.
   */
  listen(addresses: [Address, ...Address[]], options: AppOptions, forRedirect?: Address): Promise<void>;
  /** Resolves to the number of connections that had to be cut. */
  stop(graceMs: number): Promise<number>;
}

export async function openFront(parts: ServerParts): Promise<Front> {
  const { config, keyPair } = parts;
  const { basePath } = config;
  const authentication = config.auth.length > 0 ? await openAuthentication(config.auth) : undefined;
  const engine = config.httpEngine === 'auto' && !features.nodeHttp ? 'wire' : config.httpEngine;
  const site = siteStage(parts);
  const files = basePath === '' ? site : createBasePathStage(basePath, site);
  const front = parts.notifyService;
  const notifyService = front && basePath !== '' ? alsoUnderBasePath(front, basePath) : front;
  const hooks = hooksOf({ ...parts, notifyService, authentication, files });
  const server = await HttpServer.create(config, hooks, engine, keyPair);
  const redirect =
    config.redirectPort === 0
      ? undefined
      : await import('./redirect.ts').then(({ openRedirect }) =>
          openRedirect({ config, site, hooks, httpsPort: () => server.port }),
        );
  return {
    server,
    async listen(addresses, options, forRedirect) {
      await server.listen(...addresses).catch((error) => {
        throw failureToListen(error, config, options);
      });
      await redirect?.listen(options.origins, forRedirect).catch(async (error) => {
        await server.stop(0);
        throw error;
      });
    },
    async stop(graceMs) {
      const [cut, others = 0] = await Promise.all([server.stop(graceMs), redirect?.stop(graceMs)]);
      return cut + others;
    },
  };
}

/** Nothing where the server speaks plain HTTP. Rejects with a `StartError`. */
export async function openCertificatesFor(
  config: Config,
  { event }: Pick<Observed, 'event'>,
): Promise<Certificates | undefined> {
  if (config.tlsCert === '') return undefined;
  const { openCertificates } = await import('./certificates.ts');
  return openCertificates(config, event);
}

/** Hashing of passwords takes a while to load. */
async function openAuthentication(users: readonly PasswordUser[]): Promise<Authentication> {
  const { authStage, createAuthenticator } = await import('../http/middleware/basic-auth.ts');
  const authenticator = createAuthenticator(users);
  return { authenticator, stage: authStage(authenticator) };
}

interface Authentication {
  readonly authenticator: Authenticator;
  readonly stage: Stage;
}

/** What the wiring connects. */
interface Components extends ServerParts {
  readonly authentication: Authentication | undefined;
  readonly files: Stage;
}

export type Observed = ReturnType<typeof observe>;

export function observe(config: Config, stdout: Io['stdout'], look: Look = PLAIN_LOOK) {
  const logFormat = logFormatOf(config.logFormat, look);
  const sink = createLineSink(stdout, { describeDropped: droppedNotice(logFormat) });
  return {
    sink,
    event: eventLog(sink, logFormat),
    access: accessLog(logFormat, sink),
    metrics: createMetrics({ version: VERSION, droppedLogLines: () => sink.droppedLines }),
  };
}

/** Nothing where notify is not configured. */
export async function openNotifyService(
  config: Config,
  { notify, caFile = '' }: AppOptions,
  { event, metrics }: Observed,
): Promise<NotifyService | undefined> {
  if (!notify) return undefined;
  const { openNotify } = await import('./notify.ts');
  const service = await openNotify(config, notify, { caFile, event });
  metrics.add(service.renderMetrics);
  return service;
}

/** In order: what everyone may use, what has tokens of its own, then authentication, then what it protects. */
function stagesOf(components: Components): Stage[] {
  const { config, files, authentication, notifyService, metricsPage, state } = components;
  const stages: Stage[] = [];
  if (config.healthPath !== '') stages.push(healthStage(config.healthPath, state));
  const isReady = () => notifyService?.isReady() ?? true;
  if (config.readyPath !== '') stages.push(readinessStage(config.readyPath, state, isReady));
  if (config.corsOrigins.length > 0) stages.push(preflightStage(config));
  if (notifyService) stages.push(...notifyService.stages);
  if (authentication) stages.push(authentication.stage);
  if (config.metricsPath !== '') stages.push(metricsStage(config.metricsPath, metricsPage));
  return [...stages, files];
}

/** The files, wherever the site is. */
function siteStage({ config, content, observed }: ServerParts): ReturnType<typeof createStaticStage> {
  const warn = (message: string, fields: EventFields) => observed.event('warn', message, fields);
  return createStaticStage(content.source, config, { warn, rules: content.rules });
}

function hooksOf(components: Components): Hooks {
  const { config, observed, authentication, notifyService } = components;
  const authenticator = authentication?.authenticator;
  const { clientHeader } = config;
  const clientOf = trustedProxies(config.trustedProxies, clientHeader);
  return {
    handle: route(stagesOf(components)),
    // Authentication depends on the client and on the attempts before.
    mayReuse: authenticator === undefined,
    roomFor: notifyService?.roomFor,
    defaultHeaders: withCors(defaultHeaders(config), config),
    clientHeader,
    clientOf: (peer, headers) => clientOf(peer, headers[clientHeader]),
    ...observingHooks({ config, ...observed, authenticator, notifyService }),
  };
}

export function addressesOf({ host, port }: Config, { sockets }: AppOptions): [Address, ...Address[]] {
  const [first, ...others] = (sockets ?? []).map((fd) => ({ fd }));
  if (first) return [first, ...others];
  if (host.includes('/')) return [{ path: host }];
  return [host === '' ? { port } : { host, port }];
}

/** `host` as configured, which may be a name or empty; without it, that of the address itself. */
function urlOf(scheme: string, host: string | undefined, address: BoundAddress): string {
  if ('path' in address) return host || address.path ? `unix:${host || address.path}` : 'a unix socket';
  const name = host ?? address.host;
  if (name === '' || name === '0.0.0.0' || name === '::') return `${scheme}://localhost:${address.port}`;
  return `${scheme}://${name.includes(':') ? `[${name}]` : name}:${address.port}`;
}

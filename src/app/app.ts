/** The composition root: a configuration becomes a server. Everything is wired here and nowhere else. */
import { basename } from 'node:path';
import { readEmbeddedSite } from '../build/site.ts';
import { VERSION } from '../build/version.ts';
import { PROBE_AGENT } from '../cli/healthcheck.ts';
import type { Io } from '../cli/io.ts';
import type { NotifyConfig } from '../config/notify/file.ts';
import { type Config, defaults } from '../config/options.ts';
import type { Exchange, Hooks } from '../http/connection.ts';
import { WireServer } from '../http/engine/wire/server.ts';
import type { Address } from '../http/listen.ts';
import { type Authenticator, authStage, createAuthenticator } from '../http/middleware/basic-auth.ts';
import { commonHeaders, preflightStage } from '../http/middleware/default-headers.ts';
import { route } from '../http/router.ts';
import { HttpServer } from '../http/server.ts';
import { trustedProxies } from '../http/trusted-proxies.ts';
import type { RequestFacts, Stage } from '../http/types.ts';
import { healthStage } from '../observe/health.ts';
import { createLineSink } from '../observe/line-sink.ts';
import { accessLog, droppedNotice, type EventFields, eventLog } from '../observe/log.ts';
import { createMetrics, metricsStage } from '../observe/metrics.ts';
import { absolutePath, diskFile, diskFolder, kindOfPath } from '../static/disk.ts';
import { embeddedFolder } from '../static/embedded.ts';
import { createStaticStage } from '../static/handler.ts';
import type { Source } from '../static/source.ts';
import { adviceFor, tellingSource } from './advice.ts';
import type { Notifying } from './notify.ts';

type Env = Readonly<Record<string, string | undefined>>;
const OUT_OF_DESCRIPTORS =
  'out of file descriptors: connections are dropped and files answered with 503. ' +
  'Raise the limit (ulimit -n, docker run --ulimit nofile=N, LimitNOFILE=) or lower --max-connections';

export interface App {
  /** Listens and says where. Rejects with the system's error, or a `StoreError`. */
  start(): Promise<void>;
  /** Drains within the grace time of the configuration; the log is written when it resolves. */
  stop(reason: string): Promise<void>;
}

/** What only some servers have. */
export interface Extras {
  /** Gives the site inside the executable, which is served where no other path is configured. */
  readonly readSite?: () => Uint8Array | undefined;
  readonly notify?: NotifyConfig | undefined;
  /** Logged once the server listens. */
  readonly notice?: string | undefined;
  /** What the configuration was read from. */
  readonly files?: readonly string[];
  /** Nobody named a path: where `web_root` is missing, the current folder is served if it has an index. */
  readonly mayServeHere?: boolean;
  /** `PWD`, and for what notify reads late: `SSL_CERT_FILE`. */
  readonly env?: Env;
}

/** There is nothing to serve where nobody said what. */
export class NoSiteError extends Error {
  override readonly name = 'NoSiteError';
}

/**
 * @throws {@link NoSiteError}, the system's error if the path of the configuration cannot be served, `ExposureError` if
 * it must not be, `NotifyError` or `StoreError` if notify cannot be as configured.
 */
export async function createApp(
  config: Config,
  stdout: Io['stdout'],
  { readSite = readEmbeddedSite, mayServeHere = false, notify, notice, files = [], env = {} }: Extras = {},
): Promise<App> {
  const content = await contentOf(config, { readSite, mayServeHere, files, env });
  const observed = observe(config, stdout);
  const source = tellingSource(content.source, observed.event);
  const parts: Parts = {
    config,
    source,
    observed,
    authenticator: config.auth.length > 0 ? createAuthenticator(config.auth) : undefined,
    notifying: notify && (await openNotifying(config, notify, env, observed)),
    state: { draining: false },
  };
  const { notifying, state } = parts;
  const server = serverOf(config, hooksOf(parts));
  return {
    async start() {
      await notifying?.start();
      await server.listen(addressOf(config)).catch(async (error) => {
        await notifying?.stop(0);
        throw error;
      });
      const line = `mote serves ${content.name} on ${urlOf(config, server.port)}`;
      const lines = notifying ? [line, notifying.summary] : [line];
      if (config.logFormat !== 'json') stdout.write(lines.map((one) => `${one}\n`).join(''));
      else for (const one of lines) observed.event('info', one);
      if (notice !== undefined) observed.event('warn', notice);
      const advice = content.kind === 'folder' ? await adviceFor(source, config) : undefined;
      if (advice) observed.event('info', advice);
      await observed.sink.flush();
    },
    async stop(reason) {
      state.draining = true;
      observed.event('info', `${reason}: finishing what is in flight`);
      const [cut] = await Promise.all([
        server.stop(config.shutdownGraceMs),
        notifying?.stop(config.shutdownGraceMs),
      ]);
      if (cut > 0)
        observed.event('warn', 'the grace time is over, connections were cut', { connections: cut });
      await observed.sink.flush();
    },
  };
}

async function openNotifying(
  config: Config,
  notify: NotifyConfig,
  env: Env,
  { event, metrics }: Observed,
): Promise<Notifying> {
  const { openNotify } = await import('./notify.ts');
  const notifying = await openNotify(config, notify, { env, event });
  metrics.add(notifying.renderMetrics);
  return notifying;
}

interface Content {
  readonly source: Source;
  /** For people. */
  readonly name: string;
  readonly kind: 'file' | 'folder';
}

/** What is served. */
async function contentOf(
  config: Config,
  { readSite, mayServeHere, files, env }: Required<Omit<Extras, 'notify' | 'notice'>>,
): Promise<Content> {
  const { path } = config;
  const site = path === defaults.path ? readSite() : undefined;
  if (site) return { source: embeddedFolder(site), name: 'the embedded site', kind: 'folder' };
  try {
    return { ...(await diskContent(config, path, { files, env })), name: path };
  } catch (error) {
    if (!mayServeHere || (error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    await checkIndexHere(config);
    return { ...(await diskContent(config, '.', { files, env })), name: 'the current folder' };
  }
}

async function diskContent(
  { dotfiles, symlinks, spool }: Config,
  path: string,
  { files, env }: Required<Pick<Extras, 'files' | 'env'>>,
): Promise<Omit<Content, 'name'>> {
  const found = await absolutePath(path, env.PWD);
  const kind = await kindOfPath(found);
  if (files.length > 0 || spool !== '')
    (await import('./exposure.ts')).refuseExposure(path, { files, spool });
  const source =
    kind === 'file' ? diskFile(found, basename(found)) : diskFolder(found, { dotfiles, symlinks });
  return { source, kind };
}

/** A current folder with an index is meant to be seen; any other one could be somebody's home. */
async function checkIndexHere({ path, index }: Config): Promise<void> {
  const kind = await kindOfPath(index).catch(() => undefined);
  if (kind === 'file') return;
  throw new NoSiteError(
    `there is neither a folder ${path} here nor a file ${index}; ` +
      'name a folder or a file, for example `mote .` for this folder, with --listing to list it',
  );
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

/** What the wiring connects. */
interface Parts {
  readonly config: Config;
  readonly source: Source;
  readonly observed: Observed;
  readonly authenticator: Authenticator | undefined;
  readonly notifying: Notifying | undefined;
  readonly state: { draining: boolean };
}

/** In order: what must answer to everyone, what has tokens of its own, then who may ask, then the files. */
function stagesOf({ config, source, observed, authenticator, notifying, state }: Parts): Stage[] {
  const stages: Stage[] = [];
  if (config.healthPath !== '') stages.push(healthStage(config.healthPath, state));
  if (config.corsOrigins.length > 0) stages.push(preflightStage(config));
  if (notifying) stages.push(...notifying.stages);
  if (authenticator) stages.push(authStage(authenticator));
  if (config.metricsPath !== '') stages.push(metricsStage(config.metricsPath, observed.metrics));
  const warn = (message: string, fields: EventFields) => observed.event('warn', message, fields);
  stages.push(createStaticStage(source, config, warn));
  return stages;
}

function hooksOf(parts: Parts): Hooks {
  const { config, observed } = parts;
  const { event, metrics } = observed;
  const clientOf = trustedProxies(config.trustedProxies);
  return {
    handle: route(stagesOf(parts)),
    roomFor: parts.notifying?.roomFor,
    commonHeaders: commonHeaders(config),
    clientOf: (peer, headers) => clientOf(peer, headers['x-forwarded-for']),
    onConnection: (delta) => (delta > 0 ? metrics.connectionOpened() : metrics.connectionClosed()),
    onStart: () => metrics.requestStarted(),
    onEnd: endHook(parts),
    onRefused: (status, client) => event('warn', 'connection refused', { status, client }),
    onExhausted: () => event('error', OUT_OF_DESCRIPTORS),
    onFault: (error, exchange) =>
      event('error', faultText(error), {
        method: exchange?.facts.method,
        target: exchange && loggedTarget(parts, exchange.facts),
      }),
  };
}

/** The target of a request for a log, without the tokens that may be in it. */
function loggedTarget({ notifying }: Parts, { method, target }: RequestFacts): string {
  return notifying ? notifying.strike(target, method) : target;
}

/** Counts and logs a finished request. */
function endHook(parts: Parts): Hooks['onEnd'] {
  const { observed, authenticator, notifying } = parts;
  const { access, event, metrics } = observed;
  const struck = (text: string | undefined) => (text && notifying ? notifying.strike(text) : text);
  return (exchange) => {
    const { facts, httpVersion, status, progress } = exchange;
    const { method, client, headers } = facts;
    const durationMs = performance.now() - exchange.startedMs;
    metrics.requestEnded(status, progress.bodyBytes, durationMs);
    if (access && !isOwnProbe(parts.config, exchange))
      access({
        client,
        method,
        target: loggedTarget(parts, facts),
        httpVersion,
        status,
        durationMs,
        user: authenticator?.knownUser(headers.authorization),
        bodyBytes: progress.bodyBytes,
        referer: struck(headers.referer),
        userAgent: struck(headers['user-agent']),
        host: struck(headers.host),
      });
    if (progress.fault !== undefined)
      event('warn', `answer cut short: ${progress.fault}`, { method, target: loggedTarget(parts, facts) });
  };
}

const loopback = /^(127\.|::1$|$)/;

/** A `mote healthcheck` on this machine that found all well: no news, twice a minute. */
function isOwnProbe({ healthPath, host }: Config, { facts, status }: Exchange): boolean {
  return (
    facts.path === healthPath &&
    status === 200 &&
    facts.headers['user-agent'] === PROBE_AGENT &&
    (loopback.test(facts.client) || facts.client === host)
  );
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

/**
 * The process that leads several workers. It serves nothing itself. It has what there can be only one of: the sockets,
 * the log, notify with its spool, and the metrics of all.
 */
import type { Io } from '../../cli/io.ts';
import type { Config } from '../../config/options.ts';
import { HttpError } from '../../http/errors.ts';
import type { BoundAddress } from '../../http/listen.ts';
import type { Plan, RequestFacts, Stage } from '../../http/types.ts';
import { metric } from '../../observe/metrics.ts';
import type { RuleReport } from '../../static/rule-files.ts';
import {
  type App,
  type AppOptions,
  addressesOf,
  announce,
  failureToListen,
  logRules,
  type Observed,
  observe,
  openCertificatesFor,
  openContentFor,
  openNotifyService,
  reportCut,
} from '../app.ts';
import { type ReportUnreadable, unreadableReport } from '../file-warnings.ts';
import type { NotifyService } from '../notify.ts';
import { Crew } from './crew.ts';
import type { Answerer, Parcel } from './link.ts';
import { packError, packPlan, unpackFacts } from './plans.ts';
import { type PackedKeyPair, packKeyPair, type StartOrder } from './protocol.ts';
import { bindShared, type SharedSocket } from './shared-socket.ts';
import type { WorkerProcess } from './worker-process.ts';

export interface LeaderOptions extends AppOptions {
  readonly script: readonly string[];
  readonly order: Pick<StartOrder, 'argv' | 'texts' | 'workers'>;
}

/** Rejects with a `StartError` if the content cannot be served or notify cannot work as configured. */
export async function createLeader(
  config: Config,
  stdout: Io['stdout'],
  options: LeaderOptions,
): Promise<App> {
  const observed = observe(config, stdout);
  const { event, sink } = observed;
  const onUnreadable = unreadableReport(event);
  const content = await openContentFor(config, options, onUnreadable);
  const certificates = await openCertificatesFor(config, observed);
  const notifyService = await openNotifyService(config, options, observed);
  let sockets: Sockets | undefined;
  let crew: Crew | undefined;
  observed.metrics.add(() => crewMetrics(crew));
  return {
    async start() {
      let boundTo: readonly BoundAddress[];
      await notifyService?.start();
      try {
        sockets = await openSockets(config, options);
        const keyPair = certificates && packKeyPair(certificates.keyPair);
        crew = crewOf({ options, sockets, keyPair, observed, onUnreadable, notifyService });
        boundTo = await crew.start();
        certificates?.watch((renewed) => crew?.renew(packKeyPair(renewed)));
      } catch (error) {
        sockets?.close();
        await notifyService?.stop(0);
        throw failureToListen(error, config, options);
      }
      await announce({ config, options, content, observed, notifyService, stdout, boundTo });
    },
    async stop(reason) {
      event('info', `${reason}: finishing what is in flight`);
      certificates?.close();
      sockets?.close();
      const [cut = 0] = await Promise.all([
        crew?.drain(config.shutdownGraceMs),
        notifyService?.stop(config.shutdownGraceMs),
      ]);
      reportCut(cut, event);
      await sink.flush();
    },
    kill: () => crew?.kill(),
  };
}

interface Sockets {
  readonly descriptors: readonly number[];
  /** The last one is that of the redirects to HTTPS. */
  readonly redirects: boolean;
  close(): void;
}

/** Those that were inherited are passed on as they are. */
async function openSockets(config: Config, options: LeaderOptions): Promise<Sockets> {
  const { sockets: inherited } = options;
  const [address] = addressesOf(config, options);
  const own = 'fd' in address ? undefined : await bindShared(address);
  const redirect = config.redirectPort === 0 ? undefined : await bindRedirect(config, options, own);
  const close = () => {
    own?.close();
    redirect?.close();
  };
  const first = own ? [own.fd] : (inherited ?? []);
  return {
    descriptors: [...first, ...(redirect ? [redirect.fd] : [])],
    redirects: redirect !== undefined,
    close,
  };
}

async function bindRedirect(
  config: Config,
  { origins = {} }: LeaderOptions,
  own: SharedSocket | undefined,
): Promise<SharedSocket> {
  const { redirectAddress, redirectFailure } = await import('../redirect.ts');
  try {
    return await bindShared(redirectAddress(config));
  } catch (error) {
    own?.close();
    throw redirectFailure(error, config, origins);
  }
}

interface CrewParts {
  readonly options: LeaderOptions;
  readonly sockets: Sockets;
  readonly keyPair: PackedKeyPair | undefined;
  readonly observed: Observed;
  readonly onUnreadable: ReportUnreadable;
  readonly notifyService: NotifyService | undefined;
}

function crewOf({ options, sockets, keyPair, observed, onUnreadable, notifyService }: CrewParts): Crew {
  const { script, order } = options;
  const { event, sink, metrics } = observed;
  const { descriptors, redirects } = sockets;
  const onRules = rulesReport(event);
  const crew: Crew = new Crew({
    script,
    descriptors,
    order: {
      ...order,
      sockets: descriptors.length,
      isInherited: options.sockets !== undefined,
      redirects,
      keyPair,
    },
    event,
    onLines: (lines) => sink.writeLines(lines),
    answerersFor: (worker): Readonly<Record<string, Answerer>> => ({
      notify: (data, body) => respond(notifyService?.stages ?? [], worker, data, body),
      ready: async () => ({ data: (await notifyService?.isReady()) ?? true }),
      metrics: async () => ({ data: metrics.render(await crew.counts()) }),
      unreadable: (path) => {
        onUnreadable(path as string);
        return {};
      },
      rules: (data) => {
        onRules(data as RuleReport);
        return {};
      },
      counts: (data) => {
        worker.keepCounts(data);
        return {};
      },
    }),
  });
  return crew;
}

/** Every worker reports a change, some of them later than others; it is logged once. */
function rulesReport(event: Observed['event']): (report: RuleReport) => void {
  let last: string | undefined;
  return (report) => {
    if (report.key !== last) logRules(report, event);
    last = report.key;
  };
}

/** What notify has to say to a request that a worker has handed over. */
async function respond(
  stages: readonly Stage[],
  worker: WorkerProcess,
  data: unknown,
  body: Uint8Array,
): Promise<Parcel> {
  const { request, facts } = data as { readonly request: number; readonly facts: unknown };
  const isGone = () => worker.hasLost(request);
  try {
    return packPlan(await firstPlan(stages, { ...unpackFacts(facts, body), isGone }));
  } catch (error) {
    if (error instanceof HttpError) return packError(error);
    throw error;
  }
}

async function firstPlan(stages: readonly Stage[], facts: RequestFacts): Promise<Plan | undefined> {
  for (const stage of stages) {
    const plan = await stage(facts);
    if (plan) return plan;
  }
  return undefined;
}

function crewMetrics(crew: Crew | undefined): string {
  return [
    metric('mote_workers', 'gauge', 'Processes that serve.', crew?.size ?? 0),
    metric('mote_workers_lost_total', 'counter', 'Workers that ended unasked.', crew?.lost ?? 0),
  ].join('');
}

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
import {
  type App,
  type AppOptions,
  addressesOf,
  announce,
  failureToListen,
  type Observed,
  observe,
  openContentFor,
  openNotifyService,
  reportCut,
} from '../app.ts';
import { type ReportUnreadable, unreadableReport } from '../file-warnings.ts';
import { Crew } from './crew.ts';
import type { Answerer, Parcel } from './link.ts';
import { packError, packPlan, unpackFacts } from './plans.ts';
import type { StartOrder } from './protocol.ts';
import { bindShared } from './shared-socket.ts';
import type { WorkerProcess } from './worker-process.ts';

export interface LeaderOptions extends AppOptions {
  readonly script: readonly string[];
  readonly order: Omit<StartOrder, 'sockets' | 'isInherited'>;
}

/** Rejects with a `StartError` if the content cannot be served or notify cannot work as configured. */
export async function createLeader(
  config: Config,
  stdout: Io['stdout'],
  options: LeaderOptions,
): Promise<App> {
  const observed = observe(config, stdout, options.look);
  const { event, sink } = observed;
  const onUnreadable = unreadableReport(event);
  const content = await openContentFor(config, options, onUnreadable);
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
        crew = crewOf({ options, sockets, observed, onUnreadable, stages: notifyService?.stages ?? [] });
        boundTo = await crew.start();
      } catch (error) {
        sockets?.close();
        await notifyService?.stop(0);
        throw failureToListen(error, config, options);
      }
      await announce({ config, options, content, observed, notifyService, stdout, boundTo });
    },
    async stop(reason) {
      event('info', `${reason}: finishing what is in flight`);
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
  close(): void;
}

/** Those that were inherited are passed on as they are. */
async function openSockets(config: Config, options: LeaderOptions): Promise<Sockets> {
  const { sockets: inherited } = options;
  if (inherited) return { descriptors: inherited, close: () => undefined };
  const [address] = addressesOf(config, options);
  if ('fd' in address) throw new Error('a descriptor is nothing to bind');
  const shared = await bindShared(address);
  return { descriptors: [shared.fd], close: () => shared.close() };
}

interface CrewParts {
  readonly options: LeaderOptions;
  readonly sockets: Sockets;
  readonly observed: Observed;
  readonly onUnreadable: ReportUnreadable;
  readonly stages: readonly Stage[];
}

function crewOf({ options, sockets, observed, onUnreadable, stages }: CrewParts): Crew {
  const { script, order } = options;
  const { event, sink, metrics } = observed;
  const { descriptors } = sockets;
  const crew: Crew = new Crew({
    script,
    descriptors,
    order: { ...order, sockets: descriptors.length, isInherited: options.sockets !== undefined },
    event,
    onLines: (lines) => sink.writeLines(lines),
    answerersFor: (worker): Readonly<Record<string, Answerer>> => ({
      notify: (data, body) => respond(stages, worker, data, body),
      metrics: async () => ({ data: metrics.render(await crew.counts()) }),
      unreadable: (path) => {
        onUnreadable(path as string);
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

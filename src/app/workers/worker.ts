/** A worker: serves on the sockets of its leader, and asks it for what there can be only one of. */
import type { Io } from '../../cli/io.ts';
import type { Config } from '../../config/options.ts';
import type { KeyPair } from '../../http/engine/tls/front.ts';
import type { BoundAddress } from '../../http/listen.ts';
import {
  type AppOptions,
  addressesOf,
  type NotifyFront,
  type Observed,
  observe,
  openContentFor,
  openFront,
} from '../app.ts';
import type { Link } from './link.ts';
import { FIRST_SOCKET_DESCRIPTOR, type StartOrder, unpackKeyPair } from './protocol.ts';

/** How often the leader is told what was counted since: so much is lost with a worker that is killed. */
const COUNTS_EVERY_MS = 1000;

export interface WorkerApp {
  /** Listens. Rejects with a `StartError`. */
  start(): Promise<readonly BoundAddress[]>;
  /** Resolves to the number of connections that had to be cut. */
  stop(): Promise<number>;
  renew(keyPair: KeyPair): void;
  counts: Observed['metrics']['counts'];
  /** Whether the client of a request that was handed over has left. */
  isGone(request: number): Promise<boolean>;
}

/** Rejects with a `StartError` if the content cannot be served. */
export async function createWorker(
  config: Config,
  stdout: Io['stdout'],
  options: AppOptions,
  link: Link,
  order: StartOrder,
): Promise<WorkerApp> {
  // Each path is told once, by whichever worker.
  const report = (path: string) => void link.ask('unreadable', { data: path }).catch(() => undefined);
  const content = await openContentFor(config, options, report);
  // What the files hold at the start is told by the leader, which has read them too.
  content.rules?.watch((data) => void link.ask('rules', { data }).catch(() => undefined));
  const observed = observe(config, stdout);
  const { metrics, sink } = observed;
  const notify = options.notify && (await openRemoteNotify(config, options.notify, link, order.workers));
  const state = { draining: false };
  const metricsPage = { render: () => link.ask('metrics').then(({ data }) => data as string) };
  const maxConnections = Math.ceil(config.maxConnections / order.workers);
  const front = await openFront({
    config: { ...config, maxConnections },
    content,
    observed,
    notifyService: notify?.front,
    metricsPage,
    state,
    keyPair: order.keyPair && unpackKeyPair(order.keyPair),
  });
  if (config.metricsPath !== '') tellCounts(link, metrics);
  return {
    async start() {
      const descriptors = descriptorsOf(order);
      const redirect = order.redirects ? descriptors.pop() : undefined;
      const sockets = order.isInherited ? { ...options, sockets: descriptors } : options;
      const addresses = addressesOf(config, { sockets: descriptors });
      await front.listen(addresses, sockets, redirect === undefined ? undefined : { fd: redirect });
      return front.server.boundTo;
    },
    async stop() {
      state.draining = true;
      const cut = await front.stop(config.shutdownGraceMs);
      await sink.flush();
      return cut;
    },
    renew: (keyPair) => front.server.renew(keyPair),
    counts: () => metrics.counts(),
    isGone: async (request) => notify?.isGone(request) ?? true,
  };
}

function descriptorsOf({ sockets }: Pick<StartOrder, 'sockets'>): number[] {
  return Array.from({ length: sockets }, (_, index) => FIRST_SOCKET_DESCRIPTOR + index);
}

async function openRemoteNotify(
  config: Config,
  notify: NonNullable<AppOptions['notify']>,
  link: Link,
  workers: number,
): Promise<{ readonly front: NotifyFront; isGone(request: number): Promise<boolean> }> {
  const { RemoteNotify } = await import('./remote-notify.ts');
  const remote = new RemoteNotify({ config, users: notify.users, link, workers });
  return { front: remote.front, isGone: (request) => remote.isGone(request) };
}

/** As soon as something was counted, but not too often. */
function tellCounts(link: Link, metrics: Observed['metrics']): void {
  let told = 0;
  setInterval(() => {
    const counts = metrics.counts();
    const requests = counts.requests.reduce((sum, count) => sum + count, 0);
    if (requests === told) return;
    told = requests;
    void link.ask('counts', { data: counts }).catch(() => undefined);
  }, COUNTS_EVERY_MS).unref();
}

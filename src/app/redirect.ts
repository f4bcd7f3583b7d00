/** The second server, for HTTP, which only leads to HTTPS. */
import type { Origins } from '../config/load.ts';
import type { Config } from '../config/options.ts';
import type { Hooks } from '../http/engine/contract.ts';
import { HttpServer } from '../http/engine/http-server.ts';
import type { Address } from '../http/listen.ts';
import { defaultHeaders } from '../http/middleware/default-headers.ts';
import { challengeStage, httpsRedirectStage } from '../http/middleware/https-redirect.ts';
import { route } from '../http/router.ts';
import type { Stage } from '../http/types.ts';
import { StartError } from '../util/start-error.ts';
import { listenFailure } from './start-failure.ts';

/** Each has one short request. */
const MAX_CONNECTIONS = 256;

export interface RedirectParts {
  readonly config: Config;
  /** Serves the files of the root, not below a base path: challenges are at the root of every host. */
  readonly site: Stage;
  /** Where HTTPS is spoken, once it is known. */
  readonly httpsPort: () => number;
  /** Those of the server, of which it has the log and the metrics. */
  readonly hooks: Hooks;
}

export interface RedirectServer {
  /** Where it is configured, or at `address`. Rejects with a `StartError`. */
  listen(origins: Origins | undefined, address?: Address): Promise<void>;
  /** Resolves to the number of connections that had to be cut. */
  stop(graceMs: number): Promise<number>;
}

export async function openRedirect({
  config,
  site,
  httpsPort,
  hooks,
}: RedirectParts): Promise<RedirectServer> {
  const ports = { http: config.redirectPort, https: httpsPort };
  const headers = defaultHeaders({ ...config, hsts: '' });
  const limits = { ...config, maxConnections: Math.min(MAX_CONNECTIONS, config.maxConnections) };
  const own: Hooks = {
    ...hooks,
    handle: route([challengeStage(site), httpsRedirectStage(ports)]),
    mayReuse: false,
    roomFor: undefined,
    defaultHeaders: () => headers,
  };
  const server = await HttpServer.create(limits, own, 'wire');
  return {
    listen: (origins, address = redirectAddress(config)) =>
      server.listen(address).catch((error) => {
        throw redirectFailure(error, config, origins);
      }),
    stop: (graceMs) => server.stop(graceMs),
  };
}

/** On the host of the server, or on every address where that is a unix socket. */
export function redirectAddress({ host, redirectPort }: Config): Exclude<Address, { fd: number }> {
  return host === '' || host.includes('/') ? { port: redirectPort } : { host, port: redirectPort };
}

/** For an error in listening there, what `listenFailure` says of the port of the server. */
export function redirectFailure(error: unknown, config: Config, origins: Origins = {}): unknown {
  const { redirectPort: port, ...others } = origins;
  const host = config.host.includes('/') ? '' : config.host;
  const place = { path: '', host, port: config.redirectPort };
  const failure = listenFailure(error, place, port === undefined ? others : { ...others, port });
  if (!(failure instanceof StartError)) return failure;
  const hint = failure.hint.replaceAll('--port', '--redirect-port').replace(', or 0 for any free one', '');
  return new StartError(failure.code, failure.message, hint);
}

/** Options that are valid each by itself, and conflict with each other or with what this build can do. */
import { type Features, features as ownFeatures } from '../build/features.ts';
import { isRedisUrl } from '../util/redis-url.ts';
import type { Config } from './options.ts';

interface Conflict {
  /** Not checked if one of these is invalid already. */
  readonly between: readonly (keyof Config)[];
  readonly when: (config: Config, features: Features) => boolean;
  readonly problem: string;
}

const flags = { tlsKey: '--tls-key', hsts: '--hsts', redirectPort: '--redirect-port' } as const;

const conflicts: readonly Conflict[] = [
  {
    between: ['metricsPath', 'healthPath', 'readyPath'],
    when: ({ metricsPath, healthPath, readyPath }) => {
      const paths = [metricsPath, healthPath, readyPath].filter((path) => path !== '');
      return new Set(paths).size < paths.length;
    },
    problem:
      '--metrics-path, --health-path and --ready-path: received the same path twice; allowed: different paths',
  },
  {
    between: ['corsOrigins'],
    when: ({ corsOrigins }) => corsOrigins.includes('*') && corsOrigins.length > 1,
    problem: '--cors: received * together with other origins; allowed: * alone, or origins',
  },
  {
    between: ['corsOrigins', 'headers'],
    when: ({ corsOrigins, headers }) =>
      corsOrigins.length > 0 && headers.some((text) => text.toLowerCase() === 'access-control-allow-origin'),
    problem: '--cors and --header: received Access-Control-Allow-Origin from both; allowed: one of the two',
  },
  {
    between: ['auth'],
    when: ({ auth }) => new Set(auth.map(({ user }) => user)).size < auth.length,
    problem: '--auth: received the same user more than once; allowed: one line for each user',
  },
  {
    between: ['compression'],
    when: ({ compression }, features) => compression && !features.compression,
    problem: '--compression: received on; allowed: off, since this build does not compress on the fly',
  },
  {
    between: ['workers'],
    when: ({ workers }, features) => workers > 1 && !features.workers,
    problem: '--workers: received more than 1; allowed: 1 or auto, since this build serves in one process',
  },
  {
    between: ['spool'],
    when: ({ spool }, features) => isRedisUrl(spool) && !features.replicas,
    problem: '--spool: received a URL; allowed: a folder, since this build shares no messages with others',
  },
  {
    between: ['httpEngine'],
    when: ({ httpEngine }, features) => httpEngine === 'node' && !features.nodeHttp,
    problem: '--http-engine: received node; allowed: wire or auto, since this build is not on Node.js',
  },
  {
    between: ['tlsCert'],
    when: ({ tlsCert }, features) => tlsCert !== '' && !features.tls,
    problem: '--tls-cert: received a file; allowed: none, since this build has no TLS for clients',
  },
  ...(['tlsKey', 'hsts', 'redirectPort'] as const).map((property): Conflict => {
    const flag = flags[property];
    return {
      between: [property, 'tlsCert'],
      when: (config) => config.tlsCert === '' && config[property] !== '' && config[property] !== 0,
      problem: `${flag}: received a value without --tls-cert; allowed: both, or none where a proxy speaks HTTPS`,
    };
  }),
  {
    between: ['port', 'redirectPort'],
    when: ({ port, redirectPort }) => redirectPort !== 0 && port === redirectPort,
    problem: '--port and --redirect-port: received the same port twice; allowed: two different ports',
  },
];

/** One line for each conflict among the valid options. */
export function findConflicts(
  config: Config,
  invalid: ReadonlySet<keyof Config>,
  features: Features = ownFeatures,
): string[] {
  return conflicts
    .filter(
      ({ between, when }) => !between.some((property) => invalid.has(property)) && when(config, features),
    )
    .map(({ problem }) => problem);
}

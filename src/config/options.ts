/**
 * The one table of options. An entry here is a flag `--key`, an environment variable `MOTE_KEY`, a key of
 * the JSON file, a property of `Config`, a line of `--help` and a row of the README: nothing else names it.
 */
import type { Option } from './option.ts';
import {
  emptyOr,
  oneOf,
  parseBasicUser,
  parseCharset,
  parseFieldValue,
  parseFileName,
  parseFilePath,
  parseHeader,
  parseHost,
  parseMediaType,
  parseOrigin,
  parseProxy,
  parseUrlPath,
  type Refusal,
} from './parse.ts';

const MAX_TIME_MS = 24 * 3_600_000;
const GIB = 1024 ** 3;
const MIB = 1024 ** 2;

// What several entries share.
const fileName = { kind: 'text', group: 'What is served', label: 'NAME', parse: parseFileName } as const;
const contentSwitch = { kind: 'boolean', group: 'What is served', default: false } as const;
const cacheControl = { kind: 'text', group: 'Caching', label: 'VALUE', parse: parseFieldValue } as const;
const urlPath = { kind: 'text', group: 'Observing', label: 'URLPATH', parse: emptyOr(parseUrlPath) } as const;
const duration = {
  kind: 'number',
  group: 'Time limits',
  label: 'TIME',
  unit: 'ms',
  max: MAX_TIME_MS,
} as const;
const notifyPath = { kind: 'text', group: 'Notify', parse: emptyOr(parseFilePath), default: '' } as const;
const bytes = { kind: 'number', group: 'Other limits', label: 'BYTES', unit: 'bytes' } as const;
const count = { kind: 'number', group: 'Other limits', label: 'N', unit: 'count' } as const;

const dialects = oneOf('serverchan', 'gotify', 'ntfy', 'bark', 'apprise', 'alertmanager', 'grafana');

const table = {
  path: {
    kind: 'text',
    group: 'What is served',
    label: 'PATH',
    positional: 0,
    parse: parseFilePath,
    default: 'web_root',
    doc: 'The folder or the single file to serve.',
  },
  index: { ...fileName, default: 'index.html', doc: 'The file that answers for its folder.' },
  listing: { ...contentSwitch, doc: 'List folders that have no index file.' },
  spa: {
    ...contentSwitch,
    doc: 'Answer unknown paths with the index file of the root where the client prefers text/html, or anything and the last segment has no dot.',
  },
  notFound: {
    ...fileName,
    default: '404.html',
    doc: 'The file in the root that is the body of a 404, where it exists.',
  },
  dotfiles: {
    ...contentSwitch,
    doc: 'Serve files and folders whose names begin with a dot; .well-known is always served.',
  },
  symlinks: { ...contentSwitch, doc: 'Follow symbolic links that leave the root.' },
  compression: {
    ...contentSwitch,
    doc: 'Compress text on the fly; ready-made .br, .zst and .gz siblings are used in any case.',
  },
  mediaTypes: {
    kind: 'list',
    key: 'type',
    group: 'What is served',
    label: 'EXT=TYPE',
    parse: parseMediaType,
    default: [],
    doc: 'The Content-Type of files whose names end in .EXT, such as ts=text/javascript; they are sent as they are stored.',
  },
  charset: {
    kind: 'text',
    group: 'What is served',
    label: 'NAME',
    parse: emptyOr(parseCharset),
    default: 'utf-8',
    doc: 'The encoding that Content-Type names for text. Empty: none, so that each page says it itself.',
  },

  port: {
    kind: 'number',
    group: 'Where',
    label: 'PORT',
    positional: 1,
    env: ['PORT'],
    unit: 'count',
    min: 0,
    max: 65_535,
    default: 8080,
    doc: 'The TCP port; 0 takes a free one and prints it.',
  },
  host: {
    kind: 'text',
    group: 'Where',
    label: 'HOST',
    env: ['HOST'],
    parse: parseHost,
    default: '',
    doc: 'An IPv4 or IPv6 address, a host name, or the path of a unix socket (with a slash). Empty: every address.',
  },

  cacheHtml: { ...cacheControl, default: 'no-cache', doc: 'Cache-Control of HTML.' },
  cacheFingerprinted: {
    ...cacheControl,
    default: 'max-age=31536000, immutable',
    doc: 'Cache-Control of files with a hash in their names, such as app.3f2a9b1c.js.',
  },
  cacheOther: {
    ...cacheControl,
    default: 'no-cache',
    doc: 'Cache-Control of everything else. max-age=3600 saves a question an hour, and shows changes that much later.',
  },
  cacheBytes: {
    ...bytes,
    group: 'Caching',
    min: 0,
    max: 64 * GIB,
    default: 32 * MIB,
    doc: 'Memory for small files that are kept ready; 0 turns it off.',
  },

  headers: {
    kind: 'list',
    key: 'header',
    group: 'Headers',
    label: "'NAME: VALUE'",
    parse: parseHeader,
    default: [],
    doc: 'A header that every answer gets.',
  },
  securityHeaders: {
    kind: 'boolean',
    group: 'Headers',
    default: true,
    doc: 'Send X-Content-Type-Options and Referrer-Policy.',
  },
  csp: {
    kind: 'text',
    group: 'Headers',
    label: 'POLICY',
    parse: emptyOr(parseFieldValue),
    default: '',
    doc: 'The Content-Security-Policy to send. Empty: none.',
  },
  corsOrigins: {
    kind: 'list',
    key: 'cors',
    group: 'Headers',
    label: 'ORIGIN',
    commas: true,
    parse: parseOrigin,
    default: [],
    doc: 'An origin whose pages may read the answers, or * for all of them.',
  },

  auth: {
    kind: 'list',
    group: 'Access',
    label: 'LINE',
    secret: true,
    parse: parseBasicUser,
    default: [],
    doc: 'A user for Basic authentication: a line printed by `mote hash-password`. None: everyone may read.',
  },
  trustedProxies: {
    kind: 'list',
    group: 'Access',
    label: 'ADDRESS',
    commas: true,
    parse: parseProxy,
    default: [],
    doc: 'An address or a block like 10.0.0.0/8 whose X-Forwarded-For is believed; unix for peers on a unix socket.',
  },

  notify: {
    ...notifyPath,
    label: 'FILE',
    doc: 'The JSON file with users and channels of POST /notify. Empty: notify is off, or configured by MOTE_NOTIFY_TOKEN.',
  },
  spool: {
    ...notifyPath,
    label: 'DIR',
    doc: 'The folder that keeps messages until they are delivered. Empty: they are kept in memory, and lost with the process.',
  },
  notifyDialects: {
    kind: 'list',
    group: 'Notify',
    label: 'NAME',
    commas: true,
    parse: dialects,
    default: [],
    doc: 'An API of others to understand as well: serverchan, gotify, ntfy, bark, apprise, alertmanager, grafana.',
  },
  notifyQuery: {
    kind: 'boolean',
    group: 'Notify',
    default: false,
    doc: 'Let GET send messages, and take tokens from the query, where histories and the logs of proxies see them.',
  },

  logFormat: {
    kind: 'text',
    group: 'Observing',
    label: 'FORMAT',
    parse: oneOf('combined', 'json', 'off'),
    default: 'combined',
    doc: 'The access log on standard output: combined, json or off.',
  },
  healthPath: { ...urlPath, default: '/healthz', doc: 'Where to answer health checks. Empty: nowhere.' },
  metricsPath: { ...urlPath, default: '', doc: 'Where to answer with Prometheus metrics. Empty: nowhere.' },

  headerTimeoutMs: {
    ...duration,
    min: 1,
    default: 10_000,
    doc: 'For the header section of a request to come in; 408 after it.',
  },
  requestTimeoutMs: {
    ...duration,
    min: 1,
    default: 60_000,
    doc: 'For the whole request to come in; 408 after it.',
  },
  idleTimeoutMs: {
    ...duration,
    min: 1,
    default: 5000,
    doc: 'For a kept connection to wait for its next request; closed after it.',
  },
  sendTimeoutMs: {
    ...duration,
    min: 1,
    default: 60_000,
    doc: 'For a client to take nothing of an answer; cut after it.',
  },
  notifyWaitMs: {
    ...duration,
    key: 'notify-wait',
    min: 0,
    default: 3000,
    doc: 'For POST /notify to wait for the first attempts; answered with 202 after it. Dialects wait 2.5s at most.',
  },
  notifyMaxAgeMs: {
    ...duration,
    key: 'notify-max-age',
    min: 1000,
    max: 14 * MAX_TIME_MS,
    default: MAX_TIME_MS,
    doc: 'For a message to be tried again; given up after it.',
  },
  shutdownGraceMs: {
    ...duration,
    min: 0,
    default: 8000,
    doc: 'For answers in progress to finish at shutdown; cut after it. Docker kills after 10s.',
  },

  maxConnections: {
    ...count,
    min: 1,
    max: 1_000_000,
    default: 4096,
    doc: 'Connections at a time; 503 beyond it.',
  },
  maxHeaderBytes: {
    ...bytes,
    min: 256,
    max: MIB,
    default: 16_384,
    doc: 'The header section; 431 beyond it.',
  },
  maxTargetBytes: { ...bytes, min: 64, max: MIB, default: 8192, doc: 'The request target; 414 beyond it.' },
  maxBodyBytes: {
    ...bytes,
    min: 0,
    max: GIB,
    default: 65_536,
    doc: 'The body of a request; 413 beyond it. Messages may have 4M, with a good token in the header.',
  },
  maxQueuedMessages: {
    ...count,
    min: 1,
    max: 1_000_000,
    default: 10_000,
    doc: 'Messages that wait for their delivery; 503 beyond it.',
  },
  maxQueuedBytes: {
    ...bytes,
    min: 64 * 1024,
    max: 64 * GIB,
    default: 32 * MIB,
    doc: 'Memory for these; 503 beyond it.',
  },
  maxDeadMessages: {
    ...count,
    min: 1,
    max: 1_000_000,
    default: 10_000,
    doc: 'Messages that were given up and stay in the spool; the oldest are removed beyond it.',
  },
  maxRequestsPerConnection: {
    ...count,
    min: 1,
    max: 1_000_000_000,
    default: 1000,
    doc: 'Requests on one connection; the last answer closes it.',
  },
  httpEngine: {
    kind: 'text',
    group: 'Other limits',
    label: 'NAME',
    parse: oneOf('auto', 'node', 'wire'),
    default: 'node',
    doc: 'What speaks HTTP: node (of Node.js), wire (of mote), or auto: wire for plain requests, node for all others.',
  },
} as const satisfies Readonly<Record<string, Option>>;

type Table = typeof table;
type Flat<T> = T extends readonly (infer Element)[] ? Element : T;
type ValueOf<O> = O extends { kind: 'number' }
  ? number
  : O extends { kind: 'boolean' }
    ? boolean
    : O extends { kind: 'list'; parse: (text: string) => infer Entry }
      ? readonly Flat<Exclude<Entry, Refusal>>[]
      : O extends { kind: 'text'; parse: (text: string) => infer Text }
        ? Exclude<Text, Refusal>
        : never;

/** Everything that can be configured, valid and complete. Times in milliseconds, sizes in bytes. */
export type Config = { readonly [Property in keyof Table]: ValueOf<Table[Property]> };

/** An option with the names it goes by. */
export type NamedOption = Option & {
  readonly property: keyof Config;
  readonly key: string;
  readonly flag: `--${string}`;
  /** The environment variables in the order in which they count. */
  readonly envNames: readonly [string, ...string[]];
};

/** All options in the order of the table. */
export const options: readonly NamedOption[] = Object.entries<Option>(table).map(([property, option]) => {
  const key = option.key ?? property.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  const envName = `MOTE_${key.replaceAll('-', '_').toUpperCase()}`;
  const envNames = [envName, ...(option.env ?? [])] as const;
  return { ...option, property: property as keyof Config, key, flag: `--${key}`, envNames };
});

/** What is used where nothing is configured. */
export const defaults = Object.fromEntries(
  options.map((option) => [option.property, option.default]),
) as unknown as Config;

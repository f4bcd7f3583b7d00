/**
 * The one table of options. An entry here is a flag `--key`, an environment variable `MOTE_KEY`, a key of
 * the JSON file, a property of `Config`, a line of `--help` and a row of docs/options.md: nothing else names it.
 */
import type { Option } from './option-kinds.ts';
import {
  emptyOr,
  oneOf,
  type Parser,
  parseBasicUser,
  parseCharset,
  parseFieldValue,
  parseFileName,
  parseFilePath,
  parseHeader,
  parseHost,
  parseMediaType,
  parseOrigin,
  parseTrustedProxy,
  parseUrlPath,
} from './parse.ts';

const MAX_TIME_MS = 24 * 3_600_000;
const GIB = 1024 ** 3;
const MIB = 1024 ** 2;

// What several entries share.
const fileName = { kind: 'text', group: 'What is served', label: 'NAME', parse: parseFileName } as const;
const contentSwitch = { kind: 'boolean', group: 'What is served', default: false } as const;
const cacheControl = { kind: 'text', group: 'Caching', label: 'VALUE', parse: parseFieldValue } as const;
const urlPath = {
  kind: 'text',
  group: 'Observability',
  label: 'URLPATH',
  parse: emptyOr(parseUrlPath),
} as const;
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
  index: { ...fileName, default: 'index.html', doc: 'The file that is served for its folder.' },
  listing: { ...contentSwitch, doc: 'List folders that have no index file.' },
  spa: {
    ...contentSwitch,
    doc: 'Serve the index file of the root for unknown paths if the client prefers text/html, or if it accepts anything and the last segment has no dot.',
  },
  notFound: {
    ...fileName,
    default: '404.html',
    doc: 'The file in the root that is the body of 404 responses, if it exists.',
  },
  dotfiles: {
    ...contentSwitch,
    doc: 'Serve files and folders whose names begin with a dot; .well-known is always served.',
  },
  symlinks: { ...contentSwitch, doc: 'Follow symbolic links that leave the root.' },
  compression: {
    ...contentSwitch,
    doc: 'Compress text on the fly. Precompressed siblings (.br, .zst, .gz) are always used.',
  },
  mediaTypes: {
    kind: 'list',
    key: 'type',
    group: 'What is served',
    label: 'EXT=TYPE',
    parse: parseMediaType,
    default: [],
    doc: 'The Content-Type of files whose names end in .EXT, such as ts=text/javascript; these files are sent as they are stored.',
  },
  charset: {
    kind: 'text',
    group: 'What is served',
    label: 'NAME',
    parse: emptyOr(parseCharset),
    default: 'utf-8',
    doc: 'The character encoding in the Content-Type of text. Empty: none, so that each page declares its own.',
  },

  port: {
    kind: 'number',
    group: 'Address',
    label: 'PORT',
    positional: 1,
    env: ['PORT'],
    unit: 'count',
    min: 0,
    max: 65_535,
    default: 8080,
    doc: 'The TCP port; 0 chooses a free one and prints it.',
  },
  host: {
    kind: 'text',
    group: 'Address',
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
    doc: 'Cache-Control of everything else. With max-age=3600 clients revalidate once an hour, and see changes up to an hour late.',
  },
  cacheBytes: {
    ...bytes,
    group: 'Caching',
    min: 0,
    max: 64 * GIB,
    default: 32 * MIB,
    doc: 'Memory for the cache of small files; 0 turns it off.',
  },

  headers: {
    kind: 'list',
    key: 'header',
    group: 'Headers',
    label: "'NAME: VALUE'",
    parse: parseHeader,
    default: [],
    doc: 'A header for every response.',
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
    doc: 'An origin whose pages may read responses, or * for all origins.',
  },

  auth: {
    kind: 'list',
    group: 'Access',
    label: 'LINE',
    secret: true,
    parse: parseBasicUser,
    default: [],
    doc: 'A user for Basic authentication: a line printed by `mote hash-password`. Without users everyone may read.',
  },
  trustedProxies: {
    kind: 'list',
    group: 'Access',
    label: 'ADDRESS',
    commas: true,
    parse: parseTrustedProxy,
    default: [],
    doc: 'An address or a block like 10.0.0.0/8 whose X-Forwarded-For is trusted; unix for peers on a unix socket.',
  },

  notify: {
    ...notifyPath,
    label: 'FILE',
    doc: 'The JSON file with the users and channels of POST /notify. Empty: notify is off, or configured by MOTE_NOTIFY_TOKEN.',
  },
  spool: {
    ...notifyPath,
    label: 'DIR',
    doc: 'The folder that keeps messages until they are delivered. Empty: messages are kept in memory and lost when the process ends.',
  },
  notifyDialects: {
    kind: 'list',
    group: 'Notify',
    label: 'NAME',
    commas: true,
    parse: dialects,
    default: [],
    doc: 'Another service whose API is accepted for messages: serverchan, gotify, ntfy, bark, apprise, alertmanager, grafana.',
  },
  notifyQuery: {
    kind: 'boolean',
    group: 'Notify',
    default: false,
    doc: 'Let GET send messages, and accept tokens in the query, which browser histories and proxy logs record.',
  },

  logFormat: {
    kind: 'text',
    group: 'Observability',
    label: 'FORMAT',
    parse: oneOf('combined', 'json', 'off'),
    default: 'combined',
    doc: 'The access log on standard output: combined, json or off.',
  },
  healthPath: { ...urlPath, default: '/healthz', doc: 'The path of health checks. Empty: none.' },
  metricsPath: { ...urlPath, default: '', doc: 'The path of Prometheus metrics. Empty: none.' },

  headerTimeoutMs: {
    ...duration,
    min: 1,
    default: 10_000,
    doc: 'Time allowed to receive the headers; then 408.',
  },
  requestTimeoutMs: {
    ...duration,
    min: 1,
    default: 60_000,
    doc: 'Time allowed to receive the whole request; then 408.',
  },
  idleTimeoutMs: {
    ...duration,
    min: 1,
    default: 5000,
    doc: 'Time that a keep-alive connection waits for its next request; then it is closed.',
  },
  sendTimeoutMs: {
    ...duration,
    min: 1,
    default: 60_000,
    doc: 'Time allowed without any progress in sending a response; then the connection is closed.',
  },
  notifyWaitMs: {
    ...duration,
    key: 'notify-wait',
    min: 0,
    default: 3000,
    doc: 'Time that POST /notify waits for the first attempts; then the response is 202. Dialects wait at most 2.5s.',
  },
  notifyMaxAgeMs: {
    ...duration,
    key: 'notify-max-age',
    min: 1000,
    max: 14 * MAX_TIME_MS,
    default: MAX_TIME_MS,
    doc: 'Time for which delivery of a message is retried; then the message is given up.',
  },
  shutdownGraceMs: {
    ...duration,
    min: 0,
    default: 8000,
    doc: 'Time allowed at shutdown to finish responses in progress; then they are cut off. Docker kills after 10s.',
  },

  maxConnections: {
    ...count,
    min: 1,
    max: 1_000_000,
    default: 4096,
    doc: 'Concurrent connections; 503 beyond this limit.',
  },
  maxHeaderBytes: {
    ...bytes,
    min: 256,
    max: MIB,
    default: 16_384,
    doc: 'Size of the headers of a request; 431 beyond this limit.',
  },
  maxTargetBytes: {
    ...bytes,
    min: 64,
    max: MIB,
    default: 8192,
    doc: 'Size of the request target; 414 beyond this limit.',
  },
  maxBodyBytes: {
    ...bytes,
    min: 0,
    max: GIB,
    default: 65_536,
    doc: 'Size of the body of a request; 413 beyond this limit. For messages it is at least 4M if a valid token is in the headers.',
  },
  maxQueuedMessages: {
    ...count,
    min: 1,
    max: 1_000_000,
    default: 10_000,
    doc: 'Messages that wait for delivery; 503 beyond this limit.',
  },
  maxQueuedBytes: {
    ...bytes,
    min: 64 * 1024,
    max: 64 * GIB,
    default: 32 * MIB,
    doc: 'Memory for waiting messages; 503 beyond this limit.',
  },
  maxDeadMessages: {
    ...count,
    min: 1,
    max: 1_000_000,
    default: 10_000,
    doc: 'Messages that were given up and stay in the spool; beyond this limit the oldest are removed.',
  },
  maxRequestsPerConnection: {
    ...count,
    min: 1,
    max: 1_000_000_000,
    default: 1000,
    doc: 'Requests on one connection; it is closed after the last.',
  },
  workers: {
    ...count,
    label: 'N',
    auto: true,
    min: 1,
    max: 256,
    default: 1,
    doc: 'Processes that serve; auto: as many as cores and memory allow. Above 1 a further process leads them.',
  },
  httpEngine: {
    kind: 'text',
    group: 'Other limits',
    label: 'NAME',
    parse: oneOf('auto', 'node', 'wire'),
    default: 'auto',
    doc: 'The HTTP implementation: node (that of Node.js), wire (one of its own), or auto (wire, but node for Upgrade and CONNECT).',
  },
  seccomp: {
    kind: 'boolean',
    group: 'Other limits',
    default: true,
    doc: 'Refuse system calls that serving does not need. mote-tiny only: Node.js cannot confine itself.',
  },
} as const satisfies Readonly<Record<string, Option>>;

type Table = typeof table;
type Flat<T> = T extends readonly (infer Element)[] ? Element : T;
type OptionValueOf<O> = O extends { kind: 'number' }
  ? number
  : O extends { kind: 'boolean' }
    ? boolean
    : O extends { kind: 'list'; parse: Parser<infer Entry> }
      ? readonly Flat<Entry>[]
      : O extends { kind: 'text'; parse: Parser<infer Text> }
        ? Text
        : never;

/** Everything that can be configured, valid and complete. Times in milliseconds, sizes in bytes. */
export type Config = { readonly [Property in keyof Table]: OptionValueOf<Table[Property]> };

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

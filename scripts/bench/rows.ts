/**
 * The rows of `npm run bench`: what is asked of a server, and which servers take part. A row is measured on a server
 * of its own, started for it.
 */

/** The files that every server serves. */
export const SMALL = '1k.txt';
export const SMALL_BYTES = 1000;
export const LARGE = '100k.txt';
export const LARGE_BYTES = 100_000;
/** With `coded.txt.gz` beside it. */
export const CODED = 'coded.txt';
/** wrk takes the length that a response to HEAD states for a body that follows, and would wait for it. */
export const EMPTY = 'empty.txt';

/** Servers of static files in other languages, and the ground of mote. */
const field = ['mote', 'nginx-cache', 'nginx', 'lighttpd', 'caddy', 'go', 'bare'];

/** What wrk sends. */
export interface RequestShape {
  readonly file: string;
  readonly method?: 'GET' | 'HEAD';
  readonly headers?: Readonly<Record<string, string>>;
  /** Adds `If-None-Match` with the tag that the server gave. */
  readonly revalidates?: true;
  /** Gives each request a number, so that no head comes twice. */
  readonly distinct?: boolean;
  /** The response that is right: its status, and the file and bytes that it consists of. */
  readonly status: number;
  readonly body?: { readonly file: string; readonly bytes?: number };
}

interface RowOf<Kind extends string> {
  readonly kind: Kind;
  readonly title: string;
  /** Without it all take part. */
  readonly servers?: readonly string[];
  /** In the first round only: it takes long, and does not vary. */
  readonly once?: true;
}

export interface LoadRow extends RowOf<'load'> {
  readonly request: RequestShape;
  readonly log?: true;
  /** The server may have this many cores, which wrk shares. */
  readonly workers?: number;
}

export type Row = LoadRow | RowOf<'memory' | 'idle' | 'start' | 'syscalls' | 'message'>;

export const small: RequestShape = { file: SMALL, status: 200, body: { file: SMALL } };
export const large: RequestShape = { file: LARGE, status: 200, body: { file: LARGE } };
export const closing: RequestShape = { ...small, headers: { Connection: 'close' } };

export const rows = {
  '1k': { kind: 'load', title: '1 kB', request: small },
  log: {
    kind: 'load',
    title: '1 kB, log to a file',
    request: small,
    log: true,
    servers: ['mote', 'nginx-cache', 'nginx', 'lighttpd', 'caddy'],
  },
  '100k': { kind: 'load', title: '100 kB', request: large },
  close: { kind: 'load', title: '1 kB, `Connection: close`', request: closing, servers: field },
  heads: {
    kind: 'load',
    title: '1 kB, every head different',
    request: { ...small, distinct: true },
    servers: ['mote', 'nginx-cache', 'lighttpd', 'bare'],
  },
  'not-modified': {
    kind: 'load',
    title: '304',
    request: { file: SMALL, revalidates: true, status: 304 },
    servers: ['mote', 'nginx-cache'],
  },
  head: {
    kind: 'load',
    title: 'HEAD',
    request: { file: EMPTY, method: 'HEAD', status: 200 },
    servers: ['mote', 'nginx-cache'],
  },
  coded: {
    kind: 'load',
    title: 'gzip variant of 1 kB',
    request: {
      file: CODED,
      headers: { 'Accept-Encoding': 'gzip' },
      status: 200,
      body: { file: `${CODED}.gz` },
    },
    servers: ['mote', 'nginx-cache'],
  },
  range: {
    kind: 'load',
    title: 'range of 100 bytes',
    request: {
      file: SMALL,
      headers: { Range: 'bytes=0-99' },
      status: 206,
      body: { file: SMALL, bytes: 100 },
    },
    servers: ['mote', 'nginx-cache'],
  },
  'one-worker': {
    kind: 'load',
    title: 'one worker',
    request: small,
    workers: 1,
    servers: ['mote', 'nginx-cache'],
  },
  'two-workers': {
    kind: 'load',
    title: 'two workers',
    request: small,
    workers: 2,
    servers: ['mote', 'nginx-cache'],
  },
  memory: { kind: 'memory', title: 'resident memory' },
  idle: { kind: 'idle', title: '1,000 idle connections', servers: field },
  start: { kind: 'start', title: 'start' },
  syscalls: { kind: 'syscalls', title: 'system calls', servers: field, once: true },
  message: { kind: 'message', title: 'message by webhook from memory', servers: ['mote'] },
} as const satisfies Readonly<Record<string, Row>>;

export type RowName = keyof typeof rows;
export const rowNames = Object.keys(rows) as RowName[];

/** Rounds count from 0. */
export function isDue({ once }: Row, round: number): boolean {
  return round === 0 || !once;
}

export function takesPart({ servers }: Row, name: string): boolean {
  return servers === undefined || servers.includes(name);
}

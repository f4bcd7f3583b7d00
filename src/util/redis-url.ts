/** Where a Redis or Valkey server is, as a URL says it. Pure. */
import { failure, type Result, success } from './result.ts';

export type RedisAddress =
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }
  | { readonly kind: 'unix'; readonly path: string };

export interface RedisTarget {
  /** Of the server; with `sentinel` of the sentinels, any of which may answer. */
  readonly addresses: readonly [RedisAddress, ...RedisAddress[]];
  /** The name that the sentinels give to the primary. */
  readonly sentinel: string | undefined;
  readonly isSecure: boolean;
  /** Empty: `default`, the user of who has none. */
  readonly user: string;
  /** Empty: none. */
  readonly password: string;
  readonly database: number;
}

export const REDIS_FORMS =
  'redis://[USER:PASSWORD@]HOST[:PORT][/DB], rediss:// for TLS, unix://[USER:PASSWORD@]/PATH[?db=DB], or ' +
  'redis+sentinel://[USER:PASSWORD@]HOST[:PORT],…/NAME[/DB]';

const REDIS_PORT = 6379;
const SENTINEL_PORT = 26_379;
const form =
  /^(redis|rediss|unix|redis\+sentinel|rediss\+sentinel):\/\/(?:([^@/?#]*)@)?([^/?#]*)(\/[^?#]*)?(?:\?db=(\d{1,5}))?$/;
const databasePath = /^(?:\/(\d{1,5})?)?$/;
const sentinelPath = /^\/([\w.-]+)(?:\/(\d{1,5})?)?$/;
const authority = /^(?:\[([\da-fA-F:.]+)\]|([^[\]:@\s]+))(?::(\d{1,5}))?$/;

/** Whether the text is meant for this module, rightly or wrongly formed. */
export function isRedisUrl(text: string): boolean {
  return /^(rediss?|valkeys?|unix|rediss?\+sentinel):/.test(text);
}

/** The error is the end of a sentence about the URL. It never quotes it, which may hold a password. */
export function parseRedisUrl(text: string): Result<RedisTarget, string> {
  const parts = form.exec(text.replace(/^valkey/, 'redis'));
  if (!parts) return failure('has another form');
  const [, scheme = '', userinfo = '', hosts = '', path = '', query] = parts;
  const credentials = credentialsOf(userinfo);
  if (!credentials)
    return failure('has credentials that are not USER:PASSWORD or :PASSWORD, percent-encoded');
  const isSecure = scheme.startsWith('rediss');
  if (scheme === 'unix') return unixTarget(hosts, path, query, credentials);
  const isSentinel = scheme.endsWith('sentinel');
  const place = (isSentinel ? sentinelPath : databasePath).exec(path);
  if (!place || query !== undefined) {
    return failure(
      isSentinel ? 'names no primary behind the sentinels' : 'has more than /DB behind the host',
    );
  }
  const [sentinel, database] = isSentinel ? [place[1], place[2]] : [undefined, place[1]];
  const [first, ...others] = hosts.split(',').map((host) => addressOf(host, isSentinel));
  if (others.length > 0 && !isSentinel) return failure('names several hosts, which only sentinels may be');
  if (!first || others.some((address) => !address)) {
    return failure('names no host, or a port that is not from 1 to 65535');
  }
  const addresses = [first, ...(others as RedisAddress[])] as const;
  return success({ addresses, sentinel, isSecure, ...credentials, database: Number(database ?? 0) });
}

function unixTarget(
  hosts: string,
  path: string,
  database: string | undefined,
  credentials: Pick<RedisTarget, 'user' | 'password'>,
): Result<RedisTarget, string> {
  const decoded = percentDecoded(path);
  if (hosts !== '' || path.length < 2 || decoded === undefined) {
    return failure('names no path from the root, as unix:///run/redis.sock does');
  }
  const addresses = [{ kind: 'unix', path: decoded }] as const;
  return success({
    addresses,
    sentinel: undefined,
    isSecure: false,
    ...credentials,
    database: Number(database ?? 0),
  });
}

function credentialsOf(userinfo: string): Pick<RedisTarget, 'user' | 'password'> | undefined {
  const colon = userinfo.indexOf(':');
  if (colon < 0) return userinfo === '' ? { user: '', password: '' } : undefined;
  const user = percentDecoded(userinfo.slice(0, colon));
  const password = percentDecoded(userinfo.slice(colon + 1));
  return user === undefined || password === undefined ? undefined : { user, password };
}

function addressOf(text: string, isSentinel: boolean): RedisAddress | undefined {
  const parts = authority.exec(text);
  if (!parts) return undefined;
  const port = Number(parts[3] ?? (isSentinel ? SENTINEL_PORT : REDIS_PORT));
  if (port < 1 || port > 65_535) return undefined;
  return { kind: 'tcp', host: parts[1] ?? parts[2] ?? '', port };
}

function percentDecoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

/** For people: without credentials. */
export function nameOf({ addresses, sentinel, isSecure, database }: RedisTarget): string {
  const places = addresses.map(placeOf).join(',');
  if (addresses[0].kind === 'unix') return `unix://${places}?db=${database}`;
  const scheme = `redis${isSecure ? 's' : ''}${sentinel === undefined ? '' : '+sentinel'}`;
  return `${scheme}://${places}${sentinel === undefined ? '' : `/${sentinel}`}/${database}`;
}

export function placeOf(address: RedisAddress): string {
  if (address.kind === 'unix') return address.path;
  return `${address.host.includes(':') ? `[${address.host}]` : address.host}:${address.port}`;
}

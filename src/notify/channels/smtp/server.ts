/** Where mail is handed in, how the way there is secured, and who hands it in. Loads nothing of the rest. */
import { isIP } from 'node:net';
import { addressPolicy } from '../../../net/addresses.ts';
import { isHostName } from './address.ts';

/**
 * `tls` from the first byte (RFC 8314 §3.3); `starttls`, where mail stays unsent if the server does not
 * offer it; `none`, which everybody on the way can read and change: for relays on this host or in a private network,
 * and refused for public addresses.
 */
export type Security = 'tls' | 'starttls' | 'none';

export interface SmtpServer {
  /** A name or an address. Certificates have to be for it. */
  readonly host: string;
  /** Default {@link DEFAULT_PORTS}. */
  readonly port?: number;
  readonly security: Security;
  /** Refused with security `none`. */
  readonly credentials?: Credentials;
}

export interface Credentials {
  readonly user: string;
  /** Secret. */
  readonly password: string;
}

export const DEFAULT_PORTS: Readonly<Record<Security, number>> = { tls: 465, starttls: 587, none: 25 };
const MAX_PORT = 65_535;

/** Throws a `RangeError` for what cannot work. */
export function checkServer({ host, port, security, credentials }: SmtpServer): void {
  if (isIP(host) === 0 && !isHostName(host)) {
    throw new RangeError('the host of the SMTP server is neither a name nor an address');
  }
  if (port !== undefined && !(Number.isInteger(port) && port > 0 && port <= MAX_PORT)) {
    throw new RangeError(`the port of the SMTP server must be a whole number from 1 to ${MAX_PORT}`);
  }
  if (security === 'none' && isIP(host) !== 0 && addressPolicy()(host)) {
    throw new RangeError(
      '?security=none is for loopback and private addresses: leave it out, mail to public ones goes by TLS',
    );
  }
  if (!credentials) return;
  if (security === 'none') {
    throw new RangeError(
      'user and password are not sent without TLS: use tls or starttls, or leave them out',
    );
  }
  const { user, password } = credentials;
  if (user === '' || password === '')
    throw new RangeError(
      'SMTP needs both a user and a password, or neither; both in the url, or both beside it',
    );
  // NUL is the border between them (RFC 4616 §2).
  if (`${user}${password}`.includes('\0'))
    throw new RangeError('the user or the password has a NUL character');
}

const ADVICE =
  'write smtps://user:password@host (TLS), smtp://user:password@host (STARTTLS), or smtp://host?security=none for a ' +
  'relay on this host or in a private network, with / ? # @ : % in user and password percent-encoded';
const schemes: Readonly<Record<string, Security>> = { 'smtps:': 'tls', 'smtp:': 'starttls' };

/**
 * `smtps://user:password@host:465` is TLS, `smtp://user:password@host:587` is STARTTLS, and
 * `smtp://host:25?security=none` is neither; the ports are the default ones. Throws a `RangeError`, which
 * shows nothing of the URL.
 */
export function parseSmtpUrl(url: string): SmtpServer {
  const parsed = URL.parse(url);
  const security = schemes[parsed?.protocol ?? ''];
  if (!parsed || !security || !/^\/?$/.test(parsed.pathname) || parsed.hash !== '') {
    throw new RangeError(`not the URL of an SMTP server: ${ADVICE}`);
  }
  const { username, password, hostname, port } = parsed;
  const server: SmtpServer = {
    host: hostname.replace(/^\[(.*)\]$/, '$1'),
    ...(port !== '' && { port: Number(port) }),
    security: securityOf(parsed.search, security),
    ...((username || password) && { credentials: { user: decode(username), password: decode(password) } }),
  };
  checkServer(server);
  return server;
}

function securityOf(query: string, security: Security): Security {
  if (query === '') return security;
  if (query === '?security=none' && security === 'starttls') return 'none';
  throw new RangeError('after ? an smtp: URL takes only security=none, and an smtps: URL nothing');
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new RangeError(`user or password of the SMTP URL are wrongly percent-encoded: ${ADVICE}`);
  }
}

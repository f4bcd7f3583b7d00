/** The submission server: address, security of the connection, credentials. Does not load the mail library. */
import { isIP } from 'node:net';
import { isGlobalAddress } from '../../../net/addresses.ts';
import { failure, type Result, success } from '../../../util/result.ts';
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

/** The same server, if it can work. */
export function checkServer(server: SmtpServer): Result<SmtpServer, string> {
  const { host, port, security, credentials } = server;
  if (isIP(host) === 0 && !isHostName(host)) {
    return failure('the host of the SMTP server is neither a name nor an address');
  }
  if (port !== undefined && !(Number.isInteger(port) && port > 0 && port <= MAX_PORT)) {
    return failure(`the port of the SMTP server must be a whole number from 1 to ${MAX_PORT}`);
  }
  if (security === 'none' && isIP(host) !== 0 && isGlobalAddress(host)) {
    return failure(
      '?security=none is for loopback and private addresses: leave it out, mail to public ones goes by TLS',
    );
  }
  const problem = credentials && problemOfCredentials(credentials, security);
  return problem === undefined ? success(server) : failure(problem);
}

function problemOfCredentials({ user, password }: Credentials, security: Security): string | undefined {
  if (security === 'none') {
    return 'user and password are not sent without TLS: use tls or starttls, or leave them out';
  }
  if (user === '' || password === '') {
    return 'SMTP needs both a user and a password, or neither; both in the url, or both beside it';
  }
  // NUL is the border between them (RFC 4616 §2).
  return `${user}${password}`.includes('\0') ? 'the user or the password has a NUL character' : undefined;
}

const ADVICE =
  'write smtps://user:password@host (TLS), smtp://user:password@host (STARTTLS), or smtp://host?security=none for a ' +
  'relay on this host or in a private network, with / ? # @ : % in user and password percent-encoded';
const schemes: Readonly<Record<string, Security>> = { 'smtps:': 'tls', 'smtp:': 'starttls' };

/**
 * `smtps://user:password@host:465` is TLS, `smtp://user:password@host:587` is STARTTLS, and
 * `smtp://host:25?security=none` is neither; the ports are the default ones. Errors show nothing of the URL.
 */
export function parseSmtpUrl(url: string): Result<SmtpServer, string> {
  const parsed = URL.parse(url);
  const scheme = schemes[parsed?.protocol ?? ''];
  if (!parsed || !scheme || !/^\/?$/.test(parsed.pathname) || parsed.hash !== '') {
    return failure(`not the URL of an SMTP server: ${ADVICE}`);
  }
  const security = securityOf(parsed.search, scheme);
  if (!security.ok) return security;
  const credentials = credentialsIn(parsed);
  if (!credentials.ok) return credentials;
  return checkServer({
    host: parsed.hostname.replace(/^\[(.*)\]$/, '$1'),
    ...(parsed.port !== '' && { port: Number(parsed.port) }),
    security: security.value,
    ...(credentials.value && { credentials: credentials.value }),
  });
}

function securityOf(query: string, scheme: Security): Result<Security, string> {
  if (query === '') return success(scheme);
  if (query === '?security=none' && scheme === 'starttls') return success('none');
  return failure('after ? an smtp: URL takes only security=none, and an smtps: URL nothing');
}

function credentialsIn({ username, password }: URL): Result<Credentials | undefined, string> {
  if (username === '' && password === '') return success(undefined);
  try {
    return success({ user: decodeURIComponent(username), password: decodeURIComponent(password) });
  } catch {
    return failure(`user or password of the SMTP URL are not percent-encoded correctly: ${ADVICE}`);
  }
}

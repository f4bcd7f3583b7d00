/** What is answered where HTTP is spoken only to lead to HTTPS. Pure. */
import { errorPlan } from '../errors.ts';
import { redirectPlan } from '../reply.ts';
import { SAFE_METHODS, type Stage } from '../types.ts';

const HTTP_PORT = 80;
const HTTPS_PORT = 443;

/** A name or an address, and a port: nothing that could end the authority of a URL or begin another part. */
const hostPattern = /^([a-z0-9_][a-z0-9._-]*|\[[0-9a-f:.]+\])(:\d{0,5})?$/i;
/** The path of a challenge: its token is in base64url (RFC 8555 §8.3). */
const challenge = /^\/\.well-known\/acme-challenge\/[\w-]+$/;

/** Files by which an authority checks that a domain is ours, before there is a certificate or while it has expired. */
export function challengeStage(files: Stage): Stage {
  return (facts) => (challenge.test(facts.path) ? files(facts) : undefined);
}

export interface HttpsPorts {
  /** Where HTTP is spoken, and HTTPS. */
  readonly http: number;
  readonly https: () => number;
}

/**
 * Redirects to the same place by HTTPS. 301 is known to every client, but lets them turn other methods into GET, so that
 * these get 308.
 */
export function httpsRedirectStage(ports: HttpsPorts): Stage {
  return ({ method, path, query, headers }) => {
    const [, name, port] = hostPattern.exec(headers.host ?? '') ?? [];
    if (name === undefined || !path.startsWith('/')) return errorPlan('bad_request');
    const isSafe = method === 'GET' || method === 'HEAD';
    if (method === 'TRACE') return errorPlan('method_not_allowed', ['Allow', SAFE_METHODS]);
    const authority = `${name}${portText(publicPort(ports, port))}`;
    return redirectPlan(isSafe ? 301 : 308, `https://${authority}${path}${query}`);
  };
}

/**
 * A client that names no port, or this one, has come to port 80. Where that is not the port here, something maps ports,
 * and maps 443 as well.
 */
function publicPort({ http, https }: HttpsPorts, given = ':'): number {
  const isMapped = http !== HTTP_PORT && (given === ':' || Number(given.slice(1)) === HTTP_PORT);
  return isMapped ? HTTPS_PORT : https();
}

function portText(port: number): string {
  return port === HTTPS_PORT ? '' : `:${port}`;
}

/** Headers that every answer gets: security, the operator's own, and CORS. Pure. */
import { noContentPlan } from '../reply.ts';
import { type HeaderList, type RequestFacts, SAFE_METHODS, type Stage } from '../types.ts';

type Headers = RequestFacts['headers'];

export interface CommonOptions {
  readonly securityHeaders: boolean;
  /** Content-Security-Policy; empty for none. */
  readonly csp: string;
  /** The operator's own headers; they win over those of `securityHeaders`. */
  readonly headers: HeaderList;
  /** Origins that may read answers, `*` for all, none to leave CORS out. */
  readonly corsOrigins: readonly string[];
}

/** How long browsers may remember a preflight: the longest that they all accept is a day. */
const PREFLIGHT_MAX_AGE_SECONDS = 86_400;
/** What scripts of other origins may read besides the names that CORS always lets through. */
const EXPOSED = 'Accept-Ranges, Content-Range, ETag';

/** The headers to add to the answer for a request with these headers. */
export function defaultHeaders(options: CommonOptions): (headers: Headers) => HeaderList {
  const fixed = withoutOverridden(securityHeaders(options), options.headers).concat(options.headers);
  const { corsOrigins } = options;
  if (corsOrigins.length === 0) return () => fixed;
  const forAll = [...fixed, 'Access-Control-Allow-Origin', '*', 'Access-Control-Expose-Headers', EXPOSED];
  if (corsOrigins.includes('*')) return () => forAll;
  const forOthers = [...fixed, 'Vary', 'Origin'];
  return ({ origin }) => {
    if (origin === undefined || !corsOrigins.includes(origin)) return forOthers;
    return [...forOthers, 'Access-Control-Allow-Origin', origin, 'Access-Control-Expose-Headers', EXPOSED];
  };
}

function securityHeaders({ securityHeaders: on, csp }: CommonOptions): string[] {
  const fixed = on
    ? ['X-Content-Type-Options', 'nosniff', 'Referrer-Policy', 'strict-origin-when-cross-origin']
    : [];
  return csp === '' ? fixed : [...fixed, 'Content-Security-Policy', csp];
}

/** `headers` without those that `overriding` names too, in any case. */
export function withoutOverridden(headers: HeaderList, overriding: HeaderList): string[] {
  const names = new Set(overriding.filter((_, index) => index % 2 === 0).map((name) => name.toLowerCase()));
  return headers.filter((_, index) => !names.has((headers[index - (index % 2)] as string).toLowerCase()));
}

/**
 * Answers CORS preflights (Fetch standard, «CORS-preflight request»), where CORS is on. Pages of the internet may
 * reach into a private network (WICG Private Network Access) only from origins that are named: `*` was hardly meant
 * to let every page of the world look at what stands behind a firewall.
 */
export function preflightStage({ corsOrigins }: CommonOptions): Stage {
  return ({ method, headers }) => {
    if (corsOrigins.length === 0 || method !== 'OPTIONS') return undefined;
    if (headers.origin === undefined || headers['access-control-request-method'] === undefined)
      return undefined;
    const wanted = headers['access-control-request-headers'];
    const allowed = ['Allow', SAFE_METHODS, 'Access-Control-Allow-Methods', SAFE_METHODS];
    const named = wanted ? ['Access-Control-Allow-Headers', wanted] : [];
    const isNear = headers['access-control-request-private-network'] === 'true';
    const near =
      isNear && corsOrigins.includes(headers.origin) ? ['Access-Control-Allow-Private-Network', 'true'] : [];
    const cached = ['Access-Control-Max-Age', String(PREFLIGHT_MAX_AGE_SECONDS)];
    return noContentPlan([...allowed, ...named, ...near, ...cached]);
  };
}

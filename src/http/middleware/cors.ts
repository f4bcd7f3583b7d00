/** Cross-origin resource sharing (CORS, Fetch standard): response headers and preflights. Pure. */
import { noContentPlan } from '../reply.ts';
import { type HeaderList, type RequestFacts, SAFE_METHODS, type Stage } from '../types.ts';

export interface CorsOptions {
  /** Origins that may read responses; `*` for all, none to disable CORS. */
  readonly corsOrigins: readonly string[];
}

/** How long browsers may cache a preflight: a day is the longest that all of them accept. */
const PREFLIGHT_MAX_AGE_SECONDS = 86_400;
/** The headers that scripts of other origins may read, beyond those that CORS always allows. */
const EXPOSED = 'Accept-Ranges, Content-Range, ETag';

/** `headers` and those of CORS, for the response to a request with the given headers. */
export function withCors(
  headers: HeaderList,
  { corsOrigins }: CorsOptions,
): (request: RequestFacts['headers']) => HeaderList {
  if (corsOrigins.length === 0) return () => headers;
  const forAll = [...headers, 'Access-Control-Allow-Origin', '*', 'Access-Control-Expose-Headers', EXPOSED];
  if (corsOrigins.includes('*')) return () => forAll;
  const forOthers = [...headers, 'Vary', 'Origin'];
  return ({ origin }) => {
    if (origin === undefined || !corsOrigins.includes(origin)) return forOthers;
    return [...forOthers, 'Access-Control-Allow-Origin', origin, 'Access-Control-Expose-Headers', EXPOSED];
  };
}

/**
 * Responds to CORS preflights (Fetch standard, «CORS-preflight request») if CORS is enabled. Public pages may access a
 * private network (WICG Private Network Access) only if their origin is named: `*` is hardly meant to let every page
 * of the internet read what is behind a firewall.
 */
export function preflightStage({ corsOrigins }: CorsOptions): Stage {
  return ({ method, headers }) => {
    if (corsOrigins.length === 0 || method !== 'OPTIONS') return undefined;
    if (headers.origin === undefined || headers['access-control-request-method'] === undefined)
      return undefined;
    const requested = headers['access-control-request-headers'];
    const allowed = ['Allow', SAFE_METHODS, 'Access-Control-Allow-Methods', SAFE_METHODS];
    const allowedHeaders = requested ? ['Access-Control-Allow-Headers', requested] : [];
    const isPrivate = headers['access-control-request-private-network'] === 'true';
    const privateNetwork =
      isPrivate && corsOrigins.includes(headers.origin)
        ? ['Access-Control-Allow-Private-Network', 'true']
        : [];
    const cached = ['Access-Control-Max-Age', String(PREFLIGHT_MAX_AGE_SECONDS)];
    return noContentPlan([...allowed, ...allowedHeaders, ...privateNetwork, ...cached]);
  };
}

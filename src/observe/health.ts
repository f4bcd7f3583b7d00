/** The health URL, for load balancers and `mote healthcheck`. */
import { errorPlan } from '../http/errors.ts';
import { textPlan } from '../http/reply.ts';
import type { Stage } from '../http/types.ts';

export interface HealthState {
  /** The server is shutting down and should get no new requests. */
  readonly draining: boolean;
}

/** Responds to GET and HEAD on `path` with 200 `ok` or 503 `draining`. An empty `path` matches no request. */
export function healthStage(path: string, state: HealthState): Stage {
  const ok = textPlan(200, 'ok\n');
  const draining = textPlan(503, 'draining\n');
  const notAllowed = errorPlan('method_not_allowed', ['Allow', 'GET, HEAD']);
  return ({ path: requested, method }) => {
    if (requested !== path) return undefined;
    if (method !== 'GET' && method !== 'HEAD') return notAllowed;
    return state.draining ? draining : ok;
  };
}

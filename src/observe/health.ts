/** The health URL, for load balancers and `mote healthcheck`. */
import { errorPlan } from '../http/errors.ts';
import { textPlan } from '../http/reply.ts';
import type { Stage } from '../http/types.ts';

export interface HealthState {
  /** The server is shutting down: no new work should be sent to it. */
  readonly draining: boolean;
}

/** Answers GET and HEAD on `path`: 200 `ok`, or 503 `draining`. An empty `path` is never asked for. */
export function healthStage(path: string, state: HealthState): Stage {
  const ok = textPlan(200, 'ok\n');
  const draining = textPlan(503, 'draining\n');
  const notAllowed = errorPlan('method_not_allowed', ['Allow', 'GET, HEAD']);
  return ({ path: asked, method }) => {
    if (asked !== path) return undefined;
    if (method !== 'GET' && method !== 'HEAD') return notAllowed;
    return state.draining ? draining : ok;
  };
}

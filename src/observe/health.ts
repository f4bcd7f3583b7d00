/** The URLs of health and readiness, for load balancers and `mote healthcheck`. */
import { errorPlan } from '../http/errors.ts';
import { textPlan } from '../http/reply.ts';
import type { Plan, Stage } from '../http/types.ts';

export interface HealthState {
  /** The server is shutting down and should get no new requests. */
  readonly draining: boolean;
}

const ok = textPlan(200, 'ok\n');
const draining = textPlan(503, 'draining\n');
const notReady = textPlan(503, 'the queue of messages cannot be reached\n');

/** Responds to GET and HEAD on `path` with 200 `ok` or 503 `draining`. An empty `path` matches no request. */
export function healthStage(path: string, state: HealthState): Stage {
  return stageAt(path, () => (state.draining ? draining : ok));
}

/**
 * The same, and 503 while messages cannot be taken. Nothing is restarted for that, so health says nothing of it: files
 * go on, and what the process has to record is still in its memory.
 */
export function readinessStage(
  path: string,
  state: HealthState,
  isReady: () => boolean | Promise<boolean>,
): Stage {
  const planOf = (ready: boolean) => (ready ? ok : notReady);
  return stageAt(path, () => {
    if (state.draining) return draining;
    const ready = isReady();
    return typeof ready === 'boolean' ? planOf(ready) : ready.then(planOf);
  });
}

function stageAt(path: string, respond: () => Plan | Promise<Plan>): Stage {
  const notAllowed = errorPlan('method_not_allowed', ['Allow', 'GET, HEAD']);
  return ({ path: requested, method }) => {
    if (requested !== path) return undefined;
    if (method !== 'GET' && method !== 'HEAD') return notAllowed;
    return respond();
  };
}

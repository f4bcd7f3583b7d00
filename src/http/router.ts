/** The router: stages in order; the first that returns a plan wins. Synchronous as long as the stages are. */
import { errorPlan } from './errors.ts';
import type { Plan, RequestFacts, Stage } from './types.ts';

export type Handle = (facts: RequestFacts) => Plan | Promise<Plan>;

/** Combines `stages` into one handler; a request without a plan gets a 404. */
export function route(stages: readonly Stage[]): Handle {
  const from = (index: number, facts: RequestFacts): Plan | Promise<Plan> => {
    for (let i = index; i < stages.length; i++) {
      const plan = (stages[i] as Stage)(facts);
      if (plan instanceof Promise) return plan.then((late) => late ?? from(i + 1, facts));
      if (plan) return plan;
    }
    return errorPlan('not_found');
  };
  return (facts) => from(0, facts);
}

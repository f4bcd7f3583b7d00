/** The router: stages in order, the first that answers wins. Stays synchronous for as long as the stages do. */
import { errorPlan } from './errors.ts';
import type { Plan, RequestFacts, Stage } from './types.ts';

export type Handle = (facts: RequestFacts) => Plan | Promise<Plan>;

/** Makes one handler out of `stages`; a request that no stage wants gets a 404. */
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

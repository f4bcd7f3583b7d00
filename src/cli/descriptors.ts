/** Whether the system lets this process open as much as serving needs. */
import { readFileSync } from 'node:fs';

/** What Node holds open by itself is some 20. */
export const MIN_DESCRIPTORS = 32;

/** A line for the operator, if it does not. Node has raised the soft limit to the hard one. */
export function tooFewDescriptors(
  readLimits: () => string = () => readFileSync('/proc/self/limits', 'utf8'),
): string | undefined {
  let limit = Number.POSITIVE_INFINITY;
  try {
    limit = Number(/^Max open files +(\d+)/m.exec(readLimits())?.[1] ?? limit);
  } catch (error) {
    // Elsewhere than on Linux nothing says it.
    if ((error as NodeJS.ErrnoException).code !== 'EMFILE') return undefined;
    limit = 0;
  }
  if (limit >= MIN_DESCRIPTORS) return undefined;
  const allowed = limit === 0 ? 'too few' : `only ${limit}`;
  return `${allowed} open files are allowed; at least ${MIN_DESCRIPTORS} are needed: raise the limit (ulimit -n, LimitNOFILE=, --ulimit nofile=)`;
}

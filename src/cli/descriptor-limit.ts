/** Whether the system lets this process open as many files as serving needs. */
import { readFileSync } from 'node:fs';
import { StartError } from '../util/start-error.ts';

/** Node itself holds about 20 open. */
export const MIN_DESCRIPTORS = 32;

/** Throws a `StartError` where the limit is too low. Node has raised the soft limit to the hard one. */
export function checkDescriptors(
  readLimits: () => string = () => readFileSync('/proc/self/limits', 'utf8'),
): void {
  const limit = limitIn(readLimits);
  if (limit >= MIN_DESCRIPTORS) return;
  const allowed = limit === 0 ? 'too few' : `only ${limit}`;
  throw new StartError(
    'too_few_descriptors',
    `${allowed} open files are allowed; at least ${MIN_DESCRIPTORS} are needed`,
    'raise the limit (ulimit -n, LimitNOFILE=, --ulimit nofile=)',
  );
}

function limitIn(readLimits: () => string): number {
  try {
    return Number(/^Max open files +(\d+)/m.exec(readLimits())?.[1] ?? Number.POSITIVE_INFINITY);
  } catch (error) {
    // Other systems than Linux have no such file.
    return (error as NodeJS.ErrnoException).code === 'EMFILE' ? 0 : Number.POSITIVE_INFINITY;
  }
}

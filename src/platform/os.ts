/** Node's `os`. */
import { host } from './host.ts';

export const devNull = '/dev/null';
export function availableParallelism(): number {
  return host.process(4);
}
export function hostname(): string {
  return 'localhost';
}

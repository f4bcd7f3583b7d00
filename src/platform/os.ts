/** Node's `os`. */
import { readFileSync } from './fs.ts';

export const devNull = '/dev/null';
/** There is one thread for requests. */
export function availableParallelism(): number {
  return 1;
}
export function hostname(): string {
  return 'localhost';
}

export function totalmem(): number {
  const [, kilobytes = '0'] = /^MemTotal:\s+(\d+) kB$/m.exec(readFileSync('/proc/meminfo', 'utf8')) ?? [];
  return Number(kilobytes) * 1024;
}

/** None that anybody could be told of. */
export function networkInterfaces(): Record<string, undefined> {
  return {};
}

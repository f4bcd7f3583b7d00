/** Node's `os`. */
import { readFileSync } from './fs.ts';
import { host } from './host.ts';

export const devNull = '/dev/null';
export function availableParallelism(): number {
  return host.process(4);
}
export function hostname(): string {
  return 'localhost';
}

export function totalmem(): number {
  const [, kilobytes = '0'] = /^MemTotal:\s+(\d+) kB$/m.exec(readFileSync('/proc/meminfo', 'utf8')) ?? [];
  return Number(kilobytes) * 1024;
}

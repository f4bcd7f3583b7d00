/** Node's `tty`. */
import { host } from './host.ts';

export function isatty(descriptor: number): boolean {
  return host.isTerminal(descriptor);
}

/** Takes from the process what it does not need any more once it serves. */
import type { Needs } from '../build/confine.ts';
import { host } from './host.ts';

/** The kernel has it, but this process may not use it, or the kernel has it not: both are no failure of mote. */
export function confine({ writable, seccomp }: Needs): string {
  const canLand = host.confineFiles(writable.join('\n')) >= 0;
  const canFilter = seccomp && host.confineCalls() >= 0;
  const files = writable.length > 0 ? `${writable.join(', ')}` : 'nothing';
  const calls = canFilter ? 'system calls are filtered' : 'system calls are not filtered';
  return `mote can change ${canLand ? files : 'what its user can'}; ${calls}`;
}

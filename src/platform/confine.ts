/** Takes from the process what it does not need any more once it serves. */
import { host } from './host.ts';

/** As in `src/build/confine.ts`, in whose place this is. */
interface Needs {
  readonly writable: readonly string[];
  readonly seccomp: boolean;
}

/** The kernel may lack it, or forbid it to this process: that is no failure of mote, but the operator should know. */
export function confine({ writable, seccomp }: Needs): string {
  const missing = [
    host.confineFiles(writable.join('\n')) < 0 ? 'files (Landlock)' : '',
    !seccomp || host.confineCalls() < 0 ? 'system calls (seccomp)' : '',
  ].filter((one) => one !== '');
  return missing.length === 0 ? '' : `not confined on this system: ${missing.join(' and ')}`;
}

/** What a process gives up once it serves. Node.js has no means for it: `scripts/tiny/modules.ts` replaces this module. */

export interface Needs {
  /** Folders in which files are made, changed and removed. */
  readonly writable: readonly string[];
  /** Files and folders that are read by these names, whatever is there then; `undefined` if links may lead anywhere. */
  readonly readable: readonly string[] | undefined;
  /** Whether names of hosts are looked up. */
  readonly resolvesNames: boolean;
  /** Whether system calls may be confined. */
  readonly seccomp: boolean;
}

/** A line for the operator; empty if nothing was given up. */
export function confine(_needs: Needs): string {
  return '';
}

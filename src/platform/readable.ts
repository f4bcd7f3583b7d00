/**
 * Where files have to be readable, so that what is read by a name can be read whatever takes its place. Rules of the
 * kernel are tied to what is there now, and deployments replace folders, switch links and mount anew. So a rule is for
 * the top-level folder, which stays, unless nothing in this container can replace the name.
 */

/** Of the system, by which tests replace it. */
export interface Places {
  /** The path without links, `undefined` if nothing is there. */
  readonly realpath: (path: string) => string | undefined;
  /** `/proc/self/mountinfo` (proc_pid_mountinfo(5)), empty if it cannot be read. */
  readonly mounts: string;
  /** The first process of a container has no others beside it that mount. */
  readonly isFirstProcess: boolean;
}

export type Readable =
  | { readonly kind: 'places'; readonly places: readonly string[] }
  | { readonly kind: 'everything'; readonly reason: string };

export function readableFor(paths: readonly string[], system: Places): Readable {
  const places = new Set<string>();
  for (const path of paths) {
    const real = system.realpath(path);
    if (real === path && isFixed(path, system)) {
      places.add(path);
      continue;
    }
    for (const name of [path, real ?? path]) {
      const [, top = '', below] = name.split('/');
      if (!name.startsWith('/') || below === undefined || below === '') {
        return { kind: 'everything', reason: `${name} can be replaced` };
      }
      places.add(`/${top}`);
    }
  }
  // What is not there now cannot be allowed; a top-level folder does not appear later.
  return { kind: 'places', places: [...places].filter((place) => system.realpath(place) !== undefined) };
}

/** A mount that no other process can undo, and no other system's mounts come through (`master:`). */
function isFixed(path: string, { mounts, isFirstProcess }: Places): boolean {
  if (!isFirstProcess) return false;
  const line = mounts.split('\n').findLast((one) => one.split(' ')[4] === path);
  return line !== undefined && !/ (master|propagate_from):/.test(line.split(' - ')[0] ?? '');
}

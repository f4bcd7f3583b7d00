/** How this program was built. `scripts/bundle/bundle.ts` puts another module in the place of this one. */

export interface BuildInfo {
  /** What runs the program: Node from the sources or from the bundle, or the Node inside the executable. */
  readonly base: 'source' | 'bundle' | 'pkg' | 'seal';
  /** The version of glibc inside, where there is one. */
  readonly glibc?: string;
  readonly embeddedSite: boolean;
}

export const buildInfo: BuildInfo = { base: 'source', embeddedSite: false };

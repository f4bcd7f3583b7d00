/** How this program was built. `scripts/bundle/bundle.ts` replaces this module. */

export interface LeftOut {
  /** ICU's data, most of it for languages other than English. */
  readonly icu: { readonly files: number; readonly bytes: number };
}

export interface BuildInfo {
  /** What runs the program: Node from the sources or from the bundle, or what is inside the executable. */
  readonly base: 'source' | 'bundle' | 'pkg' | 'seal' | 'tiny';
  /** The version of glibc inside, if there is one. */
  readonly glibc?: string;
  /** The versions of engine and libraries inside mote-tiny. */
  readonly quickjs?: string;
  readonly mbedtls?: string;
  readonly zlib?: string;
  readonly musl?: string;
  /** Which parts of Node are missing, because mote has no use for them. */
  readonly leftOut?: LeftOut;
  readonly embeddedSite: boolean;
}

export const buildInfo: BuildInfo = { base: 'source', embeddedSite: false };

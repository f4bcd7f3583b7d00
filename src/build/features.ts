/** What only some builds can do. `scripts/tiny/modules.ts` replaces this module. */

export interface Features {
  /** Compression on the fly. */
  readonly compression: boolean;
  /** More than one process. */
  readonly workers: boolean;
  /** The HTTP engine on `node:http`. */
  readonly nodeHttp: boolean;
}

export const features: Features = { compression: true, workers: true, nodeHttp: true };

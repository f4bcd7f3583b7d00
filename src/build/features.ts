/** What only some builds can do. `scripts/tiny/modules.ts` replaces this module. */

export interface Features {
  /** Compression on the fly. */
  readonly compression: boolean;
  /** More than one process. */
  readonly workers: boolean;
  /** The HTTP engine on `node:http`. */
  readonly nodeHttp: boolean;
  /** Header fields in other charsets than UTF-8 and Latin-1 (RFC 2047). */
  readonly charsets: boolean;
  /** HTTPS and HTTP/2. */
  readonly tls: boolean;
}

export const features: Features = {
  compression: true,
  workers: true,
  nodeHttp: true,
  charsets: true,
  tls: true,
};

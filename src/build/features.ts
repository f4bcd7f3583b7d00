/** What only some builds can do. `scripts/tiny/modules.ts` replaces this module. */

export interface Features {
  /** Compression on the fly. */
  readonly compression: boolean;
  /** More than one process. */
  readonly workers: boolean;
  /** Messages in a server that several processes share. */
  readonly replicas: boolean;
  /** The HTTP engine on `node:http`. */
  readonly nodeHttp: boolean;
  /** Header fields in other charsets than UTF-8 and Latin-1 (RFC 2047). */
  readonly charsets: boolean;
  /** HTTPS and HTTP/2. */
  readonly tls: boolean;
  /** As much in one turn of the loop as V8 computes in 50 ms; else the limits of messages are lower. */
  readonly largeMessages: boolean;
}

export const features: Features = {
  compression: true,
  workers: true,
  replicas: true,
  nodeHttp: true,
  charsets: true,
  tls: true,
  largeMessages: true,
};

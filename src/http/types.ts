/**
 * The vocabulary of a request: plain data in (`RequestFacts`), plain data out (`Plan`).
 *
 * An engine makes the facts, the router's stages turn them into a plan, and `send.ts` alone carries the
 * plan out. Every HTTP rule in between is therefore a pure function over these types.
 */

/** A request, as plain data. Header names are lower case, repeated fields joined as RFC 9110 §5.3 says. */
export interface RequestFacts {
  readonly method: string;
  /** The request target exactly as received, for example `/a%20b?x=1` (RFC 9112 §3.2). */
  readonly target: string;
  /** The target up to `?`, still percent-encoded. */
  readonly path: string;
  /** The rest of the target from `?` on, or the empty string. */
  readonly query: string;
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** The peer's address, or the client's where a trusted proxy named it. Empty on a unix socket. */
  readonly client: string;
  /** The whole request body, already bounded; absent when none was sent. */
  readonly body?: Uint8Array;
  /**
   * Whether the client has closed the connection, or its half of it, so that a response would hardly reach it. A promise
   * where another process has the connection. The only member that is not data.
   */
  readonly isGone?: () => boolean | Promise<boolean>;
}

/** How large the body of a request may be, by the owner of its path. Decided before the body is read. */
export interface BodyRoom {
  readonly maxBytes: number;
  /** The response to a larger body. */
  refuse(): Plan;
  /** Called when the request has its response, or its connection has ended. */
  release(): void;
}

/** Header names and values in turn, the shape that `ServerResponse.writeHead` takes without copying. */
export type HeaderList = readonly string[];

/** An inclusive span of byte positions, already checked against the size: `0 <= start <= end < size`. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/** Bytes that can be read at any position. `send.ts` closes it in every case. */
export interface ByteSource {
  /** Fills `target` from `position` on; returns the number of bytes read, 0 at the end of the file. */
  read(target: Uint8Array, position: number): Promise<number>;
  close(): Promise<void>;
}

/** What follows the header section. `text` is Latin-1: it goes out in one write together with the headers. */
export type Body =
  | { readonly kind: 'none' }
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  /** Pieces in order: prepared bytes (multipart headers), or spans of `source`. */
  | {
      readonly kind: 'source';
      readonly source: ByteSource;
      readonly pieces: readonly (Uint8Array | ByteRange)[];
    };

/** How long the same head gets the same plan. */
export interface Reuse {
  /**
   * Whether it does now, by the clock of `performance.now()`. As with a request, what is behind it may then be checked
   * in the background.
   */
  isFresh(nowMs?: number): boolean;
  /** No later request gets this plan, so that nothing made of it needs to be kept. */
  readonly isGone: boolean;
}

/** A complete response as data. `Date` and `Connection` belong to `node:http`; everything else is here. */
export interface Plan {
  readonly status: number;
  readonly headers: HeaderList;
  readonly body: Body;
  /** The connection is closed after this response, because what follows on it can no longer be trusted. */
  readonly close?: boolean;
  /** The reason phrase of an error that has no document of its own, but a line of text, or a page for who prefers HTML. */
  readonly phrase?: string;
  /** These headers replace default headers of the same name, including the operator's own. */
  readonly overridesDefaults?: true;
  /** Default headers that this response goes without, by their names in lower case; only with `overridesDefaults`. */
  readonly withoutDefaults?: readonly string[];
  /** Absent if the plan depends on anything but the head of the request, or cannot be used twice. */
  readonly reuse?: Reuse | undefined;
}

/** One stage of the router: a plan, or `undefined` if the request is for a later stage. */
export type Stage = (facts: RequestFacts) => Plan | undefined | Promise<Plan | undefined>;

export const noBody: Body = { kind: 'none' };

/** The methods of a file, as `Allow` lists them (RFC 9110 §10.2.1). */
export const SAFE_METHODS = 'GET, HEAD, OPTIONS';

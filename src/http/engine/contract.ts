/** What an engine needs from the rest of the program, and what both engines share. */
import type { Descriptors } from '../descriptors.ts';
import type { Handle } from '../router.ts';
import type { SendProgress } from '../send.ts';
import type { BodyRoom, HeaderList, RequestFacts } from '../types.ts';
import type { KnownHead } from '../wire/memo.ts';
import type { InputTurns } from './input-turns.ts';

export interface ConnectionLimits {
  readonly sendTimeoutMs: number;
  readonly maxTargetBytes: number;
  readonly maxBodyBytes: number;
  readonly maxRequestsPerConnection: number;
}

export interface Limits extends ConnectionLimits {
  readonly headerTimeoutMs: number;
  readonly requestTimeoutMs: number;
  readonly idleTimeoutMs: number;
  readonly maxConnections: number;
  readonly maxHeaderBytes: number;
}

/** One request, from its head to the end of its response. */
export interface Exchange {
  readonly facts: RequestFacts;
  readonly httpVersion: string;
  /** By the clock of `performance.now()`. */
  startedMs: number;
  /** 0 until the response is known. */
  status: number;
  readonly progress: SendProgress;
  /** How large a body the route accepts. */
  room?: BodyRoom | undefined;
  /** Set if the same head has come before. */
  readonly known?: KnownHead | undefined;
}

/** In which proxies name their clients unless something else is configured. */
export const CLIENT_HEADER = 'x-forwarded-for';

export interface Hooks {
  readonly handle: Handle;
  /** A plan with `reuse` may be used for the same head without asking {@link handle} again. */
  readonly mayReuse?: boolean;
  /**
   * Called before a body is read. Without a room the limit is `maxBodyBytes`, and a larger body gets the
   * standard 413 response.
   */
  readonly roomFor?: ((facts: RequestFacts) => BodyRoom | undefined) | undefined;
  /** Headers for every response; some depend on the request (CORS). */
  readonly defaultHeaders: (headers: RequestFacts['headers']) => HeaderList;
  /** The header that {@link clientOf} depends on beside the peer, in lower case; see {@link CLIENT_HEADER}. */
  readonly clientHeader?: string;
  readonly clientOf: (peer: string, headers: RequestFacts['headers']) => string;
  readonly onConnection: (delta: 1 | -1) => void;
  readonly onStart: () => void;
  /** With the time by the clock of `performance.now()`. */
  readonly onEnd: (exchange: Exchange, nowMs: number) => void;
  /** A connection was refused before there was a request. */
  readonly onRefused: (status: number, client: string) => void;
  /** There are no file descriptors left. Calls are rate-limited. */
  readonly onExhausted: () => void;
  /** An unexpected error. If there is an exchange, its client received a 500. */
  readonly onFault: (error: unknown, exchange?: Exchange) => void;
}

/** What all connections of a server share, whichever engine handles them. */
export interface Shared<L extends ConnectionLimits = ConnectionLimits> {
  readonly limits: L;
  readonly hooks: Hooks;
  readonly inputTurns: InputTurns;
  readonly descriptors: Descriptors;
  /** While the server is being stopped, each response is the last one of its connection. */
  readonly state: { draining: boolean };
}

/** What the connections of the engine `wire` share. */
import type { Socket } from 'node:net';
import type { HeadMemo } from '../../wire/memo.ts';
import type { PreparedResponses } from '../../wire/prepared.ts';
import type { HttpClock } from '../../wire/response.ts';
import type { OpenConnection } from '../connections.ts';
import type { Limits, Shared } from '../contract.ts';

/** The engine that takes over connections whose requests this one leaves to it. */
export interface Successor {
  /** `socket` is paused, with all of its input unread; `before` is its connection here. */
  adopt(socket: Socket, before: OpenConnection): void;
  end(): void;
}

export interface WireShared extends Shared<Limits> {
  readonly clock: HttpClock;
  readonly memo: HeadMemo;
  readonly prepared: PreparedResponses;
  /**
   * Hands a connection over to the other engine; `unread` begins with the request that it shall handle. If it is
   * absent, this engine handles every request.
   */
  readonly handOver: ((socket: Socket, unread: Buffer) => void) | undefined;
}

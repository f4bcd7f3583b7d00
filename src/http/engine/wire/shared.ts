/** What the connections of the engine `wire` share. */
import type { Socket } from 'node:net';
import type { HeadMemo } from '../../wire/memo.ts';
import type { PreparedResponses } from '../../wire/prepared.ts';
import type { HttpClock } from '../../wire/response.ts';
import type { Shared } from '../node/connection.ts';
import type { Limits } from '../node/server.ts';

export interface WireShared extends Shared {
  readonly limits: Limits;
  readonly clock: HttpClock;
  readonly memo: HeadMemo;
  readonly prepared: PreparedResponses;
  /**
   * Hands a connection over to the other engine: `bytes` is unread input, `requests` is the count so far. If
   * it is absent, this engine handles every request.
   */
  readonly handOver: ((socket: Socket, bytes: Buffer, requests: number) => void) | undefined;
}

/** What the connections of the engine `wire` share. */
import type { Socket } from 'node:net';
import type { HeadMemo } from '../../wire/memo.ts';
import type { HttpClock } from '../../wire/response.ts';
import type { OpenConnection } from '../connections.ts';
import type { Limits, Shared } from '../contract.ts';

/** The engine that takes over connections whose requests this one leaves to it. */
export interface Successor {
  /** `first` is the unread input of `socket`; `origin` says whose connection it was, and how many requests it had. */
  adopt(socket: Socket, first: Buffer, origin: { connection: OpenConnection; requests: number }): void;
}

export interface WireShared extends Shared<Limits> {
  readonly clock: HttpClock;
  readonly memo: HeadMemo;
  /**
   * Hands a connection over to the other engine: `bytes` is unread input, `requests` is the count so far. If
   * it is absent, this engine handles every request.
   */
  readonly handOver: ((socket: Socket, bytes: Buffer, requests: number) => void) | undefined;
}

/** The interface between the queue and the channels. */
import type { Message } from '../message.ts';

export interface DeliveredPart {
  /** The channel's own name for it: a recipient, or which piece of a long text. */
  readonly part: string;
  readonly state: 'delivered';
}

/** It will not be delivered, unless the operator requeues the message. */
export interface GivenUpPart {
  readonly part: string;
  readonly state: 'given up';
  readonly reason: string;
}

/** A part of a message that need not be sent again. */
export type EndedPart = DeliveredPart | GivenUpPart;

/** How an attempt ended. Reasons are shown to the sender: one line, never a secret. */
export type Delivery =
  | {
      readonly kind: 'delivered';
      /** The provider's own id, where it gives one. */
      readonly providerId?: string;
      /** A partial problem, such as recipients that the provider left out. */
      readonly note?: string;
    }
  /** Nothing was delivered by this attempt beyond `done`, and another may succeed. */
  | {
      readonly kind: 'retry';
      readonly reason: string;
      /** The delay that the provider asks for, for example by Retry-After. */
      readonly afterMs?: number;
      /** The provider was called too often: the channel's other messages wait for as long. */
      readonly isLimited?: boolean;
      /** Parts that need not be sent again, see {@link Attempt.done}. */
      readonly done?: readonly EndedPart[];
    }
  /** It will never succeed, or another attempt could deliver twice. */
  | {
      readonly kind: 'rejected';
      readonly reason: string;
      /** Parts that need not be sent again if the operator requeues the message. */
      readonly done?: readonly EndedPart[];
    };

export interface Attempt {
  /** From 1. */
  readonly number: number;
  /** The parts that ended in earlier attempts, so that a retry sends only the rest. */
  readonly done: readonly EndedPart[];
  /** To be called after every part, with all that have ended by now, so that a crash does not repeat them. */
  report?(done: readonly EndedPart[]): Promise<void>;
  /**
   * To be called by a channel that must not send twice, before it sends the first byte that could deliver `part`. Until
   * then the attempt counts as not made.
   */
  beforeSending?(part?: string): Promise<void>;
  /** Aborted at the channel's time limit, and at shutdown. */
  readonly signal: AbortSignal;
}

/** A limit that a provider is known to have. */
export interface Rate {
  readonly calls: number;
  /** No more than `calls` in any time of this length. */
  readonly windowMs: number;
}

/**
 * What becomes of a message when the process ended during an attempt, so that nobody knows whether it delivered:
 * another attempt, since the receiver can tell that it is the same, or since twice is better than never; or what was
 * being sent is given up, for somebody to look at.
 */
export type IfUnclear = 'repeat' | 'give up';

export interface Channel {
  /** Its name in the configuration. */
  readonly name: string;
  /** Default `repeat`. */
  readonly ifUnclear?: IfUnclear;
  /** All of them apply; default none. */
  readonly rates?: readonly Rate[];
  /** How often the provider will be called for what is not `done` of the message; default once. */
  callsFor?(message: Message, done: readonly EndedPart[]): number | Promise<number>;
  /** The longest that one attempt may take. */
  readonly timeoutMs: number;
  /** Never rejects for an error of the provider or the network: that is a `Delivery` too. */
  deliver(message: Message, attempt: Attempt): Promise<Delivery>;
  /** Closes kept connections. */
  close?(): Promise<void>;
}

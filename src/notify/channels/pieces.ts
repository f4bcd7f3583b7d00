/** A long text as pieces: what is left of them, and their delivery one after the other. */

import { resultOf, type Steps } from '../../util/turns.ts';
import type { Message } from '../message.ts';
import type { Attempt, Delivery, EndedPart, GivenUpPart } from './channel.ts';
import { deliverEachPart, remainingParts } from './partial-delivery.ts';
import { turns } from './text/turns.ts';

export interface Piece {
  /** Which of how many, in which style: the name of the part. */
  readonly key: string;
}

/** Of a message whose pieces are made in slices: for a shorter one that would cost more than it is worth. */
const LONG_TEXT_UNITS = 2048;

/** Makes the pieces of messages, in slices where that takes long, and once for all that is asked about a message. */
export class PieceMaker<P extends Piece> {
  readonly #make: (message: Message) => Steps<P[]>;
  /** Of messages that were asked about and not delivered: as many as the attempts that a channel makes at a time. */
  readonly #made = new WeakMap<Message, Promise<P[]>>();

  constructor(make: (message: Message) => Steps<P[]>) {
    this.#make = make;
  }

  /** For {@link Channel.callsFor}. */
  countRemaining(message: Message, done: readonly EndedPart[]): number | Promise<number> {
    const count = (pieces: readonly P[]) => Math.max(1, remainingPieces(pieces, done).length);
    if (message.text.length > LONG_TEXT_UNITS) return this.#piecesOf(message).then(count);
    return count(resultOf(this.#make(message)));
  }

  /** Piece by piece, so that a long text is read from the top. */
  async deliver(
    message: Message,
    attempt: Attempt,
    deliver: (piece: P) => Promise<Delivery>,
  ): Promise<Delivery> {
    return deliverPieces(await this.take(message, attempt.signal), attempt, deliver);
  }

  /** For a delivery, before which nobody asks again. */
  async take(message: Message, signal: AbortSignal): Promise<P[]> {
    const pieces = this.#piecesOf(message, signal);
    this.#made.delete(message);
    return pieces;
  }

  #piecesOf(message: Message, signal?: AbortSignal): Promise<P[]> {
    const pieces = this.#made.get(message) ?? turns.run(this.#make(message), signal);
    this.#made.set(message, pieces);
    return pieces;
  }
}

/** The pieces whose turn has not come, or that failed for now. */
export function remainingPieces<P extends Piece>(pieces: readonly P[], done: readonly EndedPart[]): P[] {
  const remaining = new Set(
    remainingParts(
      pieces.map(({ key }) => key),
      done,
    ),
  );
  return pieces.filter(({ key }) => remaining.has(key));
}

async function deliverPieces<P extends Piece>(
  pieces: readonly P[],
  attempt: Attempt,
  deliver: (piece: P) => Promise<Delivery>,
): Promise<Delivery> {
  if (pieces.length === 0) return { kind: 'rejected', reason: 'there is nothing to read in the message' };
  const byKey = new Map(pieces.map((piece) => [piece.key, piece]));
  return deliverEachPart([...byKey.keys()], attempt, {
    deliver: (key) => deliver(byKey.get(key) as P),
    onRejected: 'stop',
    summaries: { ofSome: listPieces },
  });
}

function listPieces(givenUp: readonly GivenUpPart[]): string {
  return givenUp.map(({ part, reason }) => `part ${part}: ${reason}`).join(', ');
}

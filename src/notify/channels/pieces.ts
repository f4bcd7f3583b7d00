/** A long text as pieces: what is left of them, and their delivery one after the other. */
import type { Attempt, Delivery, EndedPart, GivenUpPart } from './channel.ts';
import { deliverEachPart, remainingParts } from './partial-delivery.ts';

export interface Piece {
  /** Which of how many, in which style: the name of the part. */
  readonly key: string;
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

/** Piece by piece, so that a long text is read from the top. */
export async function deliverPieces<P extends Piece>(
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
